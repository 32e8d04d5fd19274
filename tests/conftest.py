"""For every test: aiogram whole, as the fakes' own tests drive it, and nothing that depends on speed."""

from __future__ import annotations

import aiogram.types
import structlog
from hypothesis import HealthCheck, settings

__all__ = ["aiogram"]

# How long an example takes tells only how busy the machine is. The parent is Hypothesis' default, or, where
# CI is set, its profile for that, which takes the same examples in every run.
settings.register_profile(
    "any machine", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# The usual form draws every frame with its variables: most of a second, and pages of a log that CI keeps.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback
