"""Voice messages on Telegram, through the real process: a real voice speaks, a real speech model hears it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.sandbox import RealAudio, Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.clips import CLIPS, MOST_MISHEARD, error_rate, length_of
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.e2e.voices import FOX, STORY, encoded_samples, voice_note, words
from tests.fakes.telegram import FakeTelegram, Group, Person
from tests.unit.media.sounds import RATE, music, noises, tone

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 120.0
OMNI = "Qwen/Qwen3-Omni-30B-A3B-Instruct"
# Both hear with a chat model; the second one's is not served.
PERSONAS = f"""
[personas.careful]
prompt = "Listen."
hearing_models = ["{OMNI}"]

[personas.hopeful]
prompt = "Listen."
hearing_models = ["Qwen/Qwen9-Omni-1B-Instruct"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service whose bot hears everything in its groups, and a provider with real models for speech."""
    telegram, brain = FakeTelegram(reads_all_group_messages=True), Brain()
    await telegram.start()
    async with RealAudio() as audio, Sandbox(script=brain, audio=audio) as provider:
        folder = tmp_path_factory.mktemp("voice")
        (folder / "parley.toml").write_text(PERSONAS)
        service = Service(folder, settings_for(telegram, provider))
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


async def wishes(stage: Stage, count: int) -> None:
    """Wait until so many wishes by reaction were taken in, and all that follows from them is over."""
    query = 'select count(*) from inbound where payload like \'{"type":"transcript_wanted"%\''
    await stage.service.until(lambda: stage.service.rows(query) == [(count,)], seconds=SECONDS)
    await stage.service.settled()


async def test_on_request_a_writing_hand_transcribes_once_across_kill_9(stage: Stage) -> None:
    """Nobody who was shut out can have it done; a hand taken back, or given again, changes nothing."""
    ann, ben, cleo = (stage.telegram.person(name) for name in ("Ann", "Ben", "Cleo"))
    group = stage.telegram.group("Team", [ann, ben, cleo])
    group.promote_bot()
    assert (await stage.service.command("block", f"telegram:{cleo.id}"))[0] == 0
    told = [*reversed(STORY)]
    note = await group.by(ben).send_voice(voice_note(*told), duration_seconds=80)
    await group.by(cleo).react(note, "✍")
    await wishes(stage, 1)
    assert group.texts == []
    await group.by(ann).react(note, "✍")
    await stage.telegram.until(lambda: "your family" in "".join(group.texts), seconds=SECONDS)
    await stage.service.kill()
    await stage.service.start()
    await stage.telegram.until(lambda: group.last.buttons == ["⋯"], seconds=SECONDS)
    await group.by(ann).unreact(note)
    await group.by(ben).react(note, "✍")
    await wishes(stage, 3)
    assert len(group.texts) == 1
    assert group.last.reply_to is note
    assert words(group.last.text.partition("\n")[2]) == words(" ".join(told))


async def test_a_file_too_large_to_fetch_is_told_with_what_to_do(stage: Stage) -> None:
    """Telegram lets bots fetch 20 MB."""
    chat = stage.telegram.private(stage.telegram.person("Dora"))
    await chat.send_voice(voice_note("The music begins in the evening."), size=30_000_000)
    await stage.telegram.until(lambda: bool(chat.texts), seconds=SECONDS)
    await stage.service.settled()
    (text,) = chat.texts
    assert text.startswith("This file is larger than 20 MB")


async def test_clips_by_others_are_written_down_as_well_as_the_model_hears(stage: Stage) -> None:
    """In five languages; the rates are printed (`pytest -s`) and stay within the model's bounds."""
    group, _, ben = await team(stage, "🎙 Write all")
    clips = [clip for clips in CLIPS.values() for clip in clips]
    notes = {clip.path: await group.by(ben).send_voice(clip.note()) for clip in clips}
    await stage.telegram.until(lambda: len(group.texts) == 1 + len(clips), seconds=2 * SECONDS)
    await stage.service.settled()
    heard = {
        message.reply_to.message_id: message.text.partition("\n")[2]
        for message in group.bot_messages
        if message.reply_to is not None
    }
    rates = {}
    for language, of_one in CLIPS.items():
        said = [clip.text for clip in of_one]
        rates[language] = error_rate(language, said, [heard[notes[clip.path].message_id] for clip in of_one])
        sys.stdout.write(f"{language}: {rates[language]:.0%} of {length_of(language, said)} misheard\n")
    assert {language: rate for language, rate in rates.items() if rate > MOST_MISHEARD[language]} == {}, heard


async def test_where_nobody_speaks_that_is_said_and_no_model_is_asked(stage: Stage) -> None:
    """Music, a tone, a fan, a breath and silence: models invent words for them."""
    chat = stage.telegram.private(stage.telegram.person("Eve"))
    before = hearings(stage)
    quiet = noises(-30)
    sounds = (music(), tone(3.0), quiet["fan"], quiet["breath"], quiet["silence"])
    for count, sound in enumerate(sounds, start=1):
        await chat.send_voice(encoded_samples(sound, rate=RATE))
        await stage.telegram.until(lambda count=count: len(chat.texts) == count, seconds=SECONDS)  # type: ignore[misc]
    await stage.service.settled()
    assert chat.texts == ["I hear no speech in this recording."] * len(sounds)
    assert hearings(stage) == before


async def test_a_persona_hears_with_its_own_model_and_with_the_services_after_it(stage: Stage) -> None:
    """By a chat model where that is served; whatever is wrong with it, somebody writes it down."""
    chat = stage.telegram.private(stage.telegram.person("Finn"))
    stage.brain.teach("Write down word for word", Reply(text="Where is the key?"))
    stage.brain.teach("Where is the key", Reply(text="Under the mat."))
    stage.brain.teach("lazy dog", Reply(text="Good dog."))
    for name, sentence, answer in (
        ("careful", "Where is the key?", "Under the mat."),
        ("hopeful", FOX, "Good dog."),
    ):
        await chat.say(f"/persona {name}")
        await stage.telegram.until(lambda: "From now on" in "".join(chat.texts[-1:]), seconds=SECONDS)
        before = hearings(stage)
        await chat.send_voice(voice_note(sentence, "Thank you."))
        await stage.telegram.until(
            lambda answer=answer: chat.texts[-1].endswith(answer),  # type: ignore[misc]
            seconds=SECONDS,
        )
        assert hearings(stage) == before + (name == "hopeful")
    assert any(request.body.get("model") == OMNI for request in stage.provider.chats)
    assert "Qwen/Qwen9-Omni-1B-Instruct' in the persona 'hopeful'" in stage.service.log.read_text()
