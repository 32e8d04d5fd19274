"""A provider that misbehaves: one whole answer, or one sentence with a button, never both and never half."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from bot.sandbox import Cut, Hang, HttpError, Quirks, Reply, Stall, StreamError, ToolCall
from tests.e2e.conftest import Stage
from tests.e2e.hostile import all_answered, open_stage, unfit_for_people
from tests.fakes.telegram import PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

PAGE = "<html><head><title>Oops</title></head><body>Traceback nginx</body></html>"
WHOLE = "All of it, from the first word to the last one."


def raw_stream(*chunks: Any) -> HttpError:
    """Exactly these data lines as the whole stream."""
    lines = "".join(f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n" for chunk in chunks)
    return HttpError(status=200, body=lines, form="text")


def delta(**fields: Any) -> dict[str, Any]:
    """A chunk with this delta."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


FINISH = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
BUSY = {"code": 50505, "message": "Model service overloaded. Please try again later.", "data": None}

# What goes wrong at first; the second call is answered with WHOLE, or with what is left of it.
PASSING: dict[str, Reply] = {
    "a page with 502": Reply.error(502, PAGE, form="html"),
    "500 and a trace": Reply.error(500, 'Traceback (most recent call last):\n File "x.py"', form="text"),
    "an empty body": Reply.error(200, "", form="text"),
    "a null body": Reply.error(200, None),
    "an error object under 200": Reply.error(200, BUSY),
    "nothing but garbage": Reply(fault=raw_stream("{broken", "]]", "null")),
    "only a role": Reply(fault=raw_stream(delta(role="assistant"))),
    "an empty answer": Reply(text=""),
    "blank text only": Reply(text=" \n\n "),
    "an error object at the beginning": Reply(
        text=WHOLE, fault=StreamError(after_tokens=0, body={"error": BUSY})
    ),
    "an error object in the middle": Reply(
        text=WHOLE, fault=StreamError(after_tokens=5, body={"error": BUSY})
    ),
    "a bare object in the middle": Reply(text=WHOLE, fault=StreamError(after_tokens=5, body=BUSY)),
    "a bare string in the middle": Reply(text=WHOLE, fault=StreamError(after_tokens=5, body="upstream gone")),
    "a list in the middle": Reply(text=WHOLE, fault=StreamError(after_tokens=5, body=[1, 2])),
    "a clean end in the middle": Reply(text=WHOLE, fault=Cut(after_tokens=5, how="clean")),
    "a closed connection": Reply(text=WHOLE, fault=Cut(after_tokens=5, how="close")),
    "a reset connection": Reply(text=WHOLE, fault=Cut(after_tokens=5, how="reset")),
    "a reset before the first token": Reply(text=WHOLE, fault=Cut(after_tokens=0, how="reset")),
    "wrong types": Reply(
        fault=raw_stream(
            {"choices": 7}, {"choices": [7]}, delta(content=5), delta(tool_calls="none"), {"usage": "much"}
        )
    ),
}
# Odd, and an answer all the same.
ODD: dict[str, tuple[Reply, str]] = {
    "garbage between the lines": (Reply(text=WHOLE, quirks=Quirks(garbage_every=2, comment_every=3)), WHOLE),
    "no [DONE]": (Reply(text=WHOLE, quirks=Quirks(done=False)), WHOLE),
    "cut into single bytes": (
        Reply(text=f"数 {WHOLE}", quirks=Quirks(piece_bytes=(1,), crlf=True)),
        f"数 {WHOLE}",
    ),
    "text as parts": (
        Reply(fault=raw_stream(delta(content=[{"type": "text", "text": "Parts."}]), FINISH, "[DONE]")),
        "Parts.",
    ),
    "lone surrogates": (
        Reply(fault=raw_stream('{"choices":[{"delta":{"content":"a\\ud800b"}}]}', FINISH, "[DONE]")),
        "a\ufffdb",
    ),
    "broken UTF-8 length": (Reply(fault=raw_stream(delta(content="x" * 3), FINISH)), "xxx"),
    "markup": (Reply(text="<b>not bold</b> & <script>"), "<b>not bold</b> & <script>"),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service of this module's own; every test brings its own people."""
    async with open_stage(tmp_path_factory.mktemp("provider")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service that gives a whole answer five seconds."""
    async with open_stage(tmp_path_factory.mktemp("hasty"), PARLEY_TURN_TIMEOUT_SECONDS="5") as opened:
        yield opened


def ask(stage: Stage, taught: Mapping[str, tuple[Reply, ...]]) -> dict[str, PrivateChat]:
    """One person for each topic, with what the model will reply to it."""
    for topic, replies in taught.items():
        stage.brain.teach(f"tell me of {topic}.", *replies)
    return {topic: stage.telegram.private(stage.telegram.person(f"About {topic}")) for topic in taught}


async def say_all(chats: Mapping[str, PrivateChat]) -> None:
    """Everybody asks."""
    for topic, chat in chats.items():
        await chat.say(f"tell me of {topic}.")


async def test_what_passes_by_itself_is_tried_again_and_answered_once(stage: Stage) -> None:
    """Pages, resets, cuts, errors inside the stream: in the end the whole answer stands there, once."""
    chats = ask(stage, {topic: (reply, Reply(text=WHOLE)) for topic, reply in PASSING.items()})
    await say_all(chats)
    await all_answered(stage.service, chats.values())
    assert {topic: chat.texts for topic, chat in chats.items() if chat.texts != [WHOLE]} == {}


async def test_odd_streams_are_read_to_the_last_letter(stage: Stage) -> None:
    """What only looks broken costs nothing of the answer."""
    chats = ask(stage, {topic: (reply,) for topic, (reply, _) in ODD.items()})
    await say_all(chats)
    await all_answered(stage.service, chats.values())
    assert {topic: chat.texts for topic, chat in chats.items() if chat.texts != [ODD[topic][1]]} == {}


async def test_what_does_not_pass_is_told_in_one_sentence_with_a_button(stage: Stage) -> None:
    """A wrong address, a model that stays down, one that only calls tools: no page, no trace, no silence."""
    lasting = {
        "a page with 200": (Reply.error(200, PAGE, form="html"), "operator"),
        "a page with 404": (Reply.error(404, PAGE, form="html"), "operator"),
        "a redirect": (Reply.error(302, PAGE, form="html"), "operator"),
        "a refusal": (Reply.coded_error(400, 20049, "Traceback: no"), "would not take"),
        "a model that is down": (Reply.overloaded(), "overloaded"),
        "an answer that never has words": (Reply(text=""), "overloaded"),
        "tools without end": (Reply.call("calculate", '{"expression": "1"}'), "would not take"),
    }
    chats = ask(stage, {topic: (reply,) for topic, (reply, _) in lasting.items()})
    await say_all(chats)
    await all_answered(stage.service, chats.values())
    wrong = {
        topic: (chat.texts, chat.last.buttons)
        for topic, chat in chats.items()
        if len(chat.texts) != 1
        or lasting[topic][1] not in chat.texts[0]
        or chat.last.buttons != ["Try again"]
    }
    assert wrong == {}
    assert unfit_for_people(chats) == {}


async def test_try_again_replaces_the_sentence_by_the_answer(stage: Stage) -> None:
    """All models were down; after the press the answer stands where the sentence stood."""
    chats = ask(stage, {"a storm": (Reply.overloaded(),)})
    await say_all(chats)
    chat = chats["a storm"]
    await stage.telegram.until(lambda: bool(chat.texts) and chat.last.buttons == ["Try again"])
    sentence = chat.last
    stage.brain.teach("tell me of a storm.", Reply(text="It is over."))
    await chat.press(sentence, "Try again")
    await stage.telegram.until(lambda: chat.texts == ["It is over."] and not chat.last.buttons)
    assert chat.bot_messages == [sentence]


async def test_a_model_that_is_gone_is_followed_by_the_next(stage: Stage) -> None:
    """20012: the next model of the chain answers, and the person notices nothing."""
    chats = ask(
        stage, {"a lost model": (Reply.coded_error(400, 20012, "Model does not exist."), Reply(text=WHOLE))}
    )
    before = len(stage.provider.requests)
    await say_all(chats)
    await stage.telegram.until(lambda: chats["a lost model"].texts == [WHOLE])
    first, second = [request.body["model"] for request in stage.provider.requests[before:]]
    assert first != second


async def test_an_overflow_trims_the_history_and_the_answer_comes(stage: Stage) -> None:
    """The model holds less than we thought: the oldest exchange is left out, the newest stays."""
    chat = stage.telegram.private(stage.telegram.person("Long"))
    for number in range(3):
        stage.brain.teach(f"part {number}.", Reply(text=f"Noted {number}. " + "字" * 4000))
        await chat.say(f"part {number}.")
        await all_answered(stage.service, [chat])
    full = "length of prompt_tokens (40000) must be less than max_seq_len (16384)."
    stage.brain.teach("what now.", Reply.coded_error(400, 20015, full), Reply(text="I remember the newest."))
    await chat.say("what now.")
    await stage.telegram.until(lambda: chat.texts[-1] == "I remember the newest.")
    tried, answered = (str(request.body["messages"]) for request in stage.provider.requests[-2:])
    assert "part 0." in tried
    assert "part 0." not in answered
    assert "part 2." in answered


async def test_calls_of_tools_may_be_broken_unknown_or_many(stage: Stage) -> None:
    """Each call gets a result, the model hears what was wrong, and the answer comes."""
    many = tuple(
        ToolCall(name="calculate", arguments=json.dumps({"expression": f"{n} * 2"}), id=f"c{n}")
        for n in range(20)
    )
    bad = {
        "broken arguments": (ToolCall(name="calculate", arguments='{"expression": "1 +', id="a"),),
        "arguments of a wrong kind": (ToolCall(name="calculate", arguments="[1, 2]", id="a"),),
        "an unknown tool": (ToolCall(name="launch_rocket", arguments="{}", id="a"),),
        "a nameless tool": (ToolCall(name="", arguments="{}", id="a"),),
        "a bomb": (ToolCall(name="calculate", arguments='{"expression": "9**9**9**9"}', id="a"),),
        "an import": (ToolCall(name="calculate", arguments='{"expression": "__import__(\'os\')"}', id="a"),),
        "twenty at once": many,
        "the same id twice": (*many[:1], ToolCall(name="current_time", arguments="{}", id="c0")),
    }
    taught = {topic: (Reply(tool_calls=calls), Reply(text=WHOLE)) for topic, calls in bad.items()}
    chats = ask(stage, taught)
    await say_all(chats)
    await all_answered(stage.service, chats.values())
    assert {topic: chat.texts for topic, chat in chats.items() if chat.texts != [WHOLE]} == {}


async def test_enormous_answers_arrive_whole(stage: Stage) -> None:
    """One endless line, and a line of no spaces: cut into messages, with no letter lost."""
    line, word = "no end in sight " * 1500, "endless" * 1500
    chats = ask(stage, {"a line": (Reply(text=line),), "a word": (Reply(text=word),)})
    await say_all(chats)
    await all_answered(stage.service, chats.values())
    assert "".join("".join(chats["a line"].texts).split()) == "".join(line.split())
    assert "".join(chats["a word"].texts) == word


async def test_thoughts_in_the_text_are_not_part_of_the_answer(stage: Stage) -> None:
    """``<think>`` in the content is shown as thinking, and is not told to the model as its words."""
    reply = Reply(text="Seven.", thinking="Counting sheep.", quirks=Quirks(think_tags_in_content=True))
    chats = ask(stage, {"sheep": (reply,)})
    await say_all(chats)
    chat = chats["sheep"]
    await stage.telegram.until(lambda: bool(chat.texts) and chat.texts[0].endswith("Seven."))
    assert "<think>" not in chat.texts[0]
    assert stage.service.rows("select reply from exchanges where request = 'tell me of sheep.'") == [
        ("Seven.",)
    ]


async def test_a_model_that_hangs_is_given_up_in_time(hasty: Stage) -> None:
    """Before the headers, before the first token, between two tokens: a sentence, and what was said stays."""
    hanging = {
        "headers": Reply(text=WHOLE, fault=Hang(before="headers")),
        "first token": Reply(text=WHOLE, fault=Hang(before="first_chunk")),
        "next token": Reply(text=WHOLE, fault=Stall(after_tokens=5)),
    }
    chats = ask(hasty, {topic: (reply,) for topic, reply in hanging.items()})
    await say_all(chats)
    await hasty.telegram.until(
        lambda: all(chat.texts and chat.last.buttons == ["Try again"] for chat in chats.values())
    )
    assert {topic: len(chat.texts) for topic, chat in chats.items()} == dict.fromkeys(hanging, 1)
    assert chats["next token"].texts[0].startswith("All of it,")
    assert unfit_for_people(chats) == {}
    other = hasty.telegram.private(hasty.telegram.person("Other"))
    await other.say("do you still answer?")
    await hasty.telegram.until(lambda: other.texts == ["You said: do you still answer?"])


async def test_nothing_the_provider_did_gave_up_a_turn(stage: Stage) -> None:
    """Every failure above was an answer in the end: no turn died, no attempt was repeated."""
    assert stage.service.rows("select error from turns where state = 'dead'") == []
    assert stage.telegram.violations == []
