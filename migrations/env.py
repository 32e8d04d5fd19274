"""Runs migrations on the connection bot.storage.migrate hands over, or on DATABASE_URL from the shell."""

from __future__ import annotations

import os

from alembic import context
from sqlalchemy import Connection, create_engine

from bot.storage.tables import metadata
from bot.storage.urls import parse_database_url


def run(connection: Connection) -> None:
    """Run what was asked for; SQLite alters tables by copying them, hence the batch mode."""
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=True
    )
    with context.begin_transaction():
        context.run_migrations()


def run_from_shell() -> None:
    """Open the database of DATABASE_URL, as `alembic` on the command line needs it."""
    file = parse_database_url(os.environ.get("DATABASE_URL", ""))
    engine = create_engine("sqlite://" if file.path is None else f"sqlite:///{file.path}")
    with engine.begin() as connection:
        run(connection)


if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    run_from_shell()
