"""Runs a turn: sees what its event asks for and has it done. What the engine calls for every turn."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, assert_never

import structlog

from bot.conversation.access.door import Door, is_welcome
from bot.conversation.access.limits import Limits
from bot.conversation.again import AGAIN
from bot.conversation.answer import Answering
from bot.conversation.commands import ASKING, MAKING, OPEN_TO_STRANGERS, Command, command_in
from bot.conversation.desk import Order, Press
from bot.conversation.desks import GroupsDesk, VoiceDesk
from bot.conversation.front import FrontDesk
from bot.conversation.groups.roots import Roots
from bot.conversation.hearing.groups import GroupHearing
from bot.conversation.hearing.requests import TranscriptRequests
from bot.conversation.hearing.sources import is_voice_in_group
from bot.conversation.perceiving.perceiving import Perceived, Perceiving
from bot.conversation.question import (
    Origin,
    asks_something,
    attachments_of,
    question_from,
    things,
    would_be_guessed,
)
from bot.conversation.saying import Saying
from bot.conversation.visit import Reception, Visit
from bot.errors import ChatClosed, Fenced
from bot.exchange import Exchange
from bot.messages import (
    ButtonPressed,
    ChatJoined,
    ChatKind,
    ChatLeft,
    ChatMigrated,
    Deleted,
    Edited,
    Incoming,
    StopPressed,
    TranscriptWanted,
    Unreadable,
)
from bot.ports import Adapter, CancelReason, Clock, Engine, Lane, Turn
from bot.rendering import literal
from bot.storage import chats, drawings, history, overheard, recordings
from bot.storage.inbound import taken_with
from bot.storage.people import Standing
from bot.storage.turns import open_turns_before
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Turns"]

log = structlog.get_logger(__name__)

_LONGEST_REMARK = 1000


class Turns:
    """The handler given to Engine.serve. Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        engine: Engine,
        adapters: Mapping[str, Adapter],
        answering: Answering,
        door: Door,
        limits: Limits,
        perceiving: Perceiving,
        reception: Reception,
        saying: Saying,
        front: FrontDesk,
        groups: GroupsDesk,
        voice: VoiceDesk,
        group_hearing: GroupHearing | None,
        requests: TranscriptRequests,
        roots: Roots,
        clock: Clock,
    ) -> None:
        self._engine = engine
        self._adapters = adapters
        self._answering = answering
        self._door = door
        self._limits = limits
        self._perceiving = perceiving
        self._reception = reception
        self._saying = saying
        self._front = front
        self._groups = groups
        self._voice = voice
        self._group_hearing = group_hearing
        self._requests = requests
        self._roots = roots
        self._clock = clock

    async def handle(self, turn: Turn) -> None:
        """Do what the turn asks for. Raises what the engine should try again, or CancelledError."""
        with structlog.contextvars.bound_contextvars(turn_id=turn.id, key=str(turn.key)):
            if turn.key.platform not in self._adapters:
                log.warning("turn_without_platform", platform=turn.key.platform)
                return
            try:
                await self._dispatch(turn)
            except ChatClosed as exc:
                await self._close(turn, str(exc))
            except (asyncio.CancelledError, Fenced):
                raise
            except Exception:
                if turn.last_attempt and (message := _message_of(turn)) is not None:
                    await self._saying.apologise(turn, message)
                raise

    async def _dispatch(self, turn: Turn) -> None:
        event = turn.events[0]
        match event:
            case Incoming():
                await self._messages(turn, [item for item in turn.events if isinstance(item, Incoming)])
            case Edited():
                await self._edited(turn, event)
            case ButtonPressed():
                await self._pressed(turn, event)
            case TranscriptWanted():
                await self._wanted(turn, event)
            case StopPressed():
                await self._engine.stop(turn.key, reason=CancelReason.USER)
            case Deleted():
                await self._deleted(turn, event)
            case ChatMigrated():
                await self._migrated(event)
            case ChatJoined():
                await self._groups.joined(turn, event)
            case ChatLeft():
                await self._left(turn, event)
            case Unreadable():
                pass
            case _:
                assert_never(event)

    # --- messages ---------------------------------------------------------------------------------------

    async def _messages(self, turn: Turn, messages: list[Incoming]) -> None:
        first = messages[0]
        visit = await self._reception.receive(first.key, first.author, first.chat_kind)
        command = command_in(first)
        if not (visit.admitted or _is_open_to(visit, command)):
            await self._door.refuse(turn, first, visit)
        elif is_welcome(first):
            await self._door.welcome(turn, first, visit)
        elif (command is None and await self._listened(turn, first, visit)) or (
            _counts(visit, command) and not await self._within_limits(turn, first, visit)
        ):
            return
        elif command is not None:
            message = await self._roots.pointed_at(first) if command.name in MAKING else first
            await self._front.carry_out(Order(turn=turn, message=message, command=command, visit=visit))
        else:
            await self._ask(turn, messages, visit, origin=None)

    async def _listened(self, turn: Turn, message: Incoming, visit: Visit) -> bool:
        """Do what is wanted with a recording in which nobody asks the bot something; False for all else."""
        if self._group_hearing is not None and is_voice_in_group(message):
            await self._group_hearing.attend(turn, message, visit)
            return True
        return await self._voice.written_down(turn, message, visit)

    async def _within_limits(self, turn: Turn, message: Incoming, visit: Visit) -> bool:
        """Count a question for a model; whoever asks too much is told once how long to wait."""
        if turn.attempt > 1 or visit.is_admin:
            return True
        excess = self._limits.take(message.key, message.author)
        if excess is None:
            return True
        seconds = math.ceil(excess.wait_seconds)
        log.info("limit_reached", author=message.author.id, limit=excess.scope, wait_seconds=seconds)
        if excess.tell:
            text = say(f"limit_{excess.scope}", visit.language, seconds=seconds)
            await self._saying.say(turn, message, text)
        return False

    async def _ask(
        self, turn: Turn, messages: list[Incoming], visit: Visit, *, origin: Origin | None
    ) -> None:
        messages = await self._roots.quoted_in(messages)
        perceived = await self._perceived(turn, messages, visit)
        asks = asks_something(messages)
        if not (perceived.found or asks) or would_be_guessed(messages, perceived):
            text = _wordless(perceived, visit.language)
            if asks and perceived.unseen:
                text = f"{text}\n\n{say('pictures_unseen_words', visit.language)}"
            await self._saying.say(turn, messages[0], text)
            return
        question = question_from(messages, language=visit.language, origin=origin, perceived=perceived)
        await self._answering.answer(turn, question, visit)

    async def _perceived(self, turn: Turn, messages: list[Incoming], visit: Visit) -> Perceived:
        attached, written = attachments_of(messages), await self._voice.quoted(messages[0])
        known = (written,) if written is not None else ()
        if not attached:
            return Perceived(readings=known)
        async with self._saying.typing(turn, visit.chat_kind):
            perceived = await self._perceiving.perceive(turn, visit, messages, attached)
        return replace(perceived, readings=(*known, *perceived.readings))

    async def _pressed(self, turn: Turn, event: ButtonPressed) -> None:
        visit = await self._reception.receive(event.key, event.author, event.chat_kind)
        if visit.standing is Standing.BLOCKED:
            log.info("person_refused", author=event.author.id, standing=visit.standing)
            await self._saying.answer_button(event)
            return
        target = event.data.partition(":")[2]
        await self._front.press(Press(turn=turn, event=event, target=target, visit=visit))

    async def _wanted(self, turn: Turn, event: TranscriptWanted) -> None:
        visit = await self._reception.receive(event.key, event.author, event.chat_kind)
        await self._requests.answer(turn, event, visit)

    # --- edits and deletions ------------------------------------------------------------------------------

    async def _edited(self, turn: Turn, event: Edited) -> None:
        message = event.message
        visit = await self._reception.receive(message.key, message.author, message.chat_kind)
        if not visit.admitted or command_in(message) is not None:
            return
        messages = await self._among_its_own(turn, message)
        key, edited = str(message.key), messages[0].message_id
        before = await turn.effect(lambda conn: history.exchange_of_message(conn, key, edited))
        if not event.event_id.startswith(AGAIN):
            await self._begin_rerun(turn, event, messages, before, visit)
        elif not await self._within_limits(turn, message, visit):
            return
        elif before is not None and before.turn_id != turn.id:
            await self._ask(turn, messages, visit, origin=Origin(replaces=before.turn_id))
        else:
            await self._ask(turn, messages, visit, origin=Origin())

    async def _among_its_own(self, turn: Turn, message: Incoming) -> list[Incoming]:
        """A message in its new form among those it came with, such as the other pictures of an album."""
        together = await turn.effect(lambda conn: taken_with(conn, message.key, message.message_id))
        if message.message_id not in [one.message_id for one in together]:
            return [message]
        return [message if one.message_id == message.message_id else one for one in together]

    async def _begin_rerun(
        self, turn: Turn, event: Edited, messages: list[Incoming], before: Exchange | None, visit: Visit
    ) -> None:
        """The edit itself overtakes the answer it makes obsolete; the new answer then waits for its turn."""
        message = event.message
        open_turn = await turn.effect(
            lambda conn: history.open_turn_of_message(conn, str(message.key), message.message_id)
        )
        if before is None and open_turn is None and not message.addressed:
            return
        if before is not None:
            messages = await self._roots.quoted_in(messages)
            perceived = await self._perceiving.recall(before.turn_id, attachments_of(messages))
            question = question_from(messages, language=visit.language, perceived=perceived)
            if before.request == question.request:
                return  # Telegram also reports changes nobody can see
        if open_turn is not None:
            await self._engine.stop(turn.key, reason=CancelReason.SUPERSEDED, turn_id=open_turn)
        await self._engine.accept(replace(event, event_id=f"{AGAIN}{event.event_id}"), lane=Lane.QUEUE)

    async def _deleted(self, turn: Turn, event: Deleted) -> None:
        for message_id in event.message_ids:
            open_turn = await turn.effect(
                partial(history.open_turn_of_message, conversation=str(turn.key), message_id=message_id)
            )
            if open_turn is not None:
                await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=open_turn)
        await turn.effect(lambda conn: overheard.forget_heard(conn, turn.key, event.message_ids))
        making = await turn.effect(lambda conn: drawings.redact_jobs(conn, str(turn.key), event.message_ids))
        for working in making:
            await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=working)
        wiped = await turn.effect(lambda conn: history.redact_message(conn, str(turn.key), event.message_ids))
        log.info("messages_redacted", exchanges=wiped)

    # --- chats ----------------------------------------------------------------------------------------------

    async def _migrated(self, event: ChatMigrated) -> None:
        key = event.key
        await self._engine.rekey(
            platform=key.platform, account=key.account, old_chat=key.chat, new_chat=event.new_chat
        )
        log.info("chat_migrated", new_chat=event.new_chat)

    async def _left(self, turn: Turn, event: ChatLeft) -> None:
        peer, now = event.key.peer, self._clock.now().timestamp()
        if event.back:
            await turn.effect(lambda conn: chats.reopen_chat(conn, peer))
            return

        def leave(conn: Connection) -> None:
            chats.close_chat(conn, peer, reason="left", now=now)
            overheard.wipe_heard(conn, peer)  # nobody there can ask for it any more
            recordings.wipe_kept(conn, peer)

        await turn.effect(leave)
        # Not what came after: somebody who adds the bot again at once may ask at once.
        for older in await turn.effect(lambda conn: open_turns_before(conn, str(turn.key), turn.id)):
            await self._engine.stop(turn.key, reason=CancelReason.USER, turn_id=older)

    async def _close(self, turn: Turn, reason: str) -> None:
        """The chat does not take messages any more: note it, and let the turn end."""
        now = self._clock.now().timestamp()
        log.info("chat_closed", reason=reason)
        await turn.finish(lambda conn: chats.close_chat(conn, turn.key.peer, reason=reason, now=now))


def _counts(visit: Visit, command: Command | None) -> bool:
    """Whether a message is put to a model, or is something a stranger may have us say."""
    return command is None or command.name in ASKING or not visit.admitted


def _is_open_to(visit: Visit, command: Command | None) -> bool:
    """Whether a stranger may have this done all the same; nobody who was shut out may."""
    private = visit.chat_kind is ChatKind.PRIVATE and visit.standing is Standing.STRANGER
    return private and command is not None and command.name in OPEN_TO_STRANGERS


def _message_of(turn: Turn) -> Incoming | None:
    event = turn.events[0]
    if isinstance(event, Edited):
        return event.message
    return event if isinstance(event, Incoming) else None


def _wordless(perceived: Perceived, language: str) -> str:
    """Why there is nothing to answer: what could not be read, and that the rest is empty."""
    # Remarks are plain text, which may hold a file's name.
    sentences = [literal(remark, longest=_LONGEST_REMARK) for remark in perceived.remarks]
    if perceived.unread:
        sentences.append(say("attachment", language, things=things(perceived.unread, language)))
    return "\n\n".join(sentences) or say("empty", language)
