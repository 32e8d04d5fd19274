"""Knows the people of the workspace: their names, their language, and who is only a guest.

Asked on the way of every message, before Slack is told that it arrived; so answers are kept, one question
serves everybody who waits for it, and nobody waits long. A question that fails is asked again for a while,
also when nobody waits any more.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from bot.errors import DeliveryError, PlatformBusy, PlatformUnclear
from bot.messages import Author
from bot.ports import Clock

from .backoff import Backoff
from .client import ApiClient
from .errors import Refused, delivery_error
from .identity import Identity
from .wire import Payload, clean, map_in, text_in

__all__ = ["People", "Person", "person_in"]

log = structlog.get_logger(__name__)

_KNOWN_SECONDS = 3600.0
_UNKNOWN_SECONDS = 30.0
_PATIENCE_SECONDS = 1.5  # Slack wants its answer within three
_CALL_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.2
_LONGEST_PAUSE_SECONDS = 3.0
_TRIES = 7  # the pauses between them add up to some ten seconds
_MOST_KNOWN = 20_000
_MOST_ASKED = 10  # of one message
_NAME_LIMIT = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What users.info tells. ``vouched``: a full member of the bot's own workspace.

    ``is_told`` is false for somebody Slack could not be asked about.
    """

    id: str
    name: str = ""
    username: str = ""
    language: str = ""
    is_bot: bool = False
    is_guest: bool = False
    vouched: bool = False
    is_told: bool = True

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

    def __init__(self, *, client: ApiClient, clock: Clock, rng: random.Random) -> None:
        self._client = client
        self._clock = clock
        self._rng = rng
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asking: dict[str, asyncio.Task[None]] = {}

    async def look_up(self, ids: Iterable[str], me: Identity) -> Mapping[str, Person]:
        """Those of these people of whom Slack has told within a moment."""
        wanted = list(dict.fromkeys(one for one in ids if one))[:_MOST_ASKED]
        asking = [self._ask(one, me) for one in wanted if not self._is_fresh(one)]
        if asking:
            await asyncio.wait(asking, timeout=_PATIENCE_SECONDS)
        return {one: self._known[one].person for one in wanted if one in self._known}

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
        """Ask for a while until Slack tells; what was known holds meanwhile."""
        backoff = Backoff(rng=self._rng, first_seconds=_FIRST_PAUSE_SECONDS)
        for left in reversed(range(_TRIES)):
            try:
                user = await self._told(user_id)
            except (Refused, DeliveryError) as exc:
                log.warning("slack_user_unknown", user=user_id, reason=str(exc), tries_left=left)
                if not _may_pass(exc):
                    self._keep_for_now(user_id, is_told=True)
                    return
                pause = exc.pause_seconds if isinstance(exc, Refused) and exc.is_rate_limited else 0.0
                if not left or pause > _LONGEST_PAUSE_SECONDS:
                    break
                await self._clock.sleep(backoff.next_seconds(at_least=pause))
            else:
                self._keep(person_in(user_id, user, me), _KNOWN_SECONDS)
                return
        self._keep_for_now(user_id, is_told=False)

    async def _told(self, user_id: str) -> Payload:
        params = {"user": user_id, "include_locale": "true"}
        answer = await self._client.call("users.info", params, timeout_seconds=_CALL_SECONDS)
        return map_in(answer, "user")

    def _keep_for_now(self, user_id: str, *, is_told: bool) -> None:
        known = self._known.get(user_id)
        self._keep(known.person if known else Person(id=user_id, is_told=is_told), _UNKNOWN_SECONDS)

    def _keep(self, person: Person, seconds: float) -> None:
        self._known[person.id] = _Known(person=person, until=self._clock.monotonic() + seconds)
        self._known.move_to_end(person.id)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)


def _may_pass(error: Refused | DeliveryError) -> bool:
    """Whether the same question may be answered in a moment."""
    if isinstance(error, Refused):
        return isinstance(delivery_error(error), PlatformBusy | PlatformUnclear)
    return True


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
