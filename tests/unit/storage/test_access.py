"""Codes and standings: a code is good for one person, once and for an hour; what was decided last holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.errors import ConfigurationError, StorageError
from bot.storage import decisions, pairings, people
from bot.storage.aside import visit_database
from bot.storage.decisions import Decider
from bot.storage.pairings import CODE_SECONDS, MOST_WAITING, Pairing, new_code, read_code
from bot.storage.people import Person, Standing, Who

ADMIN = Decider(by="fake:1", now=1000.0)


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A transaction on a new database."""
    with visit_database(f"sqlite+aiosqlite:///{tmp_path}/new/parley.db") as connection:
        yield connection


def who(person: str = "7", *, account: str = "1") -> Who:
    """A person on the fake platform."""
    return Who(platform="fake", account=account, id=person)


def wanted(person: str = "7", *, turn_id: int = 5, now: float = 1000.0) -> Pairing:
    """A pairing that a stranger asks for."""
    return Pairing(
        code=new_code(),
        platform="fake",
        account="1",
        person=person,
        name="Eve",
        conversation=f"fake/1/{person}/",
        turn_id=turn_id,
        expires_at=now + CODE_SECONDS,
    )


def opened(conn: Connection, person: str = "7", *, now: float = 1000.0) -> Pairing:
    """The stored pairing of a stranger."""
    pairing = pairings.open_pairing(conn, wanted(person, now=now), now=now)
    assert pairing is not None
    return pairing


def standing(conn: Connection, person: str = "7", *, account: str = "1") -> Standing | None:
    """What is stored about a person."""
    return people.standing_of(conn, platform="fake", account=account, person=person)


# --- codes ------------------------------------------------------------------------------------------------


def test_codes_are_easy_to_copy_and_read_back_however_typed() -> None:
    """No sign that is taken for another; small letters, blanks and dashes are forgiven."""
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert not set("".join(codes)) & set("B8IL1O0S5Z2")
    code = codes.pop()
    assert read_code(f" {code[:4].lower()}-{code[4:]} ") == code


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_none(text: str) -> None:
    """What is read is of eight signs that codes have."""
    code = read_code(text)
    assert code is None or read_code(code) == code


def test_a_living_code_is_shown_again_and_then_another(conn: Connection) -> None:
    """One a person; a new one after an hour, and the old one is gone."""
    first = opened(conn)
    assert opened(conn, now=1000.0 + CODE_SECONDS - 1).code == first.code
    second = opened(conn, now=1000.0 + CODE_SECONDS)
    assert second.code != first.code
    assert [one.code for one in pairings.waiting(conn, now=1000.0 + CODE_SECONDS)] == [second.code]


def test_only_so_many_wait(conn: Connection) -> None:
    """The next gets none until a place is free; who waits already keeps theirs."""
    codes = [opened(conn, str(number)).code for number in range(MOST_WAITING)]
    assert pairings.open_pairing(conn, wanted("late"), now=1000.0) is None
    assert opened(conn, "0").code == codes[0]
    assert pairings.open_pairing(conn, wanted("late", now=9999.0), now=9999.0) is not None


def test_a_code_admits_its_person_once(conn: Connection) -> None:
    """Nobody else, not a second time, not a code that nearly fits."""
    code = opened(conn).code
    other = opened(conn, "8").code
    assert decisions.admit_by_code(conn, code[:-1] + "!", ADMIN) is None
    admitted = decisions.admit_by_code(conn, code, ADMIN)
    assert admitted is not None
    assert admitted.who == who()
    assert (standing(conn), standing(conn, "8")) == (Standing.ADMITTED, None)
    assert decisions.admit_by_code(conn, code, ADMIN) is None
    assert [one.code for one in pairings.to_be_told(conn)] == [code]
    assert [one.code for one in pairings.waiting(conn, now=1000.0)] == [other]


def test_an_expired_code_admits_nobody(conn: Connection) -> None:
    """To the second."""
    code = opened(conn).code
    late = Decider(by="fake:1", now=1000.0 + CODE_SECONDS)
    assert decisions.admit_by_code(conn, code, late) is None
    assert standing(conn) is None


def test_who_is_let_in_by_id_is_told_too_if_they_wait(conn: Connection) -> None:
    """Their code is spent with it."""
    code = opened(conn).code
    assert decisions.admit(conn, who(account=""), ADMIN)
    assert standing(conn) is Standing.ADMITTED
    assert [one.code for one in pairings.to_be_told(conn)] == [code]
    assert decisions.admit_by_code(conn, code, ADMIN) is None


