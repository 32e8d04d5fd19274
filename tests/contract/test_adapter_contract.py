"""What the core relies on in every adapter: messages in, replies out, and only the errors it knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import DeliveryError, MessageGone
from bot.messages import Attachment, AttachmentKind, ButtonPressed, ConversationKey, Incoming
from bot.ports import Adapter, Button, Fidelity, OutgoingFile, OutgoingVoice, Rendered, SendsFiles, SendsVoice
from bot.rendering import parse, utf16_length
from tests.contract.adapters import ROOMS, Room

PLATFORMS = sorted(ROOMS)
SNIPPETS = [
    "plain words ",
    "**bold** ",
    "*italic* and ~~gone~~ ",
    "`code` ",
    "[a link](https://example.org/a_(b)) ",
    "\n\n",
    "\n",
    "# Heading\n\n",
    "- item\n",
    "  - nested\n",
    "1. one\n2. two\n",
    "> quoted\n\n",
    "```py\nx = '1'\n```\n\n",
    "| a | b |\n|---|---|\n| 1 | 数 |\n\n",
    "$$x^2$$\n\n",
    "中文句子。",
    "👩‍👩‍👧🇩🇪",
    "<b>html</b> & ",
    "![picture](https://example.org/p.png) ",
    "a" * 300,
    "The quick brown fox jumps over the lazy dog. " * 12,
]
HOSTILE = {
    "controls": "a\x00b\x07c\x08d\x7fe\x85f",
    "escapes": "\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m \x9b5A",
    "bidi": "\u202egnirts\u202c \u2066isolated\u2069 \u200f",
    "surrogates": "half \ud83d and \udc00 halves",
    "emoji": "👩‍👩‍👧‍👦" * 200,
    "combining": "z" + "\u0301" * 2000,
    "long": "word " * 6_000,
    "one long word": "w" * 30_000,
    "deep": "> " * 200 + "deep",
    "brackets": "[" * 3000,
    "spaces": "\u2003\u00a0\u200b\u3164",
    "markup": "</b>*_`~|\\" * 500,
    "lines": "\r\n\u2028\u2029\x0b\x0c" * 50,
}


@pytest.fixture(params=PLATFORMS)
async def room(request: pytest.FixtureRequest) -> AsyncIterator[Room]:
    """A chat on each platform, with the adapter running."""
    async with ROOMS[request.param]() as opened:
        await opened.start()
        yield opened


async def key_of(room: Room) -> ConversationKey:
    """The chat's key, learned from what the person writes."""
    await room.say("hello")
    return (await room.arrived(Incoming))[-1].key


def one(adapter: Adapter, markdown: str) -> Rendered:
    """The first message of a text."""
    return adapter.render(parse(markdown), fidelity=Fidelity.FORMATTED)[0]


async def send_all(room: Room, key: ConversationKey, parts: Sequence[Rendered]) -> list[str]:
    """Send each part as a message of its own."""
    return [await room.adapter.send(key, part) for part in parts]


# --- in -----------------------------------------------------------------------------------------------------


async def test_what_a_person_writes_arrives_as_written(room: Room) -> None:
    """Text, place and addressee are right; every message is an event of its own."""
    texts = ["hello there", "two  blanks, *stars* and 中文 👍", "x < y & z"]
    for text in texts:
        await room.say(text)
    events = await room.arrived(Incoming, len(texts))
    assert [event.text for event in events] == texts
    assert {event.key.platform for event in events} == {room.adapter.name}
    assert len({event.key for event in events}) == 1
    assert len({event.event_id for event in events}) == len(texts)
    assert len({event.message_id for event in events}) == len(texts)
    assert all(event.addressed and event.author.id and not event.author.is_bot for event in events)


async def test_messages_of_a_chat_arrive_in_order(room: Room) -> None:
    """However quickly they are written."""
    for number in range(12):
        await room.say(f"message {number}")
    events = await room.arrived(Incoming, 12)
    assert [event.text for event in events] == [f"message {number}" for number in range(12)]


async def test_what_could_not_be_stored_comes_again(room: Room) -> None:
    """A failing database loses nothing where the platform keeps messages, and nothing overtakes."""
    if room.redelivers:
        room.refusals = 2
        await room.say("first")
        await room.say("second")
    else:
        await room.say("first")
        await room.say("second")
    events = await room.arrived(Incoming, 2)
    assert [event.text for event in events] == ["first", "second"]
    assert room.refusals == 0


# --- files --------------------------------------------------------------------------------------------------


async def test_a_file_arrives_under_its_name(room: Room) -> None:
    """Byte for byte, with the line that says what it is; and another of the same name does too."""
    assert isinstance(room.adapter, SendsFiles)
    key = await key_of(room)
    data = bytes(range(256)) * 40
    file = OutgoingFile(name="notes-数.bin", mime="application/octet-stream", data=data)
    ids = [await room.adapter.send_file(key, file, caption=f"Your notes {n} <b>") for n in range(2)]
    assert len(set(ids)) == 2
    await room.sees("Your notes 0 <b>")
    await room.sees("Your notes 1 <b>")
    received = await room.files()
    assert [content for _, content in received] == [data, data]
    assert all(name.startswith("notes-数") and name.endswith(".bin") for name, _ in received)
    assert room.complaints() == []


