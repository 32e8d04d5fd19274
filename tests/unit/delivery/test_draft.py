"""A reply reaches the platform whole and once, however the platform behaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.delivery import Draft, Governor, View
from bot.errors import ChatClosed
from bot.messages import ChatKind, ConversationKey
from bot.ports import Button, Fidelity, Rendered, SystemClock
from tests.fakes.clock import ManualClock
from tests.fakes.platform import FakeClock, FakeLedger, FakePlatform

KEY = ConversationKey(platform="fake", account="1", chat="7")
SENTENCE = "The quick brown fox jumps over the lazy dog, again and again. "


def make_draft(platform: FakePlatform, ledger: FakeLedger, **more: object) -> Draft:
    return Draft(
        adapter=platform,
        governor=Governor(clock=SystemClock()),
        ledger=ledger,
        key=KEY,
        chat_kind=ChatKind.PRIVATE,
        clock=FakeClock(),
        reply_to="100",
        **more,  # type: ignore[arg-type]
    )


def seen(platform: FakePlatform) -> list[str]:
    return [message.text for message in platform.messages.values()]


def wanted(platform: FakePlatform, markdown: str) -> list[str]:
    return [
        part.text for part in platform.render(View(markdown=markdown).document(), fidelity=Fidelity.PLAIN)
    ]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - the platform in memory rings no bell
            await asyncio.sleep(0.001)


async def test_a_growing_answer_is_sent_once_and_then_edited() -> None:
    """The first words appear as a new message; all that follows changes that message."""
    platform = FakePlatform()
    async with make_draft(platform, FakeLedger()) as draft:
        draft.show(partial(View, markdown="Hello"))
        await until(lambda: seen(platform) == ["Hello"])
        draft.show(partial(View, markdown="Hello there"))
        await until(lambda: seen(platform) == ["Hello there"])
        await draft.finish(View(markdown="Hello there, Ann."))
    assert seen(platform) == ["Hello there, Ann."]
    assert platform.calls.count("send") == 1


async def test_an_answer_that_is_there_at_once_takes_one_call() -> None:
    """A short answer that comes whole is one message, never edited."""
    platform = FakePlatform()
    async with make_draft(platform, FakeLedger()) as draft:
        await draft.finish(View(markdown="42"))
    assert platform.calls == ["send"]


async def test_the_first_part_answers_the_persons_message() -> None:
    """Only the first message of a long answer is a reply to the question."""
    platform = FakePlatform()
    async with make_draft(platform, FakeLedger()) as draft:
        await draft.finish(View(markdown=SENTENCE * 10))
    assert [message.reply_to for message in platform.messages.values()][:2] == ["100", ""]


async def test_a_stop_button_shows_while_the_answer_grows_and_is_gone_at_its_end() -> None:
    """The button stands under the last part only, and not under a finished answer."""
    platform, button = FakePlatform(), Button(label="Stop", data="stop:1")
    async with make_draft(platform, FakeLedger(), stop_button=button) as draft:
        draft.show(partial(View, markdown="One"))
        await until(lambda: seen(platform) == ["One"])
        draft.show(partial(View, markdown="One two"))
        await until(lambda: any(message.buttons == ((button,),) for message in platform.messages.values()))
        await draft.finish(View(markdown="One two three"))
    assert [message.buttons for message in platform.messages.values()] == [()]


async def test_content_the_platform_refuses_falls_back_to_plain_text() -> None:
    """Formatting is given up before a word is."""
    platform = FakePlatform(mood=lambda _: "picky")
    async with make_draft(platform, FakeLedger()) as draft:
        await draft.finish(View(markdown="**bold** words"))
    assert seen(platform) == ["bold words"]


async def test_a_message_deleted_under_us_is_sent_again() -> None:
    """Somebody deletes the half-written answer; the whole one comes as a new message."""
    moods = iter(["", "gone"])
    platform = FakePlatform(mood=lambda _: next(moods, ""))
    async with make_draft(platform, FakeLedger()) as draft:
        draft.show(partial(View, markdown="One"))
        await until(lambda: seen(platform) == ["One"])
        await draft.finish(View(markdown="One two"))
    assert seen(platform) == ["One two"]


async def test_a_closed_chat_is_reported_and_not_tried_again() -> None:
    """Who blocks the bot gets no further calls."""
    platform = FakePlatform()

    async def closed(*_: object, **__: object) -> str:
        platform.calls.append("send")
        raise ChatClosed("bot was blocked by the user")

    platform_send = type("Closed", (FakePlatform,), {"send": closed})
    platform = platform_send()
    with pytest.raises(ChatClosed):
        await make_draft(platform, FakeLedger()).finish(View(markdown="Hello"))
    assert platform.calls == ["send"]


async def test_a_shorter_final_form_takes_the_surplus_messages_back() -> None:
    """A rerun with a shorter answer leaves nothing of the longer one."""
    platform, ledger = FakePlatform(), FakeLedger()
    await make_draft(platform, ledger).finish(View(markdown=SENTENCE * 12))
    assert len(platform.messages) > 2
    await make_draft(platform, ledger).finish(View(markdown="Short."))
    assert seen(platform) == ["Short."]
    assert list(ledger.rows) == [0]


async def test_a_reply_that_waits_for_the_platform_can_be_left_at_once() -> None:
    """A shutdown does not sit out the pause before the next try."""
    platform, clock = FakePlatform(mood=lambda _: "lost"), ManualClock()
    draft = Draft(
        adapter=platform,
        governor=Governor(clock=SystemClock()),
        ledger=FakeLedger(),
        key=KEY,
        chat_kind=ChatKind.PRIVATE,
        clock=clock,
    )

    async def deliver() -> None:
        async with draft:
            await draft.finish(View(markdown="Hello"))

    delivering = asyncio.create_task(deliver())
    await until(lambda: bool(clock.sleeping()))
    delivering.cancel()
    async with asyncio.timeout(60):
        await asyncio.gather(delivering, return_exceptions=True)
    assert delivering.cancelled()


async def test_an_empty_view_sends_nothing() -> None:
    """Nothing to say is no message."""
    platform = FakePlatform()
    async with make_draft(platform, FakeLedger()) as draft:
        draft.show(partial(View, markdown="  \n"))
        await asyncio.sleep(0.01)
        await draft.finish(View())
    assert platform.calls == []


WORDS = st.lists(
    st.sampled_from(
        [
            "word ",
            "**bold** ",
            "`code` ",
            "\n\n",
            "- item\n",
            "```py\nx = 1\n```\n",
            "中文句子。",
            "👩‍👩‍👧 ",
            SENTENCE,
        ]
    ),
    min_size=1,
    max_size=60,
)
MOODS = st.lists(st.sampled_from(["", "", "", "busy", "lost", "unclear", "gone", "picky"]), max_size=25)


@settings(max_examples=150, deadline=None)
@given(words=WORDS, moods=MOODS, interruptions=st.lists(st.integers(0, 12), max_size=3))
def test_whatever_goes_wrong_the_whole_answer_is_shown_once(
    words: list[str], moods: list[str], interruptions: list[int]
) -> None:
    """Busy, silent, forgetful, picky platforms, any number of restarts: one whole answer, no strays."""
    asyncio.run(_hostile(words, iter(moods), interruptions))


async def _hostile(words: list[str], moods: Iterator[str], interruptions: list[int]) -> None:
    platform, ledger = FakePlatform(mood=lambda _: next(moods, "")), FakeLedger()
    text = "".join(words)
    for calls in interruptions:
        await _write_and_die(platform, ledger, words, after_yields=calls)
    async with make_draft(platform, ledger) as draft:
        for end in range(1, len(words), 3):
            draft.show(partial(View, markdown="".join(words[:end])))
            await asyncio.sleep(0)
        await draft.finish(View(markdown=text))
    expected = [
        part.text for part in platform.render(View(markdown=text).document(), fidelity=Fidelity.PLAIN)
    ]
    assert sorted(seen(platform)) == sorted(expected if any(part.strip() for part in expected) else [])


async def _write_and_die(
    platform: FakePlatform, ledger: FakeLedger, words: list[str], after_yields: int
) -> None:
    """A writer that is gone between two steps, as after kill -9: nothing is tidied up."""
    draft = make_draft(platform, ledger)
    task = asyncio.create_task(draft.finish(View(markdown="".join(words[: len(words) // 2]))))
    for _ in range(after_yields):
        await asyncio.sleep(0)
    for part in asyncio.all_tasks() - {asyncio.current_task()}:
        part.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0)


def test_rendered_parts_compare_by_what_they_show() -> None:
    """Equal content is recognised as unchanged."""
    assert Rendered(text="a", payload=("x",)) == Rendered(text="a", payload=("x",))
