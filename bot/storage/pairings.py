"""Codes that strangers show to an admin: few at a time, short-lived, good for one person and once."""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from bot.storage.people import Who
from bot.storage.tables import pairings

__all__ = [
    "CODE_SECONDS",
    "MOST_WAITING",
    "Pairing",
    "close_pairing",
    "drop_pairings_of",
    "let_in",
    "new_code",
    "open_pairing",
    "pairing_by_code",
    "pairing_of",
    "put_question",
    "read_code",
    "to_be_told",
    "waiting",
]

CODE_SECONDS = 3600.0
MOST_WAITING = 300

_ALPHABET = "ACDEFGHJKMNPQRTUVWXY3479"
"""Without letters and digits that are taken for each other when read aloud or copied by hand."""
_LENGTH = 8
_BETWEEN = re.compile(r"[\s\-`]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A code and whom it lets in. ``turn_id`` is what the person asked, in ``conversation``.

    ``admitted_at`` is set once the person was let in, and as long as they have not been told.
    """

    code: str
    platform: str
    account: str
    person: str
    name: str
    conversation: str
    turn_id: int
    expires_at: float
    admitted_at: float | None = None

    @property
    def who(self) -> Who:
        """Whom it lets in."""
        return Who(platform=self.platform, account=self.account, id=self.person)


def new_code() -> str:
    """A code that nobody can guess: one of a hundred thousand million."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def read_code(text: str) -> str | None:
    """A code as somebody typed it, in any case, in groups or not; None for what cannot be one."""
    code = _BETWEEN.sub("", text).upper()
    return code if len(code) == _LENGTH and all(sign in _ALPHABET for sign in code) else None


def open_pairing(conn: Connection, wanted: Pairing, *, now: float) -> Pairing | None:
    """The living pairing this person has, else ``wanted``, now stored; None when too many people wait."""
    conn.execute(delete(pairings).where(pairings.c.expires_at <= now, pairings.c.admitted_at.is_(None)))
    living = pairing_of(conn, wanted.who)
    if living is not None:
        return living
    if conn.execute(select(func.count()).select_from(pairings)).scalar_one() >= MOST_WAITING:
        return None
    conn.execute(
        insert(pairings).values(
            code=wanted.code,
            platform=wanted.platform,
            account=wanted.account,
            person=wanted.person,
            name=wanted.name,
            conversation=wanted.conversation,
            turn_id=wanted.turn_id,
            expires_at=wanted.expires_at,
        )
    )
    return wanted


def pairing_of(conn: Connection, who: Who) -> Pairing | None:
    """What this person waits with."""
    mine = select(pairings).where(_of(who), pairings.c.admitted_at.is_(None))
    row = conn.execute(mine.limit(1)).mappings().first()
    return None if row is None else Pairing(**row)


def put_question(conn: Connection, who: Who, *, conversation: str, turn_id: int) -> None:
    """What a person who waits wants answered is this turn now."""
    conn.execute(
        update(pairings)
        .where(_of(who), pairings.c.admitted_at.is_(None))
        .values(conversation=conversation, turn_id=turn_id)
    )


def pairing_by_code(conn: Connection, code: str, *, now: float) -> Pairing | None:
    """The living pairing of this code. Takes as long for a code that is nearly right as for any other."""
    found = None
    for pairing in waiting(conn, now=now):
        if hmac.compare_digest(pairing.code.encode(), code.encode()):
            found = pairing
    return found


def waiting(conn: Connection, *, now: float) -> list[Pairing]:
    """The living pairings of people who are not let in yet, the oldest first."""
    rows = conn.execute(
        select(pairings)
        .where(pairings.c.expires_at > now, pairings.c.admitted_at.is_(None))
        .order_by(pairings.c.expires_at)
    )
    return [Pairing(**row) for row in rows.mappings()]


def let_in(conn: Connection, who: Who, *, now: float) -> None:
    """Whoever of these is waiting was let in and is to be told so; the code is spent."""
    conn.execute(
        update(pairings)
        .where(_of(who), pairings.c.expires_at > now, pairings.c.admitted_at.is_(None))
        .values(admitted_at=now)
    )


def to_be_told(conn: Connection) -> list[Pairing]:
    """Who was let in and does not know it yet."""
    rows = conn.execute(
        select(pairings).where(pairings.c.admitted_at.is_not(None)).order_by(pairings.c.admitted_at)
    )
    return [Pairing(**row) for row in rows.mappings()]


def close_pairing(conn: Connection, code: str) -> None:
    """Forget a pairing."""
    conn.execute(delete(pairings).where(pairings.c.code == code))


def drop_pairings_of(conn: Connection, who: Who) -> None:
    """Forget what a person was waiting for."""
    conn.execute(delete(pairings).where(_of(who)))


def _of(who: Who) -> ColumnElement[bool]:
    person = (pairings.c.platform == who.platform) & (pairings.c.person == who.id)
    return person & (pairings.c.account == who.account) if who.account else person
