"""/whoami: what the bot knows about the person who asks, and what holds for them here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.conversation.access.limits import Limits
from bot.conversation.commands import CommandName
from bot.conversation.desk import Order, OrderHandler, PressHandler
from bot.conversation.personas.persona import words_of
from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.rendering import literal
from bot.storage.people import Who
from bot.texts import say

__all__ = ["WhoamiDesk"]


class WhoamiDesk:
    """Shared by all conversations; nothing to close. ``models`` is the service's own chain."""

    def __init__(self, *, saying: Saying, limits: Limits, models: Sequence[str]) -> None:
        self._saying = saying
        self._limits = limits
        self._models = tuple(models)

    @property
    def orders(self) -> Mapping[CommandName, OrderHandler]:
        return {CommandName.WHOAMI: self._tell}

    @property
    def presses(self) -> Mapping[str, PressHandler]:
        return {}

    async def _tell(self, order: Order) -> None:
        lines = "\n".join(f"- {line}" for line in self._lines(order.visit))
        await self._saying.say(order.turn, order.message, f"{say('whoami', order.language)}\n\n{lines}")

    def _lines(self, visit: Visit) -> list[str]:
        language, key, author = visit.language, visit.key, visit.author
        who = Who(platform=key.platform, account=key.account, id=author.id)
        lines = [
            say("whoami_name", language, name=literal(author.name) or say("person_nameless", language)),
            say("whoami_id", language, id=who, platform=key.platform),
            say(f"whoami_standing_{visit.standing}", language),
            say("whoami_language", language),
        ]
        if visit.admitted:
            lines += [self._persona(visit), self._limit(visit)]
        return lines

    def _persona(self, visit: Visit) -> str:
        title = literal(words_of(visit.persona, visit.language).title)
        model = next(iter(visit.persona.models or self._models), "")
        return say("whoami_persona", visit.language, persona=title, model=literal(model, longest=128))

    def _limit(self, visit: Visit) -> str:
        left = None if visit.is_admin else self._limits.left(visit.key, visit.author)
        if left is None:
            return say("whoami_no_limit", visit.language)
        limit = self._limits.person_per_minute
        return say("whoami_limit", visit.language, left=left, limit=limit)
