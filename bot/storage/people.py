"""Who was let in, made an admin, or shut out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, insert, select, true, update

from bot.errors import BotError
from bot.messages import Author, ConversationKey, Edited, Inbound, load_inbound
from bot.storage.tables import exchanges, inbound, overheard, people, turns
from bot.storage.turns import State

__all__ = [
    "Person",
    "Standing",
    "Who",
    "author_of_message",
    "blocked_since",
    "forget_standing",
    "last_name",
    "people_with",
    "running_turns_of",
    "set_standing",
    "standing_of",
    "standings_anywhere",
]


class Standing(StrEnum):
    """What a person is to the bot. Strangers have no row."""

    BLOCKED = "blocked"
    STRANGER = "stranger"
    ADMITTED = "admitted"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """A person by the platform's id; an empty ``account`` means on every account of the bot there."""

    platform: str
    account: str = ""
    id: str

    def __str__(self) -> str:
        """As PARLEY_ADMINS takes it."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a standing; ``id`` is the platform's, ``changed_by`` says who gave it.

    With an empty ``account`` the standing holds on every account of the bot on the platform, except where
    one has another of its own.
    """

    platform: str
    account: str
    id: str
    standing: Standing
    name: str = ""
    changed_at: float = 0.0
    changed_by: str = ""

    @property
    def who(self) -> Who:
        """Whose standing it is."""
        return Who(platform=self.platform, account=self.account, id=self.id)


_MINE = (
    (people.c.platform == bindparam("of_platform"))
    & (people.c.account == bindparam("of_account"))
    & (people.c.id == bindparam("of_id"))
)
_EVERYWHERE = (people.c.platform == bindparam("of_platform")) & (people.c.id == bindparam("of_id"))
# The account's own row comes before the one for all accounts.
_STANDING = (
    select(people.c.standing)
    .where(_EVERYWHERE, people.c.account.in_((bindparam("of_account"), "")))
    .order_by(people.c.account.desc())
    .limit(1)
)
_CHANGE = update(people).where(_MINE)
_CHANGE_EVERYWHERE = update(people).where(_EVERYWHERE)


def standing_of(conn: Connection, *, platform: str, account: str, person: str) -> Standing | None:
    """What was stored about a person; None for nothing, and for what this version does not know."""
    value = conn.execute(_STANDING, _names(platform, account, person)).scalar()
    return Standing(value) if value in set(Standing) else None


def set_standing(conn: Connection, person: Person) -> None:
    """Store a person's standing, in the place of what was stored before; an empty name leaves the one known.

    One for all accounts is put in the place of what was stored for each of them, too.
    """
    values: dict[str, str | float] = {
        "standing": person.standing.value,
        "changed_at": person.changed_at,
        "changed_by": person.changed_by,
    }
    mine = _names(person.platform, person.account, person.id)
    if not person.account:
        conn.execute(_CHANGE_EVERYWHERE, {"of_platform": person.platform, "of_id": person.id, **values})
    if person.name:
        values["name"] = person.name
    if conn.execute(_CHANGE, {**mine, **values}).rowcount == 0:
        conn.execute(
            insert(people),
            {"platform": person.platform, "account": person.account, "id": person.id, **values},
        )


def forget_standing(conn: Connection, who: Who, *, standing: Standing) -> bool:
    """Make somebody of a standing a stranger, also where it was for all accounts; whether they had it."""
    accounts = people.c.account.in_((who.account, "")) if who.account else true()
    mine = _EVERYWHERE & accounts & (people.c.standing == standing.value)
    return conn.execute(delete(people).where(mine), _names(who.platform, who.account, who.id)).rowcount > 0


def standings_anywhere(conn: Connection, who: Who) -> set[Standing]:
    """What was stored about a person on any account of the bot on the platform."""
    found = conn.execute(
        select(people.c.standing).where(_EVERYWHERE), _names(who.platform, who.account, who.id)
    )
    return {Standing(value) for value in found.scalars() if value in set(Standing)}


