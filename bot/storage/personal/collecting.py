"""Gathers what is stored about one person, over all chats of a bot's account."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    cast,
    false,
    func,
    or_,
    select,
)

from bot.storage.personal.kept import (
    AsRead,
    Decision,
    Kept,
    KeptVoice,
    Made,
    Ordered,
    Overheard,
    Pointable,
    Received,
    Recording,
    Said,
    SentDocument,
    SentPicture,
    SetForChat,
    Summary,
    Vote,
    Waiting,
)
from bot.storage.personal.owner import (
    Owner,
    asked_by,
    conversations_alone,
    in_account,
    in_batches,
    private_peers,
    sent_by,
    turns_of,
)
from bot.storage.ranges import within_chat
from bot.storage.tables import (
    chats,
    documents,
    drawings,
    exchanges,
    feedback,
    inbound,
    made_files,
    notices,
    overheard,
    pairings,
    people,
    personas,
    pictures,
    readings,
    recordings,
    showings,
    summaries,
    transcript_pieces,
    transcripts,
    voices,
)

__all__ = ["kept_of"]

_NOTHING_SET: Final = "{}"


def kept_of(conn: Connection, owner: Owner, *, here: str = "", asking_turn: int = 0) -> Kept:
    """Everything that is stored about a person.

    ``here`` is the private chat in which they ask; ``asking_turn``, with which they do, is left out.
    """
    turns = turns_of(conn, owner)
    peers = private_peers(conn, owner, here=here)
    return Kept(
        questions=_said(conn, owner),
        summaries=_summaries(conn, conversations_alone(conn, owner, peers)),
        attachments=_read(conn, turns),
        pictures=_pictures(conn, turns),
        documents=_documents(conn, turns),
        recordings=_recordings(conn, owner, peers),
        pointable=_pointable(conn, owner),
        orders=_orders(conn, owner),
        voices=_voices(conn, owner),
        personas=_personas(conn, owner),
        overheard=_overheard(conn, owner),
        votes=_votes(conn, owner),
        settings=_settings(conn, peers),
        decisions=_decisions(conn, owner),
        waiting=_waiting(conn, owner),
        received=_received(conn, owner, asking_turn),
    )


# --- what was said ----------------------------------------------------------------------------------------


def _said(conn: Connection, owner: Owner) -> tuple[Said, ...]:
    e = exchanges.c
    vote = select(feedback.c.vote).where(feedback.c.turn_id == e.turn_id, feedback.c.author_id == owner.id)
    query = (
        select(
            e.turn_id.label("turn"),
            e.parent_id.label("follows"),
            e.conversation,
            e.created_at.label("at"),
            e.author_name.label("name"),
            e.message_id,
            e.request.label("question"),
            e.reply.label("answer"),
            e.thinking,
            e.steps,
            e.model,
            e.outcome,
            e.usage,
            func.coalesce(vote.scalar_subquery(), "").label("vote"),
        )
        .where(asked_by(owner), e.redacted.is_(False))
        .order_by(e.turn_id)
    )
    return tuple(Said(**row) for row in conn.execute(query).mappings())


def _summaries(conn: Connection, conversations: Collection[str]) -> tuple[Summary, ...]:
    s = summaries.c
    query = select(s.turn_id.label("turn"), s.conversation, s.created_at.label("at"), s.text)
    found = [
        Summary(**row)
        for place in sorted(conversations)
        for row in conn.execute(query.where(s.conversation == place).order_by(s.turn_id)).mappings()
    ]
    return tuple(found)


def _overheard(conn: Connection, owner: Owner) -> tuple[Overheard, ...]:
    o = overheard.c
    query = select(o.conversation, o.message_id, o.sent_at.label("at"), o.author_name.label("name"), o.text)
    mine = in_account(o.conversation, owner) & (o.author_id == owner.id)
    return tuple(Overheard(**row) for row in conn.execute(query.where(mine).order_by(o.sent_at)).mappings())


def _votes(conn: Connection, owner: Owner) -> tuple[Vote, ...]:
    f = feedback.c
    here = select(exchanges.c.turn_id).where(in_account(exchanges.c.conversation, owner))
    query = select(f.turn_id.label("turn"), f.created_at.label("at"), f.vote, f.model)
    mine = (f.author_id == owner.id) & f.turn_id.in_(here)
    return tuple(Vote(**row) for row in conn.execute(query.where(mine).order_by(f.turn_id)).mappings())


def _received(conn: Connection, owner: Owner, asking_turn: int) -> tuple[Received, ...]:
    i = inbound.c
    query = (
        select(
            i.conversation,
            i.received_at.label("at"),
            i.payload.label("event"),
            func.coalesce(notices.c.text, "").label("told"),
        )
        .outerjoin(notices, notices.c.turn_id == i.turn_id)
        .where(sent_by(owner), i.turn_id.is_distinct_from(asking_turn))
        .order_by(i.id)
    )
    found = []
    for row in conn.execute(query).mappings():
        event = orjson.loads(row["event"])
        if _author_of(event) == owner.id:
            _leave_out_others(event, owner.id)
            found.append(Received(**{**row, "event": orjson.dumps(event).decode()}))
    return tuple(found)


def _author_of(event: dict[str, Any]) -> str:
    """Who did it: an event may hold another person's message too."""
    author = (event["message"] if event["type"] == "edited" else event).get("author")
    return str(author["id"]) if author else ""


