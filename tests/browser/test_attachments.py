"""A person attaches, pastes and drops pictures and files; the model gets them, and the chat keeps them."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from playwright._impl._api_structures import FilePayload
from playwright.async_api import Locator, Page, Route, expect

from bot.sandbox import Reply
from bot.sandbox.message_rules import flat_text
from tests.browser.conftest import Stage
from tests.browser.people import answers, ask, until
from tests.browser.test_looks import PHONE, violations
from tests.unit.media.made_documents import pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEASE = pdf("The rent is 812 euros a month.")
# The clipboard and the mouse are the system's: a page only hears of them by these events.
TRANSFER = """([data, name, type]) => {
  const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
  window.transfer = new DataTransfer();
  window.transfer.items.add(new File([bytes], name, {type}));
}"""
PASTE = """() => document.activeElement.dispatchEvent(
  new ClipboardEvent("paste", {clipboardData: window.transfer, bubbles: true, cancelable: true}))"""
DRAG = """(kind) => document.getElementById("scroll").dispatchEvent(
  new DragEvent(kind, {dataTransfer: window.transfer, bubbles: true, cancelable: true}))"""


def picture(colour: str, *, side: int = 240) -> bytes:
    """A PNG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (side * 3 // 2, side), colour).save(buffer, "PNG")
    return buffer.getvalue()


def file(data: bytes, name: str, mime: str) -> FilePayload:
    """A file as the picker gives it."""
    return {"name": name, "mimeType": mime, "buffer": data}


async def pick(page: Page, *files: FilePayload) -> None:
    """Choose files with the paper clip."""
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Attach files").click()
    await (await chooser.value).set_files(list(files))


async def carry(page: Page, data: bytes, name: str, mime: str) -> None:
    """Have a file in the clipboard, or under the mouse."""
    await page.evaluate(TRANSFER, [base64.b64encode(data).decode(), name, mime])


def tray(page: Page) -> Locator:
    """What will go along."""
    return page.locator("#tray li")


async def answered(page: Page, text: str) -> None:
    """Wait for the whole answer."""
    await expect(answers(page).last).to_contain_text(text)
    await expect(page.locator(".message.live")).to_have_count(0)


async def shown_size(page: Page) -> int:
    """How wide the newest picture in the chat is in itself, once it is there."""
    await until(page, "[...document.querySelectorAll('.files img')].at(-1)?.naturalWidth > 0")
    return int(await page.evaluate("[...document.querySelectorAll('.files img')].at(-1).naturalWidth"))


async def test_a_pasted_picture_is_seen_by_the_model_and_stays(stage: Stage, page: Page) -> None:
    """First as a thumbnail, then in the chat, also after a reload; it opens inert, and goes with the chat."""
    stage.brain.teach("what colour is this", Reply(text="It is red."))
    await carry(page, picture("red"), "image.png", "image/png")
    await page.evaluate(PASTE)
    await until(page, "document.querySelector('#tray img')?.naturalWidth === 360")
    await page.locator("#box").fill("what colour is this?")
    await page.keyboard.press("Enter")
    await answered(page, "It is red.")
    assert "data:image/" in str(stage.provider.chats[-1].body["messages"][-1]["content"])
    await expect(tray(page)).to_have_count(0)
    assert await shown_size(page) == 360
    await page.reload()
    assert await shown_size(page) == 360
    async with page.expect_popup() as opened:
        await page.locator(".files a").click()
    popup = await opened.value
    assert await popup.evaluate("window.origin") == "null"
    await popup.close()
    address = await page.locator(".files img").get_attribute("src")
    await page.locator("#chats .current [data-name^=remove]").click()
    await page.locator("#delete [type=submit]").click()
    await expect(page.locator("#welcome")).to_be_visible()
    assert (await page.request.get(f"{stage.address.removesuffix('/chat/')}{address}")).status == 404
    assert list((stage.service.folder / "page-files").iterdir()) == []


async def test_a_dropped_document_is_asked_about(stage: Stage, page: Page) -> None:
    """Where to drop it is shown; its words reach the model, and it can be had back."""
    stage.brain.teach("how high is the rent", Reply(text="812 euros."))
    await carry(page, LEASE, "lease.pdf", "application/pdf")
    await page.evaluate(DRAG, "dragover")
    await expect(page.locator("#drop")).to_be_visible()
    await page.evaluate(DRAG, "dragleave")
    await expect(page.locator("#drop")).to_be_hidden()
    await page.evaluate(DRAG, "dragover")
    await page.evaluate(DRAG, "drop")
    await expect(page.locator("#drop")).to_be_hidden()
    await expect(tray(page)).to_contain_text(["lease.pdf"])
    await expect(page.locator("#box")).to_be_focused()
    await page.keyboard.type("how high is the rent?")
    await page.keyboard.press("Enter")
    await answered(page, "812 euros.")
    assert "The rent is 812 euros" in flat_text(stage.provider.chats[-1].body["messages"][-1]["content"])
    async with page.expect_download() as download:
        await page.get_by_role("link", name="lease.pdf").click()
    saved = await download.value
    assert saved.suggested_filename == "lease.pdf"
    assert (await saved.path()).read_bytes() == LEASE


async def test_what_was_attached_can_be_removed_by_keys(page: Page) -> None:
    """Each by its own button, whose place the next one takes; then there is nothing to send."""
    await pick(
        page, file(picture("blue"), "sky.png", "image/png"), file(LEASE, "lease.pdf", "application/pdf")
    )
    await expect(tray(page)).to_have_count(2)
    await expect(page.locator("#send")).to_be_enabled()
    await page.get_by_role("button", name="Remove “sky.png”").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Remove “lease.pdf”")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#tray")).to_be_hidden()
    await expect(page.locator("#box")).to_be_focused()
    await expect(page.locator("#send")).to_be_hidden()
    await expect(page.locator("#record")).to_be_visible()


