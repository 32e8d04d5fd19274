"""Whose data: which conversations, turns and events belong to one person on one account of the bot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson
from sqlalchemy import ColumnElement, Connection, select, union

from bot.messages import ChatKind, ConversationKey
from bot.storage.ranges import within_chat
from bot.storage.tables import drawings, exchanges, inbound

__all__ = [
    "Owner",
    "asked_by",
    "conversations_alone",
    "in_account",
    "in_batches",
    "private_peers",
    "sent_by",
    "turns_of",
]

_BATCH = 500
"""How many ids one statement names; SQLite takes 32,766."""


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


def asked_by(owner: Owner) -> ColumnElement[bool]:
    """Selects the exchanges that the person began."""
    return (exchanges.c.author_id == owner.id) & in_account(exchanges.c.conversation, owner)


def sent_by(owner: Owner) -> ColumnElement[bool]:
    """Selects the events that the person caused: messages, edits, presses."""
    author = f'"author":{{"id":{orjson.dumps(owner.id).decode()},'
    return (
        (inbound.c.platform == owner.platform)
        & (inbound.c.account == owner.account)
        & inbound.c.payload.contains(author, autoescape=True)
    )


def in_account(column: ColumnElement[str], owner: Owner) -> ColumnElement[bool]:
    """Whether a column of conversations or peers holds one of the account."""
    return within_chat(column, owner.place)


def turns_of(conn: Connection, owner: Owner) -> list[int]:
    """The turns that answered the person, and those that took in what they did, answered or not."""
    taken = select(inbound.c.turn_id).where(sent_by(owner), inbound.c.turn_id.is_not(None))
    return sorted(conn.execute(union(select(exchanges.c.turn_id).where(asked_by(owner)), taken)).scalars())


def conversations_alone(conn: Connection, owner: Owner, peers: Collection[str]) -> set[str]:
    """The conversations in which nobody else asked anything, and all in the chats ``peers``."""
    e = exchanges.c
    mine = select(e.conversation).where(asked_by(owner))
    others = select(e.conversation).where(in_account(e.conversation, owner), e.author_id != owner.id)
    alone = set(conn.execute(mine.except_(others)).scalars())
    for peer in peers:
        alone.update(conn.execute(select(e.conversation).where(within_chat(e.conversation, peer))).scalars())
    return alone


def private_peers(conn: Connection, owner: Owner, *, here: str = "") -> set[str]:
    """The person's private chats with the bot, as far as is known; ``here`` is one more."""
    events = select(inbound.c.conversation).where(
        sent_by(owner), inbound.c.payload.contains(f'"chat_kind":"{ChatKind.PRIVATE}"', autoescape=True)
    )
    orders = select(drawings.c.conversation).where(
        in_account(drawings.c.conversation, owner),
        drawings.c.author_id == owner.id,
        drawings.c.chat_kind == ChatKind.PRIVATE,
    )
    found = conn.execute(union(events, orders)).scalars()
    # Where a private chat bears the person's id it is known without an event, which is kept for a week only.
    own = ConversationKey(platform=owner.platform, account=owner.account, chat=owner.id).peer
    return {own, *({here} if here else ()), *(ConversationKey.parse(place).peer for place in found)}


def in_batches(ids: Sequence[int]) -> Iterator[list[int]]:
    """The ids in portions that a statement can name."""
    rest = iter(ids)
    while batch := list(islice(rest, _BATCH)):
        yield batch