async def test_a_voice_note_arrives_as_it_was_spoken(room: Room) -> None:
    """In the platform's own form, and as MP3, which is taken everywhere; each byte for byte."""
    assert isinstance(room.adapter, SendsVoice)
    key = await key_of(room)
    notes = [
        OutgoingVoice(data=bytes([number]) * 2_000, mime=mime, seconds=1.4)
        for number, mime in enumerate((room.adapter.voice_mime, "audio/mpeg"))
    ]
    ids = [await room.adapter.send_voice(key, note, caption=f"Anna {note.data[0]}") for note in notes]
    assert len(set(ids)) == 2
    await room.sees("Anna 1")
    received = await room.files()
    assert sorted(content for _, content in received) == sorted(note.data for note in notes)
    assert room.complaints() == []


# --- out ----------------------------------------------------------------------------------------------------


async def test_an_answer_is_seen_and_grows_by_edits(room: Room) -> None:
    """A message sent can be changed under its id, as often as wanted, also to what it shows already."""
    key = await key_of(room)
    message_id = await room.adapter.send(key, one(room.adapter, "The first words"))
    await room.sees("The first words")
    whole = one(room.adapter, "Quite **other** words")
    await room.adapter.edit(key, message_id, whole)
    await room.sees("Quite other words")
    await room.until(lambda: "The first words" not in room.seen())
    await room.adapter.edit(key, message_id, whole)
    await room.sees("Quite other words")
    assert room.complaints() == []


async def test_messages_have_ids_of_their_own_and_stand_in_order(room: Room) -> None:
    """Later messages stand below earlier ones."""
    key = await key_of(room)
    ids = [await room.adapter.send(key, one(room.adapter, f"answer {number}")) for number in range(3)]
    await room.sees("answer 2")
    assert len(set(ids)) == 3
    assert all(ids)
    seen = room.seen()
    assert seen.index("answer 0") < seen.index("answer 1") < seen.index("answer 2")


async def test_a_reply_is_shown_to_its_question(room: Room) -> None:
    """Where the platform shows such a thing; a question that is gone stops no answer."""
    key = await key_of(room)
    (question,) = await room.arrived(Incoming)
    reply = await room.adapter.send(key, one(room.adapter, "a reply"), reply_to=question.message_id)
    await room.sees("a reply")
    if room.replies:
        assert room.answered_message(reply) == question.message_id
    await room.adapter.send(key, one(room.adapter, "another reply"), reply_to="99999999")
    await room.sees("another reply")


async def test_buttons_come_back_with_their_data(room: Room) -> None:
    """The data arrives as it was given, up to the promised size; an edit without buttons takes them away."""
    assert room.adapter.capabilities.buttons, "no adapter without buttons yet: say what it does instead"
    key = await key_of(room)
    size = room.adapter.capabilities.max_button_data_bytes
    data = ("retry:" + "9" * size)[:size]
    rows = ((Button(label="Stop", data="stop:1"), Button(label="Again", data=data)),)
    content = one(room.adapter, "with buttons")
    message_id = await room.adapter.send(key, content, buttons=rows)
    await room.sees("with buttons")
    await room.press("Again")
    (pressed,) = await room.arrived(ButtonPressed)
    assert (pressed.data, pressed.key, pressed.message_id) == (data, key, message_id)
    await room.adapter.edit(key, message_id, content)
    assert room.complaints() == []


async def test_typing_is_shown_without_ado(room: Room) -> None:
    """It raises nothing and leaves nothing."""
    key = await key_of(room)
    await room.adapter.typing(key)
    await room.adapter.send(key, one(room.adapter, "an answer"))
    await room.sees("an answer")
    assert room.complaints() == []


# --- errors -------------------------------------------------------------------------------------------------


async def test_every_trouble_is_one_of_the_cores_errors(room: Room) -> None:
    """Refusals and silence are told apart, and after each the next message gets through."""
    key = await key_of(room)
    for number, (trouble, expected) in enumerate(room.troubles()):
        room.fail_next(trouble)
        with pytest.raises(DeliveryError) as raised:
            await room.adapter.send(key, one(room.adapter, f"**lost** {number}"))
        assert type(raised.value) is expected, trouble
        await room.adapter.send(key, one(room.adapter, f"found {number}"))
        await room.sees(f"found {number}")


@pytest.mark.parametrize("message_id", ["987654321", "no-such-id", "-", ""])
async def test_a_message_that_is_not_there_is_gone(room: Room, message_id: str) -> None:
    """Also one whose id was never one."""
    key = await key_of(room)
    with pytest.raises(MessageGone):
        await room.adapter.edit(key, message_id, one(room.adapter, "new words"))


async def test_an_attachment_that_is_not_there_is_an_error_of_delivery(room: Room) -> None:
    """Fetching it fails on entry or at the first bytes."""
    attachment = Attachment(kind=AttachmentKind.DOCUMENT, file_id="no-such-file")
    with pytest.raises(DeliveryError):
        await read_all(room.adapter, attachment)


