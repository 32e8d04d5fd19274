"""Every column of every table is handed out, forgotten and moved with its chat, or named here with a reason.

Each table gets one row about one person, with a mark of its own in each column that holds text or bytes. A
new table or column is filled without anybody's doing, so that it cannot be left out unseen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Table,
    create_engine,
    insert,
    select,
)

from bot.conversation.own_data.data import OwnData, files_of
from bot.conversation.own_data.programs import as_json
from bot.conversation.own_data.prose import as_markdown
from bot.exchange import Exchange
from bot.messages import Author, ButtonPressed, ChatKind, ConversationKey, Incoming, TextPart, dump_inbound
from bot.storage.history import add_exchange
from bot.storage.moves import move_chat
from bot.storage.personal import Owner, forget_person, kept_of
from bot.storage.tables import metadata

PERSON: Final = "person-7f3a"
KEY: Final = ConversationKey(platform="fake", account="1", chat="c0ffee")
OWNER: Final = Owner.of(KEY, PERSON)
MOMENT: Final = datetime(2026, 11, 22, tzinfo=UTC)
TURN: Final = 7

_OURS: Final = "how far our own work is, and no word of anybody's"
_NUMBER: Final = "a number of the platform's, which means nothing without what it numbers"

NOT_HANDED_OUT: Final = MappingProxyType(
    {
        "turns.error": "what went wrong with our own work, for the operator",
        "turns.join_key": "who it is from, as the event tells",
        "turns.stopping": _OURS,
        "turns.state": _OURS,
        "turns.lane": _OURS,
        "timers.lane": _OURS,
        "timers.payload": "the order that it goes on with is handed out",
        "chats.closed_reason": "why the platform did not let us write",
        "chats.standing": "decided about the chat",
        "comparisons.model": "the answer that it belongs to names its models",
        "deliveries.message_id": _NUMBER,
        "spoken.message_id": _NUMBER,
        "drawings.line_id": _NUMBER,
        "drawings.results": "where to fetch what is handed out once it is fetched; who knows it needs no key",
        "pairings.code": "a secret between the person and an admin, and good for an hour",
        "people.changed_by": "somebody else",
    }
)
"""Columns with words that an export leaves out, each with the reason."""

READ: Final = (
    "chats.settings",
    "documents.name",
    "drawings.prompt",
    "drawings.wish",
    "exchanges.reply",
    "exchanges.request",
    "exchanges.thinking",
    "inbound.payload",
    "notices.text",
    "overheard.text",
    "pairings.name",
    "people.standing",
    "personas.definition",
    "personas.name",
    "pictures.caption",
    "readings.remark",
    "readings.shown",
    "readings.text",
    "showings.speaker",
    "summaries.text",
    "transcript_pieces.text",
    "transcripts.summary",
    "voices.name",
    "voices.uri",
)
"""What stands in the document to be read."""

STAYS: Final = MappingProxyType(
    {
        "people.standing": "who was shut out does not get in by forgetting",
        "people.changed_by": "somebody else",
        "chats.standing": "decided about the chat",
        "chats.closed_reason": "why the platform did not let us write",
        "turns.lane": _OURS,
        "turns.state": _OURS,
        "turns.stopping": _OURS,
        "inbound.event_id": "kept for a week without content, to be known again when it is told twice",
        "inbound.message_id": "kept for a week without content, to be known again when it is told twice",
        "inbound.payload": "emptied; it still names the event",
        "voices.uri": "still to be deleted at the provider, and nobody's any more",
        "voices.model": "still to be deleted at the provider, and nobody's any more",
        "drawings.model": "one of the provider's pictures of the day",
        "drawings.provider_id": "one of the provider's pictures of the day",
    }
)
"""Columns whose mark is still there after /forget in a private chat, each with the reason."""

STAYS_IN_GROUPS: Final = MappingProxyType(
    {
        "chats.settings": "set for the whole group",
        "deliveries.message_id": _NUMBER,
        "spoken.message_id": _NUMBER,
        "exchanges.message_id": _NUMBER,
        "exchanges.model": "what answered, without the answer",
        "exchanges.outcome": "what answered, without the answer",
        "comparisons.model": "what answered, without the answer",
    }
)
"""The same for a group, where what others said hangs on it."""

NOT_MOVED: Final = MappingProxyType(
    {
        "inbound.payload": "read as an event of the conversation that the row names",
        "overheard.message_id": "made such as no message of the new chat has",
    }
)
"""Columns that may name a chat by its old id."""


def mark(column: Column[Any]) -> str:
    """What stands in a column and nowhere else."""
    return f"~{column.table.name}.{column.name}~"


def _press() -> str:
    press = ButtonPressed(
        event_id="timer",
        key=KEY,
        chat_kind=ChatKind.PRIVATE,
        author=Author(id=PERSON, name=""),
        message_id="",
        data="~timers.payload~",
    )
    return dump_inbound(press).decode()


def _event() -> str:
    message = Incoming(
        event_id="~inbound.event_id~",
        key=KEY,
        chat_kind=ChatKind.PRIVATE,
        author=Author(id=PERSON, name="~inbound.payload~"),
        message_id="~inbound.message_id~",
        parts=(TextPart(text="~inbound.payload~"),),
        sent_at=MOMENT,
        addressed=True,
    )
    return dump_inbound(message).decode()


GIVEN: Final = MappingProxyType(
    {
        "inbound.payload": _event(),
        "timers.id": f"making:{TURN}",
        "timers.payload": _press(),
        "chats.settings": '{"speech_style":"~chats.settings~"}',
        "exchanges.steps": '[{"tool":"1","text":"~exchanges.steps~"}]',
        "exchanges.usage": '{"prompt":1}',
        "personas.definition": '{"prompt":"~personas.definition~"}',
        "recordings.attachments": '[{"name":"~recordings.attachments~"}]',
        "showings.attachment": '{"name":"~showings.attachment~"}',
        "documents.parts": '[["","~documents.parts~"]]',
        "drawings.wish": '{"negative":"~drawings.wish~"}',
        "drawings.stage": "made",
        "drawings.kind": "picture",
        "drawings.chat_kind": "private",
        "people.id": PERSON,
        "pairings.person": PERSON,
        "transcripts.id": 1,
        "turns.id": TURN,
        "conversations.head": TURN,
    }
)
"""What some columns need to hold."""

_BY_NAME: Final = MappingProxyType(
    {
        "conversation": str(KEY),
        "key": str(KEY),
        "peer": KEY.peer,
        "platform": KEY.platform,
        "account": KEY.account,
        "author_id": PERSON,
        "turn_id": TURN,
        "transcript_id": 1,
        "parent_id": None,
    }
)
_PLACES: Final = ("conversation", "key", "peer")


def value_of(column: Column[Any]) -> Any:
    """What the one row of a table holds in a column."""
    name = f"{column.table.name}.{column.name}"
    if name in GIVEN:
        return GIVEN[name]
    if column.name in _BY_NAME:
        return _BY_NAME[column.name]
    match column.type:
        case LargeBinary():
            return mark(column).encode()
        case Boolean():
            return False
        case Float():
            return 1.0
        case Integer():
            return 3
        case _:
            return mark(column)


def fill(conn: Connection, *, table: Table) -> None:
    """Give a table its row."""
    conn.execute(insert(table).values({column.name: value_of(column) for column in table.columns}))


@pytest.fixture
def conn() -> Iterator[Connection]:
    """A database with a row about the person in every table."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            fill(connection, table=table)
        yield connection
    engine.dispose()


