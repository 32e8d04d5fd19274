"""Compared answers stand side by side on the page, and one below the other on a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from bot.sandbox import Reply
from tests.browser.conftest import Stage
from tests.browser.people import answers, say
from tests.browser.test_looks import PHONE, violations

pytestmark = pytest.mark.asyncio(loop_scope="module")

CODE = "```python\nvalue = 'a line of code that is much wider than any column, so that it scrolls'\n```"


async def compare(page: Page, question: str) -> Locator:
    """Ask three models; their columns, when all answers are whole."""
    await say(page, f"/compare {question}")
    columns = answers(page).last.locator(".columns > .column")
    await expect(columns).to_have_count(3)
    await expect(page.locator(".message.live")).to_have_count(0)
    await expect(page.locator(".message.bot .buttons button")).to_have_count(3)
    return columns


async def tops(columns: Locator) -> list[float]:
    """Where each column begins."""
    found: list[float] = await columns.evaluate_all("all => all.map(one => one.getBoundingClientRect().top)")
    return found


async def test_answers_stand_side_by_side_and_are_voted_for(stage: Stage, page: Page) -> None:
    """Each in its own column under its model's name; nothing sticks out; the vote is counted."""
    stage.brain.teach("Which is best", Reply(text=f"I am.\n\n{CODE}"))
    columns = await compare(page, "Which is best?")
    assert len(set(await tops(columns))) == 1
    await expect(columns.nth(1).locator("h4")).to_have_text("② DeepSeek-V3.2")
    await expect(columns.nth(1)).to_contain_text("I am.")
    inside = await columns.evaluate_all(
        "all => all.every(one => one.getBoundingClientRect().right"
        " <= one.closest('.body').getBoundingClientRect().right + 1)"
    )
    assert inside
    assert await violations(page) == []
    await page.get_by_role("button", name="👍 ② DeepSeek-V3.2").click()
    await expect(page.get_by_text("Your vote: DeepSeek-V3.2. It has 1 vote.")).to_be_visible()


async def test_on_a_phone_they_stand_one_below_the_other(stage: Stage) -> None:
    """At the width of the screen, which does not scroll sideways."""
    stage.brain.teach("Which is small", Reply(text=f"I am.\n\n{CODE}"))
    async with stage.reader(**PHONE) as page:
        columns = await compare(page, "Which is small?")
        found = await tops(columns)
        assert found == sorted(set(found))
        assert len(set(found)) == 3
        for place in ("document.documentElement", "document.getElementById('scroll')"):
            assert await page.evaluate(f"{place}.scrollWidth <= {place}.clientWidth"), place
