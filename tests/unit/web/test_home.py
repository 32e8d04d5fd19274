"""What stands beside a chat: asked for by a press under no message, told to the open pages, kept nowhere."""

from __future__ import annotations

import pytest

from bot.messages import Author, ButtonPressed, ChatKind
from bot.ports import Button, ShowsHome
from tests.unit.web.support import Browser, Service, markdown

NONCE = "0123456789abcdef"
ANN = Author(id="local", name="local")


async def asked(service: Service, browser: Browser, data: str = "home") -> ButtonPressed:
    """What reaches the core when somebody opens the settings."""
    chat = await browser.new_chat()
    answer = await browser.post(f"/chat/api/chats/{chat}/press", {"data": data, "nonce": NONCE})
    assert answer.status == 200
    (event,) = service.events
    assert isinstance(event, ButtonPressed)
    return event


async def test_a_press_beside_a_chat_names_no_message(service: Service, browser: Browser) -> None:
    """It is of that chat, by its owner, in the language the browser asks for."""
    event = await asked(service, browser, "persona:")
    assert isinstance(service.adapter, ShowsHome)
    assert (event.message_id, event.data, event.answer_id) == ("", "persona:", NONCE)
    assert (event.key.platform, event.chat_kind) == ("web", ChatKind.PRIVATE)
    assert event.author.is_operator
    assert event.author.language == "en-gb"


async def test_a_press_beside_a_chat_that_is_not_there_is_refused(service: Service, browser: Browser) -> None:
    """Nothing of it reaches the core."""
    answer = await browser.post(f"/chat/api/chats/{'0' * 32}/press", {"data": "home", "nonce": NONCE})
    assert (answer.status, answer.data) == (404, {"error": "gone"})
    assert service.events == []


async def test_what_is_shown_there_reaches_the_page_that_asked(service: Service, browser: Browser) -> None:
    """As HTML in which no text is markup, with its buttons and the name of the wish."""
    event = await asked(service, browser)
    rows = [
        [Button(label="✓ <On>", data="set:thinking:shown"), Button(label="Off", data="set:thinking:hidden")]
    ]
    async with browser.listening():
        await service.adapter.show_home(
            event.key, ANN, markdown("**Set** &lt;b&gt;"), buttons=rows, answer_id=event.answer_id
        )
        (shown,) = await browser.until("home")
    assert shown == {
        "chat": event.key.chat,
        "nonce": NONCE,
        "html": '<p dir="auto"><strong>Set</strong> &lt;b&gt;</p>',
        "buttons": [
            [
                {"label": "✓ <On>", "data": "set:thinking:shown"},
                {"label": "Off", "data": "set:thinking:hidden"},
            ]
        ],
    }


async def test_nothing_of_it_stays_in_the_chat(service: Service, browser: Browser) -> None:
    """A reload shows the chat alone; with no page open, showing does nothing."""
    event = await asked(service, browser)
    await service.adapter.show_home(event.key, ANN, markdown("Settings"), buttons=())
    assert await browser.messages(event.key.chat) == []


@pytest.mark.parametrize("data", ["x" * 257, None, 7])
async def test_data_that_no_button_can_have_is_refused(browser: Browser, data: object) -> None:
    """Whatever a hand-made request holds."""
    chat = await browser.new_chat()
    answer = await browser.post(f"/chat/api/chats/{chat}/press", {"data": data, "nonce": NONCE})
    assert answer.status == 400
