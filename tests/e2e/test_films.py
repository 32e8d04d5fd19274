"""People send films on Telegram: models that take video get a clip, others stills, and all get the words."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bot.ports import Picture
from bot.sandbox import Hang, Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, PrivateChat
from tests.unit.conversation.recordings import SENTENCE, spoken
from tests.unit.media.films import BLUE, GREEN, RED, Shape, clip_colours, film

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 90.0
WATCHER, LOOKER = "Qwen/Qwen3-Omni-30B-A3B-Instruct", "zai-org/GLM-4.6V"
PERSONAS = f"""
[personas.watcher]
prompt = "Watch."
models = ["{WATCHER}"]

[personas.looker]
prompt = "Look."
models = ["{LOOKER}"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service with a persona that watches and one that looks at pictures."""
    telegram, brain = FakeTelegram(), Brain()
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        folder = tmp_path_factory.mktemp("films")
        (folder / "parley.toml").write_text(PERSONAS)
        service = Service(folder, settings_for(telegram, provider))
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()


def phone_film() -> bytes:
    """Red, green, blue, filmed upright, with its place, while somebody speaks."""
    shape = Shape(size=(640, 360), turned=90, tags={"title": "SecretPlace"})
    data = film((RED, GREEN, BLUE), seconds_each=2.0, shape=shape, sound=spoken(SENTENCE))
    assert b"SecretPlace" in data
    return data


def asked(stage: Stage, question: str) -> tuple[str, list[dict[str, Any]], str]:
    """Who was asked a question, what it was shown, and what it read."""
    for record in stage.provider.chats:
        content = record.body["messages"][-1]["content"]
        parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
        words = "\n".join(part["text"] for part in parts if part["type"] == "text")
        if question in words:
            return record.body["model"], [part for part in parts if part["type"] != "text"], words
    raise AssertionError(f"nobody asked {question!r}")


def clip_in(part: dict[str, Any]) -> Picture:
    """The clip of a video part."""
    head, _, data = part["video_url"]["url"].partition(",")
    assert head == "data:video/mp4;base64"
    return Picture(data=base64.b64decode(data, validate=True), mime="video/mp4", width=0, height=0)


def colour_of(part: dict[str, Any]) -> str:
    """The colour of a picture part, by its first letter."""
    data = base64.b64decode(part["image_url"]["url"].partition(",")[2], validate=True)
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert image.size == (360, 640)
    pixel = image.getpixel((180, 320))
    assert isinstance(pixel, tuple)
    return "rgb"[pixel.index(max(pixel))]


async def as_persona(stage: Stage, name: str) -> PrivateChat:
    """A new person's chat, in which a persona was chosen."""
    chat = stage.telegram.private(stage.telegram.person(f"Ann {name}"))
    await chat.say(f"/persona {name}")
    await stage.telegram.until(lambda: "From now on" in "".join(chat.texts), seconds=SECONDS)
    return chat


async def answered(stage: Stage, chat: PrivateChat, answer: str) -> str:
    """The newest text of the bot, once it ends with the answer."""
    await stage.telegram.until(lambda: bool(chat.texts) and chat.texts[-1].endswith(answer), seconds=SECONDS)
    return chat.texts[-1]


async def test_a_model_that_takes_video_gets_clip_and_words_and_another_the_stills(stage: Stage) -> None:
    """Upright, small, silent, without the place it was filmed at; what is said stands above the answer."""
    stage.brain.teach("what is this", Reply(text="Three colours."))
    stage.provider.audio_script.enqueue_transcripts("The bridge is closed.")
    for persona in ("watcher", "looker"):
        chat = await as_persona(stage, persona)
        await chat.send_video(phone_film(), caption=f"{persona}, what is this")
        text = await answered(stage, chat, "Three colours.")
        assert "The bridge is closed." in text
    model, (part,), words = asked(stage, "watcher, what is this")
    assert (model, part["type"]) == (WATCHER, "video_url")
    clip = clip_in(part)
    assert clip_colours(clip) == "rrrrggggbbbb"
    assert len(clip.data) < 100_000
    assert b"SecretPlace" not in clip.data
    assert "The bridge is closed." in words
    model, parts, words = asked(stage, "looker, what is this")
    assert (model, "".join(map(colour_of, parts))) == (LOOKER, "rrrggbbb")
    assert "at 0:00, 0:01, 0:02" in words
    assert "The bridge is closed." in words
    assert len(stage.provider.audio_script.heard) == 1  # the same file, whoever sends it


async def test_a_round_message_is_watched_and_an_animation_too(stage: Stage) -> None:
    """The first asks in its own words; the second has none. No model of the chain sees; another is asked."""
    chat = stage.telegram.private(stage.telegram.person("Ben"))
    stage.brain.teach("Which colours did I wear?", Reply(text="Red, then blue."))
    stage.brain.teach("without a word", Reply(text="It turns blue."))
    stage.provider.audio_script.enqueue_transcripts("Which colours did I wear?")
    await chat.send_video_note(film((RED, BLUE), seconds_each=2.0, sound=spoken(SENTENCE)))
    await answered(stage, chat, "Red, then blue.")
    _, (part,), words = asked(stage, "Which colours did I wear?")
    assert clip_colours(clip_in(part)).startswith("rrrrbbbb")
    assert words == "Which colours did I wear?"
    await chat.send_video(film((RED, BLUE)))
    await answered(stage, chat, "It turns blue.")
    _, (part,), _ = asked(stage, "without a word")
    assert clip_colours(clip_in(part)) == "rrbb"


async def test_kill_9_while_a_film_is_read_leaves_one_answer(stage: Stage) -> None:
    """Its words did not come before the process died; they are asked for again."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    stage.brain.teach("Where does she go?", Reply(text="Over the bridge."))
    script = stage.provider.audio_script
    script.enqueue_transcripts(Hang(before="headers"), "To the lake.")
    before = len(script.heard)
    await chat.send_video(
        film((GREEN, RED), seconds_each=2.0, sound=spoken(SENTENCE)), caption="Where does she go?"
    )
    await stage.telegram.until(lambda: len(script.heard) > before, seconds=SECONDS)
    await stage.service.kill()
    await stage.service.start()
    text = await answered(stage, chat, "Over the bridge.")
    await stage.service.settled()
    assert "To the lake." in text
    assert len(chat.texts) == 1
    _, (part,), _ = asked(stage, "Where does she go?")
    assert clip_colours(clip_in(part)).startswith("gggg")


async def test_nothing_was_refused_or_malformed(stage: Stage) -> None:
    """Over all the stories above."""
    assert stage.telegram.rejected == []
    assert stage.telegram.violations == []
