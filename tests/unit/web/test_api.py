"""What a page can do: chats, messages, buttons, a stop; and what it sees after a reload and a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.errors import ChatClosed
from bot.messages import ButtonPressed, Deleted, Edited, Incoming, StopPressed
from bot.ports import Button
from tests.unit.web.support import Browser, Service, markdown, new_id, open_browser, open_service

NONCE = "0123456789abcdef"


async def test_a_message_becomes_an_event_and_is_shown(service: Service, browser: Browser) -> None:
    """The core gets the words as written, from the local person, in their language."""
    chat = await browser.new_chat()
    answer = await browser.say(chat, "Hello,  *world* <b>", NONCE)
    (event,) = service.events
    assert isinstance(event, Incoming)
    assert (event.text, event.message_id) == ("Hello,  *world* <b>", answer.data["id"])
    assert (event.author.id, event.author.vouched, event.author.language) == ("local", True, "en-gb")
    assert (event.key.platform, event.key.account, event.key.chat) == ("web", "local", chat)
    (shown,) = await browser.messages(chat)
    assert (shown["who"], shown["text"], shown["html"]) == ("person", "Hello,  *world* <b>", "")


async def test_a_request_sent_twice_is_one_message(service: Service, browser: Browser) -> None:
    """Its answer may have been lost: the same event comes again, the page shows one message."""
    chat = await browser.new_chat()
    first, second = [await browser.say(chat, "once", NONCE) for _ in range(2)]
    assert first.data == second.data
    assert len({event.event_id for event in service.events}) == 1
    assert len(await browser.messages(chat)) == 1


async def test_what_could_not_be_stored_is_not_shown_and_can_be_sent_again(
    service: Service, browser: Browser
) -> None:
    """The page hears that it was not taken."""
    chat = await browser.new_chat()
    service.refusing = True
    refused = await browser.say(chat, "important", NONCE)
    assert (refused.status, refused.data) == (503, {"error": "not_stored"})
    assert await browser.messages(chat) == []
    service.refusing = False
    assert (await browser.say(chat, "important", NONCE)).status == 200
    assert [message["text"] for message in await browser.messages(chat)] == ["important"]


async def test_an_edit_changes_the_message_and_tells_the_core(service: Service, browser: Browser) -> None:
    """Under its old id; an edit the store refused leaves the old words."""
    chat = await browser.new_chat()
    message = (await browser.say(chat, "weather on Mars", NONCE)).data["id"]
    path = f"/chat/api/chats/{chat}/messages/{message}"
    await browser.post(path, {"text": "weather on Venus", "nonce": "fedcba9876543210"})
    event = service.events[-1]
    assert isinstance(event, Edited)
    assert (event.message.message_id, event.message.text) == (message, "weather on Venus")
    service.refusing = True
    assert (await browser.post(path, {"text": "lost", "nonce": "aaaaaaaaaaaaaaaa"})).status == 503
    assert [shown["text"] for shown in await browser.messages(chat)] == ["weather on Venus"]


async def test_a_message_of_ours_cannot_be_edited_by_the_page(service: Service, browser: Browser) -> None:
    """Nor one of another chat."""
    chat, other = await browser.new_chat(), await browser.new_chat()
    theirs = (await browser.say(chat, "hello", NONCE)).data["id"]
    ours = await service.adapter.send(service.events[0].key, markdown("an answer"))
    for place, message in ((chat, ours), (other, theirs), (chat, "99")):
        path = f"/chat/api/chats/{place}/messages/{message}"
        assert (await browser.post(path, {"text": "forged", "nonce": "fedcba9876543210"})).status == 404
    assert [shown["text"] for shown in await browser.messages(chat)] == ["hello", "an answer"]


async def test_a_button_is_pressed_only_if_it_is_there(service: Service, browser: Browser) -> None:
    """The core gets its data; the page that pressed hears the answer."""
    chat = await browser.new_chat()
    await browser.say(chat, "hello", NONCE)
    key = service.events[0].key
    message = await service.adapter.send(
        key, markdown("choose"), buttons=[[Button(label="Again", data="retry:1")]]
    )
    path = f"/chat/api/chats/{chat}/press"
    async with browser.listening():
        await browser.post(path, {"message": message, "data": "retry:1", "nonce": NONCE})
        pressed = service.events[-1]
        assert isinstance(pressed, ButtonPressed)
        assert (pressed.data, pressed.message_id, pressed.answer_id) == ("retry:1", message, NONCE)
        await service.adapter.answer_button(pressed.answer_id, "Done.")
        assert await browser.until("answer") == [{"nonce": NONCE, "text": "Done."}]
    for wrong in ({"message": message, "data": "stop:1"}, {"message": "77", "data": "retry:1"}):
        assert (await browser.post(path, {**wrong, "nonce": NONCE})).status == 404
    assert len(service.events) == 2


async def test_only_a_whole_answer_can_be_voted_on(service: Service, browser: Browser) -> None:
    """One that grew as models write; not a reply to a command, nor what asks to be pressed."""
    chat = await browser.new_chat()
    await browser.say(chat, "hello", NONCE)
    key, adapter = service.events[0].key, service.adapter
    answer = await adapter.send(key, markdown("an an"), live=True)
    told = await adapter.send(key, markdown("a notice"))
    asks = await adapter.send(key, markdown("may I"), live=True)
    await adapter.edit(key, asks, markdown("may I?"), buttons=[[Button(label="Yes", data="yes")]])

    async def votes(message: str) -> bool:
        press = {"message": message, "data": "feedback:up", "nonce": new_id()}
        taken = (await browser.post(f"/chat/api/chats/{chat}/press", press)).status == 200
        shown = next(one for one in await browser.messages(chat) if one["id"] == message)
        assert shown["votes"] == taken
        return taken

    assert not await votes(answer)
    await adapter.edit(key, answer, markdown("an answer"))
    assert [await votes(one) for one in (answer, told, asks)] == [True, False, False]


async def test_stop_reaches_the_core(service: Service, browser: Browser) -> None:
    """As the platform's own stop control."""
    chat = await browser.new_chat()
    await browser.post(f"/chat/api/chats/{chat}/stop")
    (event,) = service.events
    assert isinstance(event, StopPressed)
    assert event.key.chat == chat


