"""Who is not let in, and what does no harm: other sites, other origins, hostile texts, giant pastes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from playwright.async_api import Page, expect

from bot.sandbox import Reply
from tests.browser.conftest import Stage
from tests.browser.people import answers, ask

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTILE = (
    '<img src=x onerror="window.broken=1"> [a](javascript:window.broken=1) ![p](https://evil.example/p.png)\n\n'
    "<svg onload='window.broken=1'></svg>\n\n```\"><script>window.broken=1</script>\n</code><b>x\n```\n\n"
    "| <iframe src=//evil.example> |\n|---|\n| `<a onclick=1>` |\n\nharmless"
)


READ = "(base) => fetch(`${base}api/start`, {credentials: 'include'}).catch(() => 'refused')"
WRITE = """(base) => fetch(`${base}api/chats`, {
  method: "POST", credentials: "include", body: "{}", headers: {"Content-Type": "application/json"},
}).catch(() => "refused")"""
LISTEN = """(base) => new Promise((done) => {
  const source = new EventSource(`${base}events`, {withCredentials: true});
  source.addEventListener("hello", () => done("open"));
  source.addEventListener("error", () => done("refused"));
})"""
UPLOAD = """(base) => fetch(`${base}api/uploads/${"a".repeat(32)}`, {
  method: "POST", credentials: "include", body: "x", headers: {"Content-Type": "application/octet-stream"},
}).catch(() => "refused")"""
FOREIGN = (READ, WRITE, UPLOAD, LISTEN)
BLIND = """(base) => fetch(`${base}api/chats`, {
  method: "POST", mode: "no-cors", credentials: "include", body: "{}",
}).catch(() => "refused").then(() => "sent")"""


@asynccontextmanager
async def other_site() -> AsyncIterator[str]:
    """A page of somebody else's on this machine: another port, so another origin, but the same site."""

    async def serve(_: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>other</title>", content_type="text/html")

    application = web.Application()
    application.router.add_get("/", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def test_a_page_of_another_origin_reads_and_changes_nothing(stage: Stage, page: Page) -> None:
    """Although the browser has the cookie and sends it along."""
    await ask(page, "a private matter", "You said: a private matter")
    chats = await page.locator("#chats li").count()
    async with other_site() as address:
        other = await page.context.new_page()
        await other.goto(address)
        for attempt in FOREIGN:
            outcome = await other.evaluate(attempt, stage.address)
            assert outcome == "refused", attempt
        await other.evaluate(BLIND, stage.address)
        await other.evaluate(
            f"""new Promise((done) => {{
              const frame = document.createElement("iframe");
              frame.src = "{stage.address}";
              frame.onload = () => done();
              document.body.append(frame);
            }})"""
        )
        frame = other.frames[-1]
        assert await frame.locator("#composer").count() == 0
    await page.bring_to_front()
    await page.reload()
    await expect(page.locator("#chats li")).to_have_count(chats)


async def test_without_the_key_the_page_says_what_to_do(stage: Stage) -> None:
    """It shows nothing and takes nothing."""
    async with stage.visitor() as context:
        page = await context.new_page()
        await page.goto(stage.address)
        await expect(page.locator("#locked")).to_be_visible()
        await expect(page.locator("#locked")).to_contain_text("Open the link")
        await expect(page.locator("#chats li")).to_have_count(0)
        assert await page.locator("#composer").evaluate("composer => composer.inert")


async def test_hostile_text_stays_text(stage: Stage, page: Page) -> None:
    """In the answer, in the person's own words, and in the chat's title; nothing is loaded from elsewhere."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    stage.brain.teach("hostile", Reply(text=HOSTILE))
    question = "<img src=x onerror='window.broken=1'> hostile"
    await ask(page, question, "harmless")
    await expect(page.locator(".message.person .body")).to_have_text(question)
    await expect(page.locator("#title")).to_have_text(question)
    await page.reload()
    await expect(answers(page)).to_contain_text("<svg onload='window.broken=1'>")
    assert await page.evaluate("window.broken") is None
    assert await answers(page).locator("img, svg, script, iframe, b").count() == 0
    assert [url for url in requests if not url.startswith(stage.address)] == []
    assert complaints == []


async def test_a_giant_paste_is_refused_in_a_sentence(stage: Stage) -> None:
    """It does not even get into the box, which it would hold up; the page goes on."""
    async with stage.reader(permissions=["clipboard-read", "clipboard-write"]) as page:
        await page.evaluate("navigator.clipboard.writeText('x'.repeat(10_000_000))")
        await page.keyboard.press("Control+v")
        await expect(page.locator("#trouble")).to_contain_text("10,000,000 characters, and 200,000 fit")
        await expect(page.locator("#box")).to_have_value("")
        await ask(page, "short enough", "You said: short enough")


async def test_a_message_just_too_long_stays_in_the_box(page: Page) -> None:
    """So that it can be shortened; nothing is sent."""
    box = page.locator("#box")
    await box.fill("word " * 40_001)
    await page.keyboard.press("Enter")
    await expect(page.locator("#trouble")).to_contain_text("200,004 characters, and 200,000 fit")
    assert await box.evaluate("box => box.value.length") == 200_005
    await expect(page.locator(".message")).to_have_count(0)
