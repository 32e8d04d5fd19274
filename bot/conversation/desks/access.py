"""What admins decide about people: /admit, /block, /unblock, /admins, /people."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.access.admission import Admission
from bot.conversation.access.limits import TokenBucket
from bot.conversation.access.people_page import admins_page, named, people_page
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, PressHandler
from bot.conversation.saying import Saying
from bot.messages import ChatKind
from bot.ports import CancelReason, Clock, Engine
from bot.rendering import literal
from bot.storage import chats, decisions, people
from bot.storage.decisions import Decider
from bot.storage.pairings import read_code
from bot.storage.people import Who
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["AccessDesk"]

log = structlog.get_logger(__name__)

# Every platform's ids are digits, or capitals and digits; a word is a slip or a user name.
_ID: Final = re.compile(r"(?:([a-z]+):)?([A-Z0-9]{1,64}|local)")
_WRONG_CODES = 10
_WRONG_CODES_SECONDS = 3600.0
_MOST_GUESSERS = 1000

_Change = Callable[["Connection"], str]
_Decision = Callable[["Connection", Who, Decider], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meant:
    """The person a command is about; ``name`` is empty where only an id was given."""

    who: Who
    name: str = ""


class AccessDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, saying: Saying, admission: Admission, clock: Clock) -> None:
        self._engine = engine
        self._saying = saying
        self._admission = admission
        self._clock = clock
        self._guesses: OrderedDict[str, TokenBucket] = OrderedDict()

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        handlers: dict[CommandName, OrderHandler] = {
            CommandName.ADMIT: self._admit,
            CommandName.BLOCK: self._block,
            CommandName.UNBLOCK: self._unblock,
            CommandName.ADMINS: self._admins,
            CommandName.PEOPLE: self._people,
        }
        return {name: partial(self._for_admins, handler) for name, handler in handlers.items()}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {}

    async def _for_admins(self, handler: OrderHandler, order: Order) -> None:
        """What others write behind these commands is not even looked at."""
        if order.visit.is_admin:
            await handler(order)
        else:
            await self._say(order, "admins_only")

    # --- letting in -------------------------------------------------------------------------------------

    async def _admit(self, order: Order) -> None:
        argument = order.argument
        if order.visit.chat_kind is not ChatKind.PRIVATE and argument.lower() in ("", "on", "off"):
            await self._admit_group(order, admitted=argument.lower() != "off")
        elif not argument:
            await self._say(order, "admit_usage")
        elif ":" in argument:
            await self._admit_person(order)
        else:
            await self._admit_code(order, read_code(argument))

    async def _admit_group(self, order: Order, *, admitted: bool) -> None:
        peer = order.turn.key.peer

        def change(conn: Connection) -> str:
            chats.admit_chat(conn, peer, admitted=admitted)
            return say("admit_group" if admitted else "admit_group_off", order.language)

        await self._saying.change_and_say(order.turn, order.message, change)
        log.info("chat_admitted" if admitted else "chat_not_admitted", admin=order.visit.author.id)

    async def _admit_person(self, order: Order) -> None:
        meant = await self._meant(order, order.argument, usage="admit_usage")
        if meant is not None:
            await self._decide(order, meant, decisions.admit, done="admit_done", already="admit_already")

    async def _admit_code(self, order: Order, code: str | None) -> None:
        """Let in who has this code. A wrong one counts before it is looked up, so that none is for free."""
        guesses, now = self._guesses_of(order), self._clock.monotonic()
        if order.turn.attempt == 1 and not guesses.take(now):
            minutes = math.ceil(guesses.wait(now) / 60)
            log.warning("codes_guessed", admin=order.visit.author.id)
            await self._say(order, "admit_guesses", minutes=minutes)
            return
        right: list[bool] = []

        def change(conn: Connection) -> str:
            pairing = None if code is None else decisions.admit_by_code(conn, code, self._decider(order))
            right[:] = [pairing is not None]
            if pairing is None:
                return say("admit_unknown", order.language)
            return say("admit_done", order.language, **named(pairing.who, pairing.name, order.language))

        text = await self._saying.decide_once(order.turn, change)
        if right == [True]:
            guesses.give_back()
            log.info("person_admitted", admin=order.visit.author.id)
        await self._saying.say(order.turn, order.message, text)

    def _guesses_of(self, order: Order) -> TokenBucket:
        admin = f"{order.turn.key.sender} {order.visit.author.id}"
        if admin not in self._guesses:
            self._guesses[admin] = TokenBucket(
                _WRONG_CODES, seconds=_WRONG_CODES_SECONDS, now=self._clock.monotonic()
            )
            if len(self._guesses) > _MOST_GUESSERS:
                self._guesses.popitem(last=False)
        self._guesses.move_to_end(admin)
        return self._guesses[admin]

    # --- shutting out -----------------------------------------------------------------------------------

    async def _block(self, order: Order) -> None:
        meant = await self._meant(order, order.argument, usage="block_usage")
        if meant is None or await self._is_kept(order, meant):
            return
        block = partial(decisions.block, name=meant.name)
        change = self._change(order, meant, block, done="block_done", already="block_already")
        text = await self._saying.decide_once(order.turn, change)
        log.info("person_blocked", admin=order.visit.author.id, person=str(meant.who))
        running = await order.turn.effect(lambda conn: people.running_turns_of(conn, meant.who))
        for key, turn_id in running:
            await self._engine.stop(key, reason=CancelReason.USER, turn_id=turn_id)
        await self._saying.say(order.turn, order.message, text)

    async def _is_kept(self, order: Order, meant: _Meant) -> bool:
        """Whether this is somebody who cannot be shut out; if so, that was said."""
        if await self._is_fixed(order, meant):
            return True
        if (meant.who.platform, meant.who.id) == (order.turn.key.platform, order.visit.author.id):
            await self._say(order, "block_self")
            return True
        return False

    async def _is_fixed(self, order: Order, meant: _Meant) -> bool:
        """Whether the settings decide about this person and no admin can; if so, that was said."""
        fixed = self._admission.is_fixed(meant.who)
        if fixed:
            await self._say(order, "fixed_admin", **named(meant.who, meant.name, order.language))
        return fixed

    async def _unblock(self, order: Order) -> None:
        meant = await self._meant(order, order.argument, usage="unblock_usage")
        if meant is not None:
            await self._decide(order, meant, _unblock, done="unblock_done", already="unblock_nothing")

    # --- admins -----------------------------------------------------------------------------------------

    async def _admins(self, order: Order) -> None:
        word, _, rest = order.argument.partition(" ")
        match word.lower():
            case "":
                await self._list(order, partial(admins_page, fixed=self._admission.admins))
            case "add":
                await self._add_admin(order, rest.strip())
            case "remove":
                await self._remove_admin(order, rest.strip())
            case _:
                await self._say(order, "admins_usage")

    async def _add_admin(self, order: Order, argument: str) -> None:
        meant = await self._meant(order, argument, usage="admins_usage")
        if meant is not None and not await self._is_fixed(order, meant):
            make_admin = partial(decisions.admit, admin=True, name=meant.name)
            await self._decide(order, meant, make_admin, done="admins_added", already="admins_already")

    async def _remove_admin(self, order: Order, argument: str) -> None:
        meant = await self._meant(order, argument, usage="admins_usage")
        if meant is not None and not await self._is_fixed(order, meant):
            await self._decide(order, meant, decisions.end_admin, done="admins_removed", already="admins_not")

    async def _people(self, order: Order) -> None:
        await self._list(order, partial(people_page, now=self._clock.now().timestamp()))

    async def _list(self, order: Order, page: Callable[..., str]) -> None:
        if order.visit.chat_kind is not ChatKind.PRIVATE:
            await self._say(order, "list_private")
            return
        text = await order.turn.effect(lambda conn: page(conn, language=order.language))
        await self._saying.say(order.turn, order.message, text)

    # --- who is meant -----------------------------------------------------------------------------------

    async def _meant(self, order: Order, argument: str, *, usage: str) -> _Meant | None:
        """The person named by id or by the message replied to; None when that was answered already."""
        if argument:
            return await self._meant_by_id(order, argument)
        quoted, key = order.message.quoted, order.turn.key
        if quoted is None or quoted.how != "reply":
            await self._say(order, usage)
            return None
        author = None
        if not quoted.is_ours:
            author = await order.turn.effect(
                lambda conn: people.author_of_message(conn, str(key), quoted.message_id)
            )
        if author is None:
            await self._say(order, "author_unknown")
            return None
        who = Who(platform=key.platform, account=key.account, id=author.id)
        return _Meant(who=who, name=author.name)

    async def _meant_by_id(self, order: Order, argument: str) -> _Meant | None:
        who = _read_id(argument, order.turn.key.platform)
        if who is None:
            example = f"{order.turn.key.platform}:{order.visit.author.id}"
            await self._say(order, "no_person_id", text=literal(argument), example=example)
            return None
        return _Meant(who=who)

    # --- deciding ---------------------------------------------------------------------------------------

    async def _decide(
        self, order: Order, meant: _Meant, decision: _Decision, *, done: str, already: str
    ) -> None:
        change = self._change(order, meant, decision, done=done, already=already)
        await self._saying.change_and_say(order.turn, order.message, change)
        log.info("person_decided", admin=order.visit.author.id, person=str(meant.who), decision=done)

    def _change(
        self, order: Order, meant: _Meant, decision: _Decision, *, done: str, already: str
    ) -> _Change:
        decider, language = self._decider(order), order.language

        def change(conn: Connection) -> str:
            name = meant.name or people.last_name(conn, meant.who)
            changed = decision(conn, meant.who, decider)
            return say(done if changed else already, language, **named(meant.who, name, language))

        return change

    def _decider(self, order: Order) -> Decider:
        by = f"{order.turn.key.platform}:{order.visit.author.id}"
        return Decider(by=by, now=self._clock.now().timestamp())

    async def _say(self, order: Order, sentence: str, **values: object) -> None:
        await self._saying.say(order.turn, order.message, say(sentence, order.language, **values))


def _unblock(conn: Connection, who: Who, _: Decider) -> bool:
    return decisions.unblock(conn, who)


def _read_id(text: str, platform: str) -> Who | None:
    """A person's id as PARLEY_ADMINS takes it; without a platform it is one of ``platform``."""
    match = _ID.fullmatch(text.strip("` "))
    return None if match is None else Who(platform=match[1] or platform, id=match[2])