def _leave_out_others(event: dict[str, Any], person: str) -> None:
    """Of a message that was pointed at, or answered, only its number is the person's."""
    if event["type"] != "edited":
        event.pop("message", None)
    message = event.get("message", event)
    quoted = message.get("quoted")
    if quoted and quoted["author_id"] != person:
        message["quoted"] = {"how": quoted["how"], "message_id": quoted["message_id"]}


# --- what came with it, and what was made -------------------------------------------------------------


def _of_turns(conn: Connection, query: Select[Any], table: Any, turns: Sequence[int]) -> list[Any]:
    return [
        row
        for batch in in_batches(turns)
        for row in conn.execute(
            query.where(table.c.turn_id.in_(batch)).order_by(table.c.turn_id, table.c.position)
        ).mappings()
    ]


def _read(conn: Connection, turns: Sequence[int]) -> tuple[AsRead, ...]:
    r = readings.c
    query = select(r.turn_id.label("turn"), r.position, r.text, r.shown, r.remark)
    return tuple(AsRead(**row) for row in _of_turns(conn, query, readings, turns))


def _pictures(conn: Connection, turns: Sequence[int]) -> tuple[SentPicture, ...]:
    p = pictures.c
    size = func.coalesce(func.length(p.data), 0).label("size_bytes")
    query = select(p.turn_id.label("turn"), p.position, p.mime, p.width, p.height, p.caption, size)
    return tuple(SentPicture(**row) for row in _of_turns(conn, query, pictures, turns))


def _documents(conn: Connection, turns: Sequence[int]) -> tuple[SentDocument, ...]:
    d = documents.c
    size = func.length(cast(d.parts, LargeBinary)).label("size_bytes")
    query = select(
        d.turn_id.label("turn"), d.position, d.conversation, d.unique_id, d.name, d.kind, d.pages, d.cut, size
    )
    return tuple(SentDocument(**row) for row in _of_turns(conn, query, documents, turns))


def _recorded_by(owner: Owner, peers: Collection[str]) -> ColumnElement[bool]:
    """Selects where recordings of the person were shown: those they sent, and all in their own chats."""
    s = showings.c
    sent = in_account(s.conversation, owner) & (s.author_id == owner.id)
    return or_(sent, *(within_chat(s.conversation, peer) for peer in sorted(peers)))


def _recordings(conn: Connection, owner: Owner, peers: Collection[str]) -> tuple[Recording, ...]:
    s, t = showings.c, transcripts.c
    mine = _recorded_by(owner, peers)
    query = (
        select(
            s.turn_id.label("turn"),
            s.conversation,
            s.message_id,
            t.created_at.label("at"),
            s.speaker,
            s.attachment,
            t.unique_id,
            t.model,
            t.seconds,
            t.complete,
            t.summary,
            t.id,
        )
        .join(transcripts, t.id == s.transcript_id)
        .where(mine)
        .order_by(s.turn_id, s.position)
    )
    words = _words(conn, select(s.transcript_id).where(mine))
    return tuple(
        Recording(passages=words.get(row["id"], ()), **{name: row[name] for name in row if name != "id"})
        for row in conn.execute(query).mappings()
    )


