"""Looks at the database file without changing it, whether or not a service is at work on it.

SQLite makes files beside a WAL database even for a reader. So a database that nobody has open is read as
immutable, which makes none; one that is in use has those files already.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bot.doctor.words import sentence, split_advice
from bot.errors import ConfigurationError
from bot.ports.diagnosis import Finding, Level, caution, fault, good
from bot.storage.failures import storage_error
from bot.storage.migrate import known_revisions
from bot.storage.urls import parse_database_url

__all__ = ["Owner", "check_database", "owner_of"]

_QUICK_CHECK_SECONDS: Final = 6.0
_STEPS_BETWEEN_LOOKS: Final = 10_000
_LEAST_FREE_BYTES: Final = 20 * 1024**2
_LITTLE_FREE_BYTES: Final = 200 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The process that has the database open; ``pid`` is empty when it cannot be told."""

    pid: str


def owner_of(database_url: str) -> Owner | None:
    """The running Parley that works with the database, if there is one.

    Its lock is asked for shared, and given back at once: a start in that very instant would be refused.
    """
    try:
        path = parse_database_url(database_url).path
        if path is None:
            return None
        descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDONLY | os.O_CLOEXEC)
    except (ConfigurationError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return Owner(pid=os.read(descriptor, 32).decode("ascii", "replace").strip())
    finally:
        os.close(descriptor)
    return None


async def check_database(
    database_url: str, *, quick_check_seconds: float = _QUICK_CHECK_SECONDS
) -> AsyncGenerator[Finding, None]:
    """What is found of the file and the disk it lies on."""
    try:
        path = parse_database_url(database_url).path
    except ConfigurationError as exc:
        yield fault("database.url", *split_advice(str(exc)))
        return
    if path is None:
        yield caution(
            "database.in_memory",
            "The database is kept in memory: conversations are lost at every restart.",
            "Set DATABASE_URL=sqlite+aiosqlite:///data/parley.db.",
        )
        return
    for finding in await asyncio.to_thread(_look, path, database_url, quick_check_seconds):
        yield finding


def _look(path: Path, database_url: str, quick_check_seconds: float) -> list[Finding]:
    obstacle = _obstacle(path)
    if obstacle is not None:
        return [obstacle]
    findings = []
    owner = owner_of(database_url)
    if owner is not None:
        who = f"process {owner.pid}" if owner.pid else "another process"
        findings.append(good("database.in_use", f"{path} is in use by a running Parley ({who})."))
    if path.exists() and path.stat().st_size:
        findings += _look_inside(path, database_url, quick_check_seconds)
    elif owner is None:
        findings.append(good("database.missing", f"{path} is not there yet; the first start makes it."))
    return [*findings, *_disk(path)]


# --- the file -----------------------------------------------------------------------------------------


def _obstacle(path: Path) -> Finding | None:
    """What keeps this user from working with the file."""
    if path.is_dir():
        return fault(
            "database.not_a_file",
            f"{path} is a folder.",
            f"Name a file in it, for example DATABASE_URL=sqlite+aiosqlite:///{path}/parley.db.",
        )
    folder = _nearest(path.parent)
    if not folder.is_dir():
        return fault(
            "database.not_writable",
            f"{path.parent} cannot be made: {folder} is a file.",
            "Move that file away, or set DATABASE_URL to a file elsewhere.",
        )
    for place in (folder, path) if path.exists() else (folder,):
        if not os.access(place, os.R_OK | os.W_OK | (os.X_OK if place is folder else 0)):
            return fault(
                "database.not_writable",
                f"This user may not write to {place}.",
                f"Let it: chown {_me()} {place}; or set DATABASE_URL to a file elsewhere.",
            )
    return None


def _nearest(folder: Path) -> Path:
    """``folder``, or the nearest thing above it that exists."""
    return next((place for place in (folder, *folder.parents) if place.exists()), Path("/"))


def _me() -> str:
    return f"{os.getuid()}:{os.getgid()}"


def _disk(path: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(_nearest(path.parent)).free
    amount = f"{free / 1024**2:,.0f} MB" if free < 10 * 1024**3 else f"{free / 1024**3:,.0f} GB"
    if free < _LEAST_FREE_BYTES:
        yield fault("database.disk_full", f"The disk of {path} is full ({amount} free).", "Free some space.")
    elif free < _LITTLE_FREE_BYTES:
        yield caution(
            "database.disk_low", f"The disk of {path} is nearly full ({amount} free).", "Free some space."
        )
    else:
        yield good("database.disk", f"{amount} are free on its disk.")


# --- inside -------------------------------------------------------------------------------------------


def _look_inside(path: Path, database_url: str, quick_check_seconds: float) -> list[Finding]:
    at_rest = owner_of(database_url) is None and not _write_ahead(path)
    findings = _read(path, quick_check_seconds, immutable=at_rest)
    began_meanwhile = at_rest and (owner_of(database_url) is not None or _write_ahead(path))
    if began_meanwhile and any(finding.level is not Level.OK for finding in findings):
        return _read(path, quick_check_seconds, immutable=False)
    return findings


def _write_ahead(path: Path) -> bool:
    """Whether the file is not all: a service is at work, or was killed at it."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _read(path: Path, quick_check_seconds: float, *, immutable: bool) -> list[Finding]:
    address = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if immutable else ''}"
    try:
        with closing(sqlite3.connect(address, uri=True, timeout=2)) as connection:
            return [*_schema(connection, path), *_soundness(connection, path, quick_check_seconds)]
    except sqlite3.Error as exc:
        what, advice = split_advice(str(storage_error(exc, name=str(path))))
        return [fault("database.unreadable", sentence(what), advice or "Look at the disk.")]


def _schema(connection: sqlite3.Connection, path: Path) -> Iterator[Finding]:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    known = known_revisions()
    if "alembic_version" not in tables:
        if tables:
            yield fault(
                "database.foreign",
                f"{path} holds another program's tables.",
                "Set DATABASE_URL to a file of Parley's own.",
            )
        return
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    stored = str(row[0]) if row else ""
    if stored == known[-1]:
        yield good("database.schema", f"{path} has this version's form ({stored}).")
    elif not stored or stored in known:
        yield good(
            "database.schema_old",
            f"{path} has an older form ({stored or 'empty'}, this version's is {known[-1]}).",
            "The next start brings it up to date; `python -m bot migrate` does it by itself.",
        )
    else:
        yield fault(
            "database.schema_newer",
            f"{path} was written by a newer Parley (form {stored}, known up to {known[-1]}).",
            "Install that version, or set DATABASE_URL to another file.",
        )


def _soundness(connection: sqlite3.Connection, path: Path, seconds: float) -> Iterator[Finding]:
    """SQLite's own check of the file's structure, given up after ``seconds``."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
    try:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as exc:
        if exc.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        yield good("database.partly_checked", f"No damage was found in the {seconds:g} s it was looked at.")
        return
    if said == "ok":
        yield good("database.sound", "Its structure is sound.")
    else:
        yield fault(
            "database.damaged",
            f"{path} is damaged: {' '.join(str(said).split())[:200]}.",
            "Stop the service and restore the file from a backup.",
        )
