"""Beside the title stand the persona, the model and the settings: seen, and changed in place."""

from __future__ import annotations

import pytest
from playwright.async_api import Locator, Page, expect

from bot.sandbox import Reply
from tests.browser.conftest import Stage
from tests.browser.people import answers, ask, say
from tests.browser.test_looks import PHONE, violations

pytestmark = pytest.mark.asyncio(loop_scope="module")


def picker(page: Page, name: str) -> Locator:
    """The button in the header."""
    return page.locator(f"#pick-{name}")


async def pick(page: Page, name: str) -> Locator:
    """Open a picker by its button; its page, once it is there."""
    await picker(page, name).click()
    opened = page.locator("#picker-page")
    await expect(opened).to_be_visible()
    return opened


async def test_the_persona_is_chosen_beside_the_chat(stage: Stage, page: Page) -> None:
    """It answers from then on; the page is redrawn where it stands, and the chat itself stays as it is."""
    await ask(page, "hello", "You said: hello")
    await expect(picker(page, "persona")).to_have_accessible_name("Persona: Assistant")
    opened = await pick(page, "persona")
    await opened.get_by_role("button", name="Translator").click()
    await expect(opened.locator(".chosen")).to_have_text("✓ Translator")
    await expect(page.locator("#picker-said")).to_have_text("Saved.")
    await expect(picker(page, "persona")).to_have_text("Translator")
    await page.keyboard.press("Escape")
    await expect(page.locator("#picker")).to_be_hidden()
    await expect(answers(page)).to_have_count(1)
    await ask(page, "good day", "You said: good day")
    assert "translat" in str(stage.provider.chats[-1].body["messages"][0]["content"])


async def test_the_model_is_chosen_among_the_providers(stage: Stage, page: Page) -> None:
    """From its maker's list, and back to the default; the next question goes to it."""
    await ask(page, "hello", "You said: hello")
    await expect(picker(page, "model")).to_have_accessible_name("Model: Qwen3-32B")
    opened = await pick(page, "model")
    await opened.get_by_role("button", name="deepseek-ai").click()
    await expect(opened).to_contain_text("page 1 of")
    await opened.get_by_role("button", name="DeepSeek-V3", exact=True).click()
    await expect(opened.locator(".chosen")).to_have_text("✓ DeepSeek-V3")
    await expect(picker(page, "model")).to_have_text("DeepSeek-V3")
    await page.keyboard.press("Escape")
    await ask(page, "who are you?", "You said: who are you?")
    assert stage.provider.chats[-1].body["model"] == "deepseek-ai/DeepSeek-V3"
    opened = await pick(page, "model")
    await opened.get_by_role("button", name="Default").click()
    await expect(picker(page, "model")).to_have_text("Qwen3-32B")


async def test_settings_lead_to_the_other_pages_and_back(page: Page) -> None:
    """One place for all of it, with the title of what is shown."""
    opened = await pick(page, "settings")
    title = page.locator("#picker-title")
    await expect(title).to_have_text("Settings")
    await opened.get_by_role("button", name="Hide thinking").click()
    await expect(opened).to_contain_text("is not shown")
    await opened.get_by_role("button", name="Personas…").click()
    await expect(title).to_have_text("Persona")
    await opened.get_by_role("button", name="‹ Settings").click()
    await expect(title).to_have_text("Settings")
    await expect(opened).to_contain_text("is not shown")


async def test_a_click_beside_it_and_the_cross_close_it(page: Page) -> None:
    """The focus goes back to where it came from, and the page below was not pressed."""
    for name in ("persona", "model", "settings"):
        await pick(page, name)
        await expect(picker(page, name)).to_have_attribute("aria-expanded", "true")
        await page.mouse.click(20, 20)
        await expect(page.locator("#picker")).to_be_hidden()
        await expect(picker(page, name)).to_have_attribute("aria-expanded", "false")
        await expect(picker(page, name)).to_be_focused()
    await pick(page, "model")
    await page.locator("#picker").get_by_role("button", name="Close").click()
    await expect(page.locator("#picker")).to_be_hidden()


async def test_everything_is_done_by_keys(page: Page) -> None:
    """Enter opens it on what is chosen, Tab and Enter choose another and stay there; Escape leaves."""
    await ask(page, "hello", "You said: hello")
    await picker(page, "persona").focus()
    await page.keyboard.press("Enter")
    focused = page.locator("#picker-page button:focus")
    await expect(focused).to_have_text("✓ Assistant")
    await page.keyboard.press("Tab")
    await expect(focused).to_have_text("Translator")
    await page.keyboard.press("Enter")
    await expect(focused).to_have_text("✓ Translator")
    await expect(picker(page, "persona")).to_have_accessible_name("Persona: Translator")
    await page.keyboard.press("Escape")
    await expect(picker(page, "persona")).to_be_focused()


