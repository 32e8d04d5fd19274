"""The command line's part in who may talk to the bot: admit, block, unblock, admins.

The database is visited for a moment, whether the service runs or not; a running service carries out what was
decided within seconds.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from bot.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.settings import Settings
    from bot.storage.decisions import Decider
    from bot.storage.people import Who

__all__ = ["add_access_commands"]

_PLATFORMS: Final = ("telegram", "slack")
# Every platform's ids are digits, or capitals and digits; a word is a slip or a user name.
_ID: Final = re.compile(r"([a-z]+):([A-Z0-9]{1,64}|local)")
_BY: Final = "command line"

_ADMIT: Final = """\
Let people in: by the code the bot gave them, or by id. Works while the service runs, which then tells whoever
waited with a code and answers what they had asked.

  python -m bot admit ACDEFGHJ
  python -m bot admit telegram:12345678 slack:U012AB3CD
  python -m bot admit ACDEFGHJ --admin       as an admin, who may let in and block others

exit codes: 0 done, 1 a code that nobody waits with, 2 not a code or id, or a wrong setting
"""

_BLOCK: Final = """\
Shut people out, whatever PARLEY_ACCESS says. A running service stops what it is writing for them within
seconds, and they hear nothing more. Admins named in PARLEY_ADMINS cannot be blocked.

  python -m bot block telegram:12345678

exit codes: 0 done, 1 somebody who cannot be blocked, 2 not an id, or a wrong setting
"""

_UNBLOCK: Final = """\
End a block. Whoever it was is then treated like anybody new.

  python -m bot unblock telegram:12345678

exit codes: 0 done, 1 somebody who was not blocked, 2 not an id, or a wrong setting
"""

_ADMINS: Final = """\
List the admins, make somebody one, or end it. Who is no admin any more is still let in. Admins named in
PARLEY_ADMINS are changed there.

  python -m bot admins
  python -m bot admins add telegram:12345678
  python -m bot admins remove telegram:12345678