async def test_a_deleted_chat_is_forgotten_everywhere(service: Service, browser: Browser) -> None:
    """The core hears of every message; an answer still being written finds the chat closed."""
    chat = await browser.new_chat()
    message = (await browser.say(chat, "a secret", NONCE)).data["id"]
    key = service.events[0].key
    ours = await service.adapter.send(key, markdown("an answer"), live=True)
    service.refusing = True
    assert (await browser.post(f"/chat/api/chats/{chat}/delete")).status == 503
    assert len(await browser.messages(chat)) == 2
    service.refusing = False
    async with browser.listening():
        assert (await browser.post(f"/chat/api/chats/{chat}/delete")).status == 200
        assert await browser.until("chat_gone") == [{"id": chat}]
    event = service.events[-1]
    assert isinstance(event, Deleted)
    assert event.message_ids == (message, ours)
    assert (await browser.get("/chat/api/start")).data["chats"] == []
    assert (await browser.get(f"/chat/api/chats/{chat}/messages")).status == 404
    assert (await browser.say(chat, "again", "bbbbbbbbbbbbbbbb")).status == 404
    with pytest.raises(ChatClosed):
        await service.adapter.send(key, markdown("too late"))


async def test_chats_are_named_by_their_first_message_until_somebody_names_them(browser: Browser) -> None:
    """A command is no name; a name once given stays; the chat written in last comes first."""
    chat, other = await browser.new_chat(), await browser.new_chat()

    async def titles() -> list[str]:
        return [entry["title"] for entry in (await browser.get("/chat/api/start")).data["chats"]]

    await browser.say(other, "/help", "1111111111111111")
    assert set(await titles()) == {""}
    await browser.say(chat, "A long  question\nwith lines " + "x" * 100, NONCE)
    (named, _) = await titles()
    assert named.startswith("A long question with lines xxx")
    assert len(named) == 60
    await browser.post(f"/chat/api/chats/{chat}/title", {"title": "  Mine <b> "})
    await browser.say(chat, "more", "2222222222222222")
    assert (await titles())[0] == "Mine <b>"
    assert (await browser.post(f"/chat/api/chats/{'0' * 32}/title", {"title": "x"})).status == 404


async def test_two_pages_see_the_same_chat_grow(service: Service, browser: Browser) -> None:
    """Both are told of the message, of every newer form of the answer, and of the end."""
    async with open_browser(service.url) as second:
        await second.sign_in(service.link)
        chat = await browser.new_chat()
        async with browser.listening(), second.listening():
            await browser.say(chat, "hello", NONCE)
            key = service.events[0].key
            answer = await service.adapter.send(key, markdown("One"), live=True)
            for page in (browser, second):
                await page.until("message", 2)
            await service.adapter.edit(key, answer, markdown("One **two**"))
            for page in (browser, second):
                *_, last = await page.until("message", 3)
                assert (last["live"], last["text"], last["version"]) == (False, "One two", 2)
                assert "<strong>two</strong>" in last["html"]


async def test_a_slow_page_gets_the_newest_form_alone(service: Service, browser: Browser) -> None:
    """What was not sent yet is replaced, so that nothing piles up."""
    chat = await browser.new_chat()
    await browser.say(chat, "hello", NONCE)
    key = service.events[0].key
    answer = await service.adapter.send(key, markdown("0"), live=True)
    feed = service.adapter._feed
    with feed.subscribe() as page:
        for number in range(1, 50):
            await service.adapter.edit(key, answer, markdown(str(number)), live=True)
        assert len(page.pending) == 1
        assert b'<p dir=\\"auto\\">49</p>' in next(iter(page.pending.values()))


