"""What is overheard is kept once, for a day, where it was said, and moves with its chat."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine, insert, select

from bot.exchange import Exchange
from bot.messages import ConversationKey
from bot.storage import chats, history, people, personas, tables
from bot.storage.moves import move_chat
from bot.storage.overheard import (
    KEPT_MESSAGES,
    KEPT_SECONDS,
    Heard,
    correct_heard,
    forget_heard,
    forget_old,
    has_heard,
    heard_since,
    keep_heard,
    last_words_at,
    wipe_heard,
)
from bot.storage.people import Person, Standing

NOW = 1_800_000_000.0
GROUP = ConversationKey(platform="fake", account="1", chat="-5")
TOPIC = replace(GROUP, thread="9")


@pytest.fixture
def conn() -> Iterator[Connection]:
    """A database in memory."""
    engine = create_engine("sqlite://")
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def heard(number: int, text: str = "", *, author: str = "2", at: float | None = None) -> Heard:
    """A message of Ben's."""
    sent_at = NOW + number if at is None else at
    return Heard(
        message_id=str(number),
        author_id=author,
        author_name="Ben",
        text=text or f"m{number}",
        sent_at=sent_at,
    )


def texts(
    conn: Connection, key: ConversationKey = GROUP, *, asked_in: str = "", limit: int = 200
) -> list[str]:
    """What a question would be told of."""
    found = heard_since(conn, key, asked_in=asked_in, since=0.0, limit=limit)
    return [message.text for message in found]


def test_a_message_that_arrives_twice_is_kept_once(conn: Connection) -> None:
    """As it came first; what was changed by an edit stays changed."""
    keep_heard(conn, GROUP, heard(1))
    correct_heard(conn, GROUP, "1", "better")
    keep_heard(conn, GROUP, heard(1))
    assert texts(conn) == ["better"]


def test_the_newest_come_oldest_first(conn: Connection) -> None:
    """As people read."""
    for number in (3, 1, 2):
        keep_heard(conn, GROUP, heard(number))
    assert texts(conn, limit=2) == ["m2", "m3"]


def test_two_hundred_messages_of_one_day_are_kept(conn: Connection) -> None:
    """In each conversation; what is older goes when something new is said."""
    keep_heard(conn, GROUP, heard(0, "long ago", at=NOW - KEPT_SECONDS))
    keep_heard(conn, TOPIC, heard(1, "elsewhere"))
    for number in range(1, KEPT_MESSAGES + 11):
        keep_heard(conn, GROUP, heard(number))
    kept = texts(conn)
    assert (len(kept), kept[0], kept[-1]) == (KEPT_MESSAGES, "m11", f"m{KEPT_MESSAGES + 10}")
    assert texts(conn, TOPIC) == ["elsewhere"]


def test_a_silent_group_is_pruned_too(conn: Connection) -> None:
    """By the clock."""
    keep_heard(conn, GROUP, heard(1))
    assert forget_old(conn, now=NOW + 2 + KEPT_SECONDS) == 1
    assert not has_heard(conn, GROUP.peer)


def test_deleted_messages_are_dropped_wherever_in_the_chat(conn: Connection) -> None:
    """Also when the platform does not name the thread; nothing of another chat is touched."""
    other = replace(GROUP, chat="-50")
    for key in (GROUP, TOPIC, other):
        keep_heard(conn, key, heard(1, str(key)))
    forget_heard(conn, GROUP, ("1",))
    assert (texts(conn), texts(conn, TOPIC), texts(conn, other)) == ([], [], [str(other)])
    wipe_heard(conn, other.peer)
    assert texts(conn, other) == []


def test_a_topic_knows_its_own_talk_only(conn: Connection) -> None:
    """And the rest of the group does not know it."""
    keep_heard(conn, GROUP, heard(1, "in general"))
    keep_heard(conn, TOPIC, heard(2, "in the topic"))
    assert texts(conn) == ["in general"]
    assert texts(conn, TOPIC, asked_in="7") == ["in the topic"]


def test_a_question_that_begins_a_thread_is_about_the_whole_chat(conn: Connection) -> None:
    """So is every later one there; in a thread of others only what was said in it counts, and its root."""
    for ts, text in (("1", "first"), ("2", "second")):
        keep_heard(conn, replace(GROUP, thread=ts), heard(int(ts), text))
    keep_heard(conn, replace(GROUP, thread="1"), heard(3, "in the first's thread"))
    asking = replace(GROUP, thread="4")
    whole = ["first", "second", "in the first's thread"]
    assert texts(conn, asking, asked_in="4") == whole
    assert texts(conn, replace(GROUP, thread="1"), asked_in="5") == ["first", "in the first's thread"]
    asked = Exchange(
        turn_id=1,
        conversation=str(asking),
        parent_id=None,
        author_id="1",
        author_name="Ann",
        message_id="4",
        request="?",
        created_at=NOW,
    )
    history.add_exchange(conn, asked)
    assert texts(conn, asking) == whole
    assert last_words_at(conn, asking, "1", asked_in="") == NOW
    assert last_words_at(conn, asking, "1", asked_in="4") == 0.0
    assert last_words_at(conn, asking, "2", asked_in="4") == NOW + 3


def test_people_who_were_shut_out_since_are_not_told_of(conn: Connection) -> None:
    """Whatever they said before."""
    keep_heard(conn, GROUP, heard(1, "nice"))
    keep_heard(conn, GROUP, heard(2, "spam", author="3"))
    people.set_standing(conn, Person(platform="fake", account="1", id="3", standing=Standing.BLOCKED))
    assert texts(conn) == ["nice"]


def test_all_moves_with_a_chat_that_gets_another_id(conn: Connection) -> None:
    """What was overheard under ids the new chat cannot have; its welcome, its admission, its personas."""
    new = replace(GROUP, chat="-100")
    keep_heard(conn, GROUP, heard(1))
    keep_heard(conn, TOPIC, heard(2))
    keep_heard(conn, new, heard(1, "said after"))
    chats.mark_welcomed(conn, GROUP.peer, now=NOW)
    chats.admit_chat(conn, GROUP.peer, admitted=True)
    for peer, definition in ((GROUP.peer, "old"), (new.peer, "new")):
        conn.execute(
            insert(tables.personas).values(
                peer=peer, name="tutor", definition=definition, author_id="1", created_at=NOW
            )
        )
    move_chat(conn, platform="fake", account="1", old_chat="-5", new_chat="-100")
    assert sorted(texts(conn, new)) == ["m1", "said after"]
    assert texts(conn, replace(new, thread="9")) == ["m2"]
    ids = set(conn.scalars(select(tables.overheard.c.message_id)))
    assert ids == {"1", "-5:1", "-5:2"}
    moved = chats.chat_of(conn, new.peer)
    assert (moved.welcomed, moved.admitted) == (True, True)
    assert personas.persona_definition(conn, new.peer, "tutor") == "new"
    assert personas.persona_definition(conn, GROUP.peer, "tutor") is None


def test_a_chat_that_moves_into_a_known_one_keeps_its_welcome(conn: Connection) -> None:
    """The new chat may have settings before the old one is moved."""
    new = replace(GROUP, chat="-100")
    chats.set_chat_setting(conn, new.peer, "language", "zh")
    chats.mark_welcomed(conn, GROUP.peer, now=NOW)
    move_chat(conn, platform="fake", account="1", old_chat="-5", new_chat="-100")
    moved = chats.chat_of(conn, new.peer)
    assert (moved.welcomed, moved.settings) == (True, {"language": "zh"})
