"""Knows the people of the workspace: their names, their language, and who is only a guest.

Asked on the way of every message, before Slack is told that it arrived; so answers are kept, one question
serves everybody who waits for it, and nobody waits long.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from bot.errors import DeliveryError
from bot.messages import Author
from bot.ports import Clock

from .client import ApiClient
from .errors import Refused
from .identity import Identity
from .wire import Payload, clean, map_in, text_in

__all__ = ["People", "Person", "person_in"]

log = structlog.get_logger(__name__)

_KNOWN_SECONDS = 3600.0
_UNKNOWN_SECONDS = 30.0
_PATIENCE_SECONDS = 1.5  # Slack wants its answer within three
_MOST_KNOWN = 20_000
_MOST_ASKED = 10  # of one message
_NAME_LIMIT = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What users.info tells. ``vouched``: a full member of the bot's own workspace."""

    id: str
    name: str = ""
    username: str = ""
    language: str = ""
    is_bot: bool = False
    is_guest: bool = False
    vouched: bool = False

    def author(self) -> Author:
        """The person as who wrote a message."""
        return Author(
            id=self.id,
            name=self.name or self.username or self.id,
            username=self.username,
            language=self.language,
            is_bot=self.is_bot,
            is_guest=self.is_guest,
            vouched=self.vouched,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    person: Person
    until: float


class People:
    """The people one bot meets. Questions under way are ended by ``close``."""

    def __init__(self, *, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._limited: set[str] = set()

    async def look_up(self, ids: Iterable[str], me: Identity) -> Mapping[str, Person]:
        """Those of these people who are known within a moment; nobody else is vouched for."""
        wanted = list(dict.fromkeys(one for one in ids if one))[:_MOST_ASKED]
        asking = [self._ask(one, me) for one in wanted if not self._is_fresh(one)]
        if asking:
            await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)
        return {one: self._known[one].person for one in wanted if one in self._known}

    def is_kept_back(self, user_id: str) -> bool:
        """Whether this person is unknown only because Slack would not be asked about more people now."""
        return user_id in self._limited

    def forget(self, user_id: str) -> None:
        """Something about this person has changed."""
        self._known.pop(user_id, None)

    async def close(self) -> None:
        """End what is being asked; may be called twice."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    def _is_fresh(self, user_id: str) -> bool:
        known = self._known.get(user_id)
        return known is not None and self._clock.monotonic() < known.until

    def _ask(self, user_id: str, me: Identity) -> asyncio.Task[None]:
        task = self._asking.get(user_id)
        if task is None:
            task = asyncio.create_task(self._learn(user_id, me), name=f"slack user {user_id}")
            self._asking[user_id] = task
            task.add_done_callback(lambda _: self._asking.pop(user_id, None))
        return task

    async def _learn(self, user_id: str, me: Identity) -> None:
        try:
            answer = await self._client.call("users.info", {"user": user_id, "include_locale": "true"})
        except (Refused, DeliveryError) as exc:
            log.warning("slack_user_unknown", user=user_id, reason=str(exc))
            if isinstance(exc, Refused) and exc.is_rate_limited and user_id not in self._known:
                self._limited.add(user_id)
                return
            # Who was vouched for once stays so while Slack cannot be asked, and is asked about again soon.
            known = self._known.get(user_id)
            self._keep(known.person if known else Person(id=user_id), _UNKNOWN_SECONDS)
        else:
            self._keep(person_in(user_id, map_in(answer, "user"), me), _KNOWN_SECONDS)

    def _keep(self, person: Person, seconds: float) -> None:
        self._limited.discard(person.id)
        self._known[person.id] = _Known(person=person, until=self._clock.monotonic() + seconds)
        self._known.move_to_end(person.id)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)


def person_in(user_id: str, user: Payload, me: Identity) -> Person:
    """The person of a users.info answer. Apps are bots; whoever is not a full member is a guest."""
    profile = map_in(user, "profile")
    is_member = _is_member(user, me)
    is_restricted = any(user.get(name) is True for name in ("is_restricted", "is_ultra_restricted"))
    name = text_in(profile, "display_name", "real_name") or text_in(user, "real_name", "name")
    return Person(
        id=user_id,
        name=" ".join(clean(name).split())[:_NAME_LIMIT],
        username=text_in(user, "name"),
        language=text_in(user, "locale"),
        is_bot=user.get("is_bot") is True or user_id == "USLACKBOT",
        is_guest=is_restricted or not is_member,
        vouched=is_member and not is_restricted and user.get("deleted") is not True,
    )


def _is_member(user: Payload, me: Identity) -> bool:
    if user.get("is_stranger") is True:
        return False
    enterprise = text_in(map_in(user, "enterprise_user"), "enterprise_id")
    return text_in(user, "team_id") == me.team_id or bool(me.enterprise_id and enterprise == me.enterprise_id)
