"""What an admin decides about a person, by a command in a chat or on the command line, is done here."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from bot.storage import pairings, people
from bot.storage.pairings import Pairing
from bot.storage.people import Person, Standing, Who

__all__ = ["Decider", "admit", "admit_by_code", "block", "end_admin", "unblock"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides, in words for the record, and when: seconds since 1970."""

    by: str
    now: float


def admit_by_code(conn: Connection, code: str, decider: Decider, *, admin: bool = False) -> Pairing | None:
    """Let in who was given this code; None when no living code is that one."""
    pairing = pairings.pairing_by_code(conn, code, now=decider.now)
    if pairing is not None:
        admit(conn, pairing.who, decider, name=pairing.name, admin=admin)
    return pairing


def admit(conn: Connection, who: Who, decider: Decider, *, name: str = "", admin: bool = False) -> bool:
    """Let somebody in, whatever was decided before; False when they were. Admins stay admins.

    A person who waits with a code is told by the running service.
    """
    pairings.let_in(conn, who, now=decider.now)
    wanted = Standing.ADMIN if admin else Standing.ADMITTED
    if _standings(conn, who) in ({wanted}, {Standing.ADMIN}):
        return False
    _set(conn, who, wanted, decider, name=name)
    return True


def end_admin(conn: Connection, who: Who, decider: Decider) -> bool:
    """Let an admin be a person like others who were let in; False when they were no admin."""
    if Standing.ADMIN not in _standings(conn, who):
        return False
    _set(conn, who, Standing.ADMITTED, decider)
    return True


def block(conn: Connection, who: Who, decider: Decider, *, name: str = "") -> bool:
    """Shut somebody out, and spend the code they have; False when they were out."""
    pairings.drop_pairings_of(conn, who)
    if _standings(conn, who) == {Standing.BLOCKED}:
        return False
    _set(conn, who, Standing.BLOCKED, decider, name=name)
    return True


def unblock(conn: Connection, who: Who) -> bool:
    """Let somebody who was shut out be a stranger; False when they were not."""
    if Standing.BLOCKED not in _standings(conn, who):
        return False
    return people.forget_standing(conn, who, standing=Standing.BLOCKED)


def _standings(conn: Connection, who: Who) -> set[Standing]:
    """What is stored; for every account, all that is stored for any of them."""
    if not who.account:
        return people.standings_anywhere(conn, who)
    stored = people.standing_of(conn, platform=who.platform, account=who.account, person=who.id)
    return set() if stored is None else {stored}


def _set(conn: Connection, who: Who, standing: Standing, decider: Decider, *, name: str = "") -> None:
    people.set_standing(
        conn,
        Person(
            platform=who.platform,
            account=who.account,
            id=who.id,
            standing=standing,
            name=name,
            changed_at=decider.now,
            changed_by=decider.by,
        ),
    )
