"""/usage: how many answers and tokens somebody used, and about what they cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, PressHandler
from bot.conversation.saying import Saying
from bot.conversation.visit import Reads
from bot.messages import ChatKind
from bot.ports import Clock
from bot.providers import cost_cny
from bot.storage.personal import Owner, Spent, spent
from bot.texts import say

__all__ = ["UsageDesk", "usage_lines"]

_DAY_SECONDS = 86_400.0
_LATELY_SECONDS = 30 * _DAY_SECONDS
_MOST_MODELS = 5


class UsageDesk:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, saying: Saying, database: Reads, clock: Clock) -> None:
        self._saying = saying
        self._database = database
        self._clock = clock

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.USAGE: self._show}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {}

    async def _show(self, order: Order) -> None:
        now, key, language = self._clock.now().timestamp(), order.turn.key, order.language
        owner = Owner.of(key, order.message.author.id)
        day = await self._database.read(lambda conn: spent(conn, since=now - _DAY_SECONDS, owner=owner))
        month = await self._database.read(lambda conn: spent(conn, since=now - _LATELY_SECONDS, owner=owner))
        sections = [say("usage", language, day=_sum(day, language), month=_sum(month, language))]
        if order.visit.chat_kind is not ChatKind.PRIVATE:
            peer = key.peer
            here = await self._database.read(lambda conn: spent(conn, since=now - _LATELY_SECONDS, peer=peer))
            sections.append(say("usage_chat", language, month=_sum(here, language)))
        sections += usage_lines(month, language)
        await self._saying.say(order.turn, order.message, "\n\n".join(sections))


def usage_lines(used: Sequence[Spent], language: str) -> list[str]:
    """Which models it went to; nothing when there was only one."""
    if len(used) < 2:
        return []
    lines = [f"- `{one.model}`: {_sum([one], language)}" for one in used[:_MOST_MODELS]]
    return [f"{say('usage_models', language)}\n\n" + "\n".join(lines)]


def _sum(used: Sequence[Spent], language: str) -> str:
    if not used:
        return say("usage_none", language)
    known = [cost_cny(one.model, one.usage) for one in used]
    text = say(
        "usage_sum",
        language,
        answers=sum(one.answers for one in used),
        read=f"{sum(one.usage.prompt for one in used):,}",
        written=f"{sum(one.usage.completion for one in used):,}",
    )
    if any(cost is None for cost in known):
        return text
    total = sum(cost for cost in known if cost is not None)
    return text + say("usage_cost", language, amount=_amount(total))


def _amount(cny: float) -> str:
    return f"¥{cny:.2f}" if cny >= 0.01 or not cny else "< ¥0.01"
