"""A Telegram that misbehaves: every answer still arrives whole and once, and no call before its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.sandbox import Reply
from tests.e2e.conftest import Stage
from tests.e2e.hostile import all_answered, lines_of, open_stage, unfit_for_people
from tests.fakes.telegram import (
    ApiError,
    FakeTelegram,
    PrivateChat,
    bad_gateway,
    bad_request,
    conflict,
    flood_wait,
    server_error,
)

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

WORDS = " ".join(f"word{number}" for number in range(60))
PAUSE_SECONDS = 6
Spoil = Callable[[FakeTelegram, Callable[[Mapping[str, Any]], bool]], None]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service of this module's own; every test brings its own people."""
    async with open_stage(tmp_path_factory.mktemp("platform")) as opened:
        opened.brain.teach("story", Reply(text=WORDS, tokens_per_second=40))
        opened.brain.teach("one piece", Reply(text=WORDS))
        opened.brain.teach("slow tale", Reply(text=WORDS, tokens_per_second=15))
        opened.brain.teach("saga", Reply.tokens(2000, tokens_per_second=30))
        yield opened


def failing(method: str, error: ApiError, times: int = 1) -> Spoil:
    """Refuse the next calls of a method."""
    return lambda telegram, where: telegram.fail(method, error, times=times, where=where)


def dropping(method: str, times: int = 1) -> Spoil:
    """Carry out the next calls of a method and lose the answers."""
    return lambda telegram, where: telegram.drop_answer(method, times=times, where=where)


def delaying(method: str, seconds: float) -> Spoil:
    """Carry out the next call of a method late."""
    return lambda telegram, where: telegram.delay(method, seconds, where=where)


SPOILT: dict[str, Spoil] = {
    "a pause before the first words": failing("sendMessage", flood_wait(2)),
    "a pause in the middle": failing("editMessageText", flood_wait(2)),
    "two pauses": failing("editMessageText", flood_wait(1), times=2),
    "a page at the first words": failing("sendMessage", bad_gateway()),
    "a page in the middle": failing("editMessageText", bad_gateway(), times=2),
    "500 at the first words": failing("sendMessage", server_error()),
    "500 in the middle": failing("editMessageText", server_error(), times=3),
    "a lost answer in the middle": dropping("editMessageText", times=2),
    "a slow first answer": delaying("sendMessage", 2.0),
    "a slow edit": delaying("editMessageText", 2.0),
    "entities refused": failing("editMessageText", bad_request("can't parse entities: unsupported")),
    "the message is gone": failing("editMessageText", bad_request("message to edit not found")),
    "typing refused": failing("sendChatAction", server_error(), times=5),
    "reply target gone": failing("sendMessage", bad_request("message to be replied not found")),
}


def somebody(stage: Stage, name: str) -> PrivateChat:
    """The chat of somebody new."""
    return stage.telegram.private(stage.telegram.person(name))


