"""For every test: aiogram whole, as the fakes' own tests drive it, whatever the service leaves out of it."""

from __future__ import annotations

import aiogram.types

__all__ = ["aiogram"]
