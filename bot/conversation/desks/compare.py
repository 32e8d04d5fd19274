"""/compare: several models answer one question in one reply, and people say whose answer they like best."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from bot.conversation.commands import CommandName
from bot.conversation.desk import Answers, Order, OrderHandler, Press, PressHandler
from bot.conversation.desks.history import own_exchange
from bot.conversation.models.comparison import MOST_MODELS, short_names
from bot.conversation.models.search import find_model, leading_models, suggested
from bot.conversation.personas.page import code
from bot.conversation.question import Question, asks_something, question_again, question_from
from bot.conversation.saying import Saying
from bot.exchange import Exchange
from bot.messages import Incoming, TextPart
from bot.ports import Catalogue, Clock, Listing, Turn
from bot.rendering import literal
from bot.storage import comparisons, history
from bot.texts import say

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["CompareDesk"]

log = structlog.get_logger(__name__)

_BY_DEFAULT: Final = 3
_FEWEST: Final = 2
_PLACES: Final = tuple(str(place) for place in range(MOST_MODELS))
_LIKE_AN_ID: Final = re.compile(r"[\w.-]+(?:/[\w.-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a command asks for: models, and the words behind them. ``problem`` says why it cannot be done."""

    models: tuple[str, ...] = ()
    words: str = ""
    problem: str = ""


class CompareDesk:
    """Shared by all conversations; nothing to close. ``models`` is the service's own chain."""

    def __init__(
        self,
        *,
        saying: Saying,
        answers: Answers,
        catalogue: Catalogue,
        models: Sequence[str],
        clock: Clock,
    ) -> None:
        self._saying = saying
        self._answers = answers
        self._catalogue = catalogue
        self._models = models
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.COMPARE: self._compare}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"prefer": self._prefer}

    async def _compare(self, order: Order) -> None:
        turn = order.turn
        # A later attempt must ask the models of the first one, whatever the provider lists by then.
        begun = await turn.effect(lambda conn: comparisons.comparison_of(conn, turn.id))
        plan = self._plan(order, await self._catalogue.listing(), begun)
        if plan.problem:
            await self._saying.say(turn, order.message, plan.problem)
            return
        question = await self._question(order, plan.words)
        if question is None:
            await self._saying.say(turn, order.message, say("compare_nothing", order.language))
            return
        panel = await turn.effect(lambda conn: comparisons.begin_comparison(conn, turn.id, plan.models))
        log.info("comparison_begun", models=panel)
        await self._answers(turn, replace(question, panel=panel), order.visit)

    # --- who is asked -------------------------------------------------------------------------------------

    def _plan(self, order: Order, listing: Listing, begun: Sequence[str]) -> _Plan:
        chain = tuple(order.visit.persona.models or self._models)
        known = tuple(dict.fromkeys((*listing.models, *chain, *self._models, *begun)))
        named, words = leading_models(order.argument, known, self._catalogue.successor)
        if begun:
            return _Plan(models=tuple(begun), words=words)
        first = words.split(maxsplit=1)[0] if words else ""
        if _LIKE_AN_ID.fullmatch(first) and _vendor(first) in {_vendor(model) for model in known}:
            return _Plan(problem=self._unknown(order, first, known))
        if len(named) > MOST_MODELS:
            return _Plan(problem=say("compare_many", order.language, most=MOST_MODELS))
        models = _filled(named, self._different(chain))
        if len(models) < _FEWEST:
            return _Plan(problem=_too_few(models, listing, order.language))
        return _Plan(models=models, words=words)

    def _different(self, chain: Sequence[str]) -> tuple[str, ...]:
        """The models of a chain, those that are gone by the names of their successors; each once."""
        return tuple(dict.fromkeys(self._catalogue.successor(model) or model for model in chain))

    def _unknown(self, order: Order, written: str, known: Sequence[str]) -> str:
        close = suggested(find_model(written, known, self._catalogue.successor))
        sentence = say("models_close" if close else "models_unknown", order.language, words=literal(written))
        return "\n".join((sentence, *(f"- {code(model)}" for model in close)))

    # --- what is asked ------------------------------------------------------------------------------------

    async def _question(self, order: Order, words: str) -> Question | None:
        """The words, those of the message replied to, or the last question once more."""
        message = order.message
        parts = (*((TextPart(text=words),) if words else ()), *message.attachments)
        asked = [replace(message, parts=parts)]
        if asks_something(asked):
            return question_from(asked, language=order.language)
        earlier = await order.turn.effect(lambda conn: _earlier(conn, order.turn, message))
        if earlier is None or earlier.redacted:
            return None
        return question_again(earlier, order.turn.key, message.chat_kind, message.author, message.message_id)

    # --- the vote -----------------------------------------------------------------------------------------

    async def _prefer(self, press: Press) -> bool:
        number, _, place = press.target.partition(":")
        exchange = await own_exchange(press.turn, number)
        if exchange is None or place not in _PLACES:
            return False
        turn_id, at = exchange.turn_id, _PLACES.index(place)
        models = await press.turn.effect(lambda conn: comparisons.comparison_of(conn, turn_id))
        if at >= len(models):
            return False
        author, now = press.event.author.id, self._clock.now().timestamp()
        votes = await press.turn.effect(
            lambda conn: comparisons.prefer(conn, turn_id, author_id=author, model=models[at], now=now)
        )
        log.info("model_preferred", answer=turn_id, model=models[at], votes=votes)
        key = "compare_vote" if votes == 1 else "compare_votes"
        text = say(key, press.language, model=short_names(models)[at], votes=votes)
        await self._saying.answer_button(press.event, text)
        return True


def _filled(named: tuple[str, ...], chain: Sequence[str]) -> tuple[str, ...]:
    """Those that were named; one alone gets a companion, none at all mean the first of the chain."""
    wanted = len(named) if len(named) >= _FEWEST else _FEWEST if named else _BY_DEFAULT
    return tuple(dict.fromkeys((*named, *chain)))[:wanted]


def _too_few(models: Sequence[str], listing: Listing, language: str) -> str:
    example = next((model for model in listing.models if model not in models), "")
    alone = code(models[0]) if models else "–"
    if not example:
        return say("compare_single", language, model=alone)
    return say("compare_few", language, model=alone, example=example)


def _vendor(model: str) -> str:
    return model.casefold().removeprefix("pro/").rpartition("/")[0]


def _earlier(conn: Connection, turn: Turn, message: Incoming) -> Exchange | None:
    """The exchange whose question is meant: this turn's own, that of the answer replied to, or the last."""
    mine = history.exchange_of(conn, turn.id)
    if mine is not None:
        return mine
    quoted = message.quoted
    shown = None
    if quoted is not None and quoted.how == "reply" and quoted.is_ours:
        shown = history.exchange_shown_by(conn, str(turn.key), quoted.message_id)
    found = shown if shown is not None else history.head_of(conn, str(turn.key))
    return history.exchange_of(conn, found) if found is not None else None
