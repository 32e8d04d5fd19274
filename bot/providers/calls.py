"""Carries one whole call through: again after a pause, or with the next model, within a deadline.

For calls that answer at once; streams of chat have Recovery, which also continues what was begun.
"""

from __future__ import annotations

import asyncio
import random as _random
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

import structlog

from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import Clock
from bot.providers.failover import CoolDowns, Limits, Remedy, Route, backoff_seconds, choose_remedy

__all__ = ["Calls"]

_log = structlog.get_logger()
_T = TypeVar("_T")
_NOT_CARRIED_OUT: Final = frozenset({429, 503})


def _no_other(_: ProviderError) -> bool:
    return False


class Calls:
    """Calls under one account, which share what they know about models over their limit."""

    def __init__(
        self, *, clock: Clock, limits: Limits | None = None, random: Callable[[], float] = _random.random
    ) -> None:
        self._clock = clock
        self._limits = limits or Limits()
        self._random = random
        self._cool_downs = CoolDowns(clock=clock, random=random)

    async def carry_out(
        self,
        call: Callable[[str, float], Awaitable[_T]],
        *,
        models: Sequence[str],
        deadline_seconds: float,
        repeatable: bool = True,
        another_may: Callable[[ProviderError], bool] = _no_other,
    ) -> _T:
        """The result of ``call(model, seconds_left)`` for the first model that gives one.

        What is not ``repeatable`` is tried again only where it surely was not carried out. ``another_may``
        says of a failure that ends most calls whether the next model is still worth asking. Raises the last
        ProviderError, ProviderUnavailable when the deadline passes.
        """
        route = Route(models)
        deadline = self._clock.monotonic() + deadline_seconds
        route.skip(self._cool_downs.is_cooling)
        await self._rest(route.model, deadline)
        while True:
            try:
                result = await self._attempt(call, route.model, deadline)
            except ProviderError as error:
                self._note_failure(route, error)
                if not (repeatable or error.status in _NOT_CARRIED_OUT):
                    raise
                if not await self._recover(route, error, deadline, another_may=another_may(error)):
                    raise
            else:
                self._cool_downs.note_served(route.model)
                return result

    async def _attempt(self, call: Callable[[str, float], Awaitable[_T]], model: str, deadline: float) -> _T:
        left = deadline - self._clock.monotonic()
        try:
            async with asyncio.timeout(left):
                return await call(model, left)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"no whole answer within {left:.0f} s", model=model) from exc

    def _note_failure(self, route: Route, error: ProviderError) -> None:
        route.failures += 1
        self._cool_downs.note_failure(route.model, error)
        _log.warning(
            "provider_call_failed",
            model=route.model,
            trace_id=error.trace_id,
            error=type(error).__name__,
            reason=str(error),
            status=error.status,
            code=error.code,
        )

    async def _recover(
        self, route: Route, error: ProviderError, deadline: float, *, another_may: bool
    ) -> bool:
        """Prepare another try, after a pause where one helps; False when there is none."""
        remedy = choose_remedy(error, tries=route.failures, limits=self._limits)
        if remedy is Remedy.TRY_AGAIN:
            wait = backoff_seconds(error, tries=route.failures, random=self._random)
            if await self._pause(max(wait, self._cool_downs.wait_seconds(route.model)), deadline):
                return True
        if remedy is Remedy.GIVE_UP and not another_may:
            return False
        if deadline <= self._clock.monotonic():
            return False
        return route.advance()

    async def _rest(self, model: str, deadline: float) -> None:
        wait = self._cool_downs.wait_seconds(model)
        if wait and not await self._pause(wait, deadline):
            text = f"over its rate limit for another {wait:.0f} s"
            raise ProviderUnavailable(text, model=model, status=429, retry_after_seconds=wait)

    async def _pause(self, seconds: float, deadline: float) -> bool:
        """Wait, unless the deadline would pass."""
        if self._clock.monotonic() + seconds >= deadline:
            return False
        await self._clock.sleep(seconds)
        return True
