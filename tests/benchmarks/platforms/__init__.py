"""The platforms the benchmark measures on, and the bots it measures there."""

from __future__ import annotations

from functools import partial
from typing import Final

from tests.benchmarks.subjects import Subject

from .page import PagePlace
from .place import API_KEY, Place, Platform, Sighting, TakesFiles
from .slack import SlackPlace
from .telegram import TelegramPlace

__all__ = ["API_KEY", "PLATFORMS", "Place", "Platform", "Sighting", "TakesFiles"]

_PARLEY = Subject(name="parley", module="bot", is_service=True)
_EVERYWHERE = frozenset(("start", "latency", "instant", "stream200"))


def _floor(module: str) -> Subject:
    return Subject(name="floor", module=f"tests.benchmarks.references.{module}")


PLATFORMS: Final = (
    Platform(
        name="telegram",
        make=TelegramPlace,
        subjects=(
            _PARLEY,
            Subject(name="common", module="tests.benchmarks.references.common"),
            _floor("floor"),
        ),
        scenarios=_EVERYWHERE | {"crowd", "burst", "stream1000", "memory", "voice", "notes", "pile", "files"},
    ),
    Platform(
        name="slack-socket",
        make=partial(SlackPlace, by="socket"),
        subjects=(_PARLEY, _floor("slack_socket")),
        scenarios=_EVERYWHERE,
    ),
    Platform(
        name="slack-http",
        make=partial(SlackPlace, by="http"),
        subjects=(_PARLEY, _floor("slack_http")),
        scenarios=_EVERYWHERE,
    ),
    Platform(name="page", make=PagePlace, subjects=(_PARLEY, _floor("page")), scenarios=_EVERYWHERE),
)
