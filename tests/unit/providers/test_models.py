"""The catalogue and the account are read under the same key as everything else."""

from __future__ import annotations

from decimal import Decimal

import httpx
import orjson
import pytest

from bot.errors import ConfigurationError, ProviderAccountError, ProviderUnavailable
from bot.providers import SiliconFlowApi, account, list_models, open_siliconflow
from bot.providers.api import check_base_url
from bot.sandbox import Sandbox
from tests.unit.providers.support import KEY, PLAIN, FakeClock, opened_chat


def _api(handler: httpx.MockTransport) -> SiliconFlowApi:
    http = httpx.AsyncClient(transport=handler)
    return SiliconFlowApi(http=http, api_key=KEY, base_url="http://test/v1", clock=FakeClock())


def _answering(body: object, status: int = 200) -> SiliconFlowApi:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return _api(httpx.MockTransport(lambda _: httpx.Response(status, content=content)))


async def test_models_are_listed() -> None:
    """GET /models, as sorted ids."""
    async with opened_chat() as opened:
        models = await list_models(opened.chat.api, kind="text", sub_kind="chat")
    assert PLAIN in models
    assert list(models) == sorted(models)


async def test_the_account_tells_its_balance() -> None:
    """GET /user/info; amounts come as text and are numbers here."""
    async with opened_chat() as opened:
        info = await account(opened.chat.api)
    assert info.total_balance == Decimal("88.88")


async def test_missing_amounts_are_unknown() -> None:
    """Nothing is made up."""
    info = await account(_answering({"data": {"id": "u", "balance": None}}))
    assert (info.gift_balance, info.total_balance, info.status) == (None, None, "")


@pytest.mark.parametrize("body", [b"<html>hi</html>", b"", b"[]", b'{"data": null}'])
async def test_a_strange_answer_is_an_error(body: bytes) -> None:
    """Not an exception of some parser."""
    for call in (list_models, account):
        with pytest.raises(ProviderUnavailable):
            await call(_answering(body))


async def test_a_bad_key_is_the_operators_business() -> None:
    """The text says what to check, and not the key."""
    async with Sandbox() as sandbox, open_siliconflow(api_key="sk-invalid", base_url=sandbox.url) as chat:
        with pytest.raises(ProviderAccountError, match="SILICONFLOW_API_KEY") as caught:
            await account(chat.api)
    assert "sk-invalid" not in str(caught.value)
    assert caught.value.trace_id


async def test_a_redirect_is_not_followed() -> None:
    """The key goes to the configured site only."""
    moved = httpx.MockTransport(lambda _: httpx.Response(302, headers={"location": "http://evil/"}))
    with pytest.raises(ProviderAccountError, match="SILICONFLOW_BASE_URL"):
        await list_models(_api(moved))


async def test_a_wrong_path_says_what_to_check() -> None:
    """A base address that ends in the wrong place answers 404."""
    async with Sandbox() as sandbox:
        wrong = sandbox.url.removesuffix("/v1") + "/api"
        async with open_siliconflow(api_key=KEY, base_url=wrong) as chat:
            with pytest.raises(ProviderAccountError, match="with /v1 once"):
                await list_models(chat.api)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.siliconflow.cn/v1",
        "ftp://api.siliconflow.cn/v1",
        "https://api.siliconflow.cn/v1/v1",
        "https://api.siliconflow.cn/v1/chat/completions",
        "https://api.siliconflow.cn/v1?key=x",
        "https://api.siliconflow.cn:port/v1",
        "http://[::1/v1",
    ],
)
def test_a_base_address_that_cannot_be_right_is_refused(url: str) -> None:
    """The operator hears of it at the start, with an example."""
    with pytest.raises(ConfigurationError, match="like https://api"):
        check_base_url(url)


@pytest.mark.parametrize("key", ["", "  ", "sk-abc def", "sk-\nabc", "sk-ключ"])
async def test_a_key_that_cannot_be_right_is_refused(key: str) -> None:
    """No header can carry it; the text does not show it."""
    with pytest.raises(ConfigurationError, match="SILICONFLOW_API_KEY") as caught:
        async with open_siliconflow(api_key=key, base_url="http://127.0.0.1:1/v1"):
            pass
    assert "abc def" not in str(caught.value)


def test_a_trailing_slash_is_forgiven() -> None:
    """Both spellings are common."""
    assert check_base_url(" https://api.siliconflow.cn/v1/ ") == "https://api.siliconflow.cn/v1"
