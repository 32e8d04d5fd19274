"""Looks at SiliconFlow: its address, the key, the account's balance and the models that are to be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from bot.doctor.hearing import check_hearing
from bot.doctor.models import check_models
from bot.doctor.network import explain_network_error
from bot.doctor.words import host_of, sentence, split_advice
from bot.errors import ConfigurationError, ProviderError, ProviderUnavailable
from bot.ports import Clock
from bot.ports.diagnosis import Finding, caution, fault, good
from bot.providers import Account, SiliconFlowApi, account, list_models
from bot.providers.api import check_base_url
from bot.providers.transport import open_http
from bot.sandbox import SandboxError
from bot.sandbox.llama import model_file
from bot.settings import SandboxModel, Settings

__all__ = ["SITES", "check_siliconflow"]

SITES: Final = ("https://api.siliconflow.cn/v1", "https://api.siliconflow.com/v1")
"""Two sites with accounts, keys and models of their own (facts: SiliconFlow §1)."""

_CONNECT_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 7.0
_LOW_BALANCE: Final = Decimal(1)
# Their price may change: facts §16 gives prices as hints.
_FREE: Final = frozenset({"Qwen/Qwen3-8B", "Qwen/Qwen3.5-4B", "Qwen/Qwen2.5-7B-Instruct"})
_KEY_PAGE: Final = "on the API keys page of its account (cloud.siliconflow.cn or cloud.siliconflow.com)"


async def check_siliconflow(
    settings: Settings, *, clock: Clock, sites: Sequence[str] = SITES
) -> AsyncGenerator[Finding, None]:
    """What is found of the provider; nothing is asked that costs or changes anything."""
    if settings.siliconflow_api_key is None:
        yield _off(settings)
        for finding in _local_model(settings):
            yield finding
        return
    if urlsplit(settings.siliconflow_base_url).username is not None:
        yield fault(
            "siliconflow.base_url",
            "SILICONFLOW_BASE_URL holds a user name, which cannot be sent beside the key.",
            f"Take it out of the address: it should be like {SITES[0]}.",
        )
        return
    try:
        check_base_url(settings.siliconflow_base_url)
    except ConfigurationError as exc:
        yield fault("siliconflow.base_url", *split_advice(str(exc)))
        return
    looker = _Looker(key=settings.siliconflow_api_key.get_secret_value(), clock=clock, sites=sites)
    async for finding in looker.look(settings):
        yield finding


def _off(settings: Settings) -> Finding:
    who = "a small local model" if settings.sandbox.model is SandboxModel.REAL else "a scripted model"
    return good(
        "siliconflow.off",
        f"Off: SILICONFLOW_API_KEY is not set, so {who} answers.",
        f"To turn it on, set SILICONFLOW_API_KEY to a key made {_KEY_PAGE}.",
    )


def _local_model(settings: Settings) -> Iterator[Finding]:
    """A warning when the model that is to answer in the provider's place is not installed."""
    if settings.sandbox.model is not SandboxModel.REAL:
        return
    try:
        model_file()
    except SandboxError as exc:
        what, _, advice = str(exc).partition(": ")
        yield caution(
            "siliconflow.no_local_model",
            f"{sentence(what)} The service cannot start without it or a key.",
            f"{sentence(advice)} Or set PARLEY_SANDBOX__MODEL=scripted to try things without a model.",
        )


