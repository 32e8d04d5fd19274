"""Keeps the account's list of chat models at hand, also while the provider does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from bot.errors import ProviderError
from bot.ports import Clock, Listing, ModelInfo, ThinkingMode
from bot.providers.api import SiliconFlowApi
from bot.providers.models import list_models
from bot.providers.profiles import ALIASES, SUCCESSORS, UNKNOWN, find_profile, successor_of

__all__ = ["AccountCatalogue"]

log = structlog.get_logger(__name__)

_PAID: Final = "Pro/"
_FRESH_SECONDS: Final = 3600.0
_AFTER_FAILURE_SECONDS: Final = 60.0
_PATIENCE_SECONDS: Final = 8.0
# What a person types is not written as the provider writes it.
_BY_FOLDED: Final = {old.casefold(): old for old in (*ALIASES, *SUCCESSORS)}
_BY_FOLDED_NAME: Final = {old.rpartition("/")[2].casefold(): old for old in (*ALIASES, *SUCCESSORS)}


class AccountCatalogue:
    """A Catalogue on GET /models. ``aclose`` ends a question under way.

    ``configured`` are the models of the settings: the list until the provider has given its own.
    """

    def __init__(self, *, api: SiliconFlowApi, clock: Clock, configured: Sequence[str]) -> None:
        self._api = api
        self._clock = clock
        self._listing = Listing(models=tuple(sorted(set(configured))), complete=False)
        self._ask_after = clock.monotonic()
        self._asking: asyncio.Task[None] | None = None

    async def listing(self) -> Listing:
        """The account's chat models; an old list is given at once, while a new one is asked for."""
        if self._asking is None and self._clock.monotonic() >= self._ask_after:
            self._asking = asyncio.create_task(self._ask(), name="list models")
            self._asking.add_done_callback(self._asked)
        if self._asking is not None and not self._listing.complete:
            await asyncio.wait({self._asking}, timeout=_PATIENCE_SECONDS + 1)
        return self._listing

    async def hearing(self) -> Listing:
        """The account's transcription models. A site that lists none does not sort its models."""
        models: tuple[str, ...] = ()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                models = await list_models(self._api, kind="audio", sub_kind="speech-to-text")
        except (ProviderError, TimeoutError) as exc:
            log.warning("models_not_listed", reason=str(exc) or "no answer in time")
        return Listing(models=models, complete=bool(models))

    def about(self, model: str) -> ModelInfo:
        """What a model can do, by the table of its family."""
        profile = find_profile(model)
        vendor, _, name = model.removeprefix(_PAID).rpartition("/")
        return ModelInfo(
            id=model,
            vendor=vendor,
            name=name,
            paid_twin=model.startswith(_PAID),
            known=profile is not UNKNOWN,
            thinking=ThinkingMode(profile.thinking.value),
            thinks_by_default=profile.thinks_by_default,
            takes_budget=profile.thinking_budget,
            tools=profile.tools,
            images=profile.images,
            video=profile.video,
            audio=profile.audio,
            context_tokens=profile.context_tokens,
        )

    def successor(self, model: str) -> str | None:
        """What does the work of a model that was renamed or taken offline, however its id is written."""
        paid = _PAID if model.casefold().startswith(_PAID.casefold()) else ""
        plain = model[len(paid) :].casefold()
        old = _BY_FOLDED.get(plain) or _BY_FOLDED_NAME.get(plain)
        return successor_of(f"{paid}{old}") if old is not None else None

    async def aclose(self) -> None:
        """End a question under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                models = await list_models(self._api, sub_kind="chat")
        except (ProviderError, TimeoutError) as exc:
            log.warning("models_not_listed", reason=str(exc) or "no answer in time")
            self._ask_after = self._clock.monotonic() + _AFTER_FAILURE_SECONDS
            return
        if models:
            self._listing = Listing(models=models)
        self._ask_after = self._clock.monotonic() + _FRESH_SECONDS

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("models_not_listed", exc_info=error)
            self._ask_after = self._clock.monotonic() + _AFTER_FAILURE_SECONDS
