"""Deletes what is stored about one person, over all chats of a bot's account, and counts it.

What others said stays, and what an admin decided about the person, without the name. For a week the addresses
of conversations stay beside emptied events, so that what the platform tells twice is known again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from bot.errors import BotError
from bot.messages import (
    ConversationKey,
    Edited,
    Inbound,
    Incoming,
    Quoted,
    Unreadable,
    dump_inbound,
    load_inbound,
)
from bot.storage.drawings import forget_jobs_of
from bot.storage.personal.collecting import kept_of
from bot.storage.personal.kept import Kind
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
from bot.storage.readings import delete_readings
from bot.storage.tables import (
    chats,
    comparisons,
    conversations,
    deliveries,
    documents,
    exchanges,
    feedback,
    inbound,
    notices,
    overheard,
    pairings,
    people,
    personas,
    spoken,
    summaries,
    turns,
    voices,
)
from bot.storage.transcripts import forget_recordings_of, forget_recordings_within

__all__ = ["Forgotten", "forget_person", "wipe_events_of"]

_NOBODY: Final = "somebody who was forgotten"
"""In the place of an admin who decided something about others."""
_FLOOD: Final = "flood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much was deleted of each kind; the conversations are those that were the person's alone."""

    counts: dict[Kind, int]


def forget_person(conn: Connection, owner: Owner, *, asking_turn: int, here: str = "") -> Forgotten:
    """Delete what is stored about a person, and what was answered to them.

    Conversations that were theirs alone go whole, and what is set for their private chats (``here`` is one of
    these). In others their questions and the answers are wiped and leave a gap, since what others said hangs
    on it. Who was shut out does not get in by forgetting. The event of ``asking_turn`` stays until
    ``wipe_events_of`` that turn, so that an interrupted request is taken up again.
    """
    kept = kept_of(conn, owner, here=here, asking_turn=asking_turn)
    theirs, peers = turns_of(conn, owner), private_peers(conn, owner, here=here)
    alone = conversations_alone(conn, owner, peers)
    counts = {**kept.counts, Kind.CONVERSATIONS: len(alone)}
    for batch in in_batches([turn for turn in theirs if turn != asking_turn]):
        _wipe_work(conn, batch)
        delete_readings(conn, batch)
    _forget_what_was_made(conn, owner, peers)
    for place in _places(conn, owner) - alone:
        _wipe_in(conn, place, owner)
    for place in alone:
        _delete_conversation(conn, place)
    for peer in peers:
        _empty_chat(conn, peer)
    _wipe_events(conn, sent_by(owner) & inbound.c.turn_id.is_distinct_from(asking_turn))
    _wipe_quotes(conn, owner)
    _forget_name(conn, owner)
    return Forgotten(counts=counts)


def wipe_events_of(conn: Connection, turn_id: int) -> None:
    """Leave what a turn came from without content."""
    _wipe_events(conn, inbound.c.turn_id == turn_id)


# --- what was made --------------------------------------------------------------------------------------


def _forget_what_was_made(conn: Connection, owner: Owner, peers: Collection[str]) -> None:
    forget_recordings_of(conn, owner.id, owner.place)
    for peer in peers:
        forget_recordings_within(conn, peer)
    forget_jobs_of(conn, owner.id, owner.place)
    _discard_voices(conn, owner)
    for table, where in (
        (overheard, in_account(overheard.c.conversation, owner)),
        (personas, in_account(personas.c.peer, owner)),
        (feedback, feedback.c.turn_id.in_(_turns_in(owner))),
    ):
        conn.execute(delete(table).where(where, table.c.author_id == owner.id))


def _turns_in(owner: Owner) -> Any:
    return select(exchanges.c.turn_id).where(in_account(exchanges.c.conversation, owner))


def _discard_voices(conn: Connection, owner: Owner) -> None:
    """Nothing tells any more whose they were; they are still to be deleted at the provider."""
    mine = (voices.c.platform == owner.platform) & (voices.c.account == owner.account)
    conn.execute(
        update(voices).where(mine, voices.c.author_id == owner.id).values(deleted=True, author_id="", name="")
    )


# --- conversations ----------------------------------------------------------------------------------------


def _places(conn: Connection, owner: Owner) -> set[str]:
    return set(conn.execute(select(exchanges.c.conversation).where(asked_by(owner)).distinct()).scalars())


