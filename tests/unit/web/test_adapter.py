"""What the core asks of the page beyond the contract: messages found again, taken away; a log that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from adapters.web import WebAdapter
from bot.errors import MessageGone, PlatformBusy
from bot.messages import Author, ConversationKey
from bot.ports import AnswersButtons, Button, Deletes, Reclaims, Routed
from tests.unit.web.support import Browser, Service, holders, markdown, open_browser, open_service

NONCE = "0123456789abcdef"


async def asked(service: Service, browser: Browser) -> tuple[ConversationKey, str]:
    """A chat with a question; its key and the question's id."""
    chat = await browser.new_chat()
    message = (await browser.say(chat, "a question", NONCE)).data["id"]
    return service.events[0].key, str(message)


def test_it_offers_what_the_core_can_use() -> None:
    """The optional ports, by their looks."""
    adapter = WebAdapter(folder=Path("nowhere"))
    for port in (AnswersButtons, Deletes, Reclaims, Routed):
        assert isinstance(adapter, port)


async def test_a_message_sent_just_before_a_crash_is_found(service: Service, browser: Browser) -> None:
    """One that still grew is taken up and shows the new text; the page has it once."""
    key, question = await asked(service, browser)
    lost = await service.adapter.send(key, markdown("The first wor"), live=True)
    found = await service.adapter.reclaim(key, markdown("The first words"), after=question, taken=())
    assert found == lost
    shown = await browser.messages(key.chat)
    assert [message["text"] for message in shown] == ["a question", "The first words"]


async def test_a_whole_message_whose_sending_was_not_noted_is_found_by_its_words(
    service: Service, browser: Browser
) -> None:
    """Another message that stands there for good is not taken for it."""
    key, question = await asked(service, browser)
    notice = await service.adapter.send(key, markdown("Nothing is being written."))
    assert await service.adapter.reclaim(key, markdown("An answer"), after=question, taken=()) is None
    lost = await service.adapter.send(key, markdown("An answer"))
    assert await service.adapter.reclaim(key, markdown("An answer"), after=question, taken=()) == lost
    assert await service.adapter.reclaim(key, markdown("An answer"), after=lost, taken=()) is None
    known = {(key.chat, lost)}
    assert await service.adapter.reclaim(key, markdown("An answer"), after=question, taken=known) is None
    assert notice != lost


async def test_what_is_forgotten_stands_in_no_file(tmp_path: Path) -> None:
    """Neither in the page's database nor in the log beside it, while both are in use."""
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        key, _ = await asked(service, browser)
        assert holders(tmp_path, b"a question") != []
        await service.adapter.forget(key, Author(id="local", name="local"))
        assert holders(tmp_path, b"a question") == []


async def test_messages_are_taken_away(service: Service, browser: Browser) -> None:
    """From every page and for good; taking away what is gone is fine."""
    key, _ = await asked(service, browser)
    ours = await service.adapter.send(key, markdown("too much"))
    async with browser.listening():
        await service.adapter.delete(key, [ours, "4711", "-"])
        gone = await browser.until("message_gone", 3)
    assert gone[0] == {"id": ours, "chat": key.chat}
    assert len(await browser.messages(key.chat)) == 1
    with pytest.raises(MessageGone):
        await service.adapter.edit(key, ours, markdown("back"))


async def test_a_message_of_a_person_is_not_ours_to_change(service: Service, browser: Browser) -> None:
    """Nor one of another chat."""
    key, question = await asked(service, browser)
    with pytest.raises(MessageGone):
        await service.adapter.edit(key, question, markdown("forged"))
    ours = await service.adapter.send(key, markdown("mine"))
    other = ConversationKey(platform="web", account="local", chat=await browser.new_chat())
    with pytest.raises(MessageGone):
        await service.adapter.edit(other, ours, markdown("moved"))


async def test_a_log_that_cannot_be_written_is_a_pause(
    service: Service, browser: Browser, tmp_path: Path
) -> None:
    """The core tries again; a page that asks meanwhile hears that it was not stored."""
    key, _ = await asked(service, browser)
    ours = await service.adapter.send(key, markdown("before"))
    with sqlite3.connect(tmp_path / "page.db", isolation_level=None) as blocker:
        blocker.execute("begin immediate")
        with pytest.raises(PlatformBusy):
            await service.adapter.edit(key, ours, markdown("after"))
        assert (await browser.say(key.chat, "hello?", "1111111111111111")).data == {"error": "not_stored"}
        blocker.execute("rollback")
    blocker.close()
    await service.adapter.edit(key, ours, markdown("after"))
    assert [message["text"] for message in await browser.messages(key.chat)] == ["a question", "after"]


async def test_buttons_stand_under_their_message_until_an_edit_takes_them(
    service: Service, browser: Browser
) -> None:
    """Row by row, with their data."""
    key, _ = await asked(service, browser)
    rows = [
        [Button(label="A & B", data="a:1"), Button(label="<C>", data="c:2")],
        [Button(label="D", data="d")],
    ]
    ours = await service.adapter.send(key, markdown("choose"), buttons=rows)
    shown = (await browser.messages(key.chat))[-1]
    assert [[(b["label"], b["data"]) for b in row] for row in shown["buttons"]] == [
        [("A & B", "a:1"), ("<C>", "c:2")],
        [("D", "d")],
    ]
    await service.adapter.edit(key, ours, markdown("chosen"))
    assert (await browser.messages(key.chat))[-1]["buttons"] == []


async def test_what_happens_before_and_after_the_run_is_kept_too(tmp_path: Path) -> None:
    """A turn that ends while the service stops still brings its answer to the log."""
    adapter = WebAdapter(folder=tmp_path)
    log = adapter._log
    chat = await log.chats.add("0" * 32, now=1.0)
    key = ConversationKey(platform="web", account="local", chat=chat.id)
    message = await adapter.send(key, markdown("late"))
    await adapter.edit(key, message, markdown("late, but whole"))
    assert [shown.shown.text for shown in await log.messages.newest(chat.id)] == ["late, but whole"]
