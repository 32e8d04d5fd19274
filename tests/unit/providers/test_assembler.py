"""Chunks of a streamed completion become events, with every oddity of the wire."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ProviderAccountError, ProviderRefused, ProviderUnavailable
from bot.events import FinishReason, ModelEvent, TextDelta, ThinkingDelta, ToolCall, Usage
from bot.providers.assembler import Assembler, Ending
from bot.providers.errors import Source, StreamCut

DONE = b"[DONE]"


def _chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return orjson.dumps({"id": "x", "object": "chat.completion.chunk", "choices": [choice], **more})


def _run(*payloads: bytes) -> tuple[list[ModelEvent], Ending]:
    assembler = Assembler(Source(model="m", trace_id="ti_1"))
    events: list[ModelEvent] = []
    for payload in payloads:
        events += assembler.feed([payload])
    last, ending = assembler.end()
    return events + last, ending


def _text(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_null_empty_and_missing_content_say_nothing() -> None:
    """Either key may be null, empty or absent."""
    events, ending = _run(
        _chunk({"role": "assistant", "content": "", "reasoning_content": None}),
        _chunk({"role": "assistant", "content": None}),
        _chunk({"content": "Hi"}),
        _chunk({"content": "", "role": "assistant"}, "stop"),
        DONE,
    )
    assert events == [TextDelta(text="Hi")]
    assert ending.finish_reason is FinishReason.STOP


def test_deltas_of_one_read_are_one_event() -> None:
    """Fewer events travel up the stack; the order of thinking and text stays."""
    assembler = Assembler(Source())
    thinking = [_chunk({"content": None, "reasoning_content": word}) for word in ("Let ", "me ", "see")]
    text = [_chunk({"content": word}) for word in ("Hello", " there")]
    assert assembler.feed([*thinking, *text]) == [
        ThinkingDelta(text="Let me see"),
        TextDelta(text="Hello there"),
    ]


def test_think_tags_become_thinking() -> None:
    """Some models still write their thinking into the text."""
    events, ending = _run(
        _chunk({"content": "<thi"}), _chunk({"content": "nk>hm</think>\n\nYes"}, "stop"), DONE
    )
    assert events == [ThinkingDelta(text="hm"), TextDelta(text="Yes")]
    assert ending.thinking == "hm"


def test_usage_is_cumulative_so_the_last_one_counts() -> None:
    """The provider sends usage with every chunk, and once more without choices."""
    usage = {
        "prompt_tokens": 15,
        "completion_tokens": 40,
        "completion_tokens_details": {"reasoning_tokens": 30},
        "prompt_tokens_details": None,
        "prompt_cache_hit_tokens": 8,
    }
    _, ending = _run(
        _chunk({"content": "a"}, usage={"prompt_tokens": 15, "completion_tokens": 1}),
        _chunk({"content": "b"}, "stop", usage={"prompt_tokens": 15, "completion_tokens": 2}),
        orjson.dumps({"choices": [], "usage": usage}),
        DONE,
    )
    assert ending.usage == Usage(prompt=15, completion=40, reasoning=30, cached=8)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("stop", FinishReason.STOP),
        ("eos", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("something_new", FinishReason.STOP),
    ],
)
def test_finish_reasons_are_understood(said: str, meant: FinishReason) -> None:
    """Every reason has one meaning; [DONE] is not needed after it."""
    assert _run(_chunk({"content": "x"}), _chunk(None, said))[1].finish_reason is meant


def test_an_end_without_done_and_reason_is_a_cut() -> None:
    """The stream says how it ends, or it was cut."""
    with pytest.raises(StreamCut) as caught:
        _run(_chunk({"content": "Hel"}))
    assert caught.value.trace_id == "ti_1"


def test_running_out_of_machines_is_a_cut() -> None:
    """The provider gave up in the middle; what came is not the whole."""
    with pytest.raises(StreamCut):
        _run(_chunk({"content": "Hel"}), _chunk(None, "insufficient_system_resource"), DONE)


def test_done_alone_ends_the_answer() -> None:
    """A missing finish reason is forgiven when [DONE] came."""
    assert _run(_chunk({"content": "x"}), DONE)[1].finish_reason is FinishReason.STOP


@pytest.mark.parametrize(
    "garbage", [b"{broken", b"\xff\xfe", b'{"choices":[7]}', b'{"choices":[{"delta":5}]}']
)
def test_a_line_that_does_not_parse_is_skipped(garbage: bytes) -> None:
    """One bad line does not end the answer."""
    events, _ = _run(_chunk({"content": "a"}), garbage, _chunk({"content": "b"}, "stop"), DONE)
    assert _text(events) == "ab"


def test_a_last_line_that_does_not_parse_is_a_cut() -> None:
    """The end of the answer may have been in it."""
    with pytest.raises(StreamCut):
        _run(_chunk({"content": "a"}), b'{"choices":[{"delta":{"cont', DONE)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"error": {"code": 20015, "message": "bad"}}, ProviderRefused),
        ({"error": {"code": "50505", "message": "busy"}}, ProviderUnavailable),
        ({"error": "overloaded"}, ProviderUnavailable),
        ({"code": 30001, "message": "Sorry, your account balance is insufficient"}, ProviderAccountError),
        ("Internal error", ProviderUnavailable),
    ],
)
def test_an_error_inside_the_stream_is_raised_after_the_text_before_it(payload: Any, kind: type) -> None:
    """What was said before the error still counts."""
    assembler = Assembler(Source(model="m"))
    events = assembler.feed([_chunk({"content": "Hel"}), orjson.dumps(payload), _chunk({"content": "no"})])
    assert events == [TextDelta(text="Hel")]
    assert isinstance(assembler.failure, kind)
    with pytest.raises(kind):
        assembler.end()


def test_a_code_beside_choices_is_no_error() -> None:
    """Only an object without choices is taken for an error."""
    events, _ = _run(_chunk({"content": "x"}, "stop", code=0), DONE)
    assert _text(events) == "x"


def test_a_whole_completion_is_read_like_a_chunk() -> None:
    """A gateway that does not stream sends ``message`` in place of ``delta``."""
    choice = {"message": {"content": "whole", "reasoning_content": "why"}, "finish_reason": "stop"}
    events, ending = _run(orjson.dumps({"choices": [choice]}))
    assert events == [ThinkingDelta(text="why"), TextDelta(text="whole")]
    assert ending.finish_reason is FinishReason.STOP


@given(text=st.text(alphabet="ab😀世\n", min_size=1, max_size=12))
def test_characters_cut_into_surrogates_are_joined(text: str) -> None:
    """A chunk may end in half a character when the server escapes everything."""
    units = text.encode("utf-16-be", "surrogatepass")
    halves = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    payloads = [b'{"choices":[{"delta":{"content":"\\u%04x"}}]}' % half for half in halves]
    events, _ = _run(*payloads, _chunk(None, "stop"))
    assert _text(events) == text


def test_content_in_parts_is_joined() -> None:
    """Some gateways send text as parts."""
    events, _ = _run(_chunk({"content": [{"type": "text", "text": "a"}, {"text": "b"}]}, "stop"))
    assert _text(events) == "ab"


# --- tool calls ------------------------------------------------------------------------------------------


def _fragment(name: str | None, arguments: Any, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


def _calls(*fragments: dict[str, Any], finish: str = "tool_calls") -> tuple[ToolCall, ...]:
    chunks = [_chunk({"content": None, "tool_calls": [fragment]}) for fragment in fragments]
    return _run(*chunks, _chunk(None, finish), DONE)[1].calls


def test_empty_names_and_null_ids_never_overwrite() -> None:
    """Later fragments say "as before" that way."""
    assert _calls(
        _fragment("weather", "", index=0, id="c1"),
        _fragment("", '{"city":', index=0, id=None),
        _fragment(None, '"Rome"}', index=0, id=""),
    ) == (ToolCall(id="c1", name="weather", arguments='{"city":"Rome"}'),)


def test_fragments_of_two_calls_may_be_interleaved() -> None:
    """The index tells them apart."""
    calls = _calls(
        _fragment("a", "1", index=0, id="c1"),
        _fragment("b", "2", index=1, id="c2"),
        _fragment("", "3", index=0),
        _fragment("", "4", index=1),
    )
    assert [(call.name, call.arguments) for call in calls] == [("a", "13"), ("b", "24")]


def test_without_an_index_the_id_decides_and_else_the_last_call() -> None:
    """Servers leave out what they think is clear."""
    calls = _calls(
        _fragment("a", "1", id="c1"),
        _fragment("b", "2", id="c2"),
        _fragment("", "3", id="c1"),
        _fragment("", "4"),
    )
    assert [(call.id, call.arguments) for call in calls] == [("c1", "13"), ("c2", "24")]


def test_a_new_id_with_a_name_is_a_new_call_under_the_same_index() -> None:
    """Some servers number all calls 0."""
    calls = _calls(_fragment("a", "{}", index=0, id="c1"), _fragment("a", "{}", index=0, id="c2"))
    assert [call.id for call in calls] == ["c1", "c2"]


def test_calls_without_ids_get_their_own() -> None:
    """Results have to be told apart."""
    calls = _calls(_fragment("a", "{}", index=0), _fragment("b", "{}", index=1))
    assert len({call.id for call in calls}) == 2
    assert all(call.id for call in calls)


def test_two_calls_never_share_an_id() -> None:
    """An id used twice is given to the first only."""
    calls = _calls(_fragment("a", "{}", index=0, id="same"), _fragment("b", "{}", index=1, id="same"))
    assert calls[0].id == "same"
    assert calls[1].id not in {"", "same"}


def test_nameless_calls_without_any_hint_follow_whole_arguments() -> None:
    """Neither index nor id: a name after complete arguments begins the next call."""
    calls = _calls(_fragment("a", '{"x":1}'), _fragment("a", '{"x":2}'))
    assert [call.arguments for call in calls] == ['{"x":1}', '{"x":2}']


def test_arguments_may_come_as_an_object() -> None:
    """They are written as JSON text then."""
    assert _calls(_fragment("a", {"x": 1}, index=0, id="c"))[0].arguments == '{"x":1}'


def test_a_call_without_a_name_is_dropped() -> None:
    """Nobody can call it."""
    assert _calls(_fragment("", "{}", index=0, id="c1")) == ()


@pytest.mark.parametrize("finish", ["stop", "length", "tool_calls"])
def test_calls_mean_tool_calls_whatever_the_reason_given(finish: str) -> None:
    """Some models stop with "stop" and want their tools called all the same."""
    chunk = _chunk({"tool_calls": [_fragment("a", "{}", index=0, id="c1")]})
    _, ending = _run(chunk, _chunk(None, finish), DONE)
    assert ending.finish_reason is FinishReason.TOOL_CALLS
    assert ending.calls


def test_filtered_calls_are_not_made() -> None:
    """The provider's filter has the last word."""
    chunk = _chunk({"tool_calls": [_fragment("a", "{}", index=0, id="c1")]})
    _, ending = _run(chunk, _chunk(None, "content_filter"), DONE)
    assert (ending.finish_reason, ending.calls) == (FinishReason.CONTENT_FILTER, ())


@given(sizes=st.lists(st.integers(1, 5), max_size=20))
def test_arguments_survive_any_cutting(sizes: list[int]) -> None:
    """The pieces of the arguments are put together as they came."""
    whole = '{"city":"Zürich","days":[1,2,3]}'
    pieces, start = [], 0
    for size in [*sizes, len(whole)]:
        pieces.append(whole[start : start + size])
        start += size
    first = _fragment("weather", "", index=0, id="c1")
    rest = [_fragment("", piece, index=0, id=None) for piece in pieces]
    assert _calls(first, *rest)[0].arguments == whole
