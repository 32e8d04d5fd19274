"""The voices that people made of their own: whose they are, and which are still to be deleted elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from bot.storage.tables import voices

__all__ = [
    "MadeVoice",
    "StoredVoice",
    "add_voice",
    "discard_voice",
    "discarded_voices",
    "drop_voice",
    "stored_voices",
    "voice_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVoice:
    """Somebody's own voice. ``uri`` and ``model`` are the provider's; ``author_id`` is who made it."""

    id: int
    author_id: str
    name: str
    uri: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeVoice:
    """A new voice and whose it is."""

    platform: str
    account: str
    author_id: str
    name: str
    uri: str
    model: str
    created_at: float


_SHOWN = (voices.c.id, voices.c.author_id, voices.c.name, voices.c.uri, voices.c.model)


def add_voice(conn: Connection, voice: MadeVoice) -> int:
    """Store a voice, once however often it is told; its id. Another of that name of theirs goes.

    One that is known under its uri gets this name, and is not to be deleted any more.
    """
    theirs = _in_account(voice.platform, voice.account) & (voices.c.author_id == voice.author_id)
    others = theirs & (voices.c.name == voice.name) & (voices.c.uri != voice.uri)
    conn.execute(update(voices).where(others).values(_DISCARDED))
    row = {
        "platform": voice.platform,
        "account": voice.account,
        "author_id": voice.author_id,
        "name": voice.name,
        "uri": voice.uri,
        "model": voice.model,
        "created_at": voice.created_at,
        "deleted": False,
    }
    known = conn.execute(select(voices.c.id).where(voices.c.uri == voice.uri)).scalar()
    if known is not None:
        conn.execute(update(voices).where(voices.c.id == known).values(row))
        return int(known)
    conn.execute(insert(voices), [row])
    return int(conn.execute(select(func.max(voices.c.id)).where(voices.c.uri == voice.uri)).scalar_one())


def stored_voices(
    conn: Connection, *, platform: str, account: str, author_id: str | None = None
) -> list[StoredVoice]:
    """The voices of one person, or of everybody on an account, oldest first."""
    query = select(*_SHOWN).where(_in_account(platform, account), ~voices.c.deleted).order_by(voices.c.id)
    if author_id is not None:
        query = query.where(voices.c.author_id == author_id)
    return [StoredVoice(**row._mapping) for row in conn.execute(query)]  # noqa: SLF001 - public API


def voice_of(conn: Connection, voice_id: int, *, platform: str, account: str) -> StoredVoice | None:
    """The voice of that id, unless it is deleted or another account's."""
    query = select(*_SHOWN).where(voices.c.id == voice_id, _in_account(platform, account), ~voices.c.deleted)
    row = conn.execute(query).first()
    return None if row is None else StoredVoice(**row._mapping)  # noqa: SLF001 - public API


# Nothing is kept of whose it was.
_DISCARDED = {"deleted": True, "author_id": "", "name": ""}


def discard_voice(conn: Connection, voice_id: int) -> None:
    """Nobody can use the voice any more; it is still to be deleted at the provider."""
    conn.execute(update(voices).where(voices.c.id == voice_id).values(_DISCARDED))


def discarded_voices(conn: Connection) -> list[tuple[int, str]]:
    """The (id, uri) of voices that are still to be deleted at the provider."""
    rows = conn.execute(select(voices.c.id, voices.c.uri).where(voices.c.deleted).order_by(voices.c.id))
    return [(row.id, row.uri) for row in rows]


def drop_voice(conn: Connection, voice_id: int) -> None:
    """The provider has deleted it: forget it."""
    conn.execute(delete(voices).where(voices.c.id == voice_id, voices.c.deleted))


def _in_account(platform: str, account: str) -> ColumnElement[bool]:
    return (voices.c.platform == platform) & (voices.c.account == account)
