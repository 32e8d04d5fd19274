"""/think: whether, how long and how visibly the model of a chat thinks before it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import structlog

from bot.conversation.changing import Change, Changing, choice_button
from bot.conversation.chat_settings import LARGEST_BUDGET, LEAST_BUDGET
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, Press, PressHandler
from bot.conversation.personas.page import code
from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.ports import Button, Catalogue, ModelInfo, ThinkingMode
from bot.texts import say

__all__ = ["ThinkingDesk", "change_asked", "thinking_page"]

log = structlog.get_logger(__name__)

_BUDGETS: Final = MappingProxyType({"low": 1024, "mid": 4096, "high": 16_384})
_WORDS: Final = MappingProxyType(
    {
        "medium": "mid",
        "show": "shown",
        "hide": "hidden",
        "开": "on",
        "开启": "on",
        "关": "off",
        "关闭": "off",
        "默认": "default",
        "短": "low",
        "中": "mid",
        "长": "high",
        "显示": "shown",
        "隐藏": "hidden",
    }
)

Rows = tuple[tuple[Button, ...], ...]


class ThinkingDesk:
    """Shared by all conversations; nothing to close. ``models`` is the service's own chain."""

    def __init__(
        self,
        *,
        saying: Saying,
        changing: Changing,
        catalogue: Catalogue,
        models: Sequence[str],
    ) -> None:
        self._saying = saying
        self._changing = changing
        self._catalogue = catalogue
        self._models = models

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.THINK: self._think}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {"think": self._press}

    async def _think(self, order: Order) -> None:
        change = change_asked(order.argument.casefold(), order.visit) if order.argument else {}
        if change is None:
            usage = say("think_usage", order.language, least=LEAST_BUDGET, most=LARGEST_BUDGET)
            await self._saying.say(order.turn, order.message, usage)
            return
        visit = await self._changing.by_order(order, change) if change else order.visit
        if visit is not None:
            text, rows = self._page(visit)
            await self._saying.say(order.turn, order.message, text, buttons=rows)

    async def _press(self, press: Press) -> bool:
        change = change_asked(press.target, press.visit)
        if change is None:
            return False
        visit = await self._changing.by_press(press, change)
        if visit is not None:
            log.info("chat_thinking_changed", change=press.target, author=press.event.author.id)
            text, rows = self._page(visit)
            await self._saying.redraw(press.event, text, buttons=rows)
        return True

    def _page(self, visit: Visit) -> tuple[str, Rows]:
        present = (*visit.persona.models, *self._models)[0]
        return thinking_page(visit, self._catalogue.about(present))


def change_asked(words: str, visit: Visit) -> Change | None:
    """The chat settings that ``words`` ask for; None when they ask for nothing known."""
    word = _WORDS.get(words, words)
    if word in ("on", "off"):
        return {"thinks": word}
    if word == "default":
        return {"thinks": None, "thinking_budget": None}
    if word in ("shown", "hidden"):
        return {"thinking": word}
    tokens = _BUDGETS.get(word) or _number(word)
    if tokens is None:
        return None
    # Who says how long it may think wants it to think.
    switched_off = visit.persona.thinking is False
    return {"thinking_budget": tokens, **({"thinks": "on"} if switched_off else {})}


def thinking_page(visit: Visit, model: ModelInfo) -> tuple[str, Rows]:
    """What holds now, what the model makes of it, and a button for each thing that can be changed."""
    language = visit.language
    lines = [say("think", language), _switch(visit, model), _length(visit, model), _view(visit)]
    lines += _remarks(model, language)
    return "\n\n".join(line for line in lines if line), _rows(visit, model)


def _switch(visit: Visit, model: ModelInfo) -> str:
    persona, language = visit.persona, visit.language
    if model.thinking is ThinkingMode.ALWAYS:
        return ""
    if persona.thinking is None:
        by_itself = "yes" if model.thinks_by_default else "no"
        return say(f"think_open_{by_itself}", language)
    line = say("think_on" if persona.thinking else "think_off", language)
    if visit.settings.thinks is None:
        return f"{line} {say('think_by_persona', language, persona=code(persona.name))}"
    return line


def _length(visit: Visit, model: ModelInfo) -> str:
    tokens = visit.persona.thinking_budget
    if tokens is not None:
        return say("think_budget", visit.language, tokens=tokens)
    return say("think_budget_open", visit.language) if model.takes_budget else ""


def _view(visit: Visit) -> str:
    return say("think_shown" if visit.settings.thinking_shown else "think_hidden", visit.language)


def _remarks(model: ModelInfo, language: str) -> list[str]:
    """What the model does not take of all this."""
    name = code(model.id)
    if not model.known:
        return [say("think_unknown", language, model=name)]
    if model.thinking is ThinkingMode.NEVER and not model.thinks_by_default:
        return [say("think_never", language, model=name)]
    remarks = [] if model.thinking is ThinkingMode.SWITCH else [say("think_always", language, model=name)]
    return remarks if model.takes_budget else [*remarks, say("think_no_budget", language, model=name)]


def _rows(visit: Visit, model: ModelInfo) -> Rows:
    language, settings = visit.language, visit.settings
    can_switch = model.thinking is not ThinkingMode.ALWAYS
    switches = {"on": settings.thinks is True, "off": settings.thinks is False} if can_switch else {}
    switches["default"] = settings.thinks is None and settings.thinking_budget is None
    lengths = tuple(
        choice_button(
            say(f"button_think_{word}", language, tokens=tokens),
            f"think:{word}",
            present=settings.thinking_budget == tokens,
        )
        for word, tokens in _BUDGETS.items()
    )
    other = "hidden" if settings.thinking_shown else "shown"
    sight = Button(label=say(f"button_thinking_{other}", language), data=f"think:{other}")
    first = tuple(
        choice_button(say(f"button_think_{word}", language), f"think:{word}", present=present)
        for word, present in switches.items()
    )
    return (first, lengths, (sight,))


def _number(word: str) -> int | None:
    if not (word.isascii() and word.isdigit() and len(word) < 7):
        return None
    return int(word) if LEAST_BUDGET <= int(word) <= LARGEST_BUDGET else None
