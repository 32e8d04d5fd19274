"""The personas that people made for their chats."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.storage.tables import personas

__all__ = ["StoredPersona", "delete_persona", "persona_definition", "save_persona", "stored_personas"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPersona:
    """A chat's own persona; ``author_id`` is the platform's id of whoever made it."""

    name: str
    definition: str
    author_id: str


def persona_definition(conn: Connection, peer: str, name: str) -> str | None:
    """The definition of a chat's own persona, as JSON text."""
    query = select(personas.c.definition).where(personas.c.peer == peer, personas.c.name == name)
    return conn.execute(query).scalar()


def stored_personas(conn: Connection, peer: str) -> list[StoredPersona]:
    """A chat's own personas, in the order they were made."""
    query = (
        select(personas.c.name, personas.c.definition, personas.c.author_id)
        .where(personas.c.peer == peer)
        .order_by(personas.c.created_at, personas.c.name)
    )
    return [
        StoredPersona(name=row.name, definition=row.definition, author_id=row.author_id)
        for row in conn.execute(query)
    ]


def save_persona(
    conn: Connection, peer: str, name: str, *, definition: str, author_id: str, now: float, most: int
) -> bool:
    """Store a persona of a chat; False when there would be over ``most``.

    One of that name is replaced and stays its first author's.
    """
    mine = (personas.c.peer == peer) & (personas.c.name == name)
    if conn.execute(update(personas).where(mine).values(definition=definition)).rowcount:
        return True
    held = conn.execute(
        select(func.count()).select_from(personas).where(personas.c.peer == peer)
    ).scalar_one()
    if held >= most:
        return False
    conn.execute(
        insert(personas).values(
            peer=peer, name=name, definition=definition, author_id=author_id, created_at=now
        )
    )
    return True


def delete_persona(conn: Connection, peer: str, name: str) -> bool:
    """Delete a persona of a chat; whether there was one."""
    mine = (personas.c.peer == peer) & (personas.c.name == name)
    return conn.execute(delete(personas).where(mine)).rowcount > 0
