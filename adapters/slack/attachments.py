"""Turns the files of a message into attachments: a handle and what is known of each."""

from __future__ import annotations

from bot.messages import Attachment, AttachmentKind

from .wire import Payload, clean, list_of, map_in, text_in

__all__ = ["attachments_of", "file_address", "speech_preview"]

_NAME_LIMIT = 1000
_MOST_FILES = 50
_VOICE = ("slack_audio",)
_PREVIEW_LIMIT = 500


def attachments_of(event: Payload) -> tuple[Attachment, ...]:
    """The files of a message; a file that is gone or hidden is named without a handle."""
    return tuple(_attachment(file) for file in list(list_of(event, "files"))[:_MOST_FILES])


def _attachment(file: Payload) -> Attachment:
    size, milliseconds = file.get("size"), file.get("duration_ms")
    return Attachment(
        kind=_kind(file),
        file_id=_handle(file),
        unique_id=text_in(file, "id"),
        name=clean(text_in(file, "name", "title"))[:_NAME_LIMIT],
        mime=text_in(file, "mimetype"),
        size_bytes=size if isinstance(size, int) and size >= 0 else None,
        duration_seconds=milliseconds / 1000 if isinstance(milliseconds, int | float) else None,
        preview=speech_preview(file),
    )


def speech_preview(file: Payload) -> str:
    """The beginning of what Slack itself has heard; empty until it has (facts: Slack files and voice)."""
    heard = map_in(map_in(file, "transcription"), "preview")
    text = " ".join(clean(text_in(heard, "content")).split())
    is_cut = len(text) > _PREVIEW_LIMIT or heard.get("has_more") is True
    return f"{text[:_PREVIEW_LIMIT]} …" if text and is_cut else text


def _handle(file: Payload) -> str:
    """The file's id: a file of another workspace comes as a stub, to be asked for (facts: Slack Connect)."""
    if text_in(file, "mode") in ("tombstone", "hidden_by_limit", "external"):
        return ""
    return text_in(file, "id")


def file_address(file: Payload) -> str:
    """Where a file's bytes are; empty when Slack does not say."""
    return text_in(file, "url_private_download", "url_private")


def _kind(file: Payload) -> AttachmentKind:
    subtype, mime = text_in(file, "subtype"), text_in(file, "mimetype")
    # Voice clips are MP4 that Slack often calls video/mp4 (facts: Slack files and voice).
    if subtype in _VOICE or text_in(file, "name").startswith("audio_message"):
        return AttachmentKind.VOICE
    if subtype == "slack_video":
        return AttachmentKind.VIDEO_NOTE
    major = mime.partition("/")[0]
    if mime == "image/gif":
        return AttachmentKind.ANIMATION
    named = {
        "image": AttachmentKind.IMAGE,
        "audio": AttachmentKind.AUDIO,
        "video": AttachmentKind.VIDEO,
    }
    return named.get(major, AttachmentKind.DOCUMENT)
