"""Voice clips on Slack, through the real process: a real voice speaks, a real speech model hears it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.sandbox import RealAudio, Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.clips import CLIPS, MOST_MISHEARD, error_rate
from tests.e2e.service import Service
from tests.e2e.slack_stage import ACK_SECONDS, SlackStage, slack_settings
from tests.e2e.voices import FOX, clip, words
from tests.fakes.slack import FakeSlack

pytestmark = pytest.mark.e2e

SECONDS = 120.0
HELLO = "Hello, how are you today?"


@asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[SlackStage]:
    """A running service in a workspace, and a provider with real models for speech."""
    slack, brain = FakeSlack(tiers="off", ack_seconds=ACK_SECONDS), Brain()
    async with slack, RealAudio() as audio, Sandbox(script=brain, audio=audio) as provider:
        service = Service(folder, slack_settings(slack, provider))
        try:
            await service.start()
            yield SlackStage(slack=slack, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()


async def test_clips_are_heard_though_slack_calls_them_videos(tmp_path: Path) -> None:
    """A direct message is answered below its words; a channel that wants it has each clip in its thread."""
    async with open_stage(tmp_path) as stage:
        slack = stage.slack
        stage.brain.teach("how are you", Reply(text="Very well."))
        ann = slack.person("Ann")
        dm = slack.dm(ann)
        thread = dm.thread(await dm.send_voice(clip(HELLO), mime_type="video/mp4"))
        await slack.until(
            lambda: bool(thread.texts) and thread.texts[-1].endswith("Very well.") and not thread.streaming,
            seconds=SECONDS,
        )
        (text,) = thread.texts
        assert words(text.removesuffix("Very well.").partition("\n")[2]) == words(HELLO)

        room = slack.channel("team", [ann])
        asked = room.thread(await room.say(ann, f"{slack.mention} /settings voice all"))
        await slack.until(lambda: "I write down each one" in "".join(asked.texts), seconds=SECONDS)
        spoken = room.thread(await room.by(ann).send_voice(clip(FOX), mime_type="video/mp4"))
        await slack.until(lambda: bool(spoken.texts) and not spoken.streaming, seconds=SECONDS)
        await stage.service.settled()
        (text,) = spoken.texts
        heading, _, said = text.partition("\n")
        assert "🎙 **ann** · 0:0" in heading
        assert words(said) == words(FOX)

        by_others = CLIPS["en"][0]
        spoken = room.thread(await room.by(ann).send_voice(by_others.slack_clip(), mime_type="video/mp4"))
        await slack.until(lambda: bool(spoken.texts) and not spoken.streaming, seconds=SECONDS)
        await stage.service.settled()
        said = spoken.texts[0].partition("\n")[2]
        assert error_rate("en", [by_others.text], [said]) <= MOST_MISHEARD["en"]
        assert slack.rejected == []
