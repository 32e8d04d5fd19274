"""Pictures and films over Telegram by the real process, killed in the middle of them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import av
import pytest
from PIL import Image

from bot.sandbox import Reply, Sandbox, Stall
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, Message, PrivateChat

pytestmark = [pytest.mark.e2e]


def pictures(chat: PrivateChat) -> list[Message]:
    """The bot's messages that show a picture or a film."""
    return [message for message in chat.bot_messages if message.kind in ("photo", "video", "document")]


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Stage]:
    """A service of the test's own, which it may kill."""
    telegram, brain = FakeTelegram(), Brain()
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        service = Service(tmp_path, settings_for(telegram, provider))
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_picture_is_drawn_and_drawn_again(stage: Stage) -> None:
    """The line becomes a photo with buttons; the button makes another one."""
    stage.provider.painting.per_minute = 0
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    await chat.say("/image a red fox in deep snow")
    await stage.telegram.until(lambda: len(pictures(chat)) == 1)
    (message,) = chat.bot_messages
    assert message.text.startswith("a red fox in deep snow\nKolors · seed ")
    assert message.buttons == ["Again", "Variation", "Better prompt"]
    assert message.file is not None
    with Image.open(io.BytesIO(message.file.data)) as image:
        assert image.size == (1024, 1024)
    await chat.press(message, "Again")
    await stage.telegram.until(lambda: len(pictures(chat)) == 2)
    assert stage.telegram.violations == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_photo_is_changed_by_answering_it(stage: Stage) -> None:
    """The photo that is answered goes to the model that changes pictures."""
    stage.provider.painting.per_minute = 0
    buffer = io.BytesIO()
    Image.new("RGB", (640, 480), "teal").save(buffer, "JPEG")
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    photo = await chat.send_photo(buffer.getvalue())
    await chat.say("/image make it night", reply_to=photo)
    await stage.telegram.until(lambda: len(pictures(chat)) == 1)
    order = stage.provider.painting.drawn[-1]
    assert order.model == "Qwen/Qwen-Image-Edit-2509"
    assert order.image


async def test_a_filtered_prompt_is_told_in_the_line(fresh: Stage) -> None:
    """451 of the provider."""
    chat = fresh.telegram.private(fresh.telegram.person("Dora", language="zh-hans"))
    await chat.say("/image nsfw")
    await fresh.telegram.until(lambda: chat.texts == ["内容没有通过平台的审核。换个说法，我再试一次。"])


@pytest.mark.crash
async def test_kill_9_after_the_tool_was_called_orders_once(fresh: Stage) -> None:
    """One answer, one order and one picture; the words were plain ones, without a command."""
    telegram, service = fresh.telegram, fresh.service
    answer = "Your fox is on its way: it will be here in a moment."
    call = Reply.call("draw_picture", '{"prompt": "A red fox in the snow", "count": 1}')
    fresh.brain.teach("draw me a fox", call, Reply(text=answer, fault=Stall(after_tokens=4)))
    chat = telegram.private(telegram.person("Ann"))
    await chat.say("Please draw me a fox in the snow")
    await telegram.until(lambda: bool(chat.texts) and chat.texts[-1].startswith("Your fox"))
    await service.kill()
    await service.start()
    await telegram.until(lambda: len(pictures(chat)) == 1)
    await service.settled()
    assert [message.text for message in chat.bot_messages if message.kind == "text"] == [answer]
    (picture,) = pictures(chat)
    assert picture.text.startswith("A red fox in the snow\nKolors · seed ")
    assert picture.buttons == ["Again", "Variation", "Better prompt"]
    assert len(fresh.provider.painting.drawn) == 1
    assert telegram.violations == []


@pytest.mark.crash
async def test_kill_9_while_an_album_is_fetched_and_sent_shows_it_once(fresh: Stage) -> None:
    """Where it is was noted, so the next process only fetches it. That one dies when Telegram has the album,
    before it hears so: the third finds the album again.
    """
    telegram, service = fresh.telegram, fresh.service
    chat = telegram.private(telegram.person("Ann"))
    telegram.drop_answer("sendMediaGroup")
    fresh.provider.results.broken_downloads = 1_000_000
    await chat.say("/image a red fox --count 2")
    await service.until(lambda: fresh.provider.results.downloads > 0)
    await service.kill()
    assert service.rows("select stage, results != '' from drawings") == [("making", 1)]
    fresh.provider.results.broken_downloads = 0
    await service.start()
    await telegram.until(lambda: len(pictures(chat)) == 2)
    await service.kill()
    telegram.clear_faults()
    await service.start()
    await telegram.until(lambda: any("Again" in message.buttons for message in chat.bot_messages))
    await service.settled()
    assert len(pictures(chat)) == 2
    assert len(fresh.provider.painting.drawn) == 1
    assert service.rows("select stage, results from drawings") == [("shown", "")]
    assert telegram.violations == []


@pytest.mark.crash
async def test_kill_9_while_a_picture_is_put_into_its_line_shows_it_once(fresh: Stage) -> None:
    """Doing it twice changes nothing."""
    telegram, service = fresh.telegram, fresh.service
    chat = telegram.private(telegram.person("Ben"))
    telegram.drop_answer("editMessageMedia")
    await chat.say("/image a red fox")
    await telegram.until(lambda: len(pictures(chat)) == 1)
    await service.kill()
    telegram.clear_faults()
    await service.start()
    await service.settled()
    assert len(chat.bot_messages) == 1
    assert len(fresh.provider.painting.drawn) == 1


@pytest.mark.crash
async def test_kill_9_while_a_film_is_made_shows_it_once(fresh: Stage) -> None:
    """The next process asks after the same job and shows its film."""
    telegram, service = fresh.telegram, fresh.service
    fresh.provider.filming.film_seconds = 3600
    chat = telegram.private(telegram.person("Cleo"))
    await chat.say("/video waves at a rocky shore")
    await telegram.until(lambda: bool(chat.texts) and chat.texts[0].startswith("Filming"))
    await service.kill()
    fresh.provider.filming.film_seconds = 0
    await service.start()
    await telegram.until(lambda: len(pictures(chat)) == 1)
    await service.settled()
    (message,) = chat.bot_messages
    assert message.kind == "video"
    assert message.file is not None
    with av.open(io.BytesIO(message.file.data), mode="r") as container:
        assert container.streams.video[0].width == 1280
    assert len(fresh.provider.filming.submitted) == 1


@pytest.mark.crash
async def test_kill_9_before_the_first_look_and_while_the_film_is_shown(fresh: Stage) -> None:
    """Between beginning it and asking after it, and between fetching it and hearing that it is shown."""
    telegram, service = fresh.telegram, fresh.service
    chat = telegram.private(telegram.person("Dan"))
    telegram.drop_answer("editMessageMedia")
    await chat.say("/video waves at a rocky shore")
    begun = "select count(*) from drawings where provider_id != ''"
    await telegram.until(lambda: service.rows(begun) == [(1,)])
    await service.kill()
    await service.start()
    await telegram.until(lambda: len(pictures(chat)) == 1)
    await service.kill()
    telegram.clear_faults()
    await service.start()
    await service.settled()
    assert [message.kind for message in chat.bot_messages] == ["video"]
    assert service.rows("select stage from drawings") == [("shown",)]
    assert len(fresh.provider.filming.submitted) == 1