async def read_all(adapter: Adapter, attachment: Attachment) -> bytes:
    """The attachment's bytes."""
    async with adapter.fetch(attachment) as chunks:
        return b"".join([chunk async for chunk in chunks])


# --- hostile texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_hostile_text_gets_through_in_some_form(room: Room, name: str) -> None:
    """Whatever a model writes, each part of it is taken at every fidelity, and the chat goes on."""
    key = await key_of(room)
    document = parse(HOSTILE[name])
    for fidelity in Fidelity:
        parts = room.adapter.render(document, fidelity=fidelity)
        await send_all(room, key, [part for part in parts if part.text.strip()][:30])
    await room.adapter.send(key, one(room.adapter, "still here"))
    await room.sees("still here")
    assert room.complaints() == []


# Nobody can write a message of 30 kB, nor halves of surrogate pairs: platforms speak UTF-8.
@pytest.mark.parametrize("name", sorted(set(HOSTILE) - {"long", "one long word", "surrogates"}))
async def test_hostile_text_written_by_a_person_holds_nothing_up(room: Room, name: str) -> None:
    """It arrives in some form, or not at all, and the next message arrives as written."""
    await room.say("before")
    if room.writes_anything:
        await room.say(HOSTILE[name])
    await room.say("after")
    await room.until(lambda: any(getattr(event, "text", "") == "after" for event in room.events))


# --- life ---------------------------------------------------------------------------------------------------


def open_descriptors() -> int:
    """How many files and sockets the process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


def own_tasks() -> set[asyncio.Task[object]]:
    """All tasks but those with which a stand-in serves a connection or brings an event."""
    return {
        task
        for task in asyncio.all_tasks()
        if not getattr(task.get_coro(), "__qualname__", "").startswith(("RequestHandler.", "Courier."))
    }


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_cancelled_adapter_leaves_nothing_behind(platform: str) -> None:
    """No task, no connection; and it can be run again."""
    async with ROOMS[platform]() as room:
        tasks, descriptors = own_tasks(), open_descriptors()
        for _ in range(2):
            room.ready.clear()
            await room.start()
            key = await key_of(room)
            await room.adapter.send(key, one(room.adapter, "an answer"))
            await room.stop()
            await room.until(lambda: own_tasks() <= tasks and open_descriptors() <= descriptors)


# --- rendering ----------------------------------------------------------------------------------------------

TEXTS = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=30)


@pytest.fixture(scope="module", params=PLATFORMS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    """Each adapter, for what needs no platform."""

    async def take() -> Adapter:
        async with ROOMS[request.param]() as opened:
            return opened.adapter

    return asyncio.run(take())


@settings(max_examples=60, deadline=None)
@given(pieces=TEXTS)
def test_renderings_fit_repeat_and_keep_their_words(adapter: Adapter, pieces: list[str]) -> None:
    """Never empty, the same each time, each part within the limit, and plain text with the same words."""
    text = "".join(pieces)
    plain, formatted = (
        adapter.render(parse(text), fidelity=fidelity) for fidelity in (Fidelity.PLAIN, Fidelity.FORMATTED)
    )
    assert plain
    assert formatted
    assert formatted == adapter.render(parse(text), fidelity=Fidelity.FORMATTED)
    assert [part.text for part in plain] == [part.text for part in formatted]
    limit = adapter.capabilities.max_text_units
    assert all(utf16_length(part.text) <= limit for part in formatted)
    best = adapter.render(parse(text), fidelity=adapter.capabilities.best_fidelity)
    assert best == adapter.render(parse(text), fidelity=adapter.capabilities.best_fidelity)


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 400), more=st.integers(1, 200))
def test_renderings_stay_put_while_the_text_grows(adapter: Adapter, count: int, more: int) -> None:
    """Every part but the last is final once there is a next one, so that nothing sent is ever moved."""
    sentences = [f"Sentence number {number} of a long answer." for number in range(count + more)]
    before = adapter.render(parse(_paragraphs(sentences[:count])), fidelity=Fidelity.FORMATTED)
    after = adapter.render(parse(_paragraphs(sentences)), fidelity=Fidelity.FORMATTED)
    assert after[: len(before) - 1] == before[:-1]


def _paragraphs(sentences: Sequence[str]) -> str:
    """Five sentences a paragraph."""
    return "\n\n".join(" ".join(sentences[start : start + 5]) for start in range(0, len(sentences), 5))


@settings(max_examples=12, deadline=None)
@given(pieces=TEXTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_rendering_is_taken_by_the_platform(platform: str, pieces: list[str]) -> None:
    """Nothing a model writes in Markdown is refused, at any fidelity."""
    asyncio.run(_send_everywhere(platform, "".join(pieces)))


async def _send_everywhere(platform: str, text: str) -> None:
    async with ROOMS[platform]() as room:
        await room.start()
        key = await key_of(room)
        for fidelity in Fidelity:
            parts = room.adapter.render(parse(text), fidelity=fidelity)
            await send_all(room, key, [part for part in parts if part.text.strip()])
        assert room.complaints() == []
