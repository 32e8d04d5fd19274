"""Keeps which messages of groups hold recordings: for a week, so that somebody can point at one later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, insert, select

from bot.messages import Attachment, ConversationKey
from bot.storage.ranges import within_chat
from bot.storage.tables import deliveries, recordings, showings

__all__ = [
    "KEPT_SECONDS",
    "KeptRecording",
    "forget_kept_by",
    "forget_kept_in",
    "forget_old_recordings",
    "is_written_down",
    "keep_recording",
    "newest_recording",
    "recording_in",
    "wipe_kept",
]

KEPT_SECONDS: Final = 7 * 86_400.0
"""As long as what came in is kept."""

_ATTACHMENTS: Final = TypeAdapter(tuple[Attachment, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecording:
    """A message with recordings. ``key`` is the conversation it stands in, with its thread."""

    key: ConversationKey
    message_id: str
    author_id: str
    author_name: str
    attachments: tuple[Attachment, ...]


def keep_recording(conn: Connection, kept: KeptRecording, *, now: float) -> None:
    """Keep it, once."""
    if recording_in(conn, kept.key.peer, kept.message_id) is not None:
        return
    conn.execute(
        insert(recordings).values(
            conversation=str(kept.key),
            message_id=kept.message_id,
            author_id=kept.author_id,
            author_name=kept.author_name,
            attachments=_ATTACHMENTS.dump_json(kept.attachments).decode(),
            kept_at=now,
        )
    )


def recording_in(conn: Connection, peer: str, message_id: str) -> KeptRecording | None:
    """The message of that id in a chat, whatever its thread: who points at it may not tell the thread."""
    row = conn.execute(select(recordings).where(_named(peer, (message_id,)))).first()
    return None if row is None else _kept(row)


def newest_recording(conn: Connection, conversation: str) -> KeptRecording | None:
    """The message with a recording that came last in a conversation."""
    mine = recordings.c.conversation == conversation
    query = select(recordings).where(mine).order_by(recordings.c.kept_at.desc()).limit(1)
    row = conn.execute(query).first()
    return None if row is None else _kept(row)


def is_written_down(conn: Connection, peer: str, message_id: str) -> bool:
    """Whether a message of ours shows what is said in that message."""
    shown = exists().where(
        deliveries.c.turn_id == showings.c.turn_id,
        within_chat(showings.c.conversation, peer),
        showings.c.message_id == message_id,
    )
    return bool(conn.execute(select(shown)).scalar())


def forget_kept_in(conn: Connection, peer: str, message_ids: Sequence[str]) -> None:
    """Messages were deleted; their ids are unique within a chat."""
    conn.execute(delete(recordings).where(_named(peer, message_ids)))


def forget_kept_by(conn: Connection, author_id: str, place: str) -> None:
    """Forget what somebody sent, in all conversations whose keys begin with ``place``."""
    mine = recordings.c.author_id == author_id
    conn.execute(delete(recordings).where(mine, within_chat(recordings.c.conversation, place)))


def wipe_kept(conn: Connection, peer: str) -> None:
    """Forget everything of a chat."""
    conn.execute(delete(recordings).where(within_chat(recordings.c.conversation, peer)))


def forget_old_recordings(conn: Connection, *, now: float) -> int:
    """Drop what was kept for its week, in every chat; how many messages."""
    return conn.execute(delete(recordings).where(recordings.c.kept_at < now - KEPT_SECONDS)).rowcount


def _named(peer: str, message_ids: Sequence[str]) -> ColumnElement[bool]:
    return within_chat(recordings.c.conversation, peer) & recordings.c.message_id.in_(message_ids)


def _kept(row: Row[Any]) -> KeptRecording:
    return KeptRecording(
        key=ConversationKey.parse(row.conversation),
        message_id=row.message_id,
        author_id=row.author_id,
        author_name=row.author_name,
        attachments=_ATTACHMENTS.validate_json(row.attachments),
    )
