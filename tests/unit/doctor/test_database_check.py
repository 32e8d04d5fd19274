"""The database looked at as it lies there: nothing is made, changed or held up, whatever state it is in."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections import namedtuple
from contextlib import closing
from pathlib import Path

import pytest

from bot.doctor.database import check_database, owner_of
from bot.ports.diagnosis import Finding, Level
from bot.storage import open_database
from bot.storage.migrate import known_revisions, migrate
from tests.unit.doctor.support import codes, collected, only, problems

URL = "sqlite+aiosqlite:///data/parley.db"
FILE = Path("data/parley.db")


def look(url: str = URL, *, seconds: float = 30.0) -> list[Finding]:
    """What is found."""
    return asyncio.run(collected(check_database(url, quick_check_seconds=seconds)))


def contents() -> dict[str, bytes]:
    """Every file there is, with its bytes."""
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def test_a_database_that_is_not_there_is_no_fault_and_is_not_made() -> None:
    """The first start makes it."""
    assert codes(look()) == ["database.missing", "database.disk"]
    assert contents() == {}


def test_a_database_at_rest_is_read_without_a_trace() -> None:
    """Not even the files that SQLite makes beside a WAL database."""
    migrate(URL)
    with closing(sqlite3.connect(FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    before = contents()
    found = look()
    assert codes(found) == ["database.schema", "database.sound", "database.disk"]
    assert problems(found) == {}
    assert contents() == before


async def test_a_running_service_is_named_and_not_disturbed() -> None:
    """It is no fault, and the service goes on writing."""
    migrate(URL)
    async with open_database(URL) as database:
        await database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE scratch (x)"))
        found = await collected(check_database(URL))
        await database.write(lambda connection: connection.exec_driver_sql("DROP TABLE scratch"))
    assert problems(found) == {}
    assert f"process {os.getpid()}" in only(found, "database.in_use").what
    assert owner_of(URL) is None


def test_what_a_killed_service_left_is_read_too() -> None:
    """The last commits lie in the log beside the file."""
    migrate(URL)
    with closing(sqlite3.connect(FILE)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
        shutil.copytree("data", "left")
    found = look("sqlite:///left/parley.db")
    assert problems(found) == {"database.schema_newer": Level.ERROR}


def test_an_older_form_is_no_fault_and_stays_as_it_is() -> None:
    """The next start migrates; the doctor does not."""
    migrate(URL)
    with closing(sqlite3.connect(FILE)) as connection:
        connection.execute("DELETE FROM alembic_version")
        connection.commit()
    before = FILE.read_bytes()
    found = look()
    assert problems(found) == {}
    assert known_revisions()[-1] in only(found, "database.schema_old").what
    assert FILE.read_bytes() == before


def test_another_programs_file_is_not_ours() -> None:
    """Tables, and none of them Parley's."""
    FILE.parent.mkdir()
    with closing(sqlite3.connect(FILE)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    assert problems(look()) == {"database.foreign": Level.ERROR}


def test_a_file_that_is_no_database_and_one_that_is_damaged_are_told() -> None:
    """In the words the service uses."""
    FILE.parent.mkdir()
    FILE.write_bytes(b"not a database, by far" * 100)
    assert problems(look()) == {"database.unreadable": Level.ERROR}
    FILE.unlink()
    migrate(URL)
    with FILE.open("r+b") as file:
        file.seek(4096 * 2)
        file.write(os.urandom(4096 * 6))
    assert set(problems(look())) & {"database.damaged", "database.unreadable"}


def test_a_long_check_is_given_up_without_an_alarm() -> None:
    """A file of many gigabytes is not read to its end."""
    migrate(URL)
    with closing(sqlite3.connect(FILE)) as connection:
        connection.execute("CREATE TABLE filler (x)")
        rows = ((f"{number:0200}",) for number in range(20_000))
        connection.executemany("INSERT INTO filler VALUES (?)", rows)
        connection.commit()
    found = look(seconds=-1)
    assert problems(found) == {}
    assert "database.partly_checked" in codes(found)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:///taken/parley.db", "database.not_writable"),
        ("sqlite:///folder", "database.not_a_file"),
        ("sqlite://host/parley.db", "database.url"),
    ],
)
def test_a_place_where_no_file_can_be_is_an_error(url: str, code: str) -> None:
    """A file in the folder's place, a folder in the file's, an address."""
    Path("taken").write_text("in the way")
    Path("folder").mkdir()
    assert problems(look(url)) == {code: Level.ERROR}


def test_a_folder_of_somebody_elses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are not made to find it out."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    found = look()
    assert problems(found) == {"database.not_writable": Level.ERROR}
    assert "chown" in found[0].remedy


def test_a_database_in_memory_is_warned_of() -> None:
    """Conversations do not outlive the process."""
    assert problems(look("sqlite+aiosqlite:///:memory:")) == {"database.in_memory": Level.WARNING}


@pytest.mark.parametrize(("free", "code"), [(10, "database.disk_full"), (150, "database.disk_low")])
def test_a_disk_that_fills_up_is_told(monkeypatch: pytest.MonkeyPatch, free: int, code: str) -> None:
    """In megabytes."""
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(0, 0, free * 1024**2))
    found = look()
    assert list(problems(found)) == [code]
    assert f"{free} MB" in only(found, code).what
