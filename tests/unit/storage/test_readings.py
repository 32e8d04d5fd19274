"""What was made of attachments is kept once, in their order, until it is old, deleted or asked again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, create_engine, update

from bot.exchange import Exchange
from bot.messages import Author, ChatKind, ConversationKey, Incoming, TextPart
from bot.ports import Lane, Picture
from bot.storage import history, tables
from bot.storage.inbound import Arrival, take_in, taken_with
from bot.storage.personal import Owner, forget_person
from bot.storage.readings import (
    Reading,
    caption_picture,
    copy_readings,
    drop_picture_data,
    pictures_of,
    readings_of,
    save_reading,
    uncaptioned,
)
from bot.storage.turns import prune_turns

KEY = ConversationKey(platform="fake", account="1", chat="7")
CAT = Picture(data=b"cat", mime="image/jpeg", width=10, height=20)
DOG, OWL = replace(CAT, data=b"dog"), replace(CAT, data=b"owl")


@pytest.fixture
def conn() -> Iterator[Connection]:
    """A database in memory."""
    engine = create_engine("sqlite://")
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def said(number: int, *, author: str = "1") -> Incoming:
    """A message."""
    return Incoming(
        event_id=f"m{number}",
        key=KEY,
        chat_kind=ChatKind.PRIVATE,
        author=Author(id=author, name="Ann"),
        message_id=str(number),
        parts=(TextPart(text=f"number {number}"),),
        sent_at=datetime(2026, 11, 22, tzinfo=UTC),
        addressed=True,
    )


def arrive(conn: Connection, message: Incoming) -> int:
    """Take a piece of an album in; the turn it became part of."""
    arrival = Arrival(event=message, lane=Lane.QUEUE, join="album:a", hold_seconds=1.0, at=100.0)
    taken = take_in(conn, arrival, max_open=10)
    assert taken is not None
    return taken.turn_id


def answer(conn: Connection, turn_id: int, *, message_id: str, author: str = "1") -> None:
    """An exchange of the turn."""
    exchange = Exchange(
        turn_id=turn_id,
        conversation=str(KEY),
        parent_id=None,
        request="?",
        author_id=author,
        message_id=message_id,
    )
    history.add_exchange(conn, exchange)


def test_pictures_stand_in_the_order_of_what_they_came_with(conn: Connection) -> None:
    """Attachments are read side by side, and the second may be ready first."""
    save_reading(conn, 1, 1, Reading(pictures=(DOG, OWL)))
    save_reading(conn, 1, 0, Reading(text="a cat", pictures=(CAT,)))
    assert pictures_of(conn, [1]) == {1: (CAT, DOG, OWL)}
    found = readings_of(conn, 1)
    assert found[0] == Reading(text="a cat", pictures=(replace(CAT, data=b""),))
    assert len(found[1].pictures) == 2


def test_an_attachment_is_read_once(conn: Connection) -> None:
    """What an interrupted attempt stored is not stored again."""
    save_reading(conn, 1, 0, Reading(text="first", pictures=(CAT,)))
    save_reading(conn, 1, 0, Reading(text="second", pictures=(DOG,)))
    assert readings_of(conn, 1)[0].text == "first"
    assert pictures_of(conn, [1]) == {1: (CAT,)}


def test_only_a_picture_that_was_described_can_lose_its_bytes(conn: Connection) -> None:
    """Its caption then stands for it; the other waits to be described."""
    save_reading(conn, 1, 0, Reading(pictures=(CAT,)))
    save_reading(conn, 1, 1, Reading(pictures=(DOG,)))
    assert [picture.data for picture in uncaptioned(conn, 1).values()] == [b"cat", b"dog"]
    first, second = uncaptioned(conn, 1)
    caption_picture(conn, 1, first, "a cat")
    drop_picture_data(conn, [1])
    assert list(uncaptioned(conn, 1)) == [second]
    assert pictures_of(conn, [1]) == {1: (replace(CAT, data=b"", caption="a cat"), DOG)}


def test_without_their_data_pictures_are_known_but_not_loaded(conn: Connection) -> None:
    """For a long path, of which only the newest are looked at."""
    save_reading(conn, 1, 0, Reading(pictures=(replace(CAT, caption="a cat"),)))
    assert pictures_of(conn, [1], with_data=False) == {1: (replace(CAT, data=b"", caption="a cat"),)}


def test_a_question_asked_again_has_what_it_had(conn: Connection) -> None:
    """Readings and pictures, in their places."""
    save_reading(conn, 1, 2, Reading(text="a cat", pictures=(CAT,)))
    copy_readings(conn, turn_id=5, from_turn=1)
    assert readings_of(conn, 5) == readings_of(conn, 1)
    assert pictures_of(conn, [5]) == {5: (CAT,)}


def test_a_piece_of_an_album_knows_the_others(conn: Connection) -> None:
    """In their order; one that was deleted is not among them any more."""
    pieces = [said(number) for number in (1, 2, 3)]
    (turn_id,) = {arrive(conn, piece) for piece in pieces}
    assert taken_with(conn, KEY, "2") == pieces
    history.redact_message(conn, str(KEY), ["3"])
    assert taken_with(conn, KEY, "1") == pieces[:2]
    assert taken_with(conn, KEY, "9") == []
    assert turn_id


def test_a_deleted_piece_of_an_album_takes_the_pictures_along(conn: Connection) -> None:
    """Answered or not: which picture came with which message is not known any more."""
    turn_id = arrive(conn, said(1))
    arrive(conn, said(2))
    save_reading(conn, turn_id, 0, Reading(text="a cat", pictures=(CAT,)))
    save_reading(conn, 77, 0, Reading(pictures=(OWL,)))
    history.redact_message(conn, str(KEY), ["2"])
    assert readings_of(conn, turn_id) == {}
    assert pictures_of(conn, [turn_id, 77]) == {77: (OWL,)}


def test_who_is_forgotten_leaves_nothing_that_was_read(conn: Connection) -> None:
    """Of what they asked, and of what they sent that was not answered yet."""
    turn_id = arrive(conn, said(1, author="5"))
    answer(conn, 40, message_id="8", author="5")
    answer(conn, 41, message_id="9", author="6")
    for turn in (turn_id, 40, 41):
        save_reading(conn, turn, 0, Reading(text="a cat", pictures=(CAT,)))
    forget_person(conn, Owner.of(KEY, "5"), asking_turn=99)
    assert pictures_of(conn, [turn_id, 40, 41]) == {41: (CAT,)}
    assert readings_of(conn, 40) == {}


def test_what_was_read_for_no_question_goes_with_its_turn(conn: Connection) -> None:
    """Nothing tells any more whose it was; where a question came of it, it stays with that."""
    turns = []
    for number in (1, 2):
        turns.append(turn_id := arrive(conn, said(number)))
        save_reading(conn, turn_id, 0, Reading(text="a cat", pictures=(CAT,)))
        conn.execute(update(tables.turns).values(state="done", finished_at=200.0, join_key=""))
    asked, unasked = turns
    history.add_exchange(
        conn, Exchange(turn_id=asked, conversation=str(KEY), parent_id=None, request="What is it?")
    )
    assert prune_turns(conn, before=300.0) == 2
    assert list(pictures_of(conn, [asked, unasked])) == [asked]
    assert readings_of(conn, unasked) == {}
