"""Spoken answers through the real process: what is heard is what was written, once, whatever breaks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio

from bot.media import Audio, Container, VoiceForm, open_sound
from bot.ports import SpeechFormat, SpeechRequest, SystemClock, TranscriptionRequest
from bot.providers import Calls, SiliconFlowApi, SiliconFlowSpeaker, SiliconFlowTranscriber
from bot.providers.transcript_text import normalise
from bot.providers.transport import open_http
from bot.sandbox import HEARING_MODELS, SPEAKING_MODELS, Hang, RealAudio, Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.e2e.slack_stage import SlackStage, answered, open_slack_stage
from tests.fakes.slack import FakeSlack
from tests.fakes.telegram import FakeTelegram, Message, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

ANSWER = "# The tower\n\nThe tower is **very tall**. You can see it from the river.\n\n```\nheight = 324\n```"
HEARD = "The tower. The tower is very tall. You can see it from the river. The code is in the message."
TALK = """\
S1: What can you see from the river?
S2: You can see the tower, and it is very tall.
S1: How do people get to the top of it?
S2: They walk up the stairs, and it takes them an hour."""
SECONDS = 180.0
ROUNDS = 3


class Ears:
    """Hears and speaks with the provider's real models, as a person would."""

    def __init__(self, api: SiliconFlowApi, audio: Audio) -> None:
        calls = Calls(clock=SystemClock())
        self._audio = audio
        self._transcriber = SiliconFlowTranscriber(api=api, calls=calls)
        self._speaker = SiliconFlowSpeaker(api=api, calls=calls)

    async def hear(self, data: bytes, folder: Path) -> str:
        """The words of a recording, without case and marks."""
        path = folder / "heard.ogg"
        path.write_bytes(data)
        request = TranscriptionRequest(path=path, models=HEARING_MODELS)
        return normalise((await self._transcriber.transcribe(request)).text)

    async def record(self, text: str) -> bytes:
        """A voice note in which somebody says this."""
        request = SpeechRequest(text=text, voice="anna", models=SPEAKING_MODELS, format=SpeechFormat.WAV)
        async with self._audio.open_voice_note(VoiceForm.OGG_OPUS) as note:
            await note.add((await self._speaker.speak(request)).data)
            return (await note.finish()).data


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service whose provider has real ears and a real voice."""
    telegram, brain = FakeTelegram(), Brain()
    brain.teach("tower", Reply(text=ANSWER))
    async with telegram, RealAudio() as audio, Sandbox(script=brain, audio=audio) as provider:
        service = Service(tmp_path_factory.mktemp("speaking"), settings_for(telegram, provider))
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def ears(stage: Stage) -> AsyncIterator[Ears]:
    """A person's."""
    async with open_http() as http, Audio() as audio:
        api = SiliconFlowApi(
            http=http, api_key="sk-for-tests-only", base_url=stage.provider.url, clock=SystemClock()
        )
        yield Ears(api, audio)


def voices(chat: PrivateChat, kind: str = "voice") -> list[Message]:
    """The bot's voice messages in a chat, or what else it sent to be heard."""
    return [message for message in chat.bot_messages if message.kind == kind]


async def test_a_spoken_answer_is_heard_as_it_was_written(stage: Stage, ears: Ears, tmp_path: Path) -> None:
    """A real voice note of Telegram's: OGG with Opus, with its length, below the text it speaks."""
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    await chat.say("/voice always")
    await chat.say("How tall is the tower?")
    await stage.telegram.until(lambda: voices(chat), seconds=SECONDS)
    (note,) = voices(chat)
    assert note.file is not None
    assert note.reply_to is not None
    assert "The tower is very tall." in note.reply_to.text
    with open_sound(BytesIO(note.file.data), longest_seconds=60) as sound:
        assert (sound.info.container, sound.info.codec) == (Container.OGG, "opus")
        assert sound.info.duration_seconds == pytest.approx(note.content["voice"]["duration"], abs=0.6)
    assert await ears.hear(note.file.data, tmp_path) == normalise(HEARD)
    assert stage.telegram.violations == []


async def test_a_spoken_question_gets_a_spoken_answer(stage: Stage, ears: Ears, tmp_path: Path) -> None:
    """Voice for voice, and writing for writing."""
    chat = stage.telegram.private(stage.telegram.person("Ben"))
    await chat.say("/voice spoken")
    await chat.say("Is the tower tall, in writing?")
    await stage.telegram.until(lambda: any("The tower is very tall." in text for text in chat.texts))
    await stage.service.settled()
    assert voices(chat) == []
    await chat.send_voice(await ears.record("How tall is the tower?"))
    await stage.telegram.until(lambda: voices(chat), seconds=SECONDS)
    (note,) = voices(chat)
    assert note.file is not None
    assert await ears.hear(note.file.data, tmp_path) == normalise(HEARD)


async def test_two_people_talk_an_answer_over(stage: Stage, ears: Ears, tmp_path: Path) -> None:
    """One recording by the model that speaks as two, in which both are understood."""
    stage.brain.teach("a walk", Reply(text="Go along the bank, then climb the stairs."))
    stage.brain.teach("along the bank", Reply(text=TALK))
    chat = stage.telegram.private(stage.telegram.person("Flo"))
    await chat.say("Is there a walk?")
    await stage.telegram.until(lambda: any("climb the stairs" in text for text in chat.texts))
    await chat.say("/podcast")
    await stage.telegram.until(lambda: voices(chat), seconds=SECONDS)
    (note,) = voices(chat)
    assert note.file is not None
    body = stage.provider.requests[-1].body
    assert (body["model"], len(body["references"])) == (SPEAKING_MODELS[1], 2)
    assert body["input"].startswith("[S1]What can you see from the river?[S2]You can see the tower")
    assert await ears.hear(note.file.data, tmp_path) == normalise(TALK.replace("S1:", "").replace("S2:", ""))


