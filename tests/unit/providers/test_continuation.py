"""An answer that breaks off goes on where it stopped: no word twice, no word lost, none taken back."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import ProviderUnavailable
from bot.events import FinishReason
from bot.providers import Limits
from bot.sandbox import ChatRequest as WireRequest
from bot.sandbox import ContinuingScript, Cut, Quirks, Reply, Script, StreamError, ToolCall
from tests.unit.providers.support import (
    HYBRID,
    OTHER,
    PLAIN,
    REASONER,
    calls_of,
    completed,
    opened_chat,
    text_of,
    thinking_of,
    weather_tool,
)

TEXT = (
    "Dear all,\n\nthe harbour opens at 6:30 — bring warm clothes 🧥 and a lamp.\n\n"
    "1. Anna drives\n2. 世界 follows by bus\n\n```sh\nmake all && ./run --fast\n```\nSee you there!"
)
_ALL = [PLAIN, HYBRID, REASONER, "deepseek-ai/DeepSeek-V3.2", "zai-org/GLM-4.6"]
_FAST = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@pytest.mark.parametrize("model", _ALL)
@pytest.mark.parametrize("how", ["close", "reset", "clean"])
async def test_cut_at_every_word_the_whole_is_the_text(
    model: str, how: Literal["close", "reset", "clean"]
) -> None:
    """By prefix or by asking, however the connection ends: the pieces are the text."""
    limits = Limits(resumes=100)
    for step in (7, 11):
        script = ContinuingScript(TEXT, cut_points=range(step, len(TEXT), step), how=how)
        async with opened_chat(script, limits=limits) as opened:
            events = await opened.ask(model)
            assert text_of(events) == TEXT
            assert completed(events).finish_reason is FinishReason.STOP


@pytest.mark.parametrize("model", [PLAIN, REASONER])
async def test_cut_at_every_single_position_the_whole_is_the_text(model: str) -> None:
    """One cut, at each offset of the text."""
    script = Script()
    async with opened_chat(script) as opened:
        for cut in range(1, len(TEXT) + 1):
            script.enqueue(
                Reply(pieces=(TEXT[:cut],), fault=Cut(after_tokens=1)), Reply(pieces=(TEXT[cut:],))
            )
            assert text_of(await opened.ask(model)) == TEXT


@_FAST
@given(
    cut=st.integers(12, len(TEXT) - 1),
    back=st.integers(0, len(TEXT)),
    model=st.sampled_from([REASONER, "somebody/unlisted"]),
    piece_bytes=st.lists(st.integers(1, 40), max_size=3).map(tuple),
)
async def test_a_model_that_repeats_itself_is_not_repeated(
    cut: int, back: int, model: str, piece_bytes: tuple[int, ...]
) -> None:
    """Asked to go on, it says the last line or the whole again; the person reads each word once."""
    start = TEXT.rfind("\n", 0, min(back, cut - 8)) + 1 if back < cut - 8 else cut
    quirks = Quirks(piece_bytes=piece_bytes, crlf=True)
    script = Script()
    script.enqueue(
        Reply(pieces=(TEXT[:cut],), fault=Cut(after_tokens=1)), Reply(text=TEXT[start:], quirks=quirks)
    )
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask(REASONER if "/unlisted" in model else model)) == TEXT


@pytest.mark.parametrize("echoes", [True, False])
async def test_a_prefix_may_be_repeated_or_not(echoes: bool) -> None:
    """It is undocumented, so both are fine, and what was seen is remembered."""
    script = ContinuingScript(TEXT, cut_points=[40, 80, 120])

    def answer(request: WireRequest) -> Reply:
        reply = ContinuingScript.answer(script, request)
        pieces = reply.text_pieces()
        repeated = (request.prefix,) if echoes and request.prefix else ()
        fault = Cut(after_tokens=len(repeated + pieces)) if reply.fault else None
        return Reply(pieces=repeated + pieces, fault=fault)

    async with opened_chat(Script(answer=answer)) as opened:
        assert text_of(await opened.ask()) == TEXT
        assert all("prefix" in body for body in opened.bodies[1:])
        assert opened.chat._lessons.repeats_prefix(PLAIN) is echoes


async def test_the_beginning_a_person_has_seen_is_continued() -> None:
    """After a restart of the service the answer goes on from what was delivered."""
    async with opened_chat(ContinuingScript(TEXT)) as opened:
        events = await opened.ask(resume_from=TEXT[:60])
        assert TEXT[:60] + text_of(events) == TEXT
        assert opened.bodies[0]["prefix"] == TEXT[:60]


async def test_a_model_without_prefix_is_asked_in_words() -> None:
    """The refusal is learned, and later answers go the short way."""
    script = Script(answer=lambda request: Reply(text="never"))
    script.enqueue(
        Reply(pieces=("Once", " upon"), fault=Cut(after_tokens=2)),
        Reply.coded_error(400, 20030, "Prefix completion is not supported for this model."),
        Reply(text=" a time"),
    )
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask()) == "Once upon a time"
        assert "prefix" not in opened.bodies[2]
        assert opened.bodies[2]["messages"][-2] == {"role": "assistant", "content": "Once upon"}
        await opened.ask(resume_from="Once upon")
        assert "prefix" not in opened.bodies[3]


async def test_an_error_inside_the_stream_is_a_cut_too() -> None:
    """Overload may come in the middle of a sentence."""
    busy = {"error": {"code": 50505, "message": "Model service overloaded."}}
    script = Script(answer=lambda request: Reply(text="ever after" if request.prefix else "never"))
    script.enqueue(Reply(pieces=("happily ",), fault=StreamError(after_tokens=1, body=busy)))
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask()) == "happily ever after"


async def test_another_model_may_finish_the_answer() -> None:
    """When the first one is lost for good; Completed names the one that finished."""
    script = Script(answer=lambda request: Reply(text=" two" if request.partial_answer else "never"))
    script.enqueue(Reply(pieces=("one",), fault=Cut(after_tokens=1)))
    script.enqueue(*[Reply.overloaded()] * 3)
    async with opened_chat(script) as opened:
        events = await opened.ask(PLAIN, OTHER)
        assert text_of(events) == "one two"
        assert completed(events).model == OTHER


async def test_the_token_limit_is_passed_in_rounds() -> None:
    """ "length" with text is continued the same way."""
    async with opened_chat(ContinuingScript(TEXT)) as opened:
        events = await opened.ask(max_tokens=20)
        assert len(opened.bodies) in {2, 3, 4, 5}
        assert text_of(events) == TEXT
        assert completed(events).finish_reason is FinishReason.STOP
        assert completed(events).usage.completion > 20


async def test_the_rounds_are_bounded() -> None:
    """At last the answer ends for its length."""
    text = " ".join(f"word{number}" for number in range(500))
    async with opened_chat(ContinuingScript(text), limits=Limits(length_rounds=2)) as opened:
        events = await opened.ask(max_tokens=10)
        assert len(opened.bodies) == 3
        assert completed(events).finish_reason is FinishReason.LENGTH
        assert text.startswith(text_of(events))


async def test_a_round_that_fails_leaves_the_answer_as_it_is() -> None:
    """A long answer is better than an error after it."""
    script = Script(default=Reply.coded_error(403, 30001, "Sorry, your account balance is insufficient"))
    script.enqueue(Reply(text="a long story", finish_reason="length"))
    async with opened_chat(script) as opened:
        events = await opened.ask()
        assert text_of(events) == "a long story"
        assert completed(events).finish_reason is FinishReason.LENGTH


async def test_json_is_never_continued_in_pieces() -> None:
    """JSON mode would begin a new object."""
    json_mode = {"response_format": {"type": "json_object"}}
    script = Script(default=Reply(text="never"))
    script.enqueue(Reply(text='{"a":', finish_reason="length"))
    async with opened_chat(script) as opened:
        events = await opened.ask(extra=json_mode)
        assert completed(events).finish_reason is FinishReason.LENGTH
        script.enqueue(Reply(pieces=('{"a":',), fault=Cut(after_tokens=1)))
        with pytest.raises(ProviderUnavailable):
            await opened.ask(extra=json_mode)


async def test_a_cut_while_thinking_is_a_plain_retry() -> None:
    """Nothing was said yet; the thinking is not shown again."""
    script = Script(default=Reply(thinking="Let me see again.", text="42"))
    script.enqueue(Reply(thinking="Let me see.", fault=Cut(after_tokens=2)))
    async with opened_chat(script) as opened:
        events = await opened.ask(REASONER)
        assert text_of(events) == "42"
        assert thinking_of(events) in "Let me see."
        assert len(opened.bodies[1]["messages"]) == 1


async def test_thinking_is_not_shown_beside_a_continuation() -> None:
    """A reasoner thinks anew about the rest; the person is spared it."""
    script = Script(answer=lambda request: Reply(thinking="hm, hm", text=" two"))
    script.enqueue(Reply(thinking="so", pieces=("one",), fault=Cut(after_tokens=2)))
    async with opened_chat(script) as opened:
        events = await opened.ask(REASONER)
        assert (thinking_of(events), text_of(events)) == ("so", "one two")


async def test_a_cut_inside_tool_calls_keeps_the_text_before_them() -> None:
    """Half a call is never made; the text is not said twice."""
    whole = ToolCall(name="weather", arguments='{"city": "Rome", "days": 3}', id="c9")
    script = Script(default=Reply(tool_calls=(whole,)))
    script.enqueue(Reply(pieces=("Let me look.",), tool_calls=(whole,), fault=Cut(after_tokens=3)))
    async with opened_chat(script) as opened:
        events = await opened.ask(tools=(weather_tool(),))
        assert text_of(events) == "Let me look."
        assert [call.id for call in calls_of(events).calls] == ["c9"]
        assert opened.bodies[1]["tools"]


async def test_a_model_that_starts_over_is_asked_once_more() -> None:
    """Another answer is not pasted onto the first."""
    shown = "It was a bright cold day in April, and the clocks were striking thirteen when he came"
    script = Script(default=Reply(text=" home."))
    script.enqueue(
        Reply(pieces=(shown,), fault=Cut(after_tokens=1)),
        Reply(text=shown[:-4] + "ame to himself, far from home."),
    )
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask(REASONER)) == shown + " home."


async def test_a_rest_that_looks_like_a_repetition_to_its_end_is_given() -> None:
    """What was held back comes out when nothing follows."""
    script = Script(default=Reply(text="rose"))
    script.enqueue(Reply(pieces=("A rose is a ",), fault=Cut(after_tokens=1)))
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask(REASONER)) == "A rose is a rose"


async def test_a_stream_that_keeps_breaking_is_given_up() -> None:
    """The number of pick-ups is bounded; the text so far was given."""
    script = Script()
    for word in ("one", " after", " another", " broke"):
        script.enqueue(Reply(pieces=(word,), fault=Cut(after_tokens=1)))
    async with opened_chat(script, limits=Limits(resumes=2)) as opened:
        with pytest.raises(ProviderUnavailable):
            await opened.ask(REASONER)
        assert len(opened.bodies) == 3


async def test_usage_is_the_sum_of_all_calls() -> None:
    """Also of those that broke off."""
    script = ContinuingScript("one two three four five", cut_points=[8])
    async with opened_chat(script) as opened:
        usage = completed(await opened.ask()).usage
        assert usage.completion >= 5
        assert usage.prompt > 0
