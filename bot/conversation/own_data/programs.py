"""A person's own data for another program: one JSON object with a list for each kind."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from bot.conversation.own_data.data import OwnData

__all__ = ["as_json"]

_TIMES: Final = ("at", "until")
_JSON: Final = ("attachment", "attachments", "definition", "event", "settings", "steps", "usage", "wish")


def as_json(data: OwnData) -> str:
    """One JSON object; times are ISO 8601 in UTC. ``turn`` is the number that holds things together."""
    document = {
        "person": asdict(data.owner),
        "exported_at": data.at.astimezone(UTC).isoformat(),
        **{one.name: [_plain(item) for item in getattr(data.kept, one.name)] for one in fields(data.kept)},
        "voice_consent": data.consent,
        "files": [{"turn": file.turn, "path": file.name} for file in data.files],
        "files_left_out": [{"turn": file.turn, "bytes": file.size_bytes} for file in data.left_out],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _plain(item: Any) -> dict[str, object]:
    return {name: _value(name, value) for name, value in asdict(item).items()}


def _value(name: str, value: Any) -> object:
    if name in _TIMES:
        return datetime.fromtimestamp(value, UTC).isoformat()
    if name in _JSON:
        return orjson.loads(value)
    return value
