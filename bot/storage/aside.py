"""A short visit to the database beside the service that owns it: one transaction, then gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, StaticPool, create_engine

from bot.errors import ConfigurationError
from bot.storage.failures import DRIVER_ERRORS, storage_error
from bot.storage.migrate import migrate
from bot.storage.urls import parse_database_url

__all__ = ["visit_database"]

_BUSY_SECONDS = 15.0


@contextmanager
def visit_database(url: str) -> Iterator[Connection]:
    """One transaction, committed at the end of the block and undone when it raises.

    It waits for the running service's own writes and does not take its lock. A database that is missing or
    old is brought up to date first, which only works while no service has it. Raises ConfigurationError and
    StorageError.
    """
    file = parse_database_url(url)
    if file.path is None:
        raise ConfigurationError("DATABASE_URL names no file, so there is nothing to change")
    migrate(url)
    try:
        raw = sqlite3.connect(file.path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            with _transaction(raw) as core:
                yield core
        finally:
            raw.close()
    except DRIVER_ERRORS as exc:
        raise storage_error(exc, name=file.name) from exc


@contextmanager
def _transaction(raw: sqlite3.Connection) -> Iterator[Connection]:
    raw.execute("PRAGMA foreign_keys=ON")
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True)
    core = engine.connect()
    try:
        raw.execute("BEGIN IMMEDIATE")
        yield core
        raw.execute("COMMIT")
    finally:
        # What was not committed is undone; SQLAlchemy knows of a transaction it has not begun itself too.
        core.close()
