"""Migrations make exactly the schema the code works with, and can be taken back."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine

from bot.errors import ConfigurationError, StorageError
from bot.storage.migrate import known_revisions, migrate
from bot.storage.tables import metadata

_ROOT = Path(__file__).parents[3]

_START = """
import sys
from bot.storage.migrate import migrate
assert migrate(sys.argv[1]) is False
assert "alembic" not in sys.modules
"""


@contextmanager
def _connected(path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)
    with engine.begin() as connection:
        yield connection


def _config(connection: Connection) -> Config:
    config = Config(toml_file=_ROOT / "pyproject.toml")
    config.attributes["connection"] = connection
    return config


def _fill(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO turns (id, conversation, lane, state, created_at)"
            " VALUES (7, 'c', 'queue', 'done', 1.5)"
        )
        connection.execute(
            "INSERT INTO inbound (platform, account, event_id, conversation, turn_id, payload, received_at)"
            " VALUES ('p', 'a', 'e', 'c', 7, '{}', 1.5)"
        )
        connection.execute(
            "INSERT INTO exchanges (turn_id, conversation, request, created_at) VALUES (7, 'c', '?', 2)"
        )


def _shape(connection: Connection) -> dict[str, object]:
    """Every table's columns with types, nullability and defaults, its keys and its indexes."""
    shape: dict[str, object] = {}
    tables = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    for name, sql in tables:
        indexes = connection.exec_driver_sql(f"PRAGMA index_list({name})").all()
        shape[name] = {
            "columns": connection.exec_driver_sql(f"PRAGMA table_info({name})").all(),
            "keys": connection.exec_driver_sql(f"PRAGMA foreign_key_list({name})").all(),
            "indexes": {
                (row[1], row[2]): connection.exec_driver_sql(f"PRAGMA index_info({row[1]})").all()
                for row in indexes
            },
            "autoincrement": "AUTOINCREMENT" in sql,
        }
    return shape


def test_the_migrated_schema_is_the_one_of_the_code(tmp_path: Path) -> None:
    """Folder and file are made; neither alembic nor SQLite itself sees a difference to the code's tables."""
    path = tmp_path / "new" / "parley.db"
    assert migrate(f"sqlite+aiosqlite:///{path}") is True
    with _connected(path) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        migrated = _shape(connection)
    with _connected(tmp_path / "direct.db") as connection:
        metadata.create_all(connection)
        direct = _shape(connection)
    del migrated["alembic_version"]
    assert migrated == direct


def test_a_database_that_is_up_to_date_is_left_alone(tmp_path: Path) -> None:
    """The usual start neither changes it nor pays for importing the migration tool."""
    url = f"sqlite:///{tmp_path}/parley.db"
    assert migrate(url) is True
    assert migrate(url) is False
    subprocess.run([sys.executable, "-c", _START, url], cwd=_ROOT, check=True, timeout=110)


def test_the_files_are_named_for_their_revisions(tmp_path: Path) -> None:
    """The quick check reads names only, so names and contents must agree, in one line of descent."""
    with _connected(tmp_path / "x.db") as connection:
        scripts = ScriptDirectory.from_config(_config(connection))
        assert [script.revision for script in scripts.walk_revisions()][::-1] == known_revisions()
        assert scripts.get_heads() == known_revisions()[-1:]


def test_rows_survive_each_upgrade(tmp_path: Path) -> None:
    """A database filled at the first revision keeps its rows up to the newest."""
    path = tmp_path / "parley.db"
    with _connected(path) as connection:
        command.upgrade(_config(connection), known_revisions()[0])
    _fill(path)
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection_:
        assert connection_.execute("SELECT id, failures FROM turns").fetchall() == [(7, 0)]
        assert connection_.execute("SELECT turn_id, reply FROM exchanges").fetchall() == [(7, "")]
        assert connection_.execute("PRAGMA foreign_key_check").fetchall() == []


def test_every_migration_can_be_taken_back(tmp_path: Path) -> None:
    """Down to nothing and up again, from a database with rows."""
    path = tmp_path / "parley.db"
    migrate(f"sqlite:///{path}")
    _fill(path)
    with _connected(path) as connection:
        command.downgrade(_config(connection), "base")
        left = (
            connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        )
        assert set(left) <= {"alembic_version", "sqlite_sequence"}
    assert migrate(f"sqlite:///{path}") is True


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """An older Parley must not write what it does not understand."""
    path = tmp_path / "parley.db"
    migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="written by a newer Parley"):
        migrate(f"sqlite:///{path}")


def test_a_failed_migration_leaves_nothing_half_made(tmp_path: Path) -> None:
    """A table in the way stops the upgrade; the tables made before it are gone again."""
    path = tmp_path / "parley.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE turns (something_else)")
    with pytest.raises(StorageError, match="turns already exists"):
        migrate(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("turns",)]


def test_a_file_that_is_no_database_is_not_migrated(tmp_path: Path) -> None:
    """The error is the one opening it gives."""
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(StorageError, match="is not a SQLite database"):
        migrate(f"sqlite:///{path}")


def test_a_database_in_memory_needs_no_migration() -> None:
    """It is made with its tables when it is opened."""
    assert migrate("sqlite+aiosqlite://") is False
