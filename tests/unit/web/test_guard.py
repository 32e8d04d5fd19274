"""Who is let in: the browser that opened the printed link, and no page elsewhere on the web."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.web.support import Browser, Service, open_browser, open_service

START = "/chat/api/start"


async def test_without_the_key_nothing_is_shown(service: Service) -> None:
    """Neither the interface nor the stream answers; the page itself holds no secret and says what to do."""
    async with open_browser(service.url) as stranger:
        for path in (START, "/chat/events"):
            answer = await stranger.get(path)
            assert (answer.status, answer.data) == (401, {"error": "key"})
        assert (await stranger.post("/chat/api/chats")).status == 401
        assert (await stranger.get("/chat/")).status == 200


async def test_the_printed_link_lets_in_and_hides_its_key(service: Service) -> None:
    """It sets a cookie no script can read and leads on to an address without the key."""
    async with open_browser(service.url) as browser:
        answer = await browser.sign_in(service.link)
        assert (answer.status, answer.headers["Location"]) == (303, "/chat/")
        cookie = answer.headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/chat"} <= set(cookie.split("; "))
        assert service.link.partition("key=")[2] not in cookie
        assert (await browser.get(START)).status == 200


@pytest.mark.parametrize("key", ["", "wrong", "%00", "é", "a" * 5000])
async def test_a_wrong_key_opens_nothing(service: Service, key: str) -> None:
    """Whatever is written in its place."""
    async with open_browser(service.url) as browser:
        answer = await browser.get(f"/?key={key}")
        assert answer.status == 303
        assert "Set-Cookie" not in answer.headers
        assert (await browser.get(START)).status == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:9", 200),
        ("[::1]:8080", 200),
        ("evil.example", 403),
        ("evil.example:8080", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost.", 403),
        ("192.168.1.5", 403),
        ("@127.0.0.1", 403),
    ],
)
async def test_a_name_rebound_to_this_machine_is_refused(service: Service, host: str, status: int) -> None:
    """The page's files and everything behind them are served under this machine's own names only."""
    async with open_browser(service.url) as browser:
        assert (await browser.get("/chat/", Host=host)).status == status
        if status == 403:
            await browser.sign_in(service.link)
            assert (await browser.get(START, Host=host)).status == 403


async def test_the_configured_host_is_a_name_too(tmp_path: Path) -> None:
    """For whoever lets the service listen on another address of this machine."""
    async with open_service(tmp_path, host="parley.lan") as service, open_browser(service.url) as browser:
        assert (await browser.get("/chat/", Host="parley.lan:8080")).status == 200


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "", "http://127.0.0.1:1", "http://127.0.0.1", "http://localhost:{port}"],
)
async def test_a_request_of_another_origin_changes_nothing(
    service: Service, browser: Browser, origin: str
) -> None:
    """Also one of another port of this machine, to which the browser sends our cookie."""
    named = origin.format(port=service.url.rpartition(":")[2])
    answer = await browser.post("/chat/api/chats", Origin=named)
    assert (answer.status, answer.data) == (403, {"error": "origin"})
    assert (await browser.get(START)).data["chats"] == []


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_another_site_reads_nothing(browser: Browser, site: str) -> None:
    """What a browser says about who asks is believed, also of requests that change nothing."""
    headers = {"Sec-Fetch-Site": site}
    assert (await browser.get(START, **headers)).status == 403
    assert (await browser.get("/chat/events", **headers)).status == 403


async def test_a_form_of_another_page_is_no_request_of_ours(browser: Browser) -> None:
    """Only JSON is read, which no form can send without asking first."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = await browser.post("/chat/api/chats", **{"Content-Type": kind})
        assert answer.status == 415


async def test_every_answer_forbids_foreign_code(service: Service, browser: Browser) -> None:
    """Scripts, styles and connections come from here alone; nobody frames the page; nothing is sniffed."""
    async with open_browser(service.url) as stranger:
        answers = [
            await browser.get("/chat/"),
            await browser.get("/chat/app.js"),
            await browser.get(START),
            await browser.get("/chat/api/chats/" + "0" * 32 + "/messages"),
            await stranger.get(START),
            await stranger.get("/"),
        ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_page_needs_nothing_inline_and_nothing_from_elsewhere(browser: Browser) -> None:
    """The policy would stop it; every file it names is served."""
    page = (await browser.get("/chat/")).body.decode()
    assert "<style" not in page
    assert " style=" not in page
    assert "<script>" not in page
    assert " on" + "click" not in page
    names = {part.partition('"')[0] for part in page.split('="/chat/')[1:]}
    assert len(names) >= 4
    for name in names:
        served = await browser.get(f"/chat/{name}")
        assert served.status == 200, name
        assert b"https://" not in served.body


async def test_a_browser_stays_known_when_the_service_starts_again(tmp_path: Path) -> None:
    """The cookie outlives the process; the printed link does not."""
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        (cookie,) = browser.http.cookie_jar
        old_link = service.link
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        key = old_link.partition("key=")[2]
        assert "Set-Cookie" not in (await browser.get(f"/?key={key}")).headers
        name = f"parley_{service.url.rpartition(':')[2]}"
        assert (await browser.get(START, Cookie=f"{name}={cookie.value}")).status == 200
        assert (await browser.get(START, Cookie=f"{name}={cookie.value}x")).status == 401


async def test_the_file_of_the_log_is_its_owners(service: Service, browser: Browser, tmp_path: Path) -> None:
    """It holds what was said."""
    await browser.new_chat()
    assert (tmp_path / "page.db").stat().st_mode & 0o077 == 0


async def test_only_the_page_itself_may_ask_for_the_microphone(browser: Browser) -> None:
    """Nothing else that is served here, and nothing that the page might hold."""
    allowed = (await browser.get("/chat/")).headers["Permissions-Policy"]
    assert allowed == "camera=(), microphone=(self), geolocation=()"
    for path in ("/chat/app.js", START, "/"):
        policy = (await browser.get(path)).headers["Permissions-Policy"]
        assert policy == "camera=(), microphone=(), geolocation=()"
