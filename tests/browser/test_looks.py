"""The page looks right: by day and by night, on a phone, in two languages, to whoever cannot see it well."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.sandbox import Reply
from tests.browser.conftest import Stage
from tests.browser.people import answers, ask, say, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

WIDE = (
    "# A heading\n\nSome `code`, a [link](https://example.org) and " + "averylongword" * 30 + ".\n\n"
    "```python\nvalue = 'a line of code that is much wider than any phone, so that it scrolls'\n```\n\n"
    "| one | two | three | four | five |\n|---|---|---|---|---|\n"
    "| a long cell of words | another long cell | and another one | and one more | the last one |\n\n"
    "$$\\int_0^1 x^2 dx = \\frac{1}{3} \\text{ which is quite a wide formula for a telephone indeed}$$\n\n"
    "> A quotation.\n\n- [x] done\n- [ ] to do\n\nThe end."
)
PHONE = {"viewport": {"width": 375, "height": 700}, "has_touch": True, "is_mobile": True}


async def luminance(page: Page) -> float:
    """How bright the page's ground is, from 0 to 255."""
    colours = await page.evaluate(
        "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    return float(sum(colours[:3]) / 3)


async def violations(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse, one line each."""
    source = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    await page.evaluate(source)
    found: dict[str, Any] = await page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {rule['help']}: {[node['html'] for node in rule['nodes']][:3]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    ]


async def test_the_colours_follow_the_system_and_the_reader(stage: Stage) -> None:
    """Dark where the system is; the switch overrules it, and a reload remembers."""
    async with stage.reader(color_scheme="dark") as page:
        assert await luminance(page) < 60
        await page.get_by_role("button", name="Light colours").click()
        assert await luminance(page) > 200
        await page.reload()
        await expect(page.get_by_role("button", name="Dark colours")).to_be_visible()
        assert await luminance(page) > 200
    async with stage.reader(color_scheme="light") as page:
        assert await luminance(page) > 200


async def test_a_phone_scrolls_tables_and_code_but_never_the_page(stage: Stage) -> None:
    """At 375 pixels nothing sticks out; the list of chats slides in and out."""
    stage.brain.teach("something wide", Reply(text=WIDE))
    async with stage.reader(**PHONE) as page:
        await ask(page, "something wide", "The end.")
        for place in ("document.documentElement", "document.getElementById('scroll')"):
            assert await page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth"), place
        sticking_out = await page.evaluate(
            """() => [...document.querySelectorAll("#main *")].filter((element) =>
              element.getBoundingClientRect().right > innerWidth + 1 &&
              !element.closest(".table, pre, .unseen")).map((element) => element.outerHTML.slice(0, 90))"""
        )
        assert sticking_out == []
        for scrolls in (".table", "pre"):
            assert await page.locator(scrolls).first.evaluate(
                "element => element.scrollWidth > element.clientWidth"
            )
        await expect(page.locator("#side")).to_be_hidden()
        await page.locator("#open-side").click()
        await expect(page.get_by_role("link", name="something wide")).to_be_visible()
        await expect(page.locator("#close-side")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator("#side")).to_be_hidden()
        await expect(page.locator("#open-side")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault(stage: Stage, scheme: str) -> None:
    """On the empty page, in a chat with every kind of block, in each dialog, and on a phone."""
    stage.brain.teach("every kind of block", Reply(text=WIDE, thinking="A thought."))
    stage.brain.teach("fifth endless story", Reply.tokens(4000, tokens_per_second=40))
    async with stage.reader(color_scheme=scheme, reduced_motion="reduce") as page:
        assert await violations(page) == []
        await ask(page, "every kind of block", "The end.")
        await page.locator("summary").click()
        assert await violations(page) == []
        await ask(page, "/settings", "Settings of this chat")
        await page.locator("#box").fill("/")
        assert await violations(page) == []
        await page.locator("#box").fill("")
        await page.keyboard.press("Control+/")
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await page.locator("#chats .current [data-name^=rename]").click()
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await expect(page.locator("#chats .current [data-name^=rename]")).to_be_focused()
        await say(page, "the fifth endless story")
        await expect(page.locator(".message.live")).to_have_count(1)
        assert await violations(page) == []
        await page.keyboard.press("Escape")
    async with stage.reader(color_scheme=scheme, reduced_motion="reduce", **PHONE) as page:
        await page.locator("#open-side").click()
        assert await violations(page) == []


async def test_the_page_speaks_the_readers_language(stage: Stage) -> None:
    """Its own words and the bot's."""
    async with stage.reader(locale="zh-CN") as page:
        assert await page.evaluate("document.documentElement.lang") == "zh-Hans"
        await expect(page.locator("#new-chat")).to_contain_text("新聊天")
        await ask(page, "/help", "我能听懂的命令")
        await page.locator("#box").fill("/")
        await expect(page.locator("#menu")).to_contain_text("重新回答上一个问题")


async def test_nothing_moves_for_whoever_wants_no_motion(stage: Stage) -> None:
    """Neither the waiting dots nor the growing answer's mark."""
    stage.brain.teach("sixth endless story", Reply.tokens(4000, tokens_per_second=40))
    async with stage.reader(reduced_motion="reduce") as page:
        await say(page, "the sixth endless story")
        await expect(page.locator(".message.live")).to_have_count(1)
        assert await page.evaluate("document.getAnimations().length") == 0
        await page.keyboard.press("Escape")
        await expect(answers(page)).to_contain_text("Stopped.")


async def test_who_reads_above_is_not_pulled_down(stage: Stage, page: Page) -> None:
    """The place stays while the answer grows below; a button leads to its end."""
    stage.brain.teach("a very long story", Reply.tokens(1500, tokens_per_second=150))
    await say(page, "a very long story")
    scroll = page.locator("#scroll")
    await until(page, "document.getElementById('scroll').scrollTop > 200")
    await scroll.evaluate("scroll => (scroll.scrollTop = 0)")
    height = await scroll.evaluate("scroll => scroll.scrollHeight")
    await until(page, f"document.getElementById('scroll').scrollHeight > {height + 150}")
    assert await scroll.evaluate("scroll => scroll.scrollTop") == 0
    await page.get_by_role("button", name="Go to the newest message").click()
    await expect(page.locator("#down")).to_be_hidden()
    await page.keyboard.press("Escape")