async def test_a_command_changes_what_the_picker_names(page: Page) -> None:
    """Written as a command or pressed under its answer, it is the same choice."""
    await ask(page, "/persona tutor", "Tutor")
    await expect(picker(page, "persona")).to_have_text("Tutor")
    await ask(page, "/persona", "Tutor")
    await page.locator(".message.bot").last.get_by_role("button", name="Summariser").click()
    await expect(picker(page, "persona")).to_have_text("Summariser")
    await ask(page, "/model Qwen3-8B", "Qwen3-8B")
    await expect(picker(page, "model")).to_have_text("Qwen3-8B")


async def test_a_choice_made_before_the_first_word_holds(stage: Stage, page: Page) -> None:
    """The chat begins with it; another chat keeps its own."""
    await expect(picker(page, "persona")).to_have_text("Persona")
    opened = await pick(page, "persona")
    await opened.get_by_role("button", name="Code reviewer").click()
    await expect(picker(page, "persona")).to_have_text("Code reviewer")
    await page.keyboard.press("Escape")
    await ask(page, "first words here", "You said: first words here")
    await expect(page.locator("#title")).to_have_text("first words here")
    await page.locator("#new-chat").click()
    await ask(page, "another chat", "You said: another chat")
    await expect(picker(page, "persona")).to_have_text("Assistant")
    await page.get_by_role("link", name="first words here").click()
    await expect(picker(page, "persona")).to_have_text("Code reviewer")
    await page.reload()
    await expect(picker(page, "persona")).to_have_text("Code reviewer")


async def test_it_opens_while_an_answer_grows(stage: Stage, page: Page) -> None:
    """Neither waits for the other."""
    stage.brain.teach("seventh endless story", Reply.tokens(4000, tokens_per_second=40))
    await say(page, "the seventh endless story")
    await expect(page.locator(".message.live")).to_have_count(1)
    opened = await pick(page, "model")
    await opened.get_by_role("button", name="Qwen3-8B").click()
    await expect(picker(page, "model")).to_have_text("Qwen3-8B")
    await expect(page.locator(".message.live")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(page.locator(".message.live")).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(answers(page)).to_contain_text("Stopped.")


async def test_what_cannot_be_had_is_said_there(page: Page) -> None:
    """In the reader's language, where the page would stand."""
    await ask(page, "hello", "You said: hello")
    await page.route("**/press", lambda route: route.abort())
    await picker(page, "model").click()
    await expect(page.locator("#picker-said")).to_contain_text("can't be reached")
    await page.unroute("**/press")
    await page.keyboard.press("Escape")
    await expect(await pick(page, "model")).to_contain_text("The model of this chat")


async def test_a_page_asked_for_while_the_line_was_broken_comes_after_all(page: Page) -> None:
    """The stream comes back, and what stands open is asked for again."""
    await ask(page, "hello", "You said: hello")
    await page.route("**/events", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#line")).to_have_text("Connecting…")
    await picker(page, "persona").click()
    await expect(page.locator("#picker-said")).to_have_text("Working on it…")
    await page.unroute("**/events")
    await expect(page.locator("#picker-page .chosen")).to_have_text("✓ Assistant")
    await expect(picker(page, "model")).to_have_text("Qwen3-32B")


async def test_a_phone_shows_it_at_the_lower_end(stage: Stage) -> None:
    """Over the whole width, nothing sticks out, and the chosen model's name is read in the header."""
    async with stage.reader(locale="zh-CN", **PHONE) as page:
        await ask(page, "hello", "You said: hello")
        await expect(picker(page, "model")).to_have_text("Qwen3-32B")
        for name, words in (
            ("persona", "正在回答的角色"),
            ("model", "本聊天的模型"),
            ("settings", "本聊天的设置"),
        ):
            opened = await pick(page, name)
            await expect(opened).to_contain_text(words)
            box = await page.locator("#picker").bounding_box()
            assert box is not None
            assert (box["x"], box["width"]) == (0, 375)
            assert box["y"] + box["height"] == pytest.approx(700, abs=1)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert await violations(page) == []
            await page.touchscreen.tap(180, 20)
            await expect(page.locator("#picker")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_no_serious_fault_in_the_pages(stage: Stage, scheme: str) -> None:
    """In the header, and on each page."""
    async with stage.reader(color_scheme=scheme, reduced_motion="reduce") as page:
        await ask(page, "hello", "You said: hello")
        for name in ("persona", "model", "settings"):
            await pick(page, name)
            assert await violations(page) == []
            await page.keyboard.press("Escape")
        assert await violations(page) == []
