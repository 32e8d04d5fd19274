"""What the platform heard itself bridges the wait for our own words, and is told from them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import PlatformBusy
from bot.messages import Attachment, ChatKind, load_inbound
from tests.fakes.platform import FakePlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import hand_over, long_note, short_note
from tests.unit.conversation.stage import Stage, Talk

PRELIMINARY = "Preliminary, as Fake heard it. I am still listening…"


class Listening(FakePlatform):
    """A platform that has heard a recording when it is asked for the second time, or refuses to say."""

    def __init__(self, *, refuses: bool = False) -> None:
        super().__init__(limit=2000)
        self.refuses = refuses
        self.asked = 0

    async def heard_itself(self, attachment: Attachment) -> str:
        self.asked += 1
        if self.refuses:
            raise PlatformBusy("ratelimited", retry_after_seconds=1.0)
        return "the *red* umbrella" if self.asked > 1 else ""


class Gate:
    """Holds the provider's ear until it is opened."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self._stage = stage
        self.open = False
        monkeypatch.setattr(stage.sandbox.audio_script, "hear", self._hear)

    async def _hear(self, _file: object) -> str:
        while not self.open:
            await self._stage.clock.sleep(0.01)
        return "At last."


async def posted(stage: Stage, data: bytes, **fields: Any) -> Talk:
    """A group that has everything written down, where Ann has just posted a recording."""
    await stage.set_chat("g", "voice", "all")
    talk = stage.talk("g", kind=ChatKind.GROUP)
    talk.say("", attachments=[hand_over(stage, data, **fields)], addressed=False)
    return talk


async def test_what_came_with_the_recording_is_shown_until_our_words_are_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoted, marked as preliminary, its signs no markup; in the end nothing of it is left."""
    gate = Gate(stage, monkeypatch)
    talk = await posted(stage, long_note(), duration_seconds=150.0, preview="Good *morning*")
    await stage.until(lambda: any(PRELIMINARY in text for text in talk.texts))
    assert "Good *morning*" in talk.texts[0]
    gate.open = True
    await stage.quiet()
    (text,) = talk.texts
    assert "At last." in text
    assert "Good" not in text
    assert "Preliminary" not in text


async def test_a_platform_that_still_listens_is_asked_again(
    open_stage: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording of some seconds is worth it once there is something to show."""
    stage = await open_stage(platform=Listening())
    gate = Gate(stage, monkeypatch)
    talk = await posted(stage, long_note(), duration_seconds=150.0)
    await stage.until(lambda: any(PRELIMINARY in text for text in talk.texts))
    assert "the *red* umbrella" in talk.texts[0]
    gate.open = True
    await stage.quiet()
    assert "At last." in talk.texts[0]
    assert isinstance(stage.platform, Listening)
    assert stage.platform.asked == 2


async def test_a_platform_that_does_not_say_leaves_the_bare_line(
    open_stage: OpenStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked again."""
    stage = await open_stage(platform=Listening(refuses=True))
    gate = Gate(stage, monkeypatch)
    talk = await posted(stage, long_note(), duration_seconds=150.0)
    await stage.until(lambda: any("Listening…" in text for text in talk.texts))
    gate.open = True
    await stage.quiet()
    assert isinstance(stage.platform, Listening)
    assert stage.platform.asked == 1


async def test_a_recording_of_seconds_is_shown_once_and_right(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the platform heard."""
    gate = Gate(stage, monkeypatch)
    talk = await posted(stage, short_note(), preview="Good morning")
    gate.open = True
    await stage.quiet()
    (shown,) = talk.shown
    assert len(shown.history) == 1
    assert shown.text.endswith("At last.")


def test_events_stored_before_there_were_previews_can_be_read() -> None:
    """They wait in the inbox while the service is brought up to date."""
    stored = (
        '{"type":"incoming","event_id":"1","key":{"platform":"slack","account":"T","chat":"C","thread":""},'
        '"chat_kind":"channel","author":{"id":"U","name":"Ann"},"message_id":"1","parts":[{"type":"attachment",'
        '"kind":"voice","file_id":"F"}],"sent_at":"2026-11-22T00:00:00Z","addressed":false}'
    )
    event = load_inbound(stored)
    assert event.attachments[0].preview == ""  # type: ignore[union-attr]  # an Incoming, as it says
