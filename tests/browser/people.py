"""What a person does on the page, in a word each."""

from __future__ import annotations

import asyncio

from playwright.async_api import Locator, Page, expect

__all__ = ["WAIT_SECONDS", "answers", "ask", "say", "until"]

WAIT_SECONDS = 45.0


def answers(page: Page) -> Locator:
    """The bodies of the bot's messages."""
    return page.locator(".message.bot .body")


async def say(page: Page, text: str) -> None:
    """Write a message and send it."""
    await page.locator("#box").fill(text)
    await page.locator("#box").press("Enter")


async def ask(page: Page, text: str, answer: str) -> None:
    """Write a message and wait for its whole answer."""
    before = await answers(page).count()
    await say(page, text)
    await expect(answers(page)).to_have_count(before + 1)
    await expect(answers(page).last).to_contain_text(answer)
    await expect(page.locator(".message.live")).to_have_count(0)


async def until(page: Page, condition: str) -> None:
    """Wait until a JavaScript expression holds; asked from outside, for the page evaluates no text itself."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not await page.evaluate(condition):  # noqa: ASYNC110 - a page rings no bell
            await asyncio.sleep(0.02)