def _delete_conversation(conn: Connection, place: str) -> None:
    mine = select(exchanges.c.turn_id).where(exchanges.c.conversation == place)
    for by_turn in (feedback, comparisons):
        conn.execute(delete(by_turn).where(by_turn.c.turn_id.in_(mine)))
    for table in (summaries, deliveries, spoken, documents, exchanges):
        conn.execute(delete(table).where(table.c.conversation == place))
    conn.execute(delete(conversations).where(conversations.c.key == place))


def _wipe_in(conn: Connection, conversation: str, owner: Owner) -> None:
    mine = (exchanges.c.conversation == conversation) & (exchanges.c.author_id == owner.id)
    first = conn.execute(select(func.min(exchanges.c.turn_id)).where(mine)).scalar()
    # A summary may hold it too; the history it stood for is still there to be folded again.
    conn.execute(
        delete(summaries).where(summaries.c.conversation == conversation, summaries.c.turn_id >= first)
    )
    wiped = {"request": "", "steps": "[]", "reply": "", "thinking": "", "author_name": "", "author_id": ""}
    conn.execute(update(exchanges).where(mine).values(redacted=True, **wiped))


def _empty_chat(conn: Connection, peer: str) -> None:
    """What is set for a private chat goes, and which messages we sent there; whether it is open stays."""
    for table in (deliveries, spoken):
        conn.execute(delete(table).where(within_chat(table.c.conversation, peer)))
    conn.execute(delete(conversations).where(within_chat(conversations.c.key, peer)))
    mine = chats.c.peer == peer
    conn.execute(update(chats).where(mine).values(settings="{}"))
    bare = chats.c.standing == "", chats.c.closed_at.is_(None), chats.c.welcomed_at.is_(None)
    conn.execute(delete(chats).where(mine, *bare))


# --- events and work ------------------------------------------------------------------------------------


def _wipe_work(conn: Connection, turn_ids: list[int]) -> None:
    """Our sentences may quote the person, and so may what went wrong; pastes are joined by who sends them."""
    conn.execute(delete(notices).where(notices.c.turn_id.in_(turn_ids)))
    conn.execute(update(turns).where(turns.c.id.in_(turn_ids)).values(join_key=""))
    failed = turns.c.id.in_(turn_ids), turns.c.error.not_in(("", _FLOOD))
    conn.execute(update(turns).where(*failed).values(error="forgotten"))


def _wipe_events(conn: Connection, which: ColumnElement[bool]) -> None:
    """What came from the platform is kept for a week, to be known again: leave it without content."""
    found = select(inbound.c.id, inbound.c.event_id, inbound.c.conversation).where(which)
    for row in conn.execute(found).all():
        key = ConversationKey.parse(row.conversation)
        _put(conn, row.id, Unreadable(event_id=row.event_id, key=key, reason="forgotten"))


def _wipe_quotes(conn: Connection, owner: Owner) -> None:
    """What others answered to the person stays theirs, the message that they answered does not."""
    named = f'"author_id":{orjson.dumps(owner.id).decode()},'
    here = (inbound.c.platform == owner.platform) & (inbound.c.account == owner.account)
    quoting = select(inbound.c.id, inbound.c.payload).where(
        here, inbound.c.payload.contains(named, autoescape=True)
    )
    for row in conn.execute(quoting).all():
        event = _readable(row.payload)
        if event is not None:
            _put(conn, row.id, _without_quote(event, owner.id))


def _without_quote(event: Inbound, person: str) -> Inbound:
    match event:
        case Incoming(quoted=Quoted(author_id=author_id) as quoted) if author_id == person:
            return replace(event, quoted=Quoted(how=quoted.how, message_id=quoted.message_id))
        case Edited(message=message):
            changed = _without_quote(message, person)
            return replace(event, message=changed) if isinstance(changed, Incoming) else event
        case _:
            return event


def _readable(payload: str) -> Inbound | None:
    try:
        return load_inbound(payload)
    except BotError:
        return None


def _put(conn: Connection, row_id: int, event: Inbound) -> None:
    left = dump_inbound(event).decode()
    conn.execute(update(inbound).where(inbound.c.id == row_id).values(payload=left))


# --- the name -------------------------------------------------------------------------------------------


def _forget_name(conn: Connection, owner: Owner) -> None:
    mine = (people.c.platform == owner.platform) & people.c.account.in_((owner.account, ""))
    conn.execute(update(people).where(mine, people.c.id == owner.id).values(name=""))
    by = f"{owner.platform}:{owner.id}"
    conn.execute(update(people).where(people.c.changed_by == by).values(changed_by=_NOBODY))
    asked = (pairings.c.platform == owner.platform) & (pairings.c.account == owner.account)
    conn.execute(delete(pairings).where(asked, pairings.c.person == owner.id))
