"""Asking on Slack for what is said in a clip that is there already, through the real process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.e2e.slack_stage import SlackStage, open_slack_stage
from tests.e2e.voices import FOX, STORY, clip
from tests.fakes.slack import Message, Room

pytestmark = pytest.mark.e2e

SECONDS = 60.0


class Ear:
    """The provider's: it hears the words it is told to, once it is not held."""

    def __init__(self, provider: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        self.words = ""
        self.heard = 0
        self.free = asyncio.Event()
        self.free.set()
        monkeypatch.setattr(provider.audio_script, "hear", self._hear)

    async def _hear(self, _file: object) -> str:
        self.heard += 1
        await self.free.wait()
        return self.words


async def taken_in(stage: SlackStage, wishes: int) -> None:
    """Wait until so many wishes were taken in, and all that follows from them is over."""
    query = 'select count(*) from inbound where payload like \'{"type":"transcript_wanted"%\''
    await stage.eventually(lambda: stage.service.rows(query) == [(wishes,)], seconds=SECONDS)
    await stage.service.settled()


async def written_below(stage: SlackStage, room: Room, message: Message, words: str) -> None:
    """Wait until the thread of a message shows these words, in one reply."""
    thread = room.thread(message)
    await stage.slack.until(lambda: words in "".join(thread.texts) and not thread.streaming, seconds=SECONDS)
    await stage.service.settled()
    assert len(thread.texts) == 1


async def test_a_clip_is_written_down_for_whoever_points_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a reaction, the menu of the message, a word in its thread: once, for members, and in that thread."""
    async with open_slack_stage(tmp_path) as stage:
        slack, ear = stage.slack, Ear(stage.provider, monkeypatch)
        ann, ben, gia = slack.person("Ann"), slack.person("Ben"), slack.guest("Gia")
        room = slack.channel("team", [ann, ben, gia])

        first = await room.by(ann).send_voice(clip(FOX))
        await room.by(gia).react(first, "memo")
        await taken_in(stage, 1)
        assert ear.heard == 0
        assert room.thread(first).texts == []
        ear.words = "The first one."
        await room.by(ben).react(first, "ear::skin-tone-3")
        await written_below(stage, room, first, "The first one.")
        await room.by(ben).unreact(first, "ear::skin-tone-3")
        await room.by(ann).react(first, "writing_hand")
        await taken_in(stage, 3)
        assert len(room.thread(first).texts) == 1

        second = await room.by(ann).send_voice(clip(FOX))
        ear.words = "The second one."
        await room.by(ben).choose(second, "transcribe")
        await written_below(stage, room, second, "The second one.")
        await room.by(ben).choose(second, "transcribe")
        await slack.until(lambda: room.ephemerals_of(ben), seconds=SECONDS)
        assert "in writing already" in room.ephemerals_of(ben)[0].text

        third = await room.by(ann).send_voice(clip(FOX))
        ear.words = "The third one."
        await room.by(ben).reply(third, f"{slack.mention} transcribe")
        await written_below(stage, room, third, "The third one.")
        assert (ear.heard, slack.calls_of("conversations.replies")) == (3, [])

        older = slack.channel("older", [ann, ben], bot=False)
        fourth = await older.by(ann).send_voice(clip(FOX))
        await older.by(ben).choose(fourth, "transcribe")
        await slack.until(lambda: older.ephemerals_of(ben), seconds=SECONDS)
        assert "I'm not in this conversation" in older.ephemerals_of(ben)[0].text
        older.add_bot(by=ann)
        ear.words = "The fourth one."
        await older.by(ben).reply(fourth, f"{slack.mention} /transcribe")
        await written_below(stage, older, fourth, "The fourth one.")
        assert len(slack.calls_of("conversations.replies")) == 1

        ear.free.clear()
        fifth = await room.by(ann).send_voice(clip(" ".join(STORY)), heard=None)
        thread = room.thread(fifth)
        await room.by(ben).react(fifth, "memo")
        slack.world.files.hear(fifth.files[0].id, "Good morning every body, and tank you")
        await slack.until(lambda: "Preliminary, as Slack heard it" in "".join(thread.texts), seconds=SECONDS)
        assert "and tank you" in thread.texts[0]
        ear.words = "Good morning, everybody."
        ear.free.set()
        await written_below(stage, room, fifth, "Good morning, everybody.")
        assert "tank" not in thread.texts[0]
        assert len(slack.calls_of("conversations.replies")) == 1
        assert slack.rejected == []
        assert slack.violations == []
