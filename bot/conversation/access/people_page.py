"""Lists of people for admins: who may decide, who was let in, who was shut out, who waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from bot.rendering import literal
from bot.storage import pairings, people
from bot.storage.people import Standing, Who
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["admins_page", "named", "people_page"]

_MOST_SHOWN: Final = 50

_Entry = tuple[Who, str]


def named(who: Who, name: str, language: str) -> dict[str, str]:
    """A person's name and id as they can stand in our Markdown, for sentences with {name} and {id}."""
    return {
        "name": literal(name) or say("person_nameless", language),
        "id": str(who).replace("`", "'"),
    }


def admins_page(conn: Connection, *, language: str, fixed: Sequence[str]) -> str:
    """The admins: those of the settings, and those made in chats or on the command line."""
    lines = [say("admins_fixed", language, id=admin) for admin in fixed]
    lines += _lines(conn, _of(conn, Standing.ADMIN), language)
    return _list("admins", lines or [say("admins_none", language)], language)


def people_page(conn: Connection, *, language: str, now: float) -> str:
    """Whom admins let in and shut out, and who waits with a code; never the codes."""
    waiting = [(one.who, one.name) for one in pairings.waiting(conn, now=now)]
    found = {
        "people_admitted": _of(conn, Standing.ADMITTED),
        "people_blocked": _of(conn, Standing.BLOCKED),
        "people_waiting": waiting,
    }
    lists = [
        _list(title, _lines(conn, entries, language), language) for title, entries in found.items() if entries
    ]
    return "\n\n".join(lists) or say("people_none", language)


def _of(conn: Connection, standing: Standing) -> list[_Entry]:
    """The newest first, of whom only so many are shown."""
    return [(person.who, person.name) for person in reversed(people.people_with(conn, standing))]


def _lines(conn: Connection, entries: Sequence[_Entry], language: str) -> list[str]:
    lines = [
        "{name} (`{id}`)".format(**named(who, name or people.last_name(conn, who), language))
        for who, name in entries[:_MOST_SHOWN]
    ]
    if len(entries) > _MOST_SHOWN:
        lines.append(say("people_more", language, count=len(entries) - _MOST_SHOWN))
    return lines


def _list(title: str, lines: Iterable[str], language: str) -> str:
    return f"{say(title, language)}\n\n" + "\n".join(f"- {line}" for line in lines)