exit codes: 0 done, 1 not an admin, or one of PARLEY_ADMINS, 2 not an id, or a wrong setting
"""

_Outcome = tuple[bool, str]
_AddCommand = Callable[..., argparse.ArgumentParser]


def add_access_commands(commands: Any, add: _AddCommand) -> None:
    """Add the commands to ``commands``; ``add`` makes the parser of one."""
    admit = add(commands, "admit", _admit, "let somebody in by code or id", _ADMIT)
    admit.add_argument("whom", nargs="+", metavar="CODE|ID", help="a code, or an id like telegram:12345678")
    admit.add_argument("--admin", action="store_true", help="as an admin")
    for name, run, summary, text in (
        ("block", _block, "shut somebody out", _BLOCK),
        ("unblock", _unblock, "end a block", _UNBLOCK),
    ):
        parser = add(commands, name, run, summary, text)
        parser.add_argument("whom", nargs="+", metavar="ID", help="an id like telegram:12345678")
    admins = add(commands, "admins", _admins, "list the admins, add or remove one", _ADMINS)
    admins.add_argument("what", nargs="?", choices=("add", "remove"), help="without it: list them")
    admins.add_argument("whom", nargs="*", metavar="ID", help="an id like telegram:12345678")


# --- commands -------------------------------------------------------------------------------------------


def _admit(options: argparse.Namespace) -> int:
    from bot.storage import decisions
    from bot.storage.pairings import read_code

    wanted = [(_read_id(text) if ":" in text else None, read_code(text), text) for text in options.whom]
    for who, code, text in wanted:
        if who is None and code is None:
            raise ConfigurationError(_not_usable(text, also="nor a code, which has 8 letters and digits"))

    def change(conn: Connection, _: Settings) -> Iterator[_Outcome]:
        for who, code, _ in wanted:
            if who is not None:
                changed = decisions.admit(conn, who, _decider(), admin=options.admin)
                yield True, f"{who} {_let_in(options.admin, changed=changed)}"
            elif code is not None:
                yield _admit_by_code(conn, code, admin=options.admin)

    return _visit(change)


def _admit_by_code(conn: Connection, code: str, *, admin: bool) -> _Outcome:
    from bot.storage import decisions

    pairing = decisions.admit_by_code(conn, code, _decider(), admin=admin)
    if pairing is None:
        return False, f"Nobody waits with the code {code}: it is mistyped, used, or over an hour old."
    return True, f"{_named(pairing.who, pairing.name)} {_let_in(admin, changed=True)}"


def _let_in(as_admin: bool, *, changed: bool) -> str:
    what = "an admin" if as_admin else "let in"
    return f"is {what}." if changed else f"is {what} already."


def _block(options: argparse.Namespace) -> int:
    from bot.storage import decisions

    people = [_known_id(text) for text in options.whom]

    def change(conn: Connection, settings: Settings) -> Iterator[_Outcome]:
        for who in people:
            if _is_fixed(who, settings):
                yield False, f"{who} is an admin by PARLEY_ADMINS; take the id out there first."
            else:
                changed = decisions.block(conn, who, _decider())
                yield True, f"{_person(conn, who)} is blocked{'.' if changed else ' already.'}"

    return _visit(change)


def _unblock(options: argparse.Namespace) -> int:
    from bot.storage import decisions

    people = [_known_id(text) for text in options.whom]

    def change(conn: Connection, _: Settings) -> Iterator[_Outcome]:
        for who in people:
            person = _person(conn, who)
            changed = decisions.unblock(conn, who)
            yield changed, f"{person} is {'not blocked any more.' if changed else 'not blocked.'}"

    return _visit(change)


def _admins(options: argparse.Namespace) -> int:
    people = [_known_id(text) for text in options.whom]
    if options.what is not None and not people:
        raise ConfigurationError(
            f"admins {options.what} needs an id; for example admins {options.what} telegram:12345678"
        )
    if options.what is None:
        return _visit(_list_admins)
    return _visit(partial(_add_admins if options.what == "add" else _remove_admins, people=people))


def _list_admins(conn: Connection, settings: Settings) -> Iterator[_Outcome]:
    from bot.storage.people import Standing, people_with

    for admin in settings.admins:
        yield True, f"{admin}  (PARLEY_ADMINS)"
    stored = people_with(conn, Standing.ADMIN)
    for person in stored:
        yield True, f"{_named(person.who, person.name)}  (by {_plain(person.changed_by)})"
    if not stored and not settings.admins:
        yield True, "Nobody is an admin; python -m bot admins add telegram:12345678 makes somebody one."


def _add_admins(conn: Connection, settings: Settings, people: list[Who]) -> Iterator[_Outcome]:
    from bot.storage import decisions

    for who in people:
        changed = not _is_fixed(who, settings) and decisions.admit(conn, who, _decider(), admin=True)
        yield True, f"{_person(conn, who)} is an admin{'.' if changed else ' already.'}"


def _remove_admins(conn: Connection, settings: Settings, people: list[Who]) -> Iterator[_Outcome]:
    from bot.storage import decisions

    for who in people:
        if _is_fixed(who, settings):
            yield False, f"{who} is an admin by PARLEY_ADMINS; take the id out there."
        else:
            changed = decisions.end_admin(conn, who, _decider())
            yield (
                changed,
                f"{_person(conn, who)} is no admin{' any more, but still let in.' if changed else '.'}",
            )


# --- visiting -------------------------------------------------------------------------------------------


def _visit(change: Callable[[Connection, Settings], Iterator[_Outcome]]) -> int:
    """Make a change in one transaction and print what came of it; 1 when a part of it could not be done."""
    from bot.settings import load_settings
    from bot.storage.aside import visit_database

    settings = load_settings()
    with visit_database(settings.database_url) as conn:
        outcomes = list(change(conn, settings))
    for _, text in outcomes:
        sys.stdout.write(f"{text}\n")
    return 0 if all(done for done, _ in outcomes) else 1


def _decider() -> Decider:
    from bot.storage.decisions import Decider

    return Decider(by=_BY, now=time.time())


def _is_fixed(who: Who, settings: Settings) -> bool:
    return who.id in settings.admins or str(who) in settings.admins


# --- names ----------------------------------------------------------------------------------------------


def _known_id(text: str) -> Who:
    who = _read_id(text)
    if who is None:
        raise ConfigurationError(_not_usable(text))
    return who


def _read_id(text: str) -> Who | None:
    from bot.storage.people import Who

    match = _ID.fullmatch(text)
    if match is None or match[1] not in _PLATFORMS:
        return None
    return Who(platform=match[1], id=match[2])


def _not_usable(text: str, also: str = "") -> str:
    neither = f" {also}" if also else ""
    return (
        f"{text!r} is not an id with its platform{neither}; for example telegram:12345678 (/whoami tells it)"
    )


def _person(conn: Connection, who: Who) -> str:
    from bot.storage.people import last_name

    return _named(who, last_name(conn, who))


def _named(who: Who, name: str) -> str:
    shown = _plain(name)
    return f"{shown} ({who})" if shown else str(who)


def _plain(text: str) -> str:
    """A name that cannot steer the terminal it is shown on."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())[:64]
