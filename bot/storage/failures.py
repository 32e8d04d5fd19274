"""Turns what SQLite reports into one sentence for the operator."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from bot.errors import StorageError

__all__ = ["DRIVER_ERRORS", "file_error", "storage_error"]

DRIVER_ERRORS = (DBAPIError, sqlite3.Error)
"""What a driver may raise, before and after SQLAlchemy has wrapped it."""

# Primary result codes: https://www.sqlite.org/rescode.html
_SENTENCES = {
    sqlite3.SQLITE_PERM: "cannot be opened: permission denied; let this user read and write the file",
    sqlite3.SQLITE_BUSY: "is locked by another process; close whatever else has it open",
    sqlite3.SQLITE_LOCKED: "is locked by another process; close whatever else has it open",
    sqlite3.SQLITE_READONLY: "is read-only; let this user write to the file and to its folder",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database; point DATABASE_URL at another file",
}
_PRIMARY = 0xFF


def storage_error(error: BaseException, *, name: str) -> StorageError:
    """``error`` as a StorageError about the database ``name``, without the parameters of the statement."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY
    sentence = _SENTENCES.get(code, f"refused a statement: {cause}")
    return StorageError(f"the database {name} {sentence}")


def file_error(error: OSError, *, name: str) -> StorageError:
    """A failure of the file system around the database ``name`` as a StorageError."""
    return StorageError(f"the database {name} cannot be opened: {error.strerror or error}")
