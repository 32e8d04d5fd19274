"""admit, block, unblock and admins on the command line: what they do, say, and end with."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot import cli
from bot.settings import known_settings
from bot.storage import decisions, pairings, people
from bot.storage.aside import visit_database
from bot.storage.decisions import Decider
from bot.storage.locking import FileLock
from bot.storage.pairings import CODE_SECONDS, Pairing
from bot.storage.people import Standing, Who

CODE = "ACDEFGHJ"
OPERATOR = Decider(by="telegram:1", now=1.0)


@pytest.fixture(autouse=True)
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty working directory with a database of its own, and one admin in the settings."""
    monkeypatch.chdir(tmp_path)
    for setting in known_settings():
        monkeypatch.delenv(setting.name, raising=False)
    url = f"sqlite+aiosqlite:///{tmp_path}/data/parley.db"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("PARLEY_ADMINS", "telegram:1")
    return url


def stored(url: str, person: str, *, platform: str = "telegram") -> Standing | None:
    """What the service would find about a person."""
    with visit_database(url) as conn:
        return people.standing_of(conn, platform=platform, account="99", person=person)


def stranger_waits(url: str, *, name: str = "Eve", expires_at: float | None = None) -> None:
    """A stranger got the code."""
    pairing = Pairing(
        code=CODE,
        platform="telegram",
        account="99",
        person="7",
        name=name,
        conversation="telegram/99/7/",
        turn_id=1,
        expires_at=time.time() + CODE_SECONDS if expires_at is None else expires_at,
    )
    with visit_database(url) as conn:
        assert pairings.open_pairing(conn, pairing, now=0.0) is not None


def test_a_code_lets_its_person_in_once(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """However it is typed; the second time it is used up."""
    stranger_waits(url)
    assert cli.main(["admit", "acde-fghj"]) == 0
    assert cli.main(["admit", CODE]) == 1
    assert capsys.readouterr().out == (
        "Eve (telegram:7) is let in.\n"
        "Nobody waits with the code ACDEFGHJ: it is mistyped, used, or over an hour old.\n"
    )
    assert stored(url, "7") is Standing.ADMITTED


def test_an_expired_code_lets_nobody_in(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The person gets another when they write again."""
    stranger_waits(url, expires_at=time.time() - 1)
    assert cli.main(["admit", CODE]) == 1
    assert "over an hour old" in capsys.readouterr().out
    assert stored(url, "7") is None


def test_people_are_let_in_by_id_before_the_first_start(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Several at once, as admins if so asked; the database is made."""
    assert cli.main(["admit", "telegram:5", "slack:U012AB"]) == 0
    assert cli.main(["admit", "telegram:5", "--admin"]) == 0
    assert cli.main(["admit", "telegram:5"]) == 0
    assert capsys.readouterr().out == (
        "telegram:5 is let in.\nslack:U012AB is let in.\n"
        "telegram:5 is an admin.\ntelegram:5 is let in already.\n"
    )
    assert stored(url, "5") is Standing.ADMIN
    assert stored(url, "U012AB", platform="slack") is Standing.ADMITTED


def test_it_works_while_a_service_owns_the_database(url: str, tmp_path: Path) -> None:
    """The service's lock keeps other services out, not an admin."""
    assert cli.main(["block", "telegram:5"]) == 0
    lock = FileLock(tmp_path / "data" / "parley.db")
    try:
        assert cli.main(["unblock", "telegram:5"]) == 0
    finally:
        lock.release()
    assert stored(url, "5") is None


def test_blocks_begin_and_end(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A block that is no news is fine, an end that ends nothing is not."""
    assert cli.main(["block", "telegram:5"]) == 0
    assert cli.main(["block", "telegram:5"]) == 0
    assert stored(url, "5") is Standing.BLOCKED
    assert cli.main(["unblock", "telegram:5"]) == 0
    assert cli.main(["unblock", "telegram:5"]) == 1
    assert capsys.readouterr().out == (
        "telegram:5 is blocked.\ntelegram:5 is blocked already.\n"
        "telegram:5 is not blocked any more.\ntelegram:5 is not blocked.\n"
    )


def test_the_settings_admins_stay(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither blocked nor removed; with the others in the same command it is done."""
    assert cli.main(["block", "telegram:1", "telegram:5"]) == 1
    assert cli.main(["admins", "remove", "telegram:1"]) == 1
    assert capsys.readouterr().out == (
        "telegram:1 is an admin by PARLEY_ADMINS; take the id out there first.\ntelegram:5 is blocked.\n"
        "telegram:1 is an admin by PARLEY_ADMINS; take the id out there.\n"
    )
    assert (stored(url, "1"), stored(url, "5")) == (None, Standing.BLOCKED)


def test_admins_are_listed_added_and_removed(
    url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With who made them admins; where there is none, how to make one."""
    with visit_database(url) as conn:
        decisions.admit(
            conn, Who(platform="telegram", account="99", id="8"), OPERATOR, name="Ben", admin=True
        )
    assert cli.main(["admins", "add", "telegram:5"]) == 0
    assert cli.main(["admins"]) == 0
    assert cli.main(["admins", "remove", "telegram:5", "telegram:8"]) == 0
    assert cli.main(["admins", "remove", "telegram:5"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "telegram:5 is an admin.",
        "telegram:1  (PARLEY_ADMINS)",
        "Ben (telegram:8)  (by telegram:1)",
        "telegram:5  (by command line)",
        "telegram:5 is no admin any more, but still let in.",
        "Ben (telegram:8) is no admin any more, but still let in.",
        "telegram:5 is no admin.",
    ]
    monkeypatch.delenv("PARLEY_ADMINS")
    assert cli.main(["admins"]) == 0
    assert "makes somebody one" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["admit", "@ann"],
        ["admit", "12345678"],
        ["admit", "telegramm:5"],
        ["admit", "telegram:nobody"],
        ["block", "5"],
        ["block", "telegram:"],
        ["unblock", "telegram:5;drop"],
        ["admins", "add", "ann"],
        ["admins", "add"],
    ],
    ids=" ".join,
)
def test_what_is_no_id_changes_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """It ends with 2 and an example; not even a database is made for it."""
    assert cli.main(arguments) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "telegram:12345678" in written.err
    assert not Path("data").exists()


def test_a_name_cannot_steer_the_terminal(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters, escape sequences and what turns the writing around are left out."""
    stranger_waits(url, name="E\x1b[2J\x1b]0;owned\x07v\u202ee\nroot")
    assert cli.main(["admit", CODE]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert not set(out[:-1]) & set("\x1b\x07\u202e\n")


@pytest.mark.parametrize("name", ["admit", "block", "unblock", "admins"])
def test_help_shows_an_example_and_the_exit_codes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For whoever uses it once a year."""
    with pytest.raises(SystemExit):
        cli.main([name, "--help"])
    shown = capsys.readouterr().out
    assert f"python -m bot {name}" in shown
    assert "exit codes: 0" in shown
