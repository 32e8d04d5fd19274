"""Turns what a Telegram message carries besides text into attachments: a handle and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiogram import types
from aiogram.enums import ContentType

from bot.messages import Attachment, AttachmentKind

from .rich_text import media_of
from .text import clean

__all__ = ["attachments_of", "is_service"]

_NAME_LIMIT = 1000
_TEXTUAL = ("text", "rich_message")


def attachments_of(
    source: types.Message | types.ExternalReplyInfo, *, album: str = ""
) -> tuple[Attachment, ...]:
    """What the message, or the one it answers elsewhere, carries. ``album`` is put into each."""
    if isinstance(source, types.Message) and source.rich_message is not None:
        return tuple(_BUILDERS[name](value, album) for name, value in media_of(source.rich_message))
    # The order matters: an animation is also given as a document, a venue as a location, a live photo as a
    # photo (Bot API, Message).
    for name, build in _BUILDERS.items():
        value = getattr(source, name, None)
        if value:
            return (build(value, album),)
    if isinstance(source, types.Message) and _is_unknown(source):
        return (Attachment(kind=AttachmentKind.OTHER, name="a kind of message that is not known yet"),)
    return ()


def is_service(message: types.Message) -> bool:
    """Whether the message tells of an event in the chat and nobody wrote it: joins, pins, topics, calls."""
    if message.text is not None or message.rich_message is not None:
        return False
    if any(getattr(message, name, None) for name in _BUILDERS):
        return False
    return message.content_type != ContentType.UNKNOWN


def _is_unknown(message: types.Message) -> bool:
    is_textual = any(getattr(message, name) is not None for name in _TEXTUAL)
    return not is_textual and message.content_type == ContentType.UNKNOWN


def _file(kind: AttachmentKind, value: Any, album: str, *, name: str = "", mime: str = "") -> Attachment:
    """An attachment with bytes. getFile may lose its name and type, so they are kept from the message."""
    duration = getattr(value, "duration", None)
    return Attachment(
        kind=kind,
        file_id=value.file_id,
        unique_id=value.file_unique_id,
        name=_short(getattr(value, "file_name", None) or name),
        mime=getattr(value, "mime_type", None) or mime,
        size_bytes=value.file_size,
        duration_seconds=None if duration is None else float(duration),
        album=album,
    )


def _described(kind: AttachmentKind, name: str, album: str = "") -> Attachment:
    """An attachment that is all said in its name."""
    return Attachment(kind=kind, name=_short(name), album=album)


def _short(name: str) -> str:
    return clean(name)[:_NAME_LIMIT]


def _photo(sizes: Sequence[types.PhotoSize], album: str) -> Attachment:
    largest = max(sizes, key=lambda size: size.width * size.height)
    return _file(AttachmentKind.IMAGE, largest, album, mime="image/jpeg")


def _audio(audio: types.Audio, album: str) -> Attachment:
    title = " - ".join(part for part in (audio.performer, audio.title) if part)
    return _file(AttachmentKind.AUDIO, audio, album, name=title)


def _sticker(sticker: types.Sticker, album: str) -> Attachment:
    still = "application/x-tgsticker" if sticker.is_animated else "image/webp"
    mime = "video/webm" if sticker.is_video else still
    return _file(AttachmentKind.STICKER, sticker, album, name=sticker.emoji or "", mime=mime)


def _place(location: types.Location) -> str:
    return f"{location.latitude:.6f}, {location.longitude:.6f}"


def _venue(venue: types.Venue, album: str) -> Attachment:
    name = f"{venue.title}, {venue.address} ({_place(venue.location)})"
    return _described(AttachmentKind.LOCATION, name, album)


def _contact(contact: types.Contact, album: str) -> Attachment:
    name = " ".join(part for part in (contact.first_name, contact.last_name, contact.phone_number) if part)
    return _described(AttachmentKind.CONTACT, name, album)


def _poll(poll: types.Poll, album: str) -> Attachment:
    options = " / ".join(option.text for option in poll.options)
    return _described(AttachmentKind.POLL, f"{poll.question} ({options})", album)


def _checklist(checklist: types.Checklist, album: str) -> Attachment:
    tasks = " / ".join(task.text for task in checklist.tasks)
    return _described(AttachmentKind.OTHER, f"checklist: {checklist.title} ({tasks})", album)


def _other(name: str) -> Callable[[Any, str], Attachment]:
    return lambda _value, album: _described(AttachmentKind.OTHER, name, album)


def _voice(voice: types.Voice, album: str) -> Attachment:
    return _file(AttachmentKind.VOICE, voice, album, mime="audio/ogg")


_BUILDERS: Mapping[str, Callable[[Any, str], Attachment]] = MappingProxyType(
    {
        "photo": _photo,
        "live_photo": lambda value, album: _file(AttachmentKind.VIDEO, value, album, mime="video/mp4"),
        "animation": lambda value, album: _file(AttachmentKind.ANIMATION, value, album, mime="video/mp4"),
        "audio": _audio,
        "document": lambda value, album: _file(AttachmentKind.DOCUMENT, value, album),
        "video": lambda value, album: _file(AttachmentKind.VIDEO, value, album, mime="video/mp4"),
        "video_note": lambda value, album: _file(AttachmentKind.VIDEO_NOTE, value, album, mime="video/mp4"),
        "voice": _voice,
        "voice_note": _voice,  # its name inside rich messages
        "sticker": _sticker,
        "venue": _venue,
        "location": lambda value, album: _described(AttachmentKind.LOCATION, _place(value), album),
        "contact": _contact,
        "poll": _poll,
        "checklist": _checklist,
        "dice": lambda value, album: _described(AttachmentKind.OTHER, f"{value.emoji} {value.value}", album),
        "game": lambda value, album: _described(AttachmentKind.OTHER, f"game: {value.title}", album),
        "invoice": lambda value, album: _described(AttachmentKind.OTHER, f"invoice: {value.title}", album),
        "story": _other("story"),
        "paid_media": _other("paid media"),
        "giveaway": _other("giveaway"),
        "giveaway_winners": _other("giveaway winners"),
    }
)
