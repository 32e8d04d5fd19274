"""Reads DATABASE_URL: which database file is meant."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import ConfigurationError

__all__ = ["DatabaseFile", "parse_database_url"]

_EXAMPLE = "for example DATABASE_URL=sqlite+aiosqlite:///data/parley.db"
_DRIVERS = {"sqlite", "sqlite+aiosqlite"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFile:
    """A SQLite database; ``path`` is None for one in memory."""

    path: Path | None

    @property
    def name(self) -> str:
        """The database as an operator knows it."""
        return "in memory" if self.path is None else str(self.path)


def parse_database_url(url: str) -> DatabaseFile:
    """The file ``url`` names. Raises ConfigurationError for anything that is not a SQLite file."""
    parsed = _parse(url)
    if parsed.drivername not in _DRIVERS:
        raise ConfigurationError(f"DATABASE_URL: {parsed.drivername!r} is not supported; {_EXAMPLE}")
    if parsed.host or parsed.query:
        raise ConfigurationError(f"DATABASE_URL: three slashes and a path without '?' are needed; {_EXAMPLE}")
    if parsed.database in (None, "", ":memory:"):
        return DatabaseFile(path=None)
    return DatabaseFile(path=Path(str(parsed.database)).expanduser())


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The text may hold a password, and the error of the parser repeats the text: neither is shown.
        raise ConfigurationError(f"DATABASE_URL is not a database URL; {_EXAMPLE}") from None
