"""Carries out what buttons under our messages ask for. Their data comes from outside and proves nothing."""

from __future__ import annotations

from dataclasses import replace

import structlog

from bot.conversation.admission import Admission
from bot.conversation.chat_settings import ChatSettings, SettingChange, parse_change, settings_page
from bot.conversation.ordering import Answers
from bot.conversation.question import question_again
from bot.conversation.saying import Saying
from bot.exchange import Exchange
from bot.messages import ButtonPressed
from bot.ports import CancelReason, Clock, Engine, Lane, Turn
from bot.storage import chats, history
from bot.texts import say

__all__ = ["AGAIN", "Pressing"]

log = structlog.get_logger(__name__)

# Marks an event that we put into the queue ourselves, derived from one that came from outside.
AGAIN = "again:"


class Pressing:
    """What each button does."""

    def __init__(
        self,
        *,
        engine: Engine,
        saying: Saying,
        admission: Admission,
        answers: Answers,
        clock: Clock,
        thinking_shown: bool,
    ) -> None:
        self._engine = engine
        self._saying = saying
        self._admission = admission
        self._answers = answers
        self._clock = clock
        self._thinking_shown = thinking_shown

    async def press(self, turn: Turn, event: ButtonPressed) -> None:
        """Do what the button says, if it belongs to this chat and the person is admitted."""
        if not self._admission.admits(event.key, event.author):
            await self._refuse(event)
            return
        change = parse_change(event.data)
        if change is not None:
            await self._set(turn, event, change)
            return
        action, _, target = event.data.partition(":")
        if action == "feedback":
            await self._vote(turn, event, target)
            return
        exchange = await self._own_exchange(turn, target)
        if exchange is not None and action == "stop":
            await self._stop(event, exchange)
        elif exchange is not None and action == "retry":
            await self._retry(turn, event, exchange)
        else:
            await self._refuse(event)

    async def _refuse(self, event: ButtonPressed) -> None:
        log.info("button_refused", author=event.author.id, data=event.data[:64])
        await self._saying.answer_button(
            event, say("button_foreign", self._saying.language_for(event.author))
        )

    async def _stop(self, event: ButtonPressed, exchange: Exchange) -> None:
        stopped = await self._engine.stop(event.key, reason=CancelReason.USER, turn_id=exchange.turn_id)
        text = say("stopped" if stopped else "button_done", self._saying.language_for(event.author))
        await self._saying.answer_button(event, text)

    async def _retry(self, turn: Turn, event: ButtonPressed, exchange: Exchange) -> None:
        if event.event_id.startswith(AGAIN):
            question = question_again(exchange, turn.key, event.chat_kind, event.author, exchange.message_id)
            await self._answers(turn, question)
            return
        # Named by what it asks for, not by the press: however often the button is pressed, it is done once.
        once = replace(event, event_id=f"{AGAIN}{event.data}")
        is_new = await self._engine.accept(once, lane=Lane.QUEUE) is not None or turn.attempt > 1
        done = say("button_done", self._saying.language_for(event.author))
        await self._saying.answer_button(event, "" if is_new else done)

    async def _vote(self, turn: Turn, event: ButtonPressed, vote: str) -> None:
        """Store what somebody thinks of the answer that the button stands under."""
        shown = await turn.effect(
            lambda conn: history.exchange_shown_by(conn, str(turn.key), event.message_id)
        )
        if shown is None or vote not in ("up", "down"):
            await self._refuse(event)
            return
        author, now = event.author.id, self._clock.now().timestamp()
        await turn.effect(lambda conn: history.save_vote(conn, shown, author_id=author, vote=vote, now=now))
        log.info("answer_rated", answer=shown, vote=vote)
        await self._saying.answer_button(event, say("button_thanks", self._saying.language_for(event.author)))

    async def _set(self, turn: Turn, event: ButtonPressed, change: SettingChange) -> None:
        peer, language = event.key.peer, self._saying.language_for(event.author)
        await turn.effect(lambda conn: chats.set_chat_setting(conn, peer, change.name, change.value))
        log.info("chat_setting_changed", setting=change.name, value=change.value, author=event.author.id)
        await self._saying.answer_button(event, say("button_saved", language))
        chat = await turn.effect(lambda conn: chats.chat_of(conn, peer))
        text, buttons = settings_page(
            ChatSettings.of(chat, thinking_shown=self._thinking_shown),
            adapter=self._saying.adapter_of(turn),
            key=event.key,
            chat_kind=event.chat_kind,
            language=language,
        )
        await self._saying.redraw(event, text, buttons=buttons)

    @staticmethod
    async def _own_exchange(turn: Turn, target: str) -> Exchange | None:
        """The exchange a button names, if it belongs to the chat the button was pressed in."""
        if not (target.isascii() and target.isdigit() and len(target) < 19):
            return None
        exchange = await turn.effect(lambda conn: history.exchange_of(conn, int(target)))
        if exchange is None or exchange.conversation != str(turn.key):
            return None
        return exchange