async def test_what_does_not_fit_is_said(page: Page) -> None:
    """An empty file, a giant, and an eleventh; the others stay."""
    await pick(page, file(b"", "nothing.txt", "text/plain"), file(b"x", "one.txt", "text/plain"))
    await expect(page.locator("#trouble")).to_have_text("“nothing.txt” is empty.")
    await page.evaluate("""() => {
      const transfer = new DataTransfer();
      const giant = new File(["x"], "film.mkv");
      Object.defineProperty(giant, "size", {value: 200 * 1024 * 1024});
      transfer.items.add(giant);
      window.transfer = {files: [giant], types: ["Files"]};
      const event = new Event("paste", {bubbles: true, cancelable: true});
      event.clipboardData = window.transfer;
      document.dispatchEvent(event);
    }""")
    await expect(page.locator("#trouble")).to_have_text(
        "“film.mkv” is too large: a file may have up to 100 MB."
    )
    await pick(page, *(file(b"x", f"{number}.txt", "text/plain") for number in range(10)))
    await expect(page.locator("#trouble")).to_have_text("At most 10 files go into one message.")
    await expect(tray(page)).to_have_count(10)


async def test_words_with_a_picture_of_themselves_are_pasted_as_words(page: Page) -> None:
    """As office programs put them on the clipboard."""
    await carry(page, picture("white"), "image.png", "image/png")
    await page.evaluate("window.transfer.setData('text/plain', 'the words')")
    await page.evaluate(PASTE)
    await expect(page.locator("#tray")).to_be_hidden()


async def test_each_chat_keeps_what_was_begun_in_it(page: Page) -> None:
    """Files too: they are there again when the reader comes back."""
    await ask(page, "first chat", "You said: first chat")
    await pick(page, file(picture("green"), "leaf.png", "image/png"))
    await page.keyboard.press("Control+k")
    await expect(page.locator("#tray")).to_be_hidden()
    await page.get_by_role("link", name="first chat").click()
    await until(page, "document.querySelector('#tray img')?.naturalWidth > 0")


