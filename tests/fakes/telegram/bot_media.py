"""Methods that send files, and the one that finds them again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from .bot_messages import own_message
from .call import Call
from .errors import bad_request
from .files import StoredFile
from .media import media_content
from .sending import deliver, read_markup
from .state import Message, Wire
from .texts import read_caption
from .world import World

__all__ = ["METHODS"]

_NUMBERS = ("duration", "width", "height")
_WORDS = ("performer", "title")
_ALBUM_KINDS = frozenset(("photo", "video", "audio", "document"))
_NOT_MIXED = frozenset(("audio", "document"))


def send_media(kind: str, world: World, call: Call) -> Wire:
    """sendPhoto, sendVoice and their kin."""
    chat = world.open_chat(call.params.get("chat_id"))
    if kind == "voice" and chat.restricts_voice:
        raise bad_request("VOICE_MESSAGES_FORBIDDEN")
    value = call.text(kind)
    if not value:
        raise bad_request(f"there is no {kind} in the request")
    stored = world.files.receive(call, value, kind)
    caption, entities = read_caption(
        call.text("caption"), call.text("parse_mode"), call.json("caption_entities"), world.report
    )
    return _post(world, call, kind, stored, caption, entities, _details(kind, call)).wire()


def _details(kind: str, call: Call) -> Wire:
    numbers = {name: call.integer(name) for name in _NUMBERS if name in call.params}
    words = {name: call.text(name) for name in _WORDS if kind == "audio" and name in call.params}
    return {**numbers, **words} if kind in ("voice", "audio", "video") else {}


def _post(
    world: World,
    call: Call,
    kind: str,
    stored: StoredFile,
    caption: str,
    entities: list[Wire],
    details: Wire,
    **extra: Any,
) -> Message:
    content = media_content(kind, stored, **details)
    return deliver(world, call, text=caption, entities=entities, content=content, file=stored, **extra)


def send_media_group(world: World, call: Call) -> list[Wire]:
    """sendMediaGroup: 2-10 items; documents and audio keep to themselves."""
    items = call.json("media") or []
    if not 2 <= len(items) <= 10:
        raise bad_request("can't send an album: expected 2-10 items")
    kinds = {item.get("type") for item in items}
    if not kinds <= _ALBUM_KINDS or (kinds & _NOT_MIXED and len(kinds) > 1):
        raise bad_request("can't mix these media types in an album")
    album = {"media_group_id": str(secrets.randbelow(10**17))}
    return [_album_item(world, call, item, album).wire() for item in items]


def _album_item(world: World, call: Call, item: Wire, album: Wire) -> Message:
    kind = item["type"]
    stored = world.files.receive(call, str(item.get("media", "")), kind)
    caption, entities = read_caption(
        item.get("caption", ""), item.get("parse_mode", ""), item.get("caption_entities"), world.report
    )
    return _post(world, call, kind, stored, caption, entities, {}, extra=dict(album))


def edit_message_media(world: World, call: Call) -> Wire:
    """editMessageMedia: a message with media gets another, one of text becomes one with media."""
    message = own_message(world, call)
    item = call.json("media") or {}
    kind = item.get("type", "")
    if kind not in _ALBUM_KINDS:
        raise bad_request("can't parse InputMedia: unsupported type")
    stored = world.files.receive(call, str(item.get("media", "")), kind)
    caption, entities = read_caption(
        item.get("caption", ""), item.get("parse_mode", ""), item.get("caption_entities"), world.report
    )
    message.content, message.file, message.rich = media_content(kind, stored), stored, None
    message.text, message.entities, message.markup = caption, entities, read_markup(call)
    message.edit_date = world.wall()
    world.note(message)
    return message.wire()


def get_file(world: World, call: Call) -> Wire:
    """getFile: a path for a file that is not too large for bots."""
    stored = world.files.get(call.text("file_id"))
    if stored.size > world.files.largest_download_bytes:
        raise bad_request("file is too big")
    return {
        "file_id": stored.file_id,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": stored.path,
    }


METHODS: dict[str, Callable[[World, Call], Any]] = {
    **{
        f"send{kind.capitalize()}": partial(send_media, kind)
        for kind in ("photo", "document", "voice", "audio", "video")
    },
    "sendMediaGroup": send_media_group,
    "editMessageMedia": edit_message_media,
    "getFile": get_file,
}
