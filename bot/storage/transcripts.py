"""What was said in recordings: each transcript stored once, piece by piece, and where it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, delete, exists, insert, select, update

from bot.messages import Attachment, ConversationKey
from bot.storage.ranges import within_chat
from bot.storage.recordings import forget_kept_by, forget_kept_in
from bot.storage.tables import deliveries, showings, transcript_pieces, transcripts

__all__ = [
    "Passage",
    "Showing",
    "Transcript",
    "add_passage",
    "begin_transcript",
    "complete_transcript",
    "forget_recordings_in",
    "forget_recordings_of",
    "forget_recordings_within",
    "save_showing",
    "save_summary",
    "showing_of",
    "shown_by",
    "transcript_by_id",
    "transcript_of",
]

_ATTACHMENT: Final = TypeAdapter(Attachment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """The words of one stretch of a recording; ``number`` counts the stretches from 0."""

    number: int
    start_seconds: float
    seconds: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """A recording's words so far, in order. ``model`` is the one asked first; ``seconds`` 0 is not known yet.

    ``summary`` is in two lines and only there for long ones.
    """

    id: int
    model: str
    seconds: float = 0.0
    passages: tuple[Passage, ...] = ()
    summary: str = ""
    complete: bool = False

    @property
    def text(self) -> str:
        """All the words, a paragraph for each stretch."""
        return "\n\n".join(passage.text for passage in self.passages if passage.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """A recording that a turn is about. ``author_id`` sent the message with it; empty if not known."""

    turn_id: int
    position: int
    message_id: str
    author_id: str
    speaker: str
    attachment: Attachment
    transcript_id: int


# --- transcripts ------------------------------------------------------------------------------------------


def transcript_of(
    conn: Connection, key: ConversationKey, unique_id: str, model: str = ""
) -> Transcript | None:
    """The transcript of a file, by ``model`` or else the newest, a whole one before an unfinished one."""
    t = transcripts.c
    query = select(transcripts).where(_file(key, unique_id)).order_by(t.complete.desc(), t.id.desc()).limit(1)
    row = conn.execute(query.where(t.model == model) if model else query).first()
    return None if row is None else _transcript(conn, row)


def transcript_by_id(conn: Connection, transcript_id: int) -> Transcript | None:
    """The transcript of that number."""
    row = conn.execute(select(transcripts).where(transcripts.c.id == transcript_id)).first()
    return None if row is None else _transcript(conn, row)


def begin_transcript(
    conn: Connection, key: ConversationKey, unique_id: str, *, model: str, now: float
) -> Transcript:
    """The transcript of a file by a model: as far as it came before, else an empty one."""
    known = transcript_of(conn, key, unique_id, model)
    if known is not None:
        return known
    values = {
        "platform": key.platform,
        "account": key.account,
        "unique_id": unique_id,
        "model": model,
        "created_at": now,
    }
    added = conn.execute(insert(transcripts).values(**values).returning(transcripts.c.id)).scalar_one()
    return Transcript(id=added, model=model)


def add_passage(conn: Connection, transcript_id: int, passage: Passage) -> None:
    """Store the words of one stretch, once; nothing is stored of a transcript that was deleted meanwhile."""
    known = (transcript_pieces.c.transcript_id == transcript_id) & (
        transcript_pieces.c.number == passage.number
    )
    if conn.execute(select(transcript_pieces.c.number).where(known)).first() is not None:
        return
    if conn.execute(select(transcripts.c.id).where(transcripts.c.id == transcript_id)).first() is None:
        return
    conn.execute(
        insert(transcript_pieces).values(
            transcript_id=transcript_id,
            number=passage.number,
            start_seconds=passage.start_seconds,
            seconds=passage.seconds,
            text=passage.text,
        )
    )


def complete_transcript(conn: Connection, transcript_id: int, *, seconds: float) -> None:
    """All of the recording was heard; it is ``seconds`` long."""
    mine = transcripts.c.id == transcript_id
    conn.execute(update(transcripts).where(mine).values(complete=True, seconds=seconds))


def save_summary(conn: Connection, transcript_id: int, summary: str) -> None:
    """Keep the two lines that say what a long recording is about."""
    conn.execute(update(transcripts).where(transcripts.c.id == transcript_id).values(summary=summary))


# --- where they were shown --------------------------------------------------------------------------------


def save_showing(conn: Connection, key: ConversationKey, showing: Showing) -> None:
    """Note which transcript a turn shows for a recording; a later one takes the place of an earlier."""
    conn.execute(
        delete(showings).where(showings.c.turn_id == showing.turn_id, showings.c.position == showing.position)
    )
    conn.execute(
        insert(showings).values(
            turn_id=showing.turn_id,
            position=showing.position,
            conversation=str(key),
            message_id=showing.message_id,
            author_id=showing.author_id,
            speaker=showing.speaker,
            attachment=_ATTACHMENT.dump_json(showing.attachment).decode(),
            transcript_id=showing.transcript_id,
        )
    )


def showing_of(conn: Connection, key: ConversationKey, turn_id: int, position: int) -> Showing | None:
    """What a turn shows, if it was in this chat."""
    s = showings.c
    here = within_chat(s.conversation, key.peer)
    row = conn.execute(select(showings).where(s.turn_id == turn_id, s.position == position, here)).first()
    return None if row is None else _showing(row)


def shown_by(conn: Connection, conversation: str, message_id: str) -> Showing | None:
    """The recording that one of our messages writes down; None for a message that is something else."""
    query = (
        select(showings)
        .join(deliveries, deliveries.c.turn_id == showings.c.turn_id)
        .where(deliveries.c.conversation == conversation, deliveries.c.message_id == message_id)
        .order_by(showings.c.turn_id.desc(), showings.c.position)
        .limit(1)
    )
    row = conn.execute(query).first()
    return None if row is None else _showing(row)


def forget_recordings_in(conn: Connection, conversation: str, message_ids: Sequence[str]) -> int:
    """Messages were deleted: forget what was said in their recordings; how many transcripts are gone."""
    forget_kept_in(conn, ConversationKey.parse(conversation).peer, message_ids)
    s = showings.c
    return _forget(conn, (s.conversation == conversation) & s.message_id.in_(message_ids))


def forget_recordings_of(conn: Connection, author_id: str, place: str) -> int:
    """Forget recordings somebody sent, in all conversations whose keys begin with ``place``; how many."""
    forget_kept_by(conn, author_id, place)
    return _forget(conn, (showings.c.author_id == author_id) & within_chat(showings.c.conversation, place))


def forget_recordings_within(conn: Connection, peer: str) -> int:
    """Forget all recordings of a chat, in all its threads, whoever sent them; how many."""
    return _forget(conn, within_chat(showings.c.conversation, peer))


def _forget(conn: Connection, where: ColumnElement[bool]) -> int:
    """A transcript goes with the last place in which it was shown, and with it all of the same recording."""
    found = set(conn.execute(select(showings.c.transcript_id).where(where)).scalars())
    conn.execute(delete(showings).where(where))
    dropped = 0
    for transcript_id in found:
        siblings = _siblings(conn, transcript_id)
        shown = exists().where(showings.c.transcript_id.in_(siblings))
        if not siblings or conn.execute(select(shown)).scalar():
            continue
        conn.execute(delete(transcript_pieces).where(transcript_pieces.c.transcript_id.in_(siblings)))
        dropped += conn.execute(delete(transcripts).where(transcripts.c.id.in_(siblings))).rowcount
    return dropped


def _siblings(conn: Connection, transcript_id: int) -> Sequence[int]:
    """The transcripts of the same recording, by whatever model."""
    t = transcripts.c
    row = conn.execute(select(transcripts).where(t.id == transcript_id)).first()
    if row is None:
        return ()
    same = (t.platform == row.platform) & (t.account == row.account) & (t.unique_id == row.unique_id)
    return list(conn.execute(select(t.id).where(same)).scalars())


def _file(key: ConversationKey, unique_id: str) -> ColumnElement[bool]:
    t = transcripts.c
    return (t.platform == key.platform) & (t.account == key.account) & (t.unique_id == unique_id)


def _transcript(conn: Connection, row: Row[Any]) -> Transcript:
    p = transcript_pieces.c
    pieces = conn.execute(select(transcript_pieces).where(p.transcript_id == row.id).order_by(p.number))
    return Transcript(
        id=row.id,
        model=row.model,
        seconds=row.seconds,
        summary=row.summary,
        complete=row.complete,
        passages=tuple(
            Passage(
                number=piece.number,
                start_seconds=piece.start_seconds,
                seconds=piece.seconds,
                text=piece.text,
            )
            for piece in pieces
        ),
    )


def _showing(row: Row[Any]) -> Showing:
    return Showing(
        turn_id=row.turn_id,
        position=row.position,
        message_id=row.message_id,
        author_id=row.author_id,
        speaker=row.speaker,
        attachment=_ATTACHMENT.validate_json(row.attachment),
        transcript_id=row.transcript_id,
    )