def people_with(conn: Connection, standing: Standing) -> list[Person]:
    """Everybody of a standing, in the order they got it, each once: by the account that knows the name."""
    rows = conn.execute(
        select(people)
        .where(people.c.standing == standing.value)
        .order_by(people.c.changed_at, people.c.platform, people.c.id)
    )
    found = [Person(**{**row, "standing": standing}) for row in rows.mappings()]
    elsewhere = {(one.platform, one.id) for one in found if one.account}
    return [one for one in found if one.account or (one.platform, one.id) not in elsewhere]


def last_name(conn: Connection, who: Who) -> str:
    """Under which name somebody with this id was last known; empty for nobody we know."""
    stored = select(people.c.name).where(_EVERYWHERE, people.c.name != "").limit(1)
    name = conn.execute(stored, _names(who.platform, who.account, who.id)).scalar()
    if name:
        return str(name)
    said = (
        select(exchanges.c.author_name)
        .where(
            exchanges.c.author_id == who.id,
            exchanges.c.conversation.startswith(f"{who.platform}/", autoescape=True),
            exchanges.c.author_name != "",
        )
        .order_by(exchanges.c.created_at.desc())
        .limit(1)
    )
    return conn.execute(said).scalar() or ""


# --- what somebody is doing -----------------------------------------------------------------------------


def blocked_since(conn: Connection, moment: float) -> list[Who]:
    """Who was shut out then or later."""
    rows = conn.execute(
        select(people.c.platform, people.c.account, people.c.id).where(
            people.c.standing == Standing.BLOCKED.value, people.c.changed_at >= moment
        )
    )
    return [Who(platform=row.platform, account=row.account, id=row.id) for row in rows]


def running_turns_of(conn: Connection, who: Who) -> list[tuple[ConversationKey, int]]:
    """The running turns that began with something this person did, those asked to stop left out."""
    rows = conn.execute(
        select(turns.c.id, turns.c.conversation, inbound.c.account, inbound.c.payload)
        .join(inbound, inbound.c.turn_id == turns.c.id)
        .where(
            turns.c.state == State.RUNNING,
            turns.c.stopping == "",
            inbound.c.platform == who.platform,
        )
    )
    mine = [
        (row.conversation, row.id)
        for row in rows
        if who.account in ("", row.account) and _author_id(row.payload) == who.id
    ]
    return [(ConversationKey.parse(conversation), turn_id) for conversation, turn_id in dict.fromkeys(mine)]


def author_of_message(conn: Connection, conversation: str, message_id: str) -> Author | None:
    """Who wrote a message that came to us or was overheard; None for one we know nothing of."""
    taken_in = (
        select(inbound.c.payload)
        .where(inbound.c.conversation == conversation, inbound.c.message_id == message_id)
        .order_by(inbound.c.id)
    )
    for payload in conn.execute(taken_in).scalars():
        event = _readable(payload)
        if event is not None and event.type in ("incoming", "edited"):
            return _author(event)
    row = conn.execute(
        select(overheard.c.author_id, overheard.c.author_name).where(
            overheard.c.conversation == conversation, overheard.c.message_id == message_id
        )
    ).first()
    return None if row is None else Author(id=row.author_id, name=row.author_name)


def _author_id(payload: str) -> str | None:
    event = _readable(payload)
    author = None if event is None else _author(event)
    return None if author is None else author.id


def _author(event: Inbound) -> Author | None:
    if isinstance(event, Edited):
        return event.message.author
    author: Author | None = getattr(event, "author", None)
    return author


def _readable(payload: str) -> Inbound | None:
    try:
        return load_inbound(payload)
    except BotError:
        return None


def _names(platform: str, account: str, person: str) -> dict[str, str]:
    return {"of_platform": platform, "of_account": account, "of_id": person}
