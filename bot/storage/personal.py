"""What is stored about one person, over all chats of a bot's account: to count, to hand out, to delete."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from bot.events import Usage
from bot.messages import ConversationKey, Unreadable, dump_inbound
from bot.storage.drawings import forget_jobs_of
from bot.storage.readings import delete_readings
from bot.storage.tables import (
    conversations,
    deliveries,
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
    voices,
)
from bot.storage.transcripts import forget_recordings_of

__all__ = [
    "Forgotten",
    "Made",
    "Overheard",
    "Owner",
    "Said",
    "Spent",
    "forget_person",
    "heard",
    "made",
    "said",
    "spent",
    "wipe_events_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose data: a person as one account of the bot knows them."""

    platform: str
    account: str
    id: str

    @classmethod
    def of(cls, key: ConversationKey, person: str) -> Owner:
        """The person of that id, on the account that ``key`` belongs to."""
        return cls(platform=key.platform, account=key.account, id=person)

    @property
    def place(self) -> str:
        """How the keys of all conversations of the account begin."""
        return str(ConversationKey(platform=self.platform, account=self.account, chat=""))[:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One question of a person and its answer."""

    conversation: str
    at: float
    name: str
    question: str
    answer: str
    model: str
    vote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """Something a person wrote in a group, to others than the bot."""

    conversation: str
    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A persona that a person made for a chat; ``definition`` is JSON text."""

    peer: str
    at: float
    name: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What answers of one model took."""

    model: str
    answers: int
    usage: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How much was deleted. ``conversations`` are those that were the person's alone."""

    questions: int
    conversations: int
    overheard: int
    votes: int
    personas: int


def said(conn: Connection, owner: Owner) -> list[Said]:
    """Everything a person asked and was answered, oldest first."""
    e = exchanges.c
    vote = select(feedback.c.vote).where(feedback.c.turn_id == e.turn_id, feedback.c.author_id == owner.id)
    query = (
        select(
            e.conversation, e.created_at, e.author_name, e.request, e.reply, e.model,
            vote.scalar_subquery().label("vote"),
        )
        .where(_exchanges_of(owner), e.redacted.is_(False))
        .order_by(e.turn_id)
    )  # fmt: skip
    return [
        Said(
            conversation=row.conversation,
            at=row.created_at,
            name=row.author_name,
            question=row.request,
            answer=row.reply,
            model=row.model,
            vote=row.vote or "",
        )
        for row in conn.execute(query)
    ]


def heard(conn: Connection, owner: Owner) -> list[Overheard]:
    """What was kept of what a person wrote in groups to others, oldest first."""
    mine = _in_account(overheard.c.conversation, owner) & (overheard.c.author_id == owner.id)
    rows = conn.execute(select(overheard).where(mine).order_by(overheard.c.sent_at))
    return [Overheard(conversation=row.conversation, at=row.sent_at, text=row.text) for row in rows]


def made(conn: Connection, owner: Owner) -> list[Made]:
    """The personas a person made, oldest first."""
    mine = _in_account(personas.c.peer, owner) & (personas.c.author_id == owner.id)
    rows = conn.execute(select(personas).where(mine).order_by(personas.c.created_at, personas.c.name))
    return [Made(peer=row.peer, at=row.created_at, name=row.name, definition=row.definition) for row in rows]


def spent(conn: Connection, *, since: float, owner: Owner | None = None, peer: str = "") -> list[Spent]:
    """What answers took since a moment: those to a person, or those in a chat; the most used model first."""
    where = _exchanges_of(owner) if owner is not None else _begins_with(exchanges.c.conversation, peer)
    query = select(exchanges.c.model, exchanges.c.usage).where(
        where, exchanges.c.created_at >= since, exchanges.c.model != ""
    )
    counts: dict[str, tuple[int, Usage]] = {}
    for row in conn.execute(query):
        answers, usage = counts.get(row.model, (0, Usage()))
        counts[row.model] = (answers + 1, usage + Usage(**orjson.loads(row.usage)))
    found = [Spent(model=model, answers=count, usage=usage) for model, (count, usage) in counts.items()]
    return sorted(found, key=lambda one: -(one.usage.prompt + one.usage.completion))


def forget_person(conn: Connection, owner: Owner, *, asking_turn: int) -> Forgotten:
    """Delete what is stored about a person, and what was answered to them.

    Conversations that were theirs alone go whole. In others their questions and the answers are wiped and
    leave a gap, since what others said hangs on it. What an admin decided about the person stays, without
    the name: who was shut out does not get in by forgetting. The event of ``asking_turn`` stays until
    ``wipe_events_of`` that turn, so that an interrupted request is taken up again.
    """
    turns = list(conn.execute(select(exchanges.c.turn_id).where(_exchanges_of(owner))).scalars())
    places = set(
        conn.execute(select(exchanges.c.conversation).where(_exchanges_of(owner)).distinct()).scalars()
    )
    own = {place for place in places if _is_alone(conn, place, owner)}
    forgotten = Forgotten(
        questions=len(turns),
        conversations=len(own),
        overheard=_deleted(conn, overheard, _in_account(overheard.c.conversation, owner), owner),
        votes=_deleted(conn, feedback, feedback.c.turn_id.in_(_turns_in(owner)), owner),
        personas=_deleted(conn, personas, _in_account(personas.c.peer, owner), owner),
    )
    for place in own:
        _delete_conversation(conn, place)
    for place in places - own:
        _wipe_in(conn, place, owner)
    _wipe_events(conn, owner, turns, asking_turn)
    _forget_name(conn, owner)
    _discard_voices(conn, owner)
    forget_jobs_of(conn, owner.id, owner.place)
    forget_recordings_of(conn, owner.id, owner.place)
    return forgotten


def _deleted(conn: Connection, table: Any, where: ColumnElement[bool], owner: Owner) -> int:
    return int(conn.execute(delete(table).where(where, table.c.author_id == owner.id)).rowcount)


def _turns_in(owner: Owner) -> Any:
    return select(exchanges.c.turn_id).where(_in_account(exchanges.c.conversation, owner))


def _is_alone(conn: Connection, conversation: str, owner: Owner) -> bool:
    others = select(exchanges.c.turn_id).where(
        exchanges.c.conversation == conversation, exchanges.c.author_id != owner.id
    )
    return conn.execute(others.limit(1)).first() is None


def _delete_conversation(conn: Connection, conversation: str) -> None:
    mine = select(exchanges.c.turn_id).where(exchanges.c.conversation == conversation)
    conn.execute(delete(feedback).where(feedback.c.turn_id.in_(mine)))
    for table in (summaries, deliveries, spoken, exchanges):
        conn.execute(delete(table).where(table.c.conversation == conversation))
    conn.execute(delete(conversations).where(conversations.c.key == conversation))


def _wipe_in(conn: Connection, conversation: str, owner: Owner) -> None:
    mine = (exchanges.c.conversation == conversation) & (exchanges.c.author_id == owner.id)
    first = conn.execute(select(func.min(exchanges.c.turn_id)).where(mine)).scalar()
    # A summary may hold it too; the history it stood for is still there to be folded again.
    conn.execute(
        delete(summaries).where(summaries.c.conversation == conversation, summaries.c.turn_id >= first)
    )
    wiped = {"request": "", "steps": "[]", "reply": "", "thinking": "", "author_name": "", "author_id": ""}
    conn.execute(update(exchanges).where(mine).values(redacted=True, **wiped))


def wipe_events_of(conn: Connection, turn_id: int) -> None:
    """Leave what a turn came from without content."""
    _wipe(conn, inbound.c.turn_id == turn_id)


def _wipe(conn: Connection, which: ColumnElement[bool]) -> None:
    found = select(inbound.c.id, inbound.c.event_id, inbound.c.conversation).where(which)
    for row in conn.execute(found).all():
        key = ConversationKey.parse(row.conversation)
        left = dump_inbound(Unreadable(event_id=row.event_id, key=key, reason="forgotten")).decode()
        conn.execute(update(inbound).where(inbound.c.id == row.id).values(payload=left))


def _wipe_events(conn: Connection, owner: Owner, turns: Sequence[int], asking_turn: int) -> None:
    """What came from the platform is kept for a week, to be known again: leave it without content."""
    author = f'"author":{{"id":{orjson.dumps(owner.id).decode()},'
    theirs = (
        (inbound.c.platform == owner.platform)
        & (inbound.c.account == owner.account)
        & inbound.c.payload.contains(author, autoescape=True)
    )
    others = theirs & inbound.c.turn_id.is_distinct_from(asking_turn)
    found = conn.execute(select(inbound.c.turn_id).where(others)).scalars()
    theirs_all = {*turns, *(turn for turn in found if turn is not None)}
    _delete_notices(conn, theirs_all)
    delete_readings(conn, sorted(theirs_all))
    _wipe(conn, others)


def _delete_notices(conn: Connection, turns: Iterable[int]) -> None:
    """Our own sentences may quote the person."""
    for turn in turns:
        conn.execute(delete(notices).where(notices.c.turn_id == turn))


def _forget_name(conn: Connection, owner: Owner) -> None:
    mine = (people.c.platform == owner.platform) & (people.c.account == owner.account)
    conn.execute(update(people).where(mine, people.c.id == owner.id).values(name=""))
    asked = (pairings.c.platform == owner.platform) & (pairings.c.account == owner.account)
    conn.execute(delete(pairings).where(asked, pairings.c.person == owner.id))


def _discard_voices(conn: Connection, owner: Owner) -> None:
    """Nothing tells any more whose they were; they are still to be deleted at the provider."""
    mine = (voices.c.platform == owner.platform) & (voices.c.account == owner.account)
    conn.execute(
        update(voices).where(mine, voices.c.author_id == owner.id).values(deleted=True, author_id="", name="")
    )


def _exchanges_of(owner: Owner) -> ColumnElement[bool]:
    return (exchanges.c.author_id == owner.id) & _in_account(exchanges.c.conversation, owner)


def _in_account(column: ColumnElement[str], owner: Owner) -> ColumnElement[bool]:
    return _begins_with(column, owner.place)


def _begins_with(column: ColumnElement[str], peer: str) -> ColumnElement[bool]:
    # "0" is the character after "/". A range can use the index.
    return (column >= peer) & (column < peer[:-1] + "0")