async def test_a_large_file_shows_how_far_it_is_and_can_be_called_back(stage: Stage, page: Page) -> None:
    """A bar grows until it has gone out; calling it back leaves nothing, and what follows goes through."""
    held: list[Route] = []
    await page.route("**/chat/api/uploads/*", lambda route: held.append(route))
    await pick(page, file(bytes(3 * 1024 * 1024), "data.bin", "application/octet-stream"))
    await page.locator("#box").fill("what is in it?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.pending progress")).to_be_visible()
    await page.locator(".message.pending").get_by_role("button", name="Cancel").click()
    await expect(page.locator(".message")).to_have_count(0)
    assert len(held) == 1
    await page.unroute("**/chat/api/uploads/*")
    await ask(page, "never mind", "You said: never mind")
    assert not [body for body in stage.provider.chats if "what is in it?" in str(body.body)]


async def test_a_failed_upload_can_be_sent_again(stage: Stage, page: Page) -> None:
    """The line broke: the message waits with its files, and the second try brings them."""
    stage.brain.teach("the second try", Reply(text="Here it is."))
    await page.route("**/chat/api/uploads/*", lambda route: route.abort())
    await pick(page, file(picture("red"), "red.png", "image/png"))
    await page.locator("#box").fill("the second try")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message.failed")).to_have_count(1)
    await expect(page.locator("#trouble")).to_contain_text("The service can't be reached.")
    await page.unroute("**/chat/api/uploads/*")
    await page.get_by_role("button", name="Send again").click()
    await answered(page, "Here it is.")
    await expect(page.locator(".message.pending")).to_have_count(0)
    assert await shown_size(page) == 360


async def test_an_edited_question_keeps_its_picture(stage: Stage, page: Page) -> None:
    """The new words are asked about the same picture."""
    stage.brain.teach("which colour", Reply(text="Red, I think."))
    stage.brain.teach("which animal", Reply(text="None at all."))
    await pick(page, file(picture("red"), "red.png", "image/png"))
    await page.locator("#box").fill("which colour?")
    await page.keyboard.press("Enter")
    await answered(page, "Red, I think.")
    await page.locator(".message.person").hover()
    await page.locator(".message.person .edit").click()
    await page.locator("#box").fill("which animal?")
    await page.keyboard.press("Enter")
    await expect(answers(page)).to_have_text(["None at all."])
    assert "data:image/" in str(stage.provider.chats[-1].body["messages"][-1]["content"])
    await expect(page.locator(".files img")).to_have_count(1)


async def test_thumbs_stand_under_answers_only(page: Page) -> None:
    """Not under the reply to a command, which nobody votes on."""
    await ask(page, "/help", "What I understand")
    await expect(page.get_by_role("button", name="Copy")).not_to_have_count(0)
    await expect(page.locator(".thumb:visible")).to_have_count(0)
    await ask(page, "a real question", "You said: a real question")
    await expect(page.locator(".thumb:visible")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_attachments_are_accessible_and_fit_a_phone(stage: Stage, scheme: str) -> None:
    """In the box and in the chat; in Chinese; nothing sticks out at 375 pixels."""
    async with stage.reader(color_scheme=scheme, locale="zh-CN", **PHONE) as page:
        await page.locator("#pick").set_input_files(
            [
                file(picture("red"), "红.png", "image/png"),
                file(picture("blue"), "blue.png", "image/png"),
                file(LEASE, f"a very long name {'x' * 60}.pdf", "application/pdf"),
            ]
        )
        await expect(page.get_by_role("button", name="移除“红.png”")).to_be_visible()
        assert await violations(page) == []
        await page.locator("#box").fill("这是什么？")
        await page.locator("#send").click()
        await answered(page, "You said")
        assert await violations(page) == []
        sticking_out = await page.evaluate(
            """() => [...document.querySelectorAll("#main *")].filter((element) =>
              element.getBoundingClientRect().right > innerWidth + 1).map((element) => element.outerHTML)"""
        )
        assert sticking_out == []
