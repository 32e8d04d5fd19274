"""Brings a database file to the schema this version of Parley works with."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, event

from bot.errors import ConfigurationError
from bot.storage.failures import DRIVER_ERRORS, file_error, storage_error
from bot.storage.locking import FileLock
from bot.storage.urls import DatabaseFile, parse_database_url

__all__ = ["known_revisions", "migrate"]

_MIGRATIONS = Path(__file__).parents[2] / "migrations"


def known_revisions() -> list[str]:
    """The schema's revisions, oldest first, read from the files' names: 0001_first_tables.py is 0001."""
    return sorted(path.stem.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def migrate(url: str) -> bool:
    """Upgrade the database to the newest schema, making file and folder when missing; whether it changed.

    A database that is up to date costs one query. Raises ConfigurationError for an unusable URL, for a
    database of a newer Parley and for one in use, StorageError when it cannot be read or written.
    """
    file = parse_database_url(url)
    if file.path is None:
        return False
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        return _bring_to_head(file, file.path)
    except DRIVER_ERRORS as exc:
        raise storage_error(exc, name=file.name) from exc
    except OSError as exc:
        raise file_error(exc, name=file.name) from exc


def _bring_to_head(file: DatabaseFile, path: Path) -> bool:
    known = known_revisions()
    current = _stored_revision(path)
    if current == known[-1]:
        return False
    if current is not None and current not in known:
        raise ConfigurationError(
            f"the database {file.name} was written by a newer Parley (schema {current}, known up to"
            f" {known[-1]}); install that version, or set DATABASE_URL to another file"
        )
    lock = FileLock(path)
    try:
        _upgrade(path)
    finally:
        lock.release()
    return True


def _stored_revision(path: Path) -> str | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as exc:
            if "no such table" in str(exc):
                return None
            raise
    return row[0] if row else None


def _upgrade(path: Path) -> None:
    # Imported here: a start that has nothing to migrate need not pay for it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(path), poolclass=NullPool)
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _leave_transactions_to_us(connection: sqlite3.Connection, _record: Any) -> None:
    # Python's sqlite3 would commit before each CREATE TABLE; so a migration is wholly done or not at all.
    connection.isolation_level = None


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
