"""A person speaks into the microphone; the service hears what was said, and answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from bot.sandbox import RealAudio
from tests.browser.conftest import Stage, open_browser, open_stage
from tests.browser.people import answers, ask, until
from tests.browser.test_looks import PHONE, violations
from tests.e2e.voices import FOX, encoded_file, voice_note, words

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service with a real speech model behind it; the browser's microphone hears one sentence, once."""
    folder: Path = tmp_path_factory.mktemp("microphone")
    (folder / "said.ogg").write_bytes(voice_note(FOX))
    (folder / "said.wav").write_bytes(encoded_file(folder / "said.ogg", muxer="wav", codec="pcm_s16le"))
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={folder / 'said.wav'}%noloop",
    )
    async with (
        RealAudio() as audio,
        open_browser(*flags) as browser,
        open_stage(folder, browser, audio=audio) as opened,
    ):
        yield opened


async def record(page: Page, *, seconds: float = 1.0) -> None:
    """Begin, and speak until the clock on the page says so."""
    await page.get_by_role("button", name="Record a voice message").click()
    await expect(page.locator("#recording")).to_be_visible()
    clock = "document.getElementById('record-time').textContent.split(':').map(Number)"
    await until(page, f"{clock}[0] * 60 + {clock}[1] >= {seconds}")


async def test_a_spoken_question_is_heard_and_answered(stage: Stage, page: Page) -> None:
    """Its words stand quoted above the answer; it can be played and sought in, also after a reload.

    It is heard once, however often it is answered.
    """
    await page.evaluate("""() => {
      window.loudest = 0;
      const level = document.getElementById("record-level");
      const watch = () => {
        const [, shown] = /scaleX\\((.*)\\)/.exec(level.style.transform) ?? [0, 0];
        window.loudest = Math.max(window.loudest, Number(shown));
        requestAnimationFrame(watch);
      };
      watch();
    }""")
    await record(page, seconds=4)
    assert await page.evaluate("window.loudest") > 0.1
    await expect(page.locator("#record-send")).to_be_focused()
    await page.keyboard.press("Enter")
    quoted = answers(page).last.locator("blockquote")
    await expect(quoted).to_contain_text("🎙")
    await expect(page.locator(".message.live")).to_have_count(0)
    heard = words(await quoted.inner_text())
    assert [word for word in words(FOX) if word in heard] == words(FOX)
    await expect(answers(page).last).to_contain_text("You said:")
    await expect(page.locator("#box")).to_be_focused()
    await page.locator(".message.last .retry").click()
    await expect(answers(page)).to_have_count(2)
    await expect(answers(page).last).to_contain_text("You said:")
    assert len([one for one in stage.provider.requests if "/audio/transcriptions" in one.path]) == 1
    await page.reload()
    length = "document.querySelector('audio')?.duration"
    await until(page, f"{length} > 3 && {length} < 600")
    await until(page, "document.querySelector('audio').currentTime === 0")
    await page.evaluate("document.querySelector('audio').currentTime = 2.5")
    await until(
        page,
        "!document.querySelector('audio').seeking && document.querySelector('audio').currentTime === 2.5",
    )
    assert await violations(page) == []


async def test_a_recording_is_discarded(stage: Stage, page: Page) -> None:
    """By Escape or by the cross, with keys alone; nothing is sent, and the microphone is let go."""
    await page.evaluate("""() => {
      window.tracks = [];
      const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = async (wish) => {
        const stream = await ask(wish);
        window.tracks.push(...stream.getTracks());
        return stream;
      };
    }""")
    before = len(stage.provider.requests)
    await record(page)
    await page.keyboard.press("Escape")
    await expect(page.locator("#recording")).to_be_hidden()
    await page.get_by_role("button", name="Record a voice message").focus()
    await page.keyboard.press("Space")
    await expect(page.locator("#record-send")).to_be_focused()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_role("button", name="Discard the recording")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("#recording")).to_be_hidden()
    await expect(page.locator("#box")).to_be_focused()
    assert await page.evaluate("window.tracks.map((track) => track.readyState)") == ["ended", "ended"]
    await expect(page.locator(".message")).to_have_count(0)
    assert len(stage.provider.requests) == before


async def test_who_holds_the_button_sends_by_letting_go(page: Page) -> None:
    """As in other messengers; a click only begins."""
    box = await page.locator("#record").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 10, box["y"] + 10)
    await page.mouse.down()
    await until(page, "document.getElementById('record-time').textContent === '0:01'")
    await page.mouse.up()
    await expect(page.locator("#recording")).to_be_hidden()
    await expect(page.locator(".message.person audio")).to_have_count(1)


async def test_a_microphone_that_cannot_be_had_is_explained(page: Page) -> None:
    """Each reason by its own sentence; then writing goes on."""
    for fault, sentence in (
        ("NotAllowedError", "The browser does not let this page use the microphone."),
        ("NotFoundError", "No microphone was found."),
        ("NotReadableError", "another program may be using it"),
    ):
        await page.evaluate(
            """(name) => {
              navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name));
            }""",
            fault,
        )
        await page.get_by_role("button", name="Record a voice message").click()
        await expect(page.locator("#trouble")).to_contain_text(sentence)
        await expect(page.locator("#recording")).to_be_hidden()
    await ask(page, "then in writing", "You said: then in writing")


async def test_an_insecure_page_says_where_the_microphone_is_to_be_had(page: Page) -> None:
    """Browsers hide it there."""
    await page.evaluate("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    await page.get_by_role("button", name="Record a voice message").click()
    await expect(page.locator("#trouble")).to_contain_text("https addresses or at localhost")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_recording_is_accessible_on_a_phone(stage: Stage, scheme: str) -> None:
    """In Chinese, by touch."""
    async with stage.reader(color_scheme=scheme, locale="zh-CN", **PHONE) as page:
        await page.get_by_role("button", name="录制语音消息").tap()
        await expect(page.locator("#recording")).to_be_visible()
        assert await violations(page) == []
        await page.get_by_role("button", name="放弃录音").tap()
        await expect(page.locator("#recording")).to_be_hidden()