def of_chat(chat: PrivateChat) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a call is for this chat."""
    return lambda params: str(params.get("chat_id")) == str(chat.id)


async def test_a_lost_answer_to_a_send_makes_no_second_message(stage: Stage) -> None:
    """Telegram has sent the first words and does not say so: they are found and edited on."""
    chat = somebody(stage, "Zoe")
    stage.telegram.drop_answer("sendMessage", where=of_chat(chat))
    await chat.say("story")
    await stage.telegram.until(lambda: chat.texts == [WORDS] and not chat.last.buttons)


@pytest.mark.parametrize("topic", ["story", "one piece"])
async def test_trouble_with_single_calls_loses_and_repeats_nothing(stage: Stage, topic: str) -> None:
    """Fourteen kinds of trouble, each in a chat of its own: every answer stands there whole and once."""
    chats = {name: somebody(stage, f"{topic}, {name}") for name in SPOILT}
    for name, chat in chats.items():
        SPOILT[name](stage.telegram, of_chat(chat))
        await chat.say(topic)
    await all_answered(stage.service, chats.values())
    gone = "the message is gone"  # the fake only says so: the old message stays beside its replacement
    expected = {name: [WORDS] for name in SPOILT}
    shown = {name: chat.texts if name != gone else chat.texts[-1:] for name, chat in chats.items()}
    assert {name: texts for name, texts in shown.items() if texts != expected[name]} == {}
    assert all(chat.last.buttons == [] for chat in chats.values())
    assert unfit_for_people(chats) == {}


async def test_a_long_pause_is_kept_to_the_second(stage: Stage) -> None:
    """After a 429 no call goes to that chat before the time Telegram named; then all is there."""
    chat, other = somebody(stage, "Ann"), somebody(stage, "Ben")
    await chat.say("slow tale")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    stage.telegram.fail("*", flood_wait(PAUSE_SECONDS), where=of_chat(chat))
    await other.say("meanwhile?")
    await stage.telegram.until(lambda: other.texts == ["You said: meanwhile?"])
    assert chat.texts != [WORDS]
    await stage.telegram.until(lambda: chat.texts == [WORDS] and not chat.last.buttons)
    calls = [call for call in stage.telegram.calls if call.chat_id == chat.id]
    paused = next(call for call in calls if call.status == 429)
    early = [call for call in calls if paused.at < call.at < paused.at + PAUSE_SECONDS - 0.05]
    assert early == []


async def test_a_server_that_is_gone_for_a_while_costs_nothing(stage: Stage) -> None:
    """In the middle of an answer nobody listens any more; after a second all goes on where it was."""
    chats = [somebody(stage, f"Cleo {number}") for number in range(5)]
    for chat in chats:
        await chat.say("story")
    await stage.telegram.until(lambda: all(chat.texts for chat in chats))
    await stage.telegram.refuse_connections()
    await asyncio.sleep(1)
    late = somebody(stage, "Dan")
    await late.say("written in the outage")
    await stage.telegram.accept_connections()
    await stage.telegram.until(lambda: late.texts == ["You said: written in the outage"])
    await all_answered(stage.service, chats)
    assert [chat.texts for chat in chats] == [[WORDS]] * 5


async def test_polling_outlives_pages_errors_conflicts_and_lost_answers(stage: Stage) -> None:
    """getUpdates fails in every way, for a while; what was written meanwhile is answered once."""
    chat = somebody(stage, "Eve")
    stage.telegram.fail("getUpdates", bad_gateway())
    stage.telegram.fail("getUpdates", conflict("terminated by other getUpdates request"))
    stage.telegram.drop_answer("getUpdates")
    await chat.say("can you hear me?")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    await chat.say("and now?")
    await stage.telegram.until(lambda: len(chat.texts) == 2)
    assert chat.texts == ["You said: can you hear me?", "You said: and now?"]
    assert lines_of(stage.service, "telegram_polling_conflict") == 1


async def test_a_message_deleted_under_the_bot_is_written_anew(stage: Stage) -> None:
    """Somebody deletes the growing answer: it is sent again, and in the end stands there whole and once."""
    chat = somebody(stage, "Finn")
    await chat.say("story")
    await stage.telegram.until(lambda: len(chat.texts) == 1)
    await chat.delete(chat.bot_messages[0])
    await stage.telegram.until(lambda: chat.texts == [WORDS])


async def test_a_question_deleted_before_the_answer_is_answered_all_the_same(stage: Stage) -> None:
    """The reply has nothing to point at any more; the answer comes without."""
    chat = somebody(stage, "Gina")
    stage.brain.teach("slow start", Reply(text="Here.", first_token_delay_seconds=1.0))
    question = await chat.say("slow start")
    await chat.delete(question)
    await stage.telegram.until(lambda: chat.texts == ["Here."])


async def test_being_thrown_out_ends_the_answer_and_being_let_in_again_begins_anew(stage: Stage) -> None:
    """Kicked from a group, blocked by a person, in mid-answer: nothing is sent until they want us back."""
    hugo, ida = stage.telegram.person("Hugo"), somebody(stage, "Ida")
    group = stage.telegram.group("Fickle", [hugo])
    await group.say(hugo, "@parley_bot saga")
    await ida.say("saga")
    await stage.telegram.until(lambda: bool(group.texts) and bool(ida.texts))
    group.kick_bot()
    ida.block()
    await all_answered(stage.service, [group, ida])
    assert not any("word1999" in text for text in (*group.texts, *ida.texts))
    calls = len(stage.telegram.calls_of("sendMessage") + stage.telegram.calls_of("editMessageText"))
    group.add_bot()
    ida.unblock()
    await group.say(hugo, "@parley_bot friends?")
    await ida.say("friends?")
    await stage.telegram.until(
        lambda: any("friends?" in text for text in group.texts) and ida.texts[-1] == "You said: friends?"
    )
    assert len(ida.texts) == 2
    assert len(group.texts) <= 3  # with the introduction to a group that it is added to
    after = stage.telegram.calls_of("sendMessage") + stage.telegram.calls_of("editMessageText")
    assert len(after) - calls <= 5


async def test_a_button_that_cannot_be_answered_still_works(stage: Stage) -> None:
    """Telegram fails the answer to the press: the answer stops, and no try again holds up what follows."""
    chat = somebody(stage, "Joy")
    stage.brain.teach("endless", Reply.tokens(2000, tokens_per_second=30))
    stage.telegram.fail("answerCallbackQuery", server_error(), times=None)
    await chat.say("endless")
    await stage.telegram.until(lambda: bool(chat.texts) and bool(chat.last.buttons))
    before = len(stage.telegram.calls_of("answerCallbackQuery"))
    chat.push_button(chat.last, chat.last.buttons[0])
    await stage.telegram.until(lambda: chat.texts[0].endswith("Stopped."))
    await all_answered(stage.service, [chat])
    assert len(stage.telegram.calls_of("answerCallbackQuery")) == before + 1
    stage.telegram.clear_faults()


async def test_nothing_telegram_did_gave_up_a_turn(stage: Stage) -> None:
    """Over all of the above: no turn died, none had to be run again, no unknown parameter was sent."""
    assert stage.service.rows("select error from turns where state = 'dead'") == []
    assert lines_of(stage.service, "turn_failed") == 0
    assert stage.telegram.violations == []
