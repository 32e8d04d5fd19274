"""Who was let in, made an admin, or shut out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from bot.storage.tables import people

__all__ = ["Person", "Standing", "forget_standing", "people_with", "set_standing", "standing_of"]


class Standing(StrEnum):
    """What a person is to the bot. Strangers have no row."""

    BLOCKED = "blocked"
    STRANGER = "stranger"
    ADMITTED = "admitted"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a standing; ``id`` is the platform's, ``changed_by`` says who gave it."""

    platform: str
    account: str
    id: str
    standing: Standing
    name: str = ""
    changed_at: float = 0.0
    changed_by: str = ""


_MINE = (
    (people.c.platform == bindparam("of_platform"))
    & (people.c.account == bindparam("of_account"))
    & (people.c.id == bindparam("of_id"))
)
_STANDING = select(people.c.standing).where(_MINE)
_CHANGE = update(people).where(_MINE)


def standing_of(conn: Connection, *, platform: str, account: str, person: str) -> Standing | None:
    """What was stored about a person; None for nothing, and for what this version does not know."""
    value = conn.execute(_STANDING, _names(platform, account, person)).scalar()
    return Standing(value) if value in set(Standing) else None


def set_standing(conn: Connection, person: Person) -> None:
    """Store a person's standing, in the place of what was stored before."""
    values = {
        "standing": person.standing.value,
        "name": person.name,
        "changed_at": person.changed_at,
        "changed_by": person.changed_by,
    }
    mine = _names(person.platform, person.account, person.id)
    if conn.execute(_CHANGE, {**mine, **values}).rowcount == 0:
        conn.execute(
            insert(people),
            {"platform": person.platform, "account": person.account, "id": person.id, **values},
        )


def forget_standing(conn: Connection, *, platform: str, account: str, person: str) -> bool:
    """Make somebody a stranger again; whether there was anything stored."""
    return conn.execute(delete(people).where(_MINE), _names(platform, account, person)).rowcount > 0


def people_with(conn: Connection, standing: Standing) -> list[Person]:
    """Everybody of a standing, in the order they got it."""
    rows = conn.execute(
        select(people).where(people.c.standing == standing.value).order_by(people.c.changed_at)
    )
    return [Person(**{**row, "standing": standing}) for row in rows.mappings()]


def _names(platform: str, account: str, person: str) -> dict[str, str]:
    return {"of_platform": platform, "of_account": account, "of_id": person}
