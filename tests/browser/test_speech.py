"""Spoken answers are played on the page itself, under the page's own strict rules."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.browser.people import answers, ask, say, until
from tests.browser.test_looks import violations

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_spoken_answer_can_be_played_where_it_stands(page: Page) -> None:
    """A player below the answer, whose sound the browser has taken; it stays after a reload."""
    await ask(page, "/voice always", "My voice in this chat")
    await say(page, "Say something to me that lasts a second or two")
    player = answers(page).last.locator("audio")
    await expect(player).to_be_visible()
    length = "[...document.querySelectorAll('audio')].at(-1).duration > 1"
    await until(page, length)
    assert await violations(page) == []
    await page.reload()
    await until(page, f"document.querySelector('audio') !== null && {length}")
    await player.evaluate("one => { one.muted = true; return one.play(); }")
    await until(page, "document.querySelector('audio').currentTime > 0")
