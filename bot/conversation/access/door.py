"""The door: what somebody hears who is not let in yet, and what happens when an admin lets them in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.access.admission import Admission
from bot.conversation.again import AGAIN
from bot.conversation.commands import command_in
from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.errors import BotError, StorageError
from bot.messages import Author, ChatKind, ConversationKey, Inbound, Incoming
from bot.ports import CancelReason, Clock, Engine, Turn
from bot.storage import Database, pairings, people
from bot.storage.inbound import events_of
from bot.storage.pairings import CODE_SECONDS, Pairing, new_code
from bot.storage.people import Standing, Who
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Door", "is_welcome"]

log = structlog.get_logger(__name__)

_WELCOME: Final = "admitted:"
_LOOK_EVERY_SECONDS = 1.0
_STOP_WITHIN_SECONDS = 60.0


def is_welcome(message: Incoming) -> bool:
    """Whether this is no message of a person's, but our own reminder to tell them that they are in."""
    return message.event_id.startswith(_WELCOME)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Welcome:
    """Somebody who was let in, and what they had asked, as far as it is still there."""

    pairing: Pairing
    asked: tuple[Incoming, ...]


class Door:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self, *, saying: Saying, admission: Admission, engine: Engine, database: Database, clock: Clock
    ) -> None:
        self._saying = saying
        self._admission = admission
        self._engine = engine
        self._database = database
        self._clock = clock

    # --- who is not let in ------------------------------------------------------------------------------

    async def refuse(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        """Tell a stranger how to be let in, as often as is bearable; nobody else hears a word."""
        log.info("person_refused", author=message.author.id, standing=visit.standing)
        if visit.standing is Standing.BLOCKED:
            return  # whoever is shut out must not be able to make the bot speak
        if visit.chat_kind is not ChatKind.PRIVATE:
            await self._refuse_in_group(turn, message, visit)
        elif turn.attempt == 1 and not self._admission.tell(message.key, message.author):
            await self._note_question(turn, message)
        elif self._admission.pairs:
            await self._saying.change_and_say(
                turn, message, lambda conn: self._invite(conn, turn, message, visit.language)
            )
        else:
            text = say("stranger_listed", visit.language, id=str(_who(message)))
            await self._saying.say(turn, message, text)

    async def _refuse_in_group(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        if visit.settings.attention == "quiet" or not message.addressed:
            return
        if turn.attempt > 1 or self._admission.tell_group(message.key):
            await self._saying.say(turn, message, say("stranger_group", visit.language))

    def _invite(self, conn: Connection, turn: Turn, message: Incoming, language: str) -> str:
        now = self._clock.now().timestamp()
        who = _who(message)
        wanted = Pairing(
            code=new_code(),
            platform=who.platform,
            account=who.account,
            person=who.id,
            name=message.author.name,
            conversation=str(message.key),
            turn_id=turn.id,
            expires_at=now + CODE_SECONDS,
        )
        pairing = pairings.open_pairing(conn, wanted, now=now)
        if pairing is None:
            log.warning("pairings_full", author=who.id)
            return say("stranger_full", language)
        if command_in(message) is None:
            _put_behind_command(conn, who, conversation=wanted.conversation, turn=turn)
        minutes = max(1, round((pairing.expires_at - now) / 60))
        return say("stranger_code", language, code=pairing.code, minutes=minutes)

    async def _note_question(self, turn: Turn, message: Incoming) -> None:
        """A stranger often begins with /start: the question behind it is what they want answered."""
        if command_in(message) is None:
            who, conversation = _who(message), str(message.key)
            await turn.effect(
                lambda conn: _put_behind_command(conn, who, conversation=conversation, turn=turn)
            )

    # --- who is let in ----------------------------------------------------------------------------------

    async def welcome(self, turn: Turn, message: Incoming, visit: Visit) -> None:
        """Tell somebody that they were let in; the turn is finished on return."""
        await self._saying.say(turn, message, say("admitted", visit.language))

    async def watch(self) -> None:
        """Carry out what was decided, here or on the command line, until cancelled.

        Who was let in is told so and has their question answered; what runs for somebody who was shut out
        is stopped.
        """
        while True:
            try:
                await self.look()
            except StorageError as exc:
                log.warning("door_not_watched", reason=str(exc))
            await self._clock.sleep(_LOOK_EVERY_SECONDS)

    async def look(self) -> None:
        """Carry out what was decided since the last look. Raises StorageError."""
        welcomes, shut_out = await self._database.read(self._decided)
        for one in welcomes:
            await self._begin_welcome(one)
        for key, turn_id in shut_out:
            await self._engine.stop(key, reason=CancelReason.USER, turn_id=turn_id)

    def _decided(self, conn: Connection) -> tuple[list[_Welcome], list[tuple[ConversationKey, int]]]:
        welcomes = [
            _Welcome(pairing=pairing, asked=_asked(conn, pairing)) for pairing in pairings.to_be_told(conn)
        ]
        # Whoever was shut out before that has had every turn refused; what began earlier is long stopped.
        moment = self._clock.now().timestamp() - _STOP_WITHIN_SECONDS
        out = people.blocked_since(conn, moment)
        return welcomes, [found for who in out for found in people.running_turns_of(conn, who)]

    async def _begin_welcome(self, one: _Welcome) -> None:
        """Every step is done once, however often it is begun: events are known by their ids."""
        first = one.asked[0] if one.asked else self._unasked(one.pairing)
        told = replace(
            first, event_id=f"{_WELCOME}{one.pairing.turn_id}", message_id="", parts=(), quoted=None
        )
        await self._engine.accept(told)
        if one.asked:
            await self._engine.accept(_as_one(one.asked))
        await self._database.write(lambda conn: pairings.close_pairing(conn, one.pairing.code))
        log.info("person_welcomed", author=one.pairing.person, platform=one.pairing.platform)

    def _unasked(self, pairing: Pairing) -> Incoming:
        """A message in place of one that was deleted since."""
        return Incoming(
            event_id="",
            key=ConversationKey.parse(pairing.conversation),
            chat_kind=ChatKind.PRIVATE,
            author=Author(id=pairing.person, name=pairing.name),
            message_id="",
            parts=(),
            sent_at=self._clock.now(),
            addressed=True,
        )


def _who(message: Incoming) -> Who:
    return Who(platform=message.key.platform, account=message.key.account, id=message.author.id)


def _put_behind_command(conn: Connection, who: Who, *, conversation: str, turn: Turn) -> None:
    pairing = pairings.pairing_of(conn, who)
    if pairing is not None and _is_command(_asked(conn, pairing)):
        pairings.put_question(conn, who, conversation=conversation, turn_id=turn.id)


def _is_command(asked: Sequence[Incoming]) -> bool:
    return not asked or command_in(asked[0]) is not None


def _asked(conn: Connection, pairing: Pairing) -> tuple[Incoming, ...]:
    """The messages somebody wrote while they were not let in; none of those deleted since."""
    try:
        key = ConversationKey.parse(pairing.conversation)
        events: list[Inbound] = events_of(conn, pairing.turn_id, key)
    except BotError as exc:
        log.warning("question_unreadable", turn_id=pairing.turn_id, reason=str(exc))
        return ()
    return tuple(event for event in events if isinstance(event, Incoming))


def _as_one(asked: Sequence[Incoming]) -> Incoming:
    """Messages of one turn as one message of our own, to be answered now."""
    parts = tuple(part for message in asked for part in message.parts)
    return replace(asked[0], event_id=f"{AGAIN}{asked[0].event_id}", parts=parts)
