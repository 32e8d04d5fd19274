"""The bot's life in groups: the welcome when it is added, and /missed for who has been away."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.conversation.access.admission import Admission
from bot.conversation.commands import CommandName
from bot.conversation.desk import Answers, Order, OrderHandler, PressHandler
from bot.conversation.groups.recall import Span, lines_of, read_span
from bot.conversation.question import Question, display_name
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads, Reception, Visit
from bot.messages import Author, ChatJoined, ChatKind
from bot.ports import Badge, Clock, Named, Turn
from bot.rendering import literal
from bot.storage import chats
from bot.storage.overheard import KEPT_SECONDS, Heard, heard_since, last_words_at
from bot.storage.people import Standing
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["GroupsDesk"]

log = structlog.get_logger(__name__)


class GroupsDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(
        self,
        *,
        saying: Saying,
        reception: Reception,
        admission: Admission,
        database: Reads,
        answers: Answers,
        name: str,
        clock: Clock,
    ) -> None:
        """``name`` is what the bot is called where the platform gives it no name."""
        self._saying = saying
        self._reception = reception
        self._admission = admission
        self._database = database
        self._answers = answers
        self._name = name
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.MISSED: self._missed}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {}

    # --- what did I miss ----------------------------------------------------------------------------------

    async def _missed(self, order: Order) -> None:
        span = read_span(order.argument) if order.argument else None
        if refusal := _refusal(order, span):
            await self._saying.say(order.turn, order.message, say(refusal, order.language))
            return
        heard = await self._database.read(partial(_heard, order=order, span=span))
        if not heard:
            await self._saying.say(order.turn, order.message, say(self._silence(order), order.language))
            return
        log.info("missed_messages_told", messages=len(heard))
        await self._answers(order.turn, _question(order, heard), order.visit)

    def _silence(self, order: Order) -> str:
        badge = self._badge(order.turn)
        return "missed_nothing" if badge is None or badge.hears_all else "missed_deaf"

    # --- coming into a group ------------------------------------------------------------------------------

    async def joined(self, turn: Turn, event: ChatJoined) -> None:
        """Introduce the bot to a group once, if it is to be heard there; the turn is finished on return."""
        visit = await self._reception.receive(event.key, event.author, event.chat_kind)
        await turn.effect(lambda conn: chats.reopen_chat(conn, event.key.peer))
        if visit.standing is Standing.BLOCKED or visit.settings.attention == "quiet":
            await turn.finish(lambda conn: None)
            return
        now, text = self._clock.now().timestamp(), self._welcome(turn, event, visit)
        said = await self._saying.decide_once(
            turn, lambda conn: text if chats.mark_welcomed(conn, event.key.peer, now=now) else ""
        )
        if said:
            log.info("group_joined", hears_all=event.hears_all, admitted=visit.admitted)
            await self._saying.announce(turn, event.chat_kind, said)
        else:
            await turn.finish(lambda conn: None)

    def _welcome(self, turn: Turn, event: ChatJoined, visit: Visit) -> str:
        language = visit.language
        if not visit.admitted:
            chat = f"{event.key.platform}:{event.key.chat}"
            return say("welcome_not_admitted", language, chat=chat)
        badge = self._badge(turn) or Badge(name=self._name)
        name, handle = literal(badge.name), literal(badge.handle or badge.name)
        sentences = [say("welcome", language, name=name)]
        if event.hears_all:
            sentences.append(say("welcome_named", language, name=name, handle=handle))
            sentences.append(say("welcome_recall", language) if visit.settings.recall else "")
        else:
            sentences.append(say("welcome_called", language, handle=handle))
            sentences.append(say("welcome_deaf", language))
        sentences.append(say("welcome_all" if self._serves_all(visit) else "welcome_some", language))
        return "\n\n".join(filter(None, sentences))

    def _serves_all(self, visit: Visit) -> bool:
        """Whether somebody of the group whom nobody knows would be answered."""
        somebody = Author(id="", name="", vouched=visit.author.vouched)
        standing = self._admission.standing(visit.key, somebody, chat_admitted=visit.chat.admitted)
        return standing is Standing.ADMITTED

    def _badge(self, turn: Turn) -> Badge | None:
        adapter = self._saying.adapter_of(turn)
        return adapter.badge if isinstance(adapter, Named) else None


def _refusal(order: Order, span: Span | None) -> str:
    """Why there is nothing to tell, as the name of a text; empty when there may be something."""
    if order.visit.chat_kind is ChatKind.PRIVATE:
        return "missed_private"
    if not order.visit.settings.recall:
        return "missed_off"
    return "missed_usage" if order.argument and span is None else ""


def _heard(conn: Connection, *, order: Order, span: Span | None) -> list[Heard]:
    """What the command asks for; without a span, what came after its author's last words."""
    message = order.message
    now = message.sent_at.timestamp()
    if span is not None:
        return heard_since(
            conn, message.key, asked_in=message.message_id, since=now - span.seconds, limit=span.messages
        )
    last = last_words_at(conn, message.key, message.author.id, asked_in=message.message_id)
    return heard_since(conn, message.key, asked_in=message.message_id, since=max(last, now - KEPT_SECONDS))


def _question(order: Order, heard: list[Heard]) -> Question:
    message = order.message
    request = say("missed_request", order.language)
    return Question(
        key=message.key,
        chat_kind=message.chat_kind,
        author=message.author,
        message_id=message.message_id,
        request=f"{display_name(message.author)}: {request}",
        material=lines_of(heard),
    )
