"""Opening a database says plainly what is wrong, and keeps a second process out."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.errors import ConfigurationError, StorageError
from bot.storage import open_database
from bot.storage.urls import parse_database_url

_HOLD = """
import asyncio, sys
from bot.storage import open_database
async def main():
    async with open_database(sys.argv[1]):
        print("open", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite+aiosqlite:///data/parley.db", Path("data/parley.db")),
        ("sqlite:////var/lib/parley.db", Path("/var/lib/parley.db")),
        ("sqlite://", None),
        ("sqlite+aiosqlite:///:memory:", None),
    ],
)
def test_both_forms_of_a_sqlite_url_are_read(url: str, path: Path | None) -> None:
    """With and without the driver, relative, absolute and in memory."""
    assert parse_database_url(url).path == path


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:secret@host/db",
        "secret",
        "",
        "sqlite://host/secret",
        "sqlite:///x?mode=secret",
        "://secret",
    ],
)
def test_an_unusable_url_is_named_with_an_example(url: str) -> None:
    """The text names the variable, shows a good value and nothing of a bad one."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL=sqlite\\+aiosqlite:///") as caught:
        parse_database_url(url)
    assert "secret" not in str(caught.value)


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """The operator pointed at another file by mistake; it is left as it is."""
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        async with open_database(f"sqlite:///{path}"):
            pass
    assert path.read_text().startswith("These are my notes.")


def test_a_refused_database_leaves_no_thread_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process may end right after the error, with nothing but the error to show."""
    # The driver's thread logs at each step: so it is slow enough to be caught alive.
    monkeypatch.setattr("aiosqlite.core.LOG.debug", lambda *_: time.sleep(0.05))

    async def refused() -> set[threading.Thread]:
        before = set(threading.enumerate())
        with pytest.raises(StorageError):
            async with open_database(f"sqlite:///{tmp_path}"):
                pass
        return {thread for thread in threading.enumerate() if "connection_worker" in thread.name} - before

    assert asyncio.run(refused()) == set()


async def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    """A path that cannot be opened is an error of one sentence."""
    with pytest.raises(StorageError, match="cannot be opened"):
        async with open_database(f"sqlite:///{tmp_path}"):
            pass


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """Where a file stands in the way there is no folder to make."""
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be opened"):
        async with open_database(f"sqlite:///{tmp_path}/file/parley.db"):
            pass


async def test_another_process_is_kept_out_until_the_first_ends(tmp_path: Path) -> None:
    """The error names the process that has the database; its death, even by kill, frees it."""
    url = f"sqlite:///{tmp_path}/parley.db"
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOLD, url), cwd=Path(__file__).parents[3], stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    assert await asyncio.wait_for(child.stdout.readline(), 60) == b"open\n"
    with pytest.raises(ConfigurationError, match=rf"in use by another Parley process \(pid {child.pid}\)"):
        async with open_database(url):
            pass
    async with open_database(url, exclusive=False) as database:
        assert await database.read(lambda conn: conn.exec_driver_sql("SELECT 1").scalar()) == 1
    child.kill()
    await child.wait()
    async with open_database(url):
        assert (tmp_path / "parley.db.lock").read_text() == str(os.getpid())


async def test_the_same_process_cannot_open_a_database_twice(tmp_path: Path) -> None:
    """Two writers in one process would be as wrong as in two."""
    url = f"sqlite:///{tmp_path}/parley.db"
    async with open_database(url):
        with pytest.raises(ConfigurationError, match="in use"):
            async with open_database(url):
                pass
    async with open_database(url):
        pass