def _words(conn: Connection, transcript_ids: Select[Any]) -> dict[int, tuple[tuple[float, str], ...]]:
    p = transcript_pieces.c
    query = select(p.transcript_id, p.start_seconds, p.text).where(p.transcript_id.in_(transcript_ids))
    rows = conn.execute(query.order_by(p.transcript_id, p.number)).all()
    return {
        one: tuple((row.start_seconds, row.text) for row in found)
        for one, found in groupby(rows, key=lambda row: int(row.transcript_id))
    }


def _pointable(conn: Connection, owner: Owner) -> tuple[Pointable, ...]:
    r = recordings.c
    query = select(
        r.conversation, r.message_id, r.kept_at.label("at"), r.author_name.label("name"), r.attachments
    )
    mine = in_account(r.conversation, owner) & (r.author_id == owner.id)
    return tuple(Pointable(**row) for row in conn.execute(query.where(mine).order_by(r.kept_at)).mappings())


def _orders(conn: Connection, owner: Owner) -> tuple[Ordered, ...]:
    d, m = drawings.c, made_files.c
    mine = in_account(d.conversation, owner) & (d.author_id == owner.id)
    query = select(
        d.turn_id.label("turn"),
        d.conversation,
        d.created_at.label("at"),
        d.kind,
        d.prompt,
        d.wish,
        d.model,
        d.places,
        d.stage,
        d.seed,
        d.reply_to.label("message_id"),
        d.provider_id,
    ).where(mine)
    sizes = select(m.turn_id, m.position, m.mime, func.length(m.data).label("size")).where(
        m.turn_id.in_(select(d.turn_id).where(mine))
    )
    made: dict[int, list[tuple[int, str, int]]] = {}
    for row in conn.execute(sizes.order_by(m.turn_id, m.position)):
        made.setdefault(row.turn_id, []).append((row.position, row.mime, row.size))
    return tuple(
        Ordered(made=tuple(made.get(one["turn"], ())), **one)
        for one in conn.execute(query.order_by(d.turn_id)).mappings()
    )


def _voices(conn: Connection, owner: Owner) -> tuple[KeptVoice, ...]:
    v = voices.c
    mine = (v.platform == owner.platform) & (v.account == owner.account) & (v.author_id == owner.id)
    query = select(v.created_at.label("at"), v.name, v.model, v.uri).where(mine, ~v.deleted).order_by(v.id)
    return tuple(KeptVoice(**row) for row in conn.execute(query).mappings())


def _personas(conn: Connection, owner: Owner) -> tuple[Made, ...]:
    p = personas.c
    mine = in_account(p.peer, owner) & (p.author_id == owner.id)
    query = select(p.peer, p.created_at.label("at"), p.name, p.definition).where(mine)
    return tuple(Made(**row) for row in conn.execute(query.order_by(p.created_at, p.name)).mappings())


# --- what holds for them ------------------------------------------------------------------------------


def _settings(conn: Connection, peers: Collection[str]) -> tuple[SetForChat, ...]:
    mine = chats.c.peer.in_(sorted(peers)) if peers else false()
    query = select(chats.c.peer, chats.c.settings).where(mine, chats.c.settings != _NOTHING_SET)
    return tuple(SetForChat(**row) for row in conn.execute(query.order_by(chats.c.peer)).mappings())


def _decisions(conn: Connection, owner: Owner) -> tuple[Decision, ...]:
    p = people.c
    mine = (p.platform == owner.platform) & p.account.in_((owner.account, "")) & (p.id == owner.id)
    query = select(p.account, p.standing, p.name, p.changed_at.label("at")).where(mine).order_by(p.account)
    return tuple(Decision(**row) for row in conn.execute(query).mappings())


def _waiting(conn: Connection, owner: Owner) -> tuple[Waiting, ...]:
    p = pairings.c
    mine = (p.platform == owner.platform) & (p.account == owner.account) & (p.person == owner.id)
    query = select(p.conversation, p.name, p.expires_at.label("until")).where(mine).order_by(p.expires_at)
    return tuple(Waiting(**row) for row in conn.execute(query).mappings())
