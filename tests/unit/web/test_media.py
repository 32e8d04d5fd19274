"""Pictures and films stand on the page where their line was, and can be saved."""

from __future__ import annotations

import re

import pytest

from bot.errors import MessageGone
from bot.messages import ConversationKey
from bot.ports import Button, OutgoingFile, ShowsMedia
from tests.unit.web.support import Browser, Service, markdown

PHOTO = OutgoingFile(name="picture-1-1.png", mime="image/png", data=b"\x89PNG one")
FILM = OutgoingFile(name="film-1-1.mp4", mime="video/mp4", data=b"\x00\x00\x00\x18ftypmp42")
AGAIN = ((Button(label="Again", data="draw:again:1"),),)


async def line(service: Service, browser: Browser) -> tuple[ConversationKey, str]:
    """A chat with a line of the bot's in it."""
    chat = await browser.new_chat()
    await browser.say(chat, "/image a fox", "0123456789abcdef")
    key = service.events[0].key
    return key, await service.adapter.send(key, markdown("Drawing …"))


async def test_what_was_made_takes_the_place_of_its_line(service: Service, browser: Browser) -> None:
    """Shown, with the caption as text and not as markup, the buttons, and the bytes behind the address."""
    assert isinstance(service.adapter, ShowsMedia)
    key, message_id = await line(service, browser)
    for _ in range(2):
        await service.adapter.show_media(
            key, message_id, [PHOTO, FILM], caption="a <b>fox</b>", buttons=AGAIN
        )
    _, shown = await browser.messages(key.chat)
    assert shown["text"] == "a <b>fox</b>"
    assert '<img class="picture"' in shown["html"]
    assert '<video class="film"' in shown["html"]
    assert "<b>" not in shown["html"]
    sources = re.findall(r'src="([^"]+)"', shown["html"])
    answers = [await browser.get(source) for source in sources]
    assert [answer.body for answer in answers] == [PHOTO.data, FILM.data]


async def test_a_line_that_is_gone_is_told_so(service: Service, browser: Browser) -> None:
    """Somebody took it away."""
    key, message_id = await line(service, browser)
    await service.adapter.delete(key, [message_id])
    with pytest.raises(MessageGone):
        await service.adapter.show_media(key, message_id, [PHOTO], caption="a fox")
