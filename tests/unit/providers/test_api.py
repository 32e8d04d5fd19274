"""The requests of the provider's interface: the same as httpx would build, though their parts are kept."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from bot.providers import SiliconFlowApi
from tests.unit.providers.support import KEY, FakeClock

_BASE = "http://gateway.test:8080/v1"
_PATH = "/chat/completions"


def _open(answer: Callable[[httpx.Request], httpx.Response]) -> tuple[SiliconFlowApi, httpx.AsyncClient]:
    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return SiliconFlowApi(http=http, api_key=KEY, base_url=_BASE, clock=FakeClock()), http


async def _post(api: SiliconFlowApi, body: bytes) -> httpx.Request:
    async with api.open_stream(_PATH, body, model="m", timeout_seconds=20) as response:
        return response.request


async def test_every_stream_is_asked_for_in_full() -> None:
    """Address, key, type and length are right in the first request and in the next one."""
    api, http = _open(lambda _: httpx.Response(200))
    named = {
        "Authorization": f"Bearer {KEY}",
        "User-Agent": "parley",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }
    for body in (b'{"a":1}', b'{"longer":"than before"}'):
        sent = await _post(api, body)
        expected = http.build_request("POST", _BASE + _PATH, content=body, headers=named)
        assert (sent.method, sent.url, sent.content) == ("POST", expected.url, body)
        assert sorted(sent.headers.multi_items()) == sorted(expected.headers.multi_items())
        assert sent.extensions["timeout"] == expected.extensions["timeout"]


async def test_only_identity_is_asked_for() -> None:
    """A compressed stream would come in blocks."""
    api, _ = _open(lambda _: httpx.Response(200))
    assert (await _post(api, b"{}")).headers.get_list("accept-encoding") == ["identity"]


async def test_a_cookie_of_the_gateway_goes_back_to_it() -> None:
    """Firewalls before the provider tell clients that keep their cookie from floods."""
    api, _ = _open(lambda _: httpx.Response(200, headers={"set-cookie": "acw_tc=abc; path=/"}))
    assert "cookie" not in (await _post(api, b"{}")).headers
    assert (await _post(api, b"{}")).headers["cookie"] == "acw_tc=abc"
    assert (await _post(api, b"{}")).headers.get_list("cookie") == ["acw_tc=abc"]
