"""The line for pictures: limits are kept whatever comes, in order, and nothing is left behind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from bot.messages import ChatKind
from bot.ports import MadeFile
from bot.storage.drawings import (
    Job,
    Kind,
    Pace,
    Stage,
    add_job,
    begin_drawing,
    begin_showing,
    change_job,
    count_open,
    end_job,
    forget_jobs_of,
    free_at,
    job_of,
    made_of,
    place_in_line,
    redact_jobs,
    save_made,
    save_results,
)
from bot.storage.moves import move_chat
from bot.storage.tables import made_files, metadata

PACE = Pace(per_minute=2, per_day=400, minute_seconds=60.0)
NOW = 1_000_000.0
HERE = "telegram/1/7/"


def empty() -> Connection:
    """A database in memory with the tables as they are."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine.connect()


@pytest.fixture
def conn() -> Iterator[Connection]:
    with empty() as connection:
        yield connection


def order(turn_id: int, *, places: int = 1, at: float = NOW, author: str = "1", where: str = HERE) -> Job:
    """An order for pictures."""
    return Job(
        turn_id=turn_id,
        conversation=where,
        chat_kind=ChatKind.PRIVATE,
        author_id=author,
        kind=Kind.PICTURE,
        prompt="a fox",
        wish="{}",
        model="m",
        places=places,
        reply_to="55",
        due_at=at,
        created_at=at,
    )


def take(conn: Connection, turn_id: int, *, now: float = NOW, places: int = 1, pace: Pace = PACE) -> float:
    """Take an order; when it is due."""
    due = free_at(conn, "m", pace, count=places, now=now)
    add_job(conn, replace(order(turn_id, places=places, at=now), due_at=due))
    return due


def test_the_third_in_a_minute_waits_for_the_first_to_be_a_minute_old(conn: Connection) -> None:
    """Two a minute, in the order they came."""
    assert [take(conn, number) - NOW for number in range(1, 7)] == [0, 0, 60, 60, 120, 120]


def test_four_at_once_take_two_minutes_worth(conn: Connection) -> None:
    """More than a minute's share begin when a minute is free, and those behind wait for all of them."""
    assert take(conn, 1, places=4) == NOW
    assert take(conn, 2) == NOW + 120


def test_the_days_share_is_kept_too(conn: Connection) -> None:
    """The first one's place is free a day later."""
    pace = Pace(per_minute=10, per_day=2, minute_seconds=60.0)
    dues = [take(conn, number, pace=pace) - NOW for number in (1, 2, 3)]
    assert dues == [0, 0, 86_400]


def test_a_place_in_line_counts_only_who_waits(conn: Connection) -> None:
    """Who has come to the turn is not in line any more."""
    for number in range(1, 5):
        take(conn, number)
    jobs = [job_of(conn, number) for number in (3, 4)]
    assert [place_in_line(conn, job, now=NOW + 1) for job in jobs if job] == [1, 2]


def test_who_was_delayed_does_not_break_the_limit_for_those_behind(conn: Connection) -> None:
    """After a pause everybody is due at once: two begin, the others get places anew."""
    for number in range(1, 5):
        take(conn, number)
    later = NOW + 600
    begun = [begin_drawing(conn, number, PACE, now=later, working_turn=9) for number in range(1, 5)]
    assert [job.stage for job in begun if job] == [Stage.MAKING, Stage.MAKING, Stage.WAITING, Stage.WAITING]
    assert [job.due_at for job in begun if job][2:] == [later + 60, later + 60]


@given(
    st.lists(
        st.tuples(st.floats(min_value=0, max_value=90), st.integers(min_value=1, max_value=4)),
        min_size=1,
        max_size=12,
    )
)
def test_however_orders_come_no_minute_has_more_than_its_share(orders: list[tuple[float, int]]) -> None:
    """Each begins when it is due; a call for more than the share has its minute for itself."""
    with empty() as conn:
        now, begun = NOW, []
        for turn_id, (pause, places) in enumerate(orders, start=1):
            now += pause
            due = take(conn, turn_id, now=now, places=places)
            assert due >= now
            begun.append((due, places))
        dues = [due for due, _ in begun]
        assert dues == sorted(dues)
        for due, places in begun:
            lately = sum(count for at, count in begun if due - 60 < at <= due)
            assert lately <= max(2, places)


