"""A chat's own personas are kept for it alone, in the order they were made, and not without bound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from bot.storage import Database, open_database
from bot.storage.migrate import migrate
from bot.storage.personas import (
    StoredPersona,
    delete_persona,
    persona_definition,
    save_persona,
    stored_personas,
)

HERE, THERE = "telegram/1/7/", "telegram/1/8/"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database of the service."""
    url = f"sqlite+aiosqlite:///{tmp_path}/parley.db"
    migrate(url)
    async with open_database(url) as opened:
        yield opened


async def save(
    database: Database, name: str, definition: str, *, author: str = "1", now: float = 1.0
) -> bool:
    """Save one for HERE, where two fit."""
    saving = partial(
        save_persona, peer=HERE, name=name, definition=definition, author_id=author, now=now, most=2
    )
    return await database.write(saving)


async def held(database: Database, peer: str = HERE) -> list[tuple[str, str, str]]:
    """What a chat has."""
    found: list[StoredPersona] = await database.read(lambda conn: stored_personas(conn, peer))
    return [(one.name, one.definition, one.author_id) for one in found]


async def test_personas_come_in_the_order_they_were_made(database: Database) -> None:
    """Replacing one changes neither its place nor whose it is."""
    await save(database, "b", "1", now=1)
    await save(database, "a", "2", author="2", now=2)
    assert await save(database, "b", "3", author="9", now=3)
    assert await held(database) == [("b", "3", "1"), ("a", "2", "2")]
    assert await held(database, THERE) == []


async def test_one_too_many_is_not_saved(database: Database) -> None:
    """Until there is room again."""
    assert [await save(database, name, "x") for name in ("a", "b", "c")] == [True, True, False]
    assert await database.write(lambda conn: delete_persona(conn, HERE, "a"))
    assert not await database.write(lambda conn: delete_persona(conn, HERE, "a"))
    assert await save(database, "c", "x")


async def test_a_definition_is_found_in_its_own_chat_only(database: Database) -> None:
    """By its name."""
    await save(database, "a", "x")
    assert await database.read(lambda conn: persona_definition(conn, HERE, "a")) == "x"
    assert await database.read(lambda conn: persona_definition(conn, THERE, "a")) is None