class _Looker:
    """Looks with one key, at the site of the settings and where needed at others."""

    def __init__(self, *, key: str, clock: Clock, sites: Sequence[str]) -> None:
        self._key = key
        self._clock = clock
        self._sites = sites

    async def look(self, settings: Settings) -> AsyncGenerator[Finding, None]:
        base_url = settings.siliconflow_base_url
        try:
            served = await self._models(base_url)
        except ProviderError as exc:
            yield await self._explain(exc, base_url)
            return
        host = host_of(base_url)
        yield good("siliconflow.key", f"{host} takes the key and serves {len(served)} models.")
        for finding in check_models(settings.models, served):
            yield finding
        transcribing = await self._transcribing(base_url)
        for finding in check_hearing(settings, served=served, transcribing=transcribing):
            yield finding
        async for finding in self._money(base_url, settings.models):
            yield finding

    @asynccontextmanager
    async def _api(self, base_url: str) -> AsyncIterator[SiliconFlowApi]:
        """The API at ``base_url``, for one answer. Raises ProviderUnavailable when that does not come."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS), open_http(connect_seconds=_CONNECT_SECONDS) as http:
                yield SiliconFlowApi(http=http, api_key=self._key, base_url=base_url, clock=self._clock)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"no answer within {_ANSWER_SECONDS:g} s") from exc

    async def _models(self, base_url: str) -> tuple[str, ...]:
        async with self._api(base_url) as api:
            return await list_models(api)

    async def _transcribing(self, base_url: str) -> tuple[str, ...]:
        """The models for speech to text; none where the list cannot be had."""
        try:
            async with self._api(base_url) as api:
                return await list_models(api, kind="audio", sub_kind="speech-to-text")
        except ProviderError:
            return ()

    async def _money(self, base_url: str, models: Sequence[str]) -> AsyncGenerator[Finding, None]:
        try:
            async with self._api(base_url) as api:
                found = await account(api)
        except ProviderError as exc:
            yield caution(
                "siliconflow.balance_unknown",
                f"The balance cannot be read: {_said(exc)}.",
                "Look at the balance in the account's own pages.",
            )
            return
        for finding in _account_findings(found, models, base_url):
            yield finding

    # --- what went wrong --------------------------------------------------------------------------------

    async def _explain(self, exc: ProviderError, base_url: str) -> Finding:
        host = host_of(base_url)
        if exc.status == 401 or exc.code == 30014:
            return await self._refused_key(base_url)
        if exc.status in (402, 403):
            return _refused_account(exc, host)
        if exc.status in (404, 405) or 300 <= exc.status < 400 or _is_no_api(exc):
            return await self._wrong_address(exc, base_url)
        if exc.status == 0:
            variable = "SILICONFLOW_BASE_URL"
            unreached = explain_network_error(exc.__cause__ or exc, host=host, variable=variable)
            return fault(f"siliconflow.{unreached.kind}", unreached.what, unreached.remedy)
        return caution(
            "siliconflow.busy",
            f"{host} is there and does not serve at the moment: {_said(exc)}.",
            "Try again in a while; answers will come late or from another model of PARLEY_MODELS meanwhile.",
        )

    async def _refused_key(self, base_url: str) -> Finding:
        host = host_of(base_url)
        for site in self._sites if base_url in self._sites else ():
            if site != base_url and await self._takes_key(site):
                return fault(
                    "siliconflow.other_site",
                    f"{host} does not know the key; it belongs to {host_of(site)}.",
                    f"Set SILICONFLOW_BASE_URL={site}, or make a key for {host}.",
                )
        return fault(
            "siliconflow.key_refused",
            f"{host} does not know the key (HTTP 401).",
            f"Set SILICONFLOW_API_KEY to a key as shown {_KEY_PAGE}; each site takes its own keys only.",
        )

    async def _takes_key(self, base_url: str) -> bool:
        try:
            await self._models(base_url)
        except ProviderError:
            return False
        return True

    async def _wrong_address(self, exc: ProviderError, base_url: str) -> Finding:
        for candidate in _candidates(base_url, self._sites):
            if await self._answers_as_api(candidate):
                remedy = f"Set SILICONFLOW_BASE_URL={candidate}."
                break
        else:
            remedy = f"Set SILICONFLOW_BASE_URL to the API's address, for example {self._sites[0]}."
        return fault("siliconflow.wrong_address", f"{base_url} is not the API: {_said(exc)}.", remedy)

    async def _answers_as_api(self, base_url: str) -> bool:
        try:
            await self._models(base_url)
        except ProviderError as exc:
            return exc.status in (401, 402, 403)
        return True


def _is_no_api(exc: ProviderError) -> bool:
    """Whether something answered in another language than the API's."""
    return exc.status == 0 and (exc.__cause__ is None or isinstance(exc.__cause__, ValueError))


def _candidates(base_url: str, sites: Sequence[str]) -> Iterator[str]:
    """Where the API may be when it is not at ``base_url``."""
    parts = urlsplit(base_url)
    for candidate in (f"{parts.scheme}://{parts.netloc}/v1", f"{parts.scheme}://api.{_domain(base_url)}/v1"):
        if candidate != base_url and (parts.netloc in candidate or candidate in sites):
            yield candidate


def _domain(base_url: str) -> str:
    return ".".join((urlsplit(base_url).hostname or "").split(".")[-2:])


def _said(exc: ProviderError) -> str:
    """The provider's own words and the status, without the advice that goes with them in the log."""
    if "'no reason given'" in str(exc):
        return f"it answers with HTTP {exc.status}"
    said, advised, _ = str(exc).partition("): ")
    return f"{said})" if advised else said.partition(": check ")[0]


def _refused_account(exc: ProviderError, host: str) -> Finding:
    said = _said(exc)
    if exc.code in (30001, 30011) or exc.status == 402 or "balance" in said.lower():
        return fault(
            "siliconflow.balance_empty",
            f"{host} knows the key, but the account's balance is used up: {said}.",
            "Top up the account (Pro/ models take the charged balance only).",
        )
    return fault(
        "siliconflow.forbidden",
        f"{host} knows the key and forbids its use: {said}.",
        "Check the account's real-name verification, its permissions, and the addresses it allows.",
    )


# --- the account --------------------------------------------------------------------------------------


def _account_findings(found: Account, models: Sequence[str], base_url: str) -> Iterator[Finding]:
    if found.status not in ("", "normal"):
        yield caution(
            "siliconflow.account_status",
            f"The account's state is {found.status!r}, not 'normal'.",
            "Look at the account's pages, or ask SiliconFlow's support.",
        )
    if found.total_balance is not None and found.total_balance.is_finite():
        yield _balance(found.total_balance, models, base_url)
    paid = [model for model in models if model.startswith("Pro/")]
    charged = found.charge_balance
    if paid and charged is not None and charged.is_finite() and charged <= 0:
        yield caution(
            "siliconflow.charge_balance_empty",
            f"{paid[0]} takes the charged balance only, and that is used up.",
            f"Charge the account, or take {paid[0].removeprefix('Pro/')} into PARLEY_MODELS instead.",
        )


def _balance(total: Decimal, models: Sequence[str], base_url: str) -> Finding:
    unit = "¥" if (urlsplit(base_url).hostname or "").endswith(".cn") else ""
    amount = f"{unit}{total:f}"
    if total <= 0 and not _FREE.intersection(models):
        return fault(
            "siliconflow.balance_empty",
            f"The balance is used up ({amount}), and every model of PARLEY_MODELS costs.",
            "Top up the account, or put a free model such as Qwen/Qwen3-8B into PARLEY_MODELS.",
        )
    if total < _LOW_BALANCE and not _FREE.issuperset(models):
        return caution(
            "siliconflow.balance_low",
            f"The balance is nearly used up ({amount}); models that cost will stop answering.",
            "Top up the account.",
        )
    return good("siliconflow.balance", f"The balance is {amount}.")
