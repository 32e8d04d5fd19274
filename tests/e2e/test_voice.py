"""Voice messages on Telegram, through the real process: a real voice speaks, a real speech model hears it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.sandbox import RealAudio, Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.e2e.voices import FOX, STORY, voice_note, words
from tests.fakes.telegram import FakeTelegram, Group, Person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 120.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service whose bot hears everything in its groups, and a provider with real models for speech."""
    telegram, brain = FakeTelegram(reads_all_group_messages=True), Brain()
    await telegram.start()
    async with RealAudio() as audio, Sandbox(script=brain, audio=audio) as provider:
        service = Service(tmp_path_factory.mktemp("voice"), settings_for(telegram, provider))
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()


async def team(stage: Stage, policy: str) -> tuple[Group, Person, Person]:
    """A new group, whose owner Ann has chosen what becomes of its voice messages, and Ben."""
    ann, ben = stage.telegram.person("Ann"), stage.telegram.person("Ben")
    group = stage.telegram.group("Team", [ann, ben])
    await group.say(ann, "/settings")
    await stage.telegram.until(lambda: bool(group.texts) and bool(group.last.buttons), seconds=SECONDS)
    page = group.last
    await group.press(ann, page, policy)
    await stage.telegram.until(lambda: f"✓ {policy}" in page.buttons, seconds=SECONDS)
    return group, ann, ben


def hearings(stage: Stage) -> int:
    """How often a recording went to the provider."""
    return sum(request.path.endswith("/audio/transcriptions") for request in stage.provider.requests)


async def test_a_voice_note_posted_in_a_group_is_transcribed_there_word_for_word(stage: Stage) -> None:
    """By a reply with the speaker's name and the duration; the same recording is never heard again."""
    group, _, ben = await team(stage, "🎙 Write all")
    before = hearings(stage)
    note = await group.by(ben).send_voice(voice_note(FOX), duration_seconds=3)
    await stage.telegram.until(lambda: len(group.texts) == 2, seconds=SECONDS)
    await stage.service.settled()
    heading, text = group.last.text.split("\n")
    assert heading.startswith("🎙 Ben · 0:0")
    assert words(text) == words(FOX)
    assert group.last.reply_to is note
    assert hearings(stage) == before + 1
    other, ann, _ = await team(stage, "🎙 Write all")
    await other.by(ann).send_voice(voice_note(FOX), duration_seconds=3)
    await stage.telegram.until(lambda: len(other.texts) == 2, seconds=SECONDS)
    assert words(other.last.text.split("\n")[1]) == words(FOX)
    assert hearings(stage) == before + 1


async def test_on_request_a_reply_with_the_command_transcribes_and_nothing_else_does(stage: Stage) -> None:
    """Without a request the bot does not even fetch the file."""
    ann, ben = stage.telegram.person("Ann"), stage.telegram.person("Ben")
    group = stage.telegram.group("Team", [ann, ben])
    sentence = "Please call me back tomorrow morning."
    fetched = len(stage.telegram.calls_of("getFile"))
    note = await group.by(ben).send_voice(voice_note(sentence), duration_seconds=3)
    await group.say(ann, "Parley, are you there?")
    await stage.telegram.until(lambda: len(group.texts) == 1, seconds=SECONDS)
    await stage.service.settled()
    assert len(stage.telegram.calls_of("getFile")) == fetched
    await group.say(ann, "/transcribe", reply_to=note)
    await stage.telegram.until(lambda: len(group.texts) == 2, seconds=SECONDS)
    await stage.service.settled()
    heading, text = group.last.text.split("\n")
    assert heading.startswith("🎙 Ben · ")
    assert words(text) == words(sentence)
    assert group.last.reply_to is note


async def test_a_spoken_question_is_answered_below_its_words(stage: Stage) -> None:
    """In a private chat; the model reads what was said."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    stage.brain.teach("how are you", Reply(text="Very well."))
    await chat.send_voice(voice_note("Hello, how are you today?"), duration_seconds=2)
    await stage.telegram.until(
        lambda: bool(chat.texts) and chat.texts[-1].endswith("Very well."), seconds=SECONDS
    )
    assert words("Hello, how are you today?") == words(chat.texts[-1].split("\n")[1])


async def test_a_recording_survives_kill_9_while_it_is_heard(stage: Stage) -> None:
    """One message, one whole transcript, its pieces in order."""
    group, _, ben = await team(stage, "🎙 Write all")
    await group.by(ben).send_voice(voice_note(*STORY), duration_seconds=80)
    await stage.telegram.until(lambda: "old bridge over the river" in group.texts[-1], seconds=SECONDS)
    await stage.service.kill()
    await stage.service.start()
    await stage.telegram.until(lambda: group.last.buttons == ["⋯"], seconds=SECONDS)
    await stage.service.settled()
    assert len(group.texts) == 2
    assert words(group.last.text.partition("\n")[2]) == words(" ".join(STORY))
    pieces = "select count(*) from transcripts join transcript_pieces on transcript_id = id where complete "
    assert (2,) in stage.service.rows(f"{pieces} group by id")


async def test_a_file_too_large_to_fetch_is_told_with_what_to_do(stage: Stage) -> None:
    """Telegram lets bots fetch 20 MB."""
    chat = stage.telegram.private(stage.telegram.person("Dora"))
    await chat.send_voice(voice_note("The music begins in the evening."), size=30_000_000)
    await stage.telegram.until(lambda: bool(chat.texts), seconds=SECONDS)
    await stage.service.settled()
    (text,) = chat.texts
    assert text.startswith("This file is larger than 20 MB")
