"""SiliconFlow looked at: which fault of key, address, account or network is told, and how it is mended."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.doctor.provider import check_siliconflow
from bot.ports import SystemClock
from bot.ports.diagnosis import Finding, Level
from bot.sandbox import Sandbox
from bot.settings import load_settings
from tests.unit.doctor.support import codes, collected, only, problems, serving

KEY = "sk-0123456789abcdefghijkl"
Environment = pytest.MonkeyPatch


async def look(
    environment: Environment,
    base_url: str,
    *,
    key: str = KEY,
    models: str = "Qwen/Qwen3-32B",
    sites: tuple[str, ...] = (),
) -> list[Finding]:
    """What is found with this key at this address."""
    environment.setenv("SILICONFLOW_API_KEY", key)
    environment.setenv("SILICONFLOW_BASE_URL", base_url)
    environment.setenv("PARLEY_MODELS", models)
    sites = sites or ("https://site.invalid/v1",)
    found = await collected(check_siliconflow(load_settings(), clock=SystemClock(), sites=sites))
    assert all(key not in f"{finding.what}{finding.remedy}" for finding in found)
    return found


def answering(status: int, body: Any, *, headers: dict[str, str] | None = None) -> Any:
    """A handler that answers everything the same; text is sent as a page."""

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(status=status, text=body, content_type="text/html", headers=headers)
        return web.json_response(body, status=status, headers=headers)

    return handle


async def test_without_a_key_it_is_off_and_nothing_is_wrong(monkeypatch: Environment) -> None:
    """The finding names the variable that turns it on."""
    monkeypatch.setenv("PARLEY_SANDBOX__MODEL", "scripted")
    (finding,) = await collected(check_siliconflow(load_settings(), clock=SystemClock()))
    assert (finding.level, finding.code) == (Level.OK, "siliconflow.off")
    assert "SILICONFLOW_API_KEY" in finding.remedy


async def test_without_a_key_the_local_model_has_to_be_there(
    monkeypatch: Environment, tmp_path: Path
) -> None:
    """It answers then, or the service cannot start."""
    monkeypatch.setattr("bot.sandbox.llama._PACKAGE", "no_such_package_of_weights")
    found = await collected(check_siliconflow(load_settings(), clock=SystemClock()))
    assert problems(found) == {"siliconflow.no_local_model": Level.WARNING}
    assert "Run `make setup`." in only(found, "siliconflow.no_local_model").remedy
    weights = tmp_path / "some_weights"
    weights.mkdir()
    (weights / "__init__.py").touch()
    (weights / "SmolLM2-135M-Instruct.Q4_1.gguf").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("bot.sandbox.llama._PACKAGE", "some_weights")
    found = await collected(check_siliconflow(load_settings(), clock=SystemClock()))
    assert codes(found) == ["siliconflow.off"]


async def test_a_good_key_with_money_and_models_is_in_order(monkeypatch: Environment) -> None:
    """The key, each model, the balance; nothing but reads was asked."""
    async with Sandbox() as sandbox:
        found = await look(monkeypatch, sandbox.url)
    assert codes(found) == ["siliconflow.key", "siliconflow.model", "siliconflow.balance"]
    assert problems(found) == {}
    assert {(record.method, record.path) for record in sandbox.requests} == {
        ("GET", "/v1/models"),
        ("GET", "/v1/user/info"),
    }


async def test_models_that_are_to_hear_and_cannot_are_named(monkeypatch: Environment, folder: Path) -> None:
    """Of the service and of each persona, with what to write in their place."""
    (folder / "parley.toml").write_text(
        '[personas.ear]\nprompt = "Listen."\n'
        'hearing_models = ["Qwen/Qwen3-Omni-30B-A3B-Instruct", "Qwen/Qwen3-8B"]\n'
    )
    monkeypatch.setenv("PARLEY_HEARING_MODELS", "old/Ear,TeleAI/TeleSpeechASR")
    async with Sandbox() as sandbox:
        found = await look(monkeypatch, sandbox.url)
    service, persona = (one for one in found if one.code == "siliconflow.hearing_model_gone")
    assert (service.level, persona.level) == (Level.WARNING, Level.WARNING)
    assert "old/Ear in PARLEY_HEARING_MODELS is not" in service.what
    assert "TeleAI/TeleSpeechASR is asked in its place" in service.what
    assert service.remedy == "Set PARLEY_HEARING_MODELS=TeleAI/TeleSpeechASR."
    assert "Qwen/Qwen3-8B, with which the persona ear" in persona.what
    assert "FunAudioLLM/SenseVoiceSmall" in persona.remedy


async def test_an_unknown_key_is_told_from_one_of_the_other_site(monkeypatch: Environment) -> None:
    """The other site is asked, and the remedy is its address."""
    async with Sandbox(invalid_keys=[KEY]) as here, Sandbox() as there:
        found = await look(monkeypatch, here.url, sites=(here.url, there.url))
        assert problems(found) == {"siliconflow.other_site": Level.ERROR}
        assert f"SILICONFLOW_BASE_URL={there.url}" in found[0].remedy


async def test_a_key_that_no_site_knows_is_wrong(monkeypatch: Environment) -> None:
    """And the other site is left alone when the address is none of the two."""
    async with Sandbox(invalid_keys=[KEY]) as here, Sandbox(invalid_keys=[KEY]) as there:
        found = await look(monkeypatch, here.url, sites=(here.url, there.url))
        assert problems(found) == {"siliconflow.key_refused": Level.ERROR}
        assert len(there.requests) == 1
        found = await look(monkeypatch, here.url, sites=(there.url,))
        assert problems(found) == {"siliconflow.key_refused": Level.ERROR}
        assert len(there.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (403, {"code": 30001, "message": "Sorry, your account balance is insufficient"}, "balance_empty"),
        (402, {"code": 0, "message": "pay"}, "balance_empty"),
        (403, "Forbidden", "forbidden"),
        (403, {"code": 30005, "message": "real-name verification"}, "forbidden"),
        (503, {"code": 50505, "message": "Model service overloaded."}, "busy"),
        (429, {"message": "rate limiting. Details:RPM limit reached.", "data": None}, "busy"),
        (404, "404 page not found", "wrong_address"),
        (302, "Found", "wrong_address"),
        (200, "<!doctype html><html><title>Sign in</title></html>", "wrong_address"),
        (200, {"hello": "world"}, "wrong_address"),
    ],
)
async def test_each_refusal_has_its_own_meaning(
    monkeypatch: Environment, status: int, body: Any, code: str
) -> None:
    """By code first, then by status."""
    async with serving(answering(status, body, headers={"Location": "/login"})) as url:
        found = await look(monkeypatch, f"{url}/v1")
    assert codes(found) == [f"siliconflow.{code}"]
    assert found[0].level is (Level.WARNING if code == "busy" else Level.ERROR)


async def test_a_page_in_the_apis_place_is_called_a_page(monkeypatch: Environment) -> None:
    """Its title is told."""
    page = answering(200, "<!doctype html><html><title>Sign in</title></html>")
    async with serving(page) as url:
        (finding,) = await look(monkeypatch, f"{url}/v1")
    assert "HTML page: Sign in" in finding.what


async def test_a_missing_v1_is_found_out(monkeypatch: Environment) -> None:
    """The address with it is tried."""
    async with Sandbox() as sandbox:
        bare = sandbox.url.removesuffix("/v1")
        for wrong in (bare, f"{bare}/api/v1", f"{bare}/v1beta"):
            found = await look(monkeypatch, wrong)
            assert problems(found) == {"siliconflow.wrong_address": Level.ERROR}
            assert found[0].remedy == f"Set SILICONFLOW_BASE_URL={sandbox.url}."


@pytest.mark.parametrize("path", ["/v1/v1", "/v1/chat/completions", "/v1?x=1"])
async def test_an_address_that_cannot_be_right_is_not_asked(monkeypatch: Environment, path: str) -> None:
    """A doubled path, a method, a query."""
    async with Sandbox() as sandbox:
        found = await look(monkeypatch, sandbox.url.removesuffix("/v1") + path)
        assert problems(found) == {"siliconflow.base_url": Level.ERROR}
        assert "SILICONFLOW_BASE_URL" in found[0].remedy
        assert sandbox.requests == []


async def test_a_name_that_nobody_knows_is_told(monkeypatch: Environment) -> None:
    """As a fault of the name, not of the key."""

    async def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown, raising=False)
    found = await look(monkeypatch, "http://api.nowhere.invalid/v1")
    assert problems(found) == {"siliconflow.dns": Level.ERROR}
    assert "api.nowhere.invalid" in found[0].what


async def test_a_port_where_nobody_listens_is_told(monkeypatch: Environment) -> None:
    """Refused at once."""
    async with serving(answering(200, {})) as url:
        pass
    found = await look(monkeypatch, f"{url}/v1")
    assert problems(found) == {"siliconflow.refused": Level.ERROR}


async def test_plain_http_where_https_is_spoken_is_a_fault_of_tls(monkeypatch: Environment) -> None:
    """As with a proxy that breaks connections open."""
    async with serving(answering(200, {})) as url:
        found = await look(monkeypatch, f"{url.replace('http:', 'https:')}/v1")
    assert problems(found) == {"siliconflow.tls": Level.ERROR}
    assert "SSL_CERT_FILE" in found[0].remedy


async def test_a_proxy_that_is_gone_is_told(monkeypatch: Environment) -> None:
    """By the variable that names it."""
    async with serving(answering(200, {})) as gone:
        pass
    monkeypatch.setenv("HTTP_PROXY", gone)
    found = await look(monkeypatch, "http://api.nowhere.invalid/v1")
    assert problems(found) == {"siliconflow.proxy": Level.ERROR}
    assert "HTTP_PROXY" in found[0].remedy


async def test_a_server_that_says_nothing_is_given_up(monkeypatch: Environment) -> None:
    """Before the whole check is."""
    monkeypatch.setattr("bot.doctor.provider._ANSWER_SECONDS", 0.2)
    silent = asyncio.Event()

    async def handle(_: web.BaseRequest) -> web.StreamResponse:
        await silent.wait()
        return web.Response()

    async with serving(handle) as url:
        found = await look(monkeypatch, f"{url}/v1")
        silent.set()
    assert problems(found) == {"siliconflow.timeout": Level.ERROR}


@pytest.mark.parametrize(
    ("balance", "models", "expected"),
    [
        ("0", "Qwen/Qwen3-32B", {"siliconflow.balance_empty": Level.ERROR}),
        ("-2.5", "Qwen/Qwen3-32B", {"siliconflow.balance_empty": Level.ERROR}),
        ("0", "Qwen/Qwen3-32B,Qwen/Qwen3-8B", {"siliconflow.balance_low": Level.WARNING}),
        ("0.5", "Qwen/Qwen3-32B", {"siliconflow.balance_low": Level.WARNING}),
        ("0", "Qwen/Qwen3-8B", {}),
        ("1", "Qwen/Qwen3-32B", {}),
        ("NaN", "Qwen/Qwen3-32B", {}),
        ("much", "Qwen/Qwen3-32B", {}),
    ],
)
async def test_the_balance_counts_for_models_that_cost(
    monkeypatch: Environment, balance: str, models: str, expected: dict[str, Level]
) -> None:
    """Free models answer with an empty account."""
    async with Sandbox(balance=balance) as sandbox:
        assert problems(await look(monkeypatch, sandbox.url, models=models)) == expected


async def test_an_account_that_is_not_normal_and_a_used_up_charge_are_told(monkeypatch: Environment) -> None:
    """Pro/ models are paid from the charged balance only."""
    model = "Pro/deepseek-ai/DeepSeek-V3.2"
    user = {"id": "1", "status": "frozen", "balance": "9", "chargeBalance": "0", "totalBalance": "9"}

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v1/models":
            return web.json_response({"object": "list", "data": [{"id": model}]})
        return web.json_response({"code": 20000, "data": user})

    async with serving(handle) as url:
        found = await look(monkeypatch, f"{url}/v1", models=model)
    assert problems(found) == {
        "siliconflow.account_status": Level.WARNING,
        "siliconflow.charge_balance_empty": Level.WARNING,
    }
    assert "'frozen'" in only(found, "siliconflow.account_status").what


async def test_a_server_without_an_account_page_is_only_a_warning(monkeypatch: Environment) -> None:
    """Other servers speak the chat API too."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/v1/models":
            return web.json_response({"object": "list", "data": [{"id": "Qwen/Qwen3-32B"}]})
        return web.Response(status=404, text="404 page not found")

    async with serving(handle) as url:
        found = await look(monkeypatch, f"{url}/v1")
    assert problems(found) == {"siliconflow.balance_unknown": Level.WARNING}