def marked() -> list[Column[Any]]:
    """The columns that hold a mark."""
    columns = (column for table in metadata.sorted_tables for column in table.columns)
    return [column for column in columns if mark(column) in _told(value_of(column))]


def _told(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def holding(conn: Connection, words: str) -> set[str]:
    """The columns of the whole database in which words stand."""
    return {
        f"{table.name}.{name}"
        for table in metadata.sorted_tables
        for row in conn.execute(select(table)).mappings()
        for name, value in row.items()
        if words in _told(value)
    }


def still_marked(conn: Connection) -> set[str]:
    """The columns in which any mark stands."""
    return {name for column in marked() for name in holding(conn, mark(column))}


def move_to_group(conn: Connection) -> None:
    """Somebody else asked something in the same conversation, and nothing tells of a private chat."""
    other = Exchange(
        turn_id=TURN + 1,
        conversation=str(KEY),
        parent_id=TURN,
        request="Mine.",
        author_id="2",
        reply="Yours.",
    )
    add_exchange(conn, other)
    for table, column in (("inbound", "payload"), ("drawings", "chat_kind")):
        found = metadata.tables[table]
        old = conn.execute(select(found.c[column])).scalar_one()
        conn.execute(found.update().values({column: old.replace("private", "group")}))


def test_everything_that_is_stored_of_a_person_is_handed_out(conn: Connection) -> None:
    """As a document, as a file beside it, or left out with a reason."""
    kept = kept_of(conn, OWNER, here=KEY.peer)
    data = OwnData(owner=OWNER, at=MOMENT, kept=kept, files=files_of(kept))
    files = [file.read(conn, file.turn, file.position) or b"" for file in data.files]
    given = as_json(data) + b"\n".join(files).decode()
    missing = {f"{column.table.name}.{column.name}" for column in marked() if mark(column) not in given}
    assert missing == set(NOT_HANDED_OUT)


def test_what_people_read_is_in_the_prose_too(conn: Connection) -> None:
    """All but what only programs use."""
    kept = kept_of(conn, OWNER, here=KEY.peer)
    text = as_markdown(OwnData(owner=OWNER, at=MOMENT, kept=kept, files=files_of(kept)))
    missing = {name for name in READ if f"~{name}~" not in text}
    assert missing == set()
    for file in files_of(kept):
        assert file.name in text


@pytest.mark.parametrize("kind", ["private", "group"])
def test_after_forgetting_nothing_of_the_person_is_stored(conn: Connection, kind: str) -> None:
    """Not the id, not the name, not a word; what stays is named with a reason."""
    stays = dict(STAYS)
    people = metadata.tables["people"]
    decided = {"platform": KEY.platform, "account": "", "id": "2", "changed_by": f"{KEY.platform}:{PERSON}"}
    conn.execute(insert(people).values(standing="blocked", changed_at=1.0, **decided))
    if kind == "group":
        move_to_group(conn)
        stays |= STAYS_IN_GROUPS
    forget_person(conn, OWNER, asking_turn=0, here=KEY.peer if kind == "private" else "")
    assert holding(conn, PERSON) == {"people.id"}
    assert still_marked(conn) == set(stays)
    if kind == "group":
        assert holding(conn, "Mine.") == {"exchanges.request"}


def test_the_address_of_a_private_chat_goes_as_far_as_it_can(conn: Connection) -> None:
    """On some platforms it is the person's id. It stays with emptied events, and with what is decided."""
    forget_person(conn, OWNER, asking_turn=0, here=KEY.peer)
    assert holding(conn, KEY.chat) == {
        "turns.conversation",
        "inbound.conversation",
        "inbound.payload",
        "chats.peer",
    }


def test_a_private_chat_is_known_without_being_asked_in(conn: Connection) -> None:
    """By what came in there: who asks in a group to be forgotten means it too."""
    forget_person(conn, OWNER, asking_turn=0)
    assert holding(conn, "~chats.settings~") == set()


def test_everything_of_a_chat_moves_with_it(conn: Connection) -> None:
    """Nothing is left under the old id."""
    moved = {
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.name in _PLACES
    }
    assert holding(conn, KEY.chat) >= moved
    move_chat(conn, platform="fake", account="1", old_chat=KEY.chat, new_chat="n3w")
    assert holding(conn, KEY.chat) == set(NOT_MOVED)


@pytest.mark.parametrize("known", [NOT_HANDED_OUT, STAYS, STAYS_IN_GROUPS, NOT_MOVED])
def test_exceptions_are_columns_that_there_are(known: MappingProxyType[str, str]) -> None:
    """Nothing is excused that is gone."""
    columns = {f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.columns}
    assert set(known) <= columns
    assert all(known.values())
