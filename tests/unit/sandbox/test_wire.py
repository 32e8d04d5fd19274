"""The wire of answers: the order and shape of chunks, usage, tool calls, and its oddities."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import Quirks, Reply, Sandbox, ToolCall, Usage
from bot.sandbox.tokens import count_tokens, split_tokens
from tests.unit.sandbox.client import ask
from tests.unit.sandbox.conftest import Chat


async def test_a_stream_has_the_documented_order(sandbox: Sandbox, post: Chat) -> None:
    """Role first, then reasoning with null content, then content, then the finish chunk and [DONE]."""
    sandbox.script.enqueue(Reply(thinking="Let me", text="Hi there"))

    answer = await post(ask(stream=True))

    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.deltas == [
        {"role": "assistant", "content": "", "reasoning_content": None},
        {"content": None, "reasoning_content": "Let"},
        {"content": None, "reasoning_content": " me"},
        {"content": "Hi", "reasoning_content": None},
        {"content": " there", "reasoning_content": None},
        {"content": ""},
    ]
    assert answer.finish_reasons == ["stop"]
    assert answer.done


async def test_a_chunk_has_the_documented_fields(sandbox: Sandbox, post: Chat) -> None:
    """Every chunk of a stream has the same id and names the model that was asked for."""
    answer = await post(ask(stream=True))

    for chunk in answer.chunks:
        assert set(chunk) == {
            "id",
            "object",
            "created",
            "model",
            "choices",
            "system_fingerprint",
            "usage",
        }
        assert (chunk["object"], chunk["model"]) == ("chat.completion.chunk", "Qwen/Qwen3-8B")
    assert len({chunk["id"] for chunk in answer.chunks}) == 1


async def test_usage_is_cumulative_on_every_chunk(sandbox: Sandbox, post: Chat) -> None:
    """Counts only grow; the last one is the truth, the sum is not (facts §17 #2)."""
    sandbox.script.enqueue(Reply(thinking="a b", text="one two three"))

    usages = [chunk["usage"] for chunk in (await post(ask(stream=True))).chunks]

    counts = [usage["completion_tokens"] for usage in usages]
    assert counts == [0, 1, 2, 3, 4, 5, 5]
    assert usages[-1]["completion_tokens_details"] == {"reasoning_tokens": 2}
    assert all(u["total_tokens"] == u["prompt_tokens"] + u["completion_tokens"] for u in usages)


async def test_reported_usage_replaces_the_count_at_the_end(sandbox: Sandbox, post: Chat) -> None:
    """A scripted usage is what the last chunk says, cache counts included."""
    usage = Usage(prompt_tokens=900, completion_tokens=77, reasoning_tokens=7, cached_tokens=600)
    sandbox.script.enqueue(Reply(text="a", usage=usage), Reply(text="a", usage=usage))

    last = (await post(ask(stream=True))).chunks[-1]["usage"]
    whole = (await post(ask())).json["usage"]

    assert last == whole
    assert (last["prompt_tokens"], last["completion_tokens"], last["total_tokens"]) == (900, 77, 977)
    assert (last["prompt_cache_hit_tokens"], last["prompt_cache_miss_tokens"]) == (600, 300)


async def test_tool_calls_come_in_fragments_with_empty_names(sandbox: Sandbox, post: Chat) -> None:
    """The first fragment has id and name, later ones null and "" (facts §17 #1)."""
    calls = (ToolCall(name="f", arguments='{"city":"北京"}', id="a"), ToolCall(name="g", id="b"))
    sandbox.script.enqueue(Reply(tool_calls=calls))

    answer = await post(ask(stream=True))

    fragments = [delta["tool_calls"][0] for delta in answer.deltas if "tool_calls" in delta]
    assert fragments[0] == {
        "index": 0,
        "id": "a",
        "type": "function",
        "function": {"name": "f", "arguments": ""},
    }
    assert fragments[1]["id"] is None
    assert fragments[1]["function"]["name"] == ""
    arguments = ["", ""]
    for fragment in fragments:
        arguments[fragment["index"]] += fragment["function"]["arguments"]
    assert arguments == ['{"city":"北京"}', "{}"]
    assert answer.finish_reasons == ["tool_calls"]


async def test_tool_calls_may_lack_id_and_index(sandbox: Sandbox, post: Chat) -> None:
    """Some models streamed calls without ids; a client makes its own."""
    quirks = Quirks(tool_call_ids=False, tool_call_index=False)
    sandbox.script.enqueue(Reply.call("f", quirks=quirks))

    fragments = [d["tool_calls"][0] for d in (await post(ask(stream=True))).deltas if "tool_calls" in d]

    assert not any({"id", "index"} & set(fragment) for fragment in fragments)


async def test_an_answer_without_streaming_is_one_object(sandbox: Sandbox, post: Chat) -> None:
    """The whole answer has reasoning beside content, tool calls and one usage."""
    sandbox.script.enqueue(Reply(thinking="Hm", text="Hi", tool_calls=(ToolCall(name="f"),)))

    body = (await post(ask())).json

    assert body["object"] == "chat.completion"
    message = body["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Hi", "Hm")
    assert message["tool_calls"][0]["function"] == {"name": "f", "arguments": "{}"}
    assert body["choices"][0]["finish_reason"] == "tool_calls"
    assert body["usage"]["completion_tokens"] == 3


async def test_max_tokens_ends_the_text_with_length(sandbox: Sandbox, post: Chat) -> None:
    """Thinking is not counted against max_tokens; the text is."""
    sandbox.script.enqueue(Reply(thinking="a b c d e", text="one two three four"))

    answer = await post(ask(stream=True, max_tokens=2))

    assert (answer.text, answer.finish_reasons) == ("one two", ["length"])
    assert answer.thinking == "a b c d e"


async def test_max_tokens_can_be_overrun_and_any_reason_given(sandbox: Sandbox, post: Chat) -> None:
    """A script may say its reason itself, whatever the text."""
    sandbox.script.enqueue(Reply(text="one two", finish_reason="content_filter", honours_max_tokens=False))

    answer = await post(ask(stream=True, max_tokens=1))

    assert (answer.text, answer.finish_reasons) == ("one two", ["content_filter"])


async def test_empty_content_with_stop(sandbox: Sandbox, post: Chat) -> None:
    """A model may finish without a word (facts §17 #18)."""
    sandbox.script.enqueue(Reply(), Reply())

    streamed, whole = await post(ask(stream=True)), await post(ask())

    assert (streamed.text, streamed.finish_reasons, streamed.done) == ("", ["stop"], True)
    assert whole.json["choices"][0]["message"]["content"] == ""


async def test_think_tags_can_be_left_in_content(sandbox: Sandbox, post: Chat) -> None:
    """The old form keeps reasoning inside content (facts §17 #7), streamed or not."""
    reply = Reply(thinking="Hm", text="Hi", quirks=Quirks(think_tags_in_content=True))
    sandbox.script.enqueue(reply, reply)

    streamed, whole = await post(ask(stream=True)), await post(ask())

    assert streamed.text == "<think>\nHm\n</think>\n\nHi"
    assert streamed.thinking == ""
    assert whole.json["choices"][0]["message"] == {"role": "assistant", "content": streamed.text}


async def test_noise_between_chunks(sandbox: Sandbox, post: Chat) -> None:
    """Comments, garbage, chunks without choices and repeated roles do not change the text."""
    quirks = Quirks(
        role_chunks=3,
        comment_every=2,
        garbage_every=3,
        empty_choices_every=2,
        trailing_usage_chunk=True,
        crlf=True,
    )
    sandbox.script.enqueue(Reply(text="one two three four", quirks=quirks))

    answer = await post(ask(stream=True))

    assert answer.text == "one two three four"
    assert answer.raw.count(b": keep-alive\r\n\r\n") >= 3
    assert b"garbage" in answer.raw
    assert [delta.get("role") for delta in answer.deltas].count("assistant") == 3
    assert answer.chunks[-1]["choices"] == []
    assert answer.chunks[-1]["usage"]["completion_tokens"] == 4
    assert answer.done


async def test_usage_and_null_keys_can_be_absent(sandbox: Sandbox, post: Chat) -> None:
    """Usage only at the end, and keys missing where they would be null."""
    quirks = Quirks(usage_on_every_chunk=False, trailing_usage_chunk=True, absent_keys_for_null=True)
    sandbox.script.enqueue(Reply(thinking="a", text="b", quirks=quirks))

    answer = await post(ask(stream=True))

    assert answer.deltas[1:3] == [{"reasoning_content": "a"}, {"content": "b"}]
    assert ["usage" in chunk for chunk in answer.chunks] == [False, False, False, False, True]


async def test_bytes_are_cut_inside_characters_and_line_ends(sandbox: Sandbox, post: Chat) -> None:
    """With pieces of one and two bytes reads end inside a UTF-8 sequence and between CR and LF."""
    quirks = Quirks(piece_bytes=(1, 2), crlf=True)
    sandbox.script.enqueue(Reply(text="好的, naïve 🙂", quirks=quirks))

    answer = await post(ask(stream=True))

    assert answer.text == "好的, naïve 🙂"
    assert any(before[-1:] == b"\r" and after[:1] == b"\n" for before, after in pairwise(answer.reads))
    assert any(after[0] & 0xC0 == 0x80 for after in answer.reads)


@pytest.mark.parametrize(("echoes", "expected"), [(False, " two"), (True, "one two")])
async def test_a_prefix_may_or_may_not_be_repeated(
    sandbox: Sandbox, post: Chat, *, echoes: bool, expected: str
) -> None:
    """Whether the output repeats the prefix is undocumented, so a script can do either."""
    sandbox.script.enqueue(Reply(text=" two", echoes_prefix=echoes))

    answer = await post(ask(stream=True, prefix="one", enable_thinking=False))

    assert answer.text == expected


async def test_paced_tokens_arrive_apart(sandbox: Sandbox, post: Chat) -> None:
    """A paced reply reaches the client in several reads, complete and in order."""
    sandbox.script.enqueue(Reply.tokens(10, tokens_per_second=200, first_token_delay_seconds=0.02))

    answer = await post(ask(stream=True))

    assert answer.text == Reply.tokens(10).full_text
    assert len(answer.reads) > 1
    assert answer.done


async def test_a_delay_without_pace_sends_the_rest_at_once(sandbox: Sandbox, post: Chat) -> None:
    """The role chunk comes before the delay, everything else after it; without streaming too."""
    reply = Reply(text="one two", first_token_delay_seconds=0.02)
    sandbox.script.enqueue(reply, reply)

    streamed, whole = await post(ask(stream=True)), await post(ask())

    assert (streamed.text, streamed.done) == ("one two", True)
    assert whole.json["choices"][0]["message"]["content"] == "one two"


@pytest.mark.parametrize("count", [0, 1, 13, 500])
async def test_numbered_replies_have_exactly_that_many_tokens(
    sandbox: Sandbox, post: Chat, count: int
) -> None:
    """Reply.tokens(n) is n deltas and n completion tokens."""
    sandbox.script.enqueue(Reply.tokens(count))

    answer = await post(ask(stream=True))

    assert sum(1 for delta in answer.deltas if delta["content"]) == count
    assert answer.chunks[-1]["usage"]["completion_tokens"] == count


@given(text=st.text())
def test_splitting_into_tokens_loses_nothing(text: str) -> None:
    """Joined tokens are the text, none is empty, and the count agrees."""
    tokens = split_tokens(text)

    assert "".join(tokens) == text
    assert all(tokens)
    assert count_tokens(text) == len(tokens)


@given(fields=st.fixed_dictionaries({"text": st.text(), "thinking": st.text()}))
def test_replies_are_values(fields: Any) -> None:
    """Two replies of the same fields are equal and hash the same."""
    assert Reply(**fields) == Reply(**fields)
    assert hash(Reply(**fields)) == hash(Reply(**fields))