async def test_a_reload_and_a_restart_show_the_same(tmp_path: Path) -> None:
    """What stood there when the process ended stands there again; nothing grows any more."""
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        chat = await browser.new_chat()
        await browser.say(chat, "hello", NONCE)
        key = service.events[0].key
        await service.adapter.send(key, markdown("whole"), buttons=[[Button(label="Again", data="retry:1")]])
        half = await service.adapter.send(key, markdown("half"), live=True)
        before = await browser.messages(chat)
        assert [shown["live"] for shown in before] == [False, False, True]
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        after = await browser.messages(chat)
        assert [shown["html"] for shown in after] == [shown["html"] for shown in before]
        assert after[1]["buttons"] == [[{"label": "Again", "data": "retry:1"}]]
        assert [shown["live"] for shown in after] == [False, False, False]
        await service.adapter.edit(key, half, markdown("half and whole"))
        assert (await browser.messages(chat))[-1]["text"] == "half and whole"


async def test_long_chats_are_shown_piece_by_piece(service: Service, browser: Browser) -> None:
    """The newest first, the earlier ones on demand."""
    chat = await browser.new_chat()
    await browser.say(chat, "hello", NONCE)
    key = service.events[0].key
    for number in range(150):
        await service.adapter.send(key, markdown(str(number)))
    newest = (await browser.get(f"/chat/api/chats/{chat}/messages")).data
    assert newest["more"]
    assert [shown["text"] for shown in newest["messages"]] == [str(number) for number in range(50, 150)]
    first = newest["messages"][0]["id"]
    earlier = (await browser.get(f"/chat/api/chats/{chat}/messages?before={first}")).data
    assert not earlier["more"]
    assert [shown["text"] for shown in earlier["messages"]][:2] == ["hello", "0"]


async def test_a_message_that_is_too_long_is_refused_clearly(service: Service, browser: Browser) -> None:
    """By its characters, and by its bytes before they are all read."""
    chat = await browser.new_chat()
    assert (await browser.say(chat, "数" * 200_000, NONCE)).status == 200
    for text in ("x" * 200_001, "x" * 2_000_000):
        answer = await browser.say(chat, text, "cccccccccccccccc")
        assert (answer.status, answer.data) == (413, {"error": "too_long"})
    assert len(service.events) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"text": "x"}',
        b'{"text": 1, "nonce": "0123456789"}',
        b'{"text": "x", "nonce": "0123456789", "who": "bot"}',
        b'{"text": "x", "nonce": "<script>"}',
        b'{"text": " \\n ", "nonce": "0123456789"}',
        b'{"text": "\\ud83d", "nonce": "0123456789"}',
        b"[" * 100_000,
    ],
)
async def test_a_broken_body_is_refused(service: Service, browser: Browser, body: bytes) -> None:
    """It reaches nobody and breaks nothing."""
    chat = await browser.new_chat()
    answer = await browser.post(f"/chat/api/chats/{chat}/messages", body)
    assert answer.status == 400
    assert service.events == []


async def test_unknown_addresses_are_not_found(browser: Browser) -> None:
    """Also those that look like a way out of the folder."""
    for path in (
        "/chat/../adapter.py",
        "/chat/%2e%2e/adapter.py",
        "/chat/api/chats/x/messages",
        "/chat/no.js",
    ):
        assert (await browser.get(path)).status == 404


async def test_a_stop_of_the_service_lets_the_pages_go(tmp_path: Path) -> None:
    """An open stream ends by itself and holds nothing up; later requests hear that nobody serves."""
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        async with browser.http.get(f"{service.url}/chat/events") as stream:
            running = next(task for task in asyncio.all_tasks() if "WebAdapter.run" in str(task.get_coro()))
            running.cancel()
            async with asyncio.timeout(60):
                assert b"hello" in await stream.read()
        assert (await browser.get("/chat/events")).status == 503
        chat = await browser.new_chat()
        assert (await browser.say(chat, "anyone?", NONCE)).data == {"error": "starting"}


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh-cn"), ("de", "de"), ("", ""), ("*", ""), (";;,,", ""), ("<b>", "")],
)
async def test_the_browsers_language_is_the_persons(service: Service, header: str, language: str) -> None:
    """The first it prefers; nonsense is none."""
    async with open_browser(service.url, language=header) as browser:
        await browser.sign_in(service.link)
        await browser.say(await browser.new_chat(), "hello", NONCE)
    (event,) = service.events
    assert isinstance(event, Incoming)
    assert event.author.language == language