async def test_who_forbids_voice_messages_gets_audio(stage: Stage, ears: Ears, tmp_path: Path) -> None:
    """The same words as MP3; the setting stays."""
    chat = stage.telegram.private(stage.telegram.person("Cem"))
    chat.forbid_voice()
    await chat.say("/voice always")
    await chat.say("How tall is the tower?")
    await stage.telegram.until(lambda: voices(chat, "audio"), seconds=SECONDS)
    (note,) = voices(chat, "audio")
    assert note.file is not None
    assert note.file.name == "voice.mp3"
    assert await ears.hear(note.file.data, tmp_path) == normalise(HEARD)


async def test_a_voice_is_made_of_a_consent_read_aloud(stage: Stage, ears: Ears) -> None:
    """The sentence as shown, read by a real voice and heard by real ears, is consent; it speaks at once."""
    chat = stage.telegram.private(stage.telegram.person("Dot"))
    await chat.say("/voice new mine")
    await stage.telegram.until(lambda: any("To make the voice" in text for text in chat.texts))
    sentence = next(line[1:].strip() for line in chat.texts[-1].splitlines() if "my own voice" in line)
    recording = await chat.send_voice(await ears.record(sentence))
    await chat.say("/voice new mine", reply_to=recording)
    await stage.telegram.until(lambda: any("mine is made" in text for text in chat.texts), seconds=SECONDS)
    await chat.say("/voice mine")
    await stage.telegram.until(lambda: any("mine, somebody's own" in text for text in chat.texts))
    await chat.say("/voice sample")
    await stage.telegram.until(lambda: voices(chat), seconds=SECONDS)
    assert stage.provider.requests[-1].body["voice"].startswith("speech:")
    await chat.say("/voice delete mine")
    await stage.telegram.until(lambda: any("mine is deleted" in text for text in chat.texts))


# --- Slack --------------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """A service in a workspace."""
    async with open_slack_stage(tmp_path_factory.mktemp("slack")) as stage:
        yield stage


async def test_slack_gets_mp3_in_the_thread(slack: SlackStage) -> None:
    """Bots have no voice clips there; a file that plays is next to it."""
    fake: FakeSlack = slack.slack
    dm = fake.dm(fake.person("Ann"))
    # A thread of its own, and served beside the next: what it sets has to be set first.
    chosen = dm.thread(await dm.say("/voice always"))
    await fake.until(lambda: "Every answer comes with a voice message" in "".join(chosen.texts), seconds=60)
    asked = await dm.say("Speak to me")
    await answered(fake, dm.thread(asked), "You said: Speak to me")
    await slack.service.settled()
    (file,) = [file for message in dm.thread(asked).messages for file in message.files]
    with open_sound(BytesIO(file.data), longest_seconds=60) as sound:
        assert sound.info.container is Container.MP3


# --- kill -9 ------------------------------------------------------------------------------------------------


async def test_a_voice_survives_kill_9_and_comes_once(tmp_path: Path) -> None:
    """Killed between the text and the voice: the next process speaks, and the text stays as it is."""
    telegram, provider = FakeTelegram(flood="off"), Sandbox(script=Brain())
    provider.audio_script.enqueue_speech_faults(Hang(before="headers"))
    async with telegram, provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        try:
            await service.start()
            chat = telegram.private(telegram.person("Ann"))
            await chat.say("/voice always")
            await chat.say("Speak")
            await telegram.until(lambda: "You said: Speak" in chat.texts)
            async with asyncio.timeout(60):
                while not provider.audio_script.spoken:  # noqa: ASYNC110 - the script rings no bell
                    await asyncio.sleep(0.01)
            assert voices(chat) == []
            await service.kill()
            await service.start()
            await telegram.until(lambda: voices(chat), seconds=60)
            await service.settled()
            assert len(voices(chat)) == 1
            assert chat.texts.count("You said: Speak") == 1
        finally:
            await service.aclose()


async def test_kill_9_at_random_moments_never_makes_two_voices(tmp_path: Path) -> None:
    """Several people, several deaths: each text stands once, with one voice note at most."""
    randomness = random.Random(20261123)
    telegram, provider = FakeTelegram(flood="off"), Sandbox(script=Brain())
    async with telegram, provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        try:
            await service.start()
            chats = [telegram.private(telegram.person(f"P{number}")) for number in range(5)]
            for chat in chats:
                await chat.say("/voice always")
            for number in range(ROUNDS):
                for chat in chats:
                    await chat.say(f"Question {number}")
                await asyncio.sleep(randomness.uniform(0.05, 0.8))
                await service.kill()
                await service.start()
            await telegram.until(
                lambda: all(
                    f"You said: Question {number}" in chat.texts for chat in chats for number in range(ROUNDS)
                ),
                seconds=120,
            )
            await service.settled(seconds=120)
            for chat in chats:
                spoken = [note.reply_to.text for note in voices(chat) if note.reply_to is not None]
                assert len(spoken) == len(set(spoken)) == len(voices(chat))
                assert [chat.texts.count(f"You said: Question {number}") for number in range(ROUNDS)] == [
                    1
                ] * ROUNDS
            assert any(voices(chat) for chat in chats)
        finally:
            await service.aclose()
