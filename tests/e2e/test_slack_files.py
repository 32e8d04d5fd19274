"""People send files on Slack: whatever comes of them, there is one sensible answer, and the talk goes on."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bot.sandbox import Reply
from tests.e2e.slack_stage import SlackStage, open_slack_stage
from tests.fakes.slack import DirectMessages, Message, ThreadView

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PLAN = b"Monday: rivers.\nTuesday: lakes.\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """One service; every test brings its own people."""
    async with open_slack_stage(tmp_path_factory.mktemp("files")) as stage:
        yield stage


def picture() -> bytes:
    """A red square, as PNG (W3C, "Portable Network Graphics")."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    rows = (b"\x00" + b"\xff\x00\x00" * 32) * 32
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def clip() -> bytes:
    """A second of silence."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(32_000))
    return buffer.getvalue()


async def answer_to(stage: SlackStage, dm: DirectMessages, message: Message) -> str:
    """The one answer to a message, once nothing is left to do; the talk goes on after it."""
    thread = dm.thread(message)
    await stage.slack.until(lambda: bool(thread.texts) and not thread.streaming, seconds=60)
    await stage.service.settled()
    (text,) = thread.texts
    await dm.reply(message, "and now?")
    await stage.slack.until(lambda: "and now?" in thread.texts[-1] and not thread.streaming, seconds=60)
    assert len(thread.texts) == 2
    assert stage.service.rows("select count(*) from turns where state = 'dead'") == [(0,)]
    return text


@pytest.mark.parametrize(
    ("name", "mime_type", "data"),
    [
        ("red.png", "image/png", picture()),
        ("plan.txt", "text/plain", PLAN),
        ("talk.wav", "audio/wav", clip()),
    ],
)
@pytest.mark.parametrize("text", ["what do you make of this?", ""], ids=["with words", "alone"])
async def test_a_file_is_answered_with_words_beside_it_and_without(
    stage: SlackStage, name: str, mime_type: str, data: bytes, text: str
) -> None:
    """Once, in its thread, in a sentence; where there are words, the model has read them."""
    dm = stage.slack.dm(stage.slack.person("Ann"))
    message = await dm.upload(data, name=name, mime_type=mime_type, text=text)
    answer = await answer_to(stage, dm, message)
    assert len(answer.split()) >= 3
    if text:
        assert any(text in str(request.body) for request in stage.provider.requests)


async def test_a_voice_clip_is_answered(stage: SlackStage) -> None:
    """Slack's clips come without words, as MP4 that may call itself a video."""
    dm = stage.slack.dm(stage.slack.person("Bea"))
    answer = await answer_to(
        stage, dm, await dm.send_voice(b"\x00\x00\x00\x18ftypM4A ", mime_type="video/mp4")
    )
    assert len(answer.split()) >= 3


@pytest.mark.parametrize(
    ("name", "mime_type"),
    [("red.png", "image/png"), ("plan.txt", "text/plain"), ("talk.m4a", "audio/mp4")],
)
async def test_where_slack_gives_out_a_login_page_for_a_file_nobody_takes_it_for_the_file(
    stage: SlackStage, name: str, mime_type: str
) -> None:
    """The person reads a sentence, and the model nothing of Slack's page."""
    dm = stage.slack.dm(stage.slack.person("Cleo"))
    message = await dm.upload(b"never seen", name=name, mime_type=mime_type, text="have a look", locked=True)
    answer = await answer_to(stage, dm, message)
    assert len(answer.split()) >= 3
    assert not any("Sign in" in str(request.body) for request in stage.provider.requests)


async def test_a_picture_asked_for_in_plain_words_is_shared_below_the_answer(stage: SlackStage) -> None:
    """In the thread; the line between them gets what it shows and the buttons."""
    call = Reply.call("draw_picture", '{"prompt": "A lighthouse"}')
    stage.brain.teach("draw me a lighthouse", call, Reply(text="It is on its way."))
    dm = stage.slack.dm(stage.slack.person("Dora"))
    thread = dm.thread(await dm.say("Please draw me a lighthouse"))
    await stage.slack.until(lambda: any("Kolors" in text for text in thread.texts), seconds=60)
    await stage.service.settled()
    answer, line, *_ = thread.texts
    assert answer == "It is on its way."
    assert line.startswith("A lighthouse\nKolors · seed ")
    assert len(stage.provider.painting.drawn) == 1
    assert len(stage.slack.calls_of("files.completeUploadExternal")) == 1


async def test_a_question_below_somebodys_picture_is_about_that_picture(stage: SlackStage) -> None:
    """And about the words beside it; the next question in the thread is not told of it again."""
    ann, bob = stage.slack.person("Ann"), stage.slack.person("Bob")
    room = stage.slack.channel("shore", [ann, bob])
    root = await room.upload(ann, picture(), name="red.png", mime_type="image/png", text="the new door")
    thread = room.thread(root)
    for number, question in enumerate(("which colour is it?", "and the handle?"), start=1):
        await room.reply(bob, root, f"{stage.slack.mention} {question}")
        await stage.slack.until(partial(_answered, thread, number), seconds=60)
        await stage.service.settled()
    first, second = (
        next(request for request in stage.provider.requests if question in str(_asked(request)))
        for question in ("which colour is it?", "and the handle?")
    )
    assert "the new door" in str(_asked(first))
    assert "image_url" in str(_asked(first))
    assert "the new door" not in str(_asked(second))


def _answered(thread: ThreadView, times: int) -> bool:
    return len(thread.texts) == times and not thread.streaming


def _asked(request: Any) -> Any:
    """The newest message of a request, if one was put to a model that answers."""
    messages = (request.body or {}).get("messages")
    return messages[-1] if messages else None


async def test_nothing_was_refused_or_malformed(stage: SlackStage) -> None:
    """Over all the stories above."""
    assert stage.slack.rejected == []
    assert stage.slack.violations == []
