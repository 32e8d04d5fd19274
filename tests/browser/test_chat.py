"""A person chats in the browser: answers grow, stop, come again; what was said stays."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Page, expect

from bot.sandbox import HttpError, Reply
from tests.browser.conftest import Stage, open_stage
from tests.browser.people import answers, ask, say

pytestmark = pytest.mark.asyncio(loop_scope="module")

RICH = (
    "Some **bold** words and a [link](https://example.org/x).\n\n"
    "```python\ndef f(x):\n    return x < 1\n```\n\n"
    "| a | b |\n|---|--:|\n| 1 | 2 |\n\n- [x] done\n- [ ] to do\n\n<script>window.broken = 1</script>"
    "\n\nThe end."
)
# The page itself notes each length that its newest answer has had: nobody has to look in time.
WATCH = """() => {
  window.lengths = new Set();
  new MutationObserver(() => {
    const body = document.querySelector(".message.bot .body");
    if (body) window.lengths.add(body.textContent.length);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


async def test_an_answer_grows_in_place(stage: Stage, page: Page) -> None:
    """One message appears and is seen to grow; when it is whole, its controls change."""
    stage.brain.teach("about rivers", Reply(text="Rivers run to the sea. " * 20, tokens_per_second=60))
    await page.evaluate(WATCH)
    await say(page, "Tell me about rivers")
    body = answers(page)
    await expect(body).to_contain_text("Rivers run to the sea.")
    await expect(page.locator(".message.live")).to_have_count(0)
    lengths = await page.evaluate("[...window.lengths]")
    assert len(lengths) >= 5
    assert lengths == sorted(lengths)
    await expect(body).to_have_count(1)
    assert await body.inner_text() == ("Rivers run to the sea. " * 20).strip()
    await expect(page.locator("#stop")).to_be_hidden()
    await expect(page.locator(".message.bot .buttons button")).to_have_count(0)


async def test_a_picture_asked_for_in_plain_words_stands_below_the_answer(stage: Stage, page: Page) -> None:
    """With the buttons that /image has for it."""
    call = Reply.call("draw_picture", '{"prompt": "A lighthouse"}')
    stage.brain.teach("draw me a lighthouse", call, Reply(text="It is on its way."))
    await say(page, "Please draw me a lighthouse")
    await expect(answers(page).first).to_contain_text("It is on its way.")
    picture = page.locator(".message.bot img")
    await expect(picture).to_be_visible()
    await expect(answers(page).last).to_contain_text("A lighthouse")
    await expect(answers(page)).to_have_count(2)
    await expect(page.get_by_role("button", name="Better prompt")).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1024


async def test_a_thumb_says_what_the_reader_thinks(stage: Stage, page: Page) -> None:
    """It is stored with the answer, marked and thanked for; the latest counts."""
    await ask(page, "a matter of taste", "You said: a matter of taste")
    bad, good = (page.get_by_role("button", name=name).last for name in ("Bad answer", "Good answer"))
    await bad.click()
    await expect(page.get_by_text("Thank you.")).to_be_visible()
    await good.click()
    await expect(good).to_have_attribute("aria-pressed", "true")
    await expect(bad).to_have_attribute("aria-pressed", "false")
    found = "select vote from feedback join exchanges using (turn_id) where request = 'a matter of taste'"
    async with asyncio.timeout(30):
        while stage.service.rows(found) != [("up",)]:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.05)


async def test_markdown_is_shown_and_code_can_be_copied(stage: Stage) -> None:
    """With its form; what looks like a script is words. The clipboard gets the code as written."""
    stage.brain.teach("something rich", Reply(text=RICH))
    async with stage.reader(permissions=["clipboard-read", "clipboard-write"]) as page:
        await ask(page, "something rich", "The end.")
        body = answers(page)
        await expect(body.locator("strong")).to_have_text("bold")
        await expect(body.locator("a")).to_have_attribute("rel", "noopener noreferrer")
        await expect(body.locator(".code .k").first).to_have_text("def")
        await expect(body.locator("td").last).to_have_text("2")
        await expect(body.locator("[role=checkbox][aria-checked=true]")).to_have_count(1)
        await expect(body).to_contain_text("<script>window.broken = 1</script>")
        assert await page.evaluate("window.broken") is None
        await page.get_by_role("button", name="Copy code").click()
        await expect(page.locator(".code-head button")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == "def f(x):\n    return x < 1"


async def test_thoughts_stand_folded_above_the_answer(stage: Stage, page: Page) -> None:
    """And can be opened; they stay open while the answer grows."""
    stage.brain.teach(
        "a hard one", Reply(thinking="First this. " * 5, text="So, forty-two. " * 40, tokens_per_second=60)
    )
    await say(page, "a hard one")
    await expect(answers(page)).to_contain_text("So, forty-two.")
    await page.locator("summary").click()
    await expect(page.locator("details > div")).to_contain_text("First this.")
    await expect(page.locator(".message.live")).to_have_count(0)
    assert await page.locator("details").evaluate("details => details.open")


async def test_stop_ends_the_answer_and_the_model_with_it(stage: Stage, page: Page) -> None:
    """What was written stays, and the provider sees us go away."""
    stage.brain.teach("endless story", Reply.tokens(4000, tokens_per_second=40))
    await say(page, "Tell an endless story")
    await expect(page.locator(".message.live")).to_have_count(1)
    request = stage.provider.requests[-1]
    await page.locator("#stop").click()
    await asyncio.wait_for(request.ended.wait(), 45)
    assert request.client_went_away
    await expect(answers(page)).to_contain_text("Stopped.")
    await expect(page.locator("#stop")).to_be_hidden()
    await ask(page, "Still there?", "You said: Still there?")


async def test_the_button_under_the_answer_stops_it_too(stage: Stage, page: Page) -> None:
    """It is gone afterwards, and whoever pressed it hears what it did."""
    stage.brain.teach("second endless story", Reply.tokens(4000, tokens_per_second=40))
    await say(page, "Tell the second endless story")
    await page.locator(".message.bot .buttons button").click()
    await expect(page.locator("#toast")).to_have_text("Stopped.")
    await expect(page.locator(".message.bot .buttons button")).to_have_count(0)


async def test_an_answer_that_failed_can_be_asked_for_again(stage: Stage, page: Page) -> None:
    """The button under it asks once more."""
    poor = {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}
    refusal = Reply(fault=HttpError(status=403, body=poor))
    stage.brain.teach("a fragile question", refusal, Reply(text="Now it works."))
    await say(page, "a fragile question")
    await page.locator(".message.bot .buttons button", has_text="Try again").click()
    await expect(answers(page).last).to_have_text("Now it works.")


async def test_an_answer_is_had_again(stage: Stage, page: Page) -> None:
    """From the control below the newest answer, which older ones do not have."""
    stage.brain.teach("a joke", Reply(text="Joke one."), Reply(text="Joke two."))
    await ask(page, "Tell me a joke", "Joke one.")
    await page.locator(".message.bot .retry").click()
    await expect(answers(page)).to_have_text(["Joke one.", "Joke two."])
    await expect(page.locator(".message.bot .retry").first).to_be_hidden()


async def test_an_edited_message_is_answered_anew_in_its_place(page: Page) -> None:
    """There is one question and one answer in the end."""
    await ask(page, "weather on Mars?", "You said: weather on Mars?")
    await page.locator(".message.person").hover()
    await page.locator(".message.person .edit").click()
    await expect(page.locator("#box")).to_have_value("weather on Mars?")
    await say(page, "weather on Venus?")
    await expect(answers(page)).to_have_text(["You said: weather on Venus?"])
    await expect(page.locator(".message.person .body")).to_have_text(["weather on Venus?"])
    await expect(page.locator("#editing")).to_be_hidden()


async def test_a_reload_shows_the_chat_as_it_was(stage: Stage, page: Page) -> None:
    """Also while an answer grows, which goes on growing."""
    stage.brain.teach("about lakes", Reply(text="Lakes lie still. " * 60, tokens_per_second=80))
    await ask(page, "first question", "You said: first question")
    await say(page, "Tell me about lakes")
    await expect(page.locator(".message.live")).to_have_count(1)
    await page.reload()
    await expect(page.locator(".message.person .body")).to_have_text(
        ["first question", "Tell me about lakes"]
    )
    await expect(page.locator(".message.live")).to_have_count(0)
    assert await answers(page).last.inner_text() == ("Lakes lie still. " * 60).strip()


async def test_two_pages_show_the_same(stage: Stage) -> None:
    """What is written on one is seen on the other, with its answer and the chat's name."""
    async with stage.reader() as one:
        await ask(one, "seen by both", "You said: seen by both")
        other = await one.context.new_page()
        await other.goto(one.url)
        await expect(answers(other)).to_have_text("You said: seen by both")
        # A page in the background lets go of its line and catches up when it is looked at.
        await ask(other, "and now this", "You said: and now this")
        await one.bring_to_front()
        await expect(answers(one).last).to_have_text("You said: and now this")


async def test_chats_are_kept_apart(page: Page) -> None:
    """Each has its messages and its name; one can be renamed and deleted."""
    await ask(page, "about cats", "You said: about cats")
    await page.locator("#new-chat").click()
    await expect(page.locator("#welcome")).to_be_visible()
    await ask(page, "about dogs", "You said: about dogs")
    await page.get_by_role("link", name="about cats").click()
    await expect(answers(page)).to_have_text(["You said: about cats"])
    await page.get_by_role("button", name="Rename “about cats”").click()
    await page.locator("#rename-text").fill("Felines")
    await page.keyboard.press("Enter")
    await expect(page.locator("#title")).to_have_text("Felines")
    await page.get_by_role("button", name="Delete “Felines”").click()
    await page.locator("#delete").get_by_role("button", name="Cancel").click()
    await expect(answers(page)).to_have_count(1)
    await page.get_by_role("button", name="Delete “Felines”").click()
    await page.locator("#delete").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("link", name="Felines")).to_have_count(0)
    await expect(page.locator("#welcome")).to_be_visible()
    await page.get_by_role("link", name="about dogs").click()
    await expect(answers(page)).to_have_text(["You said: about dogs"])


async def test_a_chat_deleted_while_it_is_answered_stays_deleted(stage: Stage, page: Page) -> None:
    """The answer ends, and nothing of it comes back."""
    stage.brain.teach("third endless story", Reply.tokens(4000, tokens_per_second=40))
    await say(page, "the third endless story")
    await expect(page.locator(".message.live")).to_have_count(1)
    request = stage.provider.requests[-1]
    await page.get_by_role("button", name="Delete “the third endless story”").click()
    await page.locator("#delete").get_by_role("button", name="Delete").click()
    await expect(page.locator("#welcome")).to_be_visible()
    await asyncio.wait_for(request.ended.wait(), 45)
    await ask(page, "something else", "You said: something else")
    await page.reload()
    await expect(page.get_by_role("link", name="something else")).to_have_count(1)
    await expect(page.get_by_role("link", name="the third endless story")).to_have_count(0)


async def test_the_settings_page_answers_its_buttons(page: Page) -> None:
    """The message with the settings changes under the press."""
    await ask(page, "/settings", "Settings of this chat")
    await page.locator(".message.bot .buttons button", has_text="Hide thinking").click()
    await expect(answers(page)).to_contain_text("is not shown")
    await expect(page.locator("#toast")).to_have_text("Saved.")


async def test_the_service_may_be_killed_and_come_back(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The page finds it again by itself; the answer is whole, and there is one."""
    folder = tmp_path_factory.mktemp("killed")
    async with open_stage(folder, stage.browser) as stage, stage.reader() as page:
        # No sentence twice: what continues a cut answer is joined by its last words.
        seas = " ".join(f"Sea number {number} is deep." for number in range(80))
        stage.brain.teach("about seas", Reply(text=seas, tokens_per_second=80))
        await ask(page, "first", "You said: first")
        await say(page, "Tell me about seas")
        await expect(page.locator(".message.live")).to_have_count(1)
        await stage.service.kill()
        await expect(page.locator("#line")).to_have_text("Connecting…")
        await say(page, "written meanwhile")
        await expect(page.locator(".message.failed")).to_have_count(1)
        await expect(page.locator("#trouble")).to_contain_text("can't be reached")
        await stage.service.start()
        await expect(answers(page)).to_have_text(["You said: first", seas])
        await page.get_by_role("button", name="Send again").click()
        await expect(answers(page).last).to_have_text("You said: written meanwhile")
        await expect(page.locator(".message.person")).to_have_count(3)
        assert await page.locator(".message.failed").count() == 0


async def test_the_log_of_the_service_holds_no_words_and_no_key(stage: Stage, page: Page) -> None:
    """What people say, and what lets them in, is nobody's business."""
    await ask(page, "about my diary", "You said: about my diary")
    log = await asyncio.to_thread(stage.service.log.read_text, encoding="utf-8")
    lines = [line for line in log.splitlines() if line.startswith("{")]
    key = stage.link.partition("key=")[2]
    assert lines
    assert [line for line in lines if "diary" in line or key in line] == []
