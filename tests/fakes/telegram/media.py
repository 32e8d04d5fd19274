"""The wire objects of photos, voices, documents and the like, made from stored files."""

from __future__ import annotations

from typing import Any

from .files import StoredFile

__all__ = ["media_content"]

_PHOTO_SIDES = (90, 800)


def media_content(kind: str, stored: StoredFile, **details: Any) -> dict[str, Any]:
    """The content fields of a message that carries this file; ``details`` are fields such as ``duration``."""
    details = {name: value for name, value in details.items() if value}
    match kind:
        case "photo":
            return {"photo": _photo_sizes(stored)}
        case "voice":
            return {"voice": {"duration": 1, "mime_type": "audio/ogg", **_base(stored), **details}}
        case "audio":
            return {"audio": {"duration": 1, **_base(stored), **_name(stored), **details}}
        case "video":
            sides = {"width": 640, "height": 360, "duration": 1}
            return {"video": {**sides, **_base(stored), **_name(stored), **details}}
        case "video_note":
            base = _base(stored)
            base.pop("mime_type", None)  # a video note names no type
            return {"video_note": {"length": 240, "duration": 1, **base, **details}}
        case "sticker":
            base = _base(stored)
            base.pop("mime_type", None)
            flags = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return {"sticker": {**flags, **base, **details}}
        case _:
            return {"document": {**_base(stored), **_name(stored), **details}}


def _base(stored: StoredFile) -> dict[str, Any]:
    base = {"file_id": stored.file_id, "file_unique_id": stored.unique_id, "file_size": stored.size}
    return {**base, "mime_type": stored.mime_type} if stored.mime_type else base


def _name(stored: StoredFile) -> dict[str, Any]:
    return {"file_name": stored.name} if stored.name else {}


def _photo_sizes(stored: StoredFile) -> list[dict[str, Any]]:
    """Thumbnail and full size, the largest last as Telegram sends them; both ids lead to the same bytes."""
    return [
        {
            "file_id": stored.file_id,
            "file_unique_id": f"{stored.unique_id}{side}",
            "file_size": stored.size if side == _PHOTO_SIDES[-1] else min(stored.size, 1_500),
            "width": side,
            "height": side * 3 // 4,
        }
        for side in _PHOTO_SIDES
    ]