def test_blocking_spends_the_code(conn: Connection) -> None:
    """What an admin has in hand does not let a blocked person in by mistake."""
    code = opened(conn).code
    assert decisions.block(conn, who(), ADMIN)
    assert decisions.admit_by_code(conn, code, ADMIN) is None
    assert standing(conn) is Standing.BLOCKED


# --- standings --------------------------------------------------------------------------------------------


def test_decisions_say_whether_they_changed_anything(conn: Connection) -> None:
    """The second time nothing does; an admin who is admitted stays an admin."""
    assert decisions.admit(conn, who(), ADMIN)
    assert not decisions.admit(conn, who(), ADMIN)
    assert decisions.admit(conn, who(), ADMIN, admin=True)
    assert not decisions.admit(conn, who(), ADMIN)
    assert standing(conn) is Standing.ADMIN
    assert decisions.end_admin(conn, who(), ADMIN)
    assert not decisions.end_admin(conn, who(), ADMIN)
    assert standing(conn) is Standing.ADMITTED
    assert decisions.block(conn, who(), ADMIN)
    assert not decisions.block(conn, who(), ADMIN)
    assert decisions.unblock(conn, who())
    assert not decisions.unblock(conn, who())
    assert standing(conn) is None


def test_a_decision_by_id_holds_on_every_account_and_replaces_what_was_there(conn: Connection) -> None:
    """A later one for one account holds there alone."""
    decisions.admit(conn, who(account="1"), ADMIN, name="Eve", admin=True)
    assert decisions.block(conn, who(account=""), ADMIN)
    assert [standing(conn, account=account) for account in ("1", "2")] == [Standing.BLOCKED] * 2
    assert [one.name for one in people.people_with(conn, Standing.BLOCKED)] == ["Eve"]
    decisions.admit(conn, who(account="2"), ADMIN)
    assert [standing(conn, account=account) for account in ("1", "2")] == [
        Standing.BLOCKED,
        Standing.ADMITTED,
    ]
    assert decisions.unblock(conn, who(account=""))
    assert [standing(conn, account=account) for account in ("1", "2")] == [None, Standing.ADMITTED]


def test_another_platforms_person_is_another(conn: Connection) -> None:
    """The same number there means nothing."""
    decisions.block(conn, Who(platform="other", id="7"), ADMIN)
    assert standing(conn) is None


def test_a_standing_of_a_later_version_counts_as_none(conn: Connection) -> None:
    """It admits nobody by mistake."""
    decisions.admit(conn, who(), ADMIN)
    conn.exec_driver_sql("update people set standing = 'emperor'")
    assert standing(conn) is None
    assert people.standings_anywhere(conn, who()) == set()


def test_people_are_listed_with_who_decided(conn: Connection) -> None:
    """In the order of the decisions; the last name is found without one."""
    decisions.admit(conn, who("8"), Decider(by="a", now=2.0), name="Ben")
    decisions.admit(conn, who("7"), Decider(by="b", now=1.0))
    assert [(one.id, one.changed_by) for one in people.people_with(conn, Standing.ADMITTED)] == [
        ("7", "b"),
        ("8", "a"),
    ]
    assert [people.last_name(conn, who(person)) for person in "78"] == ["", "Ben"]
    assert isinstance(people.people_with(conn, Standing.ADMITTED)[0], Person)


# --- the visit --------------------------------------------------------------------------------------------


def test_a_visit_that_fails_changes_nothing(tmp_path: Path) -> None:
    """And one that ends well is stored."""
    url = f"sqlite+aiosqlite:///{tmp_path}/parley.db"
    with pytest.raises(KeyError):
        _block_and_fail(url)
    with visit_database(url) as conn:
        assert standing(conn) is None
        decisions.block(conn, who(), ADMIN)
    with visit_database(url) as conn:
        assert standing(conn) is Standing.BLOCKED


def test_a_visit_tells_what_is_wrong_with_the_database(tmp_path: Path) -> None:
    """In one sentence, as the service does."""
    (tmp_path / "notes.db").write_text("these are my notes, and no database at all, dear reader" * 20)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        _block_and_fail(f"sqlite+aiosqlite:///{tmp_path}/notes.db")
    with pytest.raises(ConfigurationError, match="names no file"):
        _block_and_fail("sqlite+aiosqlite://")


def _block_and_fail(url: str) -> None:
    with visit_database(url) as conn:
        decisions.block(conn, who(), ADMIN)
        raise KeyError
