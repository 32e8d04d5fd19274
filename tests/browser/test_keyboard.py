"""Everything can be done without a mouse, and read without seeing."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from bot.conversation import menu as commands
from bot.sandbox import Reply
from tests.browser.conftest import Stage
from tests.browser.people import answers, ask

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_enter_sends_and_shift_enter_does_not(page: Page) -> None:
    """The box grows with its lines."""
    box = page.locator("#box")
    before = await box.evaluate("box => box.offsetHeight")
    await page.keyboard.type("one")
    await page.keyboard.press("Shift+Enter")
    await page.keyboard.type("two")
    await expect(box).to_have_value("one\ntwo")
    assert await box.evaluate("box => box.offsetHeight") > before
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("")
    await expect(page.locator(".message.person .body")).to_have_text("one\ntwo", use_inner_text=True)


async def test_an_input_methods_enter_does_not_send(page: Page) -> None:
    """It chooses a word, as whoever writes Chinese expects."""
    box = page.locator("#box")
    await box.fill("nihao")
    for marks in ("isComposing: true", "keyCode: 229"):
        event = f"new KeyboardEvent('keydown', {{key: 'Enter', bubbles: true, {marks}}})"
        await box.evaluate(f"box => box.dispatchEvent({event})")
    await expect(box).to_have_value("nihao")
    await expect(page.locator(".message")).to_have_count(0)


async def test_escape_stops_the_answer(stage: Stage, page: Page) -> None:
    """From the box, while one is being written."""
    stage.brain.teach("fourth endless story", Reply.tokens(4000, tokens_per_second=40))
    await page.keyboard.type("the fourth endless story")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.live")).to_have_count(1)
    request = stage.provider.requests[-1]
    await page.keyboard.press("Escape")
    await asyncio.wait_for(request.ended.wait(), 45)
    await expect(answers(page)).to_contain_text("Stopped.")


async def test_commands_are_offered_and_chosen(page: Page) -> None:
    """A slash opens the menu, letters narrow it, arrows move, Enter takes, Escape leaves."""
    menu = page.locator("#menu [role=option]")
    await page.keyboard.type("/")
    await expect(menu).to_have_count(len([entry for entry in commands() if entry.in_private]))
    await page.keyboard.press("ArrowDown")
    chosen = page.locator("#menu [aria-selected=true]")
    await expect(chosen).to_contain_text("/retry")
    assert await page.locator("#box").get_attribute("aria-activedescendant") == await chosen.get_attribute(
        "id"
    )
    await page.keyboard.press("Escape")
    await expect(page.locator("#menu")).to_be_hidden()
    await page.keyboard.type("he")
    await expect(menu).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_contain_text("What I understand")
    await expect(page.locator(".message.command")).to_have_count(1)


async def test_the_chosen_command_is_always_in_sight(page: Page) -> None:
    """Also the last of a list that is longer than its place; the wheel moves it and chooses nothing."""
    await page.keyboard.type("/")
    await expect(page.locator("#menu [role=option]")).to_have_count(
        len([entry for entry in commands() if entry.in_private])
    )
    menu = page.locator("#menu")
    assert await menu.evaluate("menu => menu.scrollHeight > menu.clientHeight")
    await page.keyboard.press("ArrowUp")
    last = page.locator("#menu [aria-selected=true]")
    await expect(last).to_contain_text("/help")
    await expect(last).to_be_in_viewport(ratio=0.9)
    await menu.hover()
    await page.mouse.wheel(0, -400)
    await expect(page.locator("#menu [role=option]").first).to_be_in_viewport(ratio=0.9)
    await expect(page.locator(".message")).to_have_count(0)
    await page.locator("#menu [role=option]", has_text="/whoami").click()
    await expect(page.locator(".message.command .body")).to_have_text("/whoami")
    await expect(page.locator("#box")).to_be_focused()


async def test_chats_are_begun_and_changed_by_keys(page: Page) -> None:
    """A new one, the one below, the list of keys and out of it again."""
    await ask(page, "older chat", "You said: older chat")
    await page.keyboard.press("Control+k")
    await expect(page.locator("#welcome")).to_be_visible()
    await expect(page.locator("#box")).to_be_focused()
    await ask(page, "newer chat", "You said: newer chat")
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator("#title")).to_have_text("older chat")
    await page.keyboard.press("Alt+ArrowUp")
    await expect(page.locator("#title")).to_have_text("newer chat")
    await page.keyboard.press("Control+/")
    await expect(page.locator("#help")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#help")).to_be_hidden()


async def test_the_last_message_is_edited_from_an_empty_box(page: Page) -> None:
    """Arrow up takes it, Escape lets it go."""
    await ask(page, "my words", "You said: my words")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#box")).to_have_value("my words")
    await page.keyboard.press("Escape")
    await expect(page.locator("#box")).to_have_value("")
    await page.keyboard.press("ArrowUp")
    await page.keyboard.type(" changed")
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_have_text(["You said: my words changed"])


async def test_every_control_is_reached_by_tab_and_seen_there(page: Page) -> None:
    """One after the other, each with a visible mark and a name."""
    await ask(page, "some words", "You said: some words")
    await page.evaluate("document.activeElement.blur()")
    seen = set()
    for _ in range(60):
        await page.keyboard.press("Tab")
        name, marked = await page.evaluate(
            """() => {
              const element = document.activeElement;
              if (element === document.body) return ["", true];
              const name = element.getAttribute("aria-label") || element.textContent.trim() || element.id;
              const style = getComputedStyle(element.id === "box" ? element.parentElement : element);
              return [name, style.outlineStyle !== "none" || style.boxShadow !== "none"];
            }"""
        )
        seen.add(name)
        assert marked, name
    wanted = {
        "New chat",
        "some words",
        "Delete “some words”",
        "Conversation",
        "Edit",
        "Try again",
        "Message Parley",
        "Attach files",
        "Record a voice message",
    }
    assert {want for want in wanted if not any(want in name for name in seen)} == set()


async def test_the_finished_answer_is_read_aloud_once(stage: Stage, page: Page) -> None:
    """Not each of its growing forms."""
    stage.brain.teach("about hills", Reply(text="Hills roll on. " * 30, tokens_per_second=80))
    await page.evaluate(
        """() => {
          window.spoken = [];
          const place = document.getElementById("said");
          new MutationObserver(() => window.spoken.push(place.textContent)).observe(place, {childList: true});
        }"""
    )
    await ask(page, "about hills", "Hills roll on.")
    spoken = await page.evaluate("window.spoken")
    assert spoken == ["Parley: " + ("Hills roll on. " * 30).strip()]
    assert await page.locator("#said").get_attribute("aria-live") == "polite"