def test_an_order_is_stored_once_and_a_finished_one_does_not_change(conn: Connection) -> None:
    """A turn that runs again finds what it stored."""
    assert add_job(conn, order(1)) == order(1)
    assert add_job(conn, replace(order(1), prompt="other")).prompt == "a fox"
    assert end_job(conn, 1, Stage.SHOWN)
    assert not end_job(conn, 1, Stage.FAILED)
    assert change_job(conn, 1, stage=Stage.WAITING) is None
    assert begin_drawing(conn, 1, PACE, now=NOW, working_turn=2) is None
    assert save_results(conn, 1, ["http://x"], seed=1) is None
    assert save_made(conn, 1, [MadeFile(data=b"x", mime="image/png")], seed=1) is None


def test_what_was_made_is_kept_until_it_is_shown(conn: Connection) -> None:
    """And no longer."""
    add_job(conn, order(1))
    made = (MadeFile(data=b"one", mime="image/png"), MadeFile(data=b"two", mime="image/png"))
    save_made(conn, 1, made, seed=None)
    save_made(conn, 1, made, seed=7)
    assert made_of(conn, 1) == made
    assert begin_showing(conn, 1) is False
    assert begin_showing(conn, 1) is True
    end_job(conn, 1, Stage.SHOWN)
    assert made_of(conn, 1) == ()


@pytest.mark.parametrize("end", ["made", "failed"])
def test_addresses_are_kept_until_the_pictures_are(conn: Connection, end: str) -> None:
    """In their order, with the seed; they go with the end of the order too."""
    add_job(conn, order(1))
    begin_drawing(conn, 1, PACE, now=NOW, working_turn=9)
    job = save_results(conn, 1, ["http://a/1?x=ä&y=2", "http://a/2"], seed=7)
    assert job is not None
    assert job == job_of(conn, 1)
    assert (job.addresses, job.seed) == (("http://a/1?x=ä&y=2", "http://a/2"), 7)
    if end == "made":
        save_made(conn, 1, [MadeFile(data=b"x", mime="image/png")], seed=job.seed)
    else:
        end_job(conn, 1, Stage.FAILED)
    ended = job_of(conn, 1)
    assert ended is not None
    assert (ended.results, ended.addresses, ended.seed) == ("", (), 7)


def test_open_orders_are_counted_for_one_person_on_one_account(conn: Connection) -> None:
    """Neither old ones nor another's nor another bot's."""
    add_job(conn, order(1))
    add_job(conn, order(2, author="2"))
    add_job(conn, order(3, where="telegram/2/7/"))
    add_job(conn, order(4, at=NOW - 1000))
    add_job(conn, order(5, where="telegram/1/8/"))
    assert count_open(conn, order(9), since=NOW - 10) == 2


@pytest.mark.parametrize("how", ["forget", "redact"])
def test_forgetting_leaves_nothing_of_what_was_said(conn: Connection, how: str) -> None:
    """The row stays for the provider's count, without words, person or pictures."""
    add_job(conn, order(1))
    change_job(conn, 1, stage=Stage.MAKING, working_turn=12)
    save_results(conn, 1, ["http://x"], seed=1)
    if how == "forget":
        forget_jobs_of(conn, "1", "telegram/1/")
    else:
        assert redact_jobs(conn, HERE, ["55"]) == [12]
    job = job_of(conn, 1)
    assert job is not None
    assert (job.prompt, job.wish, job.author_id, job.reply_to, job.results) == ("", "{}", "", "", "")
    assert job.stage is Stage.CANCELLED
    assert conn.execute(select(made_files)).all() == []


def test_orders_follow_their_chat_without_the_ids_of_its_messages(conn: Connection) -> None:
    """The new chat numbers its messages anew."""
    add_job(conn, replace(order(1), line_id="77", showing=True))
    move_chat(conn, platform="telegram", account="1", old_chat="7", new_chat="-1007")
    job = job_of(conn, 1)
    assert job is not None
    assert (job.conversation, job.line_id, job.reply_to, job.showing) == ("telegram/1/-1007/", "", "", False)
