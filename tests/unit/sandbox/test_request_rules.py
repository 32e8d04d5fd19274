"""What the stand-in refuses, with the code and sentence of the real API."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox import CATALOGUE, SMOLLM2, ChatRequest
from bot.sandbox.catalogue import ALIASES, Catalogue
from bot.sandbox.chat_request import parse_chat_request
from bot.sandbox.refusals import Refused
from tests.unit.sandbox.client import ask, talk
from tests.unit.sandbox.conftest import Chat

_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_USER = {"role": "user", "content": "hi"}
_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
_CLIP = {"url": "data:video/mp4;base64,AAAAGGZ0eXBpc29t", "detail": "auto", "max_frames": 16, "fps": 2}
_VL, _OMNI, _R1, _V4 = (
    "Qwen/Qwen3-VL-32B-Instruct",
    "Qwen/Qwen3-Omni-30B-A3B-Instruct",
    "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-V4-Pro",
)
_CODER = "Qwen/Qwen2.5-Coder-7B-Instruct"
_JSON_MODE = {"type": "json_object"}


def _called(content: Any = "", **extra: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": content, "tool_calls": [_CALL], **extra}


def _result(call: str = "c1") -> dict[str, Any]:
    return {"role": "tool", "content": "5", "tool_call_id": call}


def _showing(video: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "video_url", "video_url": video}]}


def _with(messages: list[Any], **fields: Any) -> dict[str, Any]:
    return {"model": "Qwen/Qwen3-8B", "messages": messages, **fields}


def _parse(body: Any) -> ChatRequest:
    return parse_chat_request(orjson.dumps(body), Catalogue(CATALOGUE))


def _status(body: Any) -> int:
    try:
        _parse(body)
    except Refused as refused:
        return refused.refusal.status
    return 200


REFUSED = [
    # facts §15: model and messages
    ({"messages": [_USER]}, 20013, "Model is required."),
    (ask(model="gpt-4"), 20012, "Model does not exist. Please check it carefully."),
    ({"model": ["a"], "messages": [_USER]}, 20012, "Model does not exist"),
    ({"model": "Qwen/Qwen3-8B"}, 20014, "Messages is required."),
    (_with([]), 20014, "Messages is required."),
    (_with(["hi"]), 20015, "list of messages"),
    (_with([{"role": "developer", "content": "x"}]), 20029, "role"),
    (_with([{"role": {}, "content": "x"}]), 20029, "role"),
    ([1, 2], 20015, "parameter is invalid"),
    # §17 #3: order
    (talk(("user", "a"), ("assistant", "b")), 20015, "after assistant message, next must be user or tool"),
    (talk(("assistant", "a"), ("assistant", "b"), ("user", "c")), 20015, "after assistant message"),
    (talk(("assistant", "a"), ("system", "b"), ("user", "c")), 20015, "after assistant message"),
    # §17 #4: content
    (_with([_USER, _called(None), _result()]), 20015, "Field required"),
    (_with([{"role": "user"}]), 20015, "Field required"),
    (_with([{"role": "user", "content": [{"type": "text"}]}]), 20015, "Field required"),
    (_with([{"role": "user", "content": 5}]), 20015, "content"),
    (_with([{"role": "user", "content": [{"type": "file"}]}]), 20015, "unknown part type 'file'"),
    # tools
    (_with([_USER, _result()]), 20015, "preceding message with 'tool_calls'"),
    (_with([_USER, _called(), _result("other")]), 20015, "preceding message with 'tool_calls'"),
    (_with([_USER, _called(), _result(), _result()]), 20015, "preceding message with 'tool_calls'"),
    (_with([_USER, _called(), _USER]), 20015, "must be followed by tool messages"),
    (_with([_USER, _called(tool_calls="x"), _result()]), 20015, "tool_calls"),
    (ask(tools=[_TOOL] * 129), 20015, "128"),
    (ask(tools=[{"type": "function", "function": {"name": "no spaces"}}]), 20015, "tools"),
    (ask(tools="f"), 20015, "tools"),
    (ask(tools=[_TOOL], model="deepseek-ai/DeepSeek-OCR"), 20037, "Function call"),
    # §2.4 and §17 #5, #6: thinking
    (ask(enable_thinking=False, model=_VL), 20015, "does not support parameter `enable_thinking`."),
    (ask(enable_thinking=True, model=_R1), 20015, "does not support parameter `enable_thinking`."),
    (
        _with([_USER, _called(), _result()], model=_V4, tools=[_TOOL]),
        20015,
        "The `reasoning_content` in the thinking mode must be passed back to the API.",
    ),
    (ask(thinking_budget=127), 20015, "thinking_budget"),
    # §2.5: JSON, prefix, FIM
    (ask(response_format=_JSON_MODE, model=_VL), 20024, "Json mode is not supported for this model."),
    (ask(response_format={"type": "xml"}), 20015, "response_format"),
    (ask(response_format="json"), 20015, "response_format"),
    (ask(prefix="x", model=_R1), 20030, "Prefix"),
    (ask(prefix="x"), 20030, "Prefix"),
    (ask(prefix=5), 20015, "prefix"),
    (ask(prefix="x", enable_thinking=False, response_format=_JSON_MODE), 20033, "json mode"),
    (ask(prefix="x", suffix="y"), 20031, "FIM"),
    (ask(prefix="x", suffix="y", model=_CODER, response_format=_JSON_MODE), 20032, "json mode"),
    # §2.1: ranges and types
    (ask(n=2), 20066, "n cannot exceed 1"),
    (ask(top_k=0), 20060, "top_k"),
    (ask(top_k=101), 20060, "top_k"),
    (ask(temperature=2.1), 20015, "temperature"),
    (ask(temperature="hot"), 20015, "temperature"),
    (ask(top_p=0), 20015, "top_p"),
    (ask(stream="yes"), 20015, "stream"),
    (ask(stop=["a"] * 5), 20015, "stop"),
    (ask(max_tokens=0), 20089, "max_tokens"),
    (ask(max_tokens=8_193), 20089, "8192"),
    (ask(max_tokens=True), 20089, "max_tokens"),
    # §2.6 and §17 #17: media
    (_with([{"role": "user", "content": [_IMAGE]}]), 20041, "not a VLM"),
    (
        _with(
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "abc="}}]}], model=_VL
        ),
        20040,
        "Image url should be a valid url or should like data:image/TYPE;base64,",
    ),
    (
        _with([{"role": "user", "content": [{"type": "audio_url", "audio_url": {}}]}], model=_OMNI),
        20015,
        "valid URL",
    ),
    (_with([_showing(_CLIP)], model="zai-org/GLM-4.6V"), 20041, "not a VLM"),
    (_with([_showing({})], model=_VL), 20015, "valid URL"),
    (_with([_showing({"url": "data:image/png;base64,AAAA"})], model=_VL), 20015, "data:video/TYPE"),
    (_with([_showing({"url": "data:video/mp4;base64,A*"})], model=_VL), 20023, "base64"),
    (_with([_showing({"url": "data:video/mp4;base64,AAAA"})], model=_VL), 20015, "cannot be decoded"),
    (_with([_showing({**_CLIP, "max_frames": 0})], model=_VL), 20015, "max_frames"),
    (_with([_showing({**_CLIP, "fps": "two"})], model=_OMNI), 20015, "fps"),
    (_with([_showing({**_CLIP, "detail": "huge"})], model=_OMNI), 20015, "detail"),
    # §17 #9: context
    (
        ask("word " * 40_000, model="Qwen/Qwen2.5-7B-Instruct"),
        20015,
        "must be less than max_seq_len (32768).",
    ),
    (
        ask("word " * 30_000, model="Qwen/Qwen2.5-7B-Instruct", max_tokens=4_096),
        20015,
        "must be less than or equal to max_seq_len (32768)",
    ),
]


@pytest.mark.parametrize(("body", "code", "sentence"), REFUSED)
async def test_a_bad_request_gets_the_real_refusal(post: Chat, body: Any, code: int, sentence: str) -> None:
    """400 with the provider's object: its code, its sentence, data null."""
    answer = await post(body)

    assert answer.status == 400
    assert answer.json["code"] == code
    assert sentence in answer.json["message"]
    assert answer.json["data"] is None


TAKEN = [
    talk(("system", "s"), ("user", "a"), ("user", "b")),
    talk(("user", "a"), ("assistant", "b"), ("user", "c")),
    _with([_USER, _called(), _result(), {"role": "assistant", "content": "five"}, _USER], tools=[_TOOL]),
    _with([_USER, _called(reasoning_content="so"), _result()], model=_V4, tools=[_TOOL]),
    ask(enable_thinking=True, thinking_budget=128),
    ask(prefix="x", model="Qwen/Qwen2.5-7B-Instruct"),
    ask(prefix="x", model="deepseek-ai/DeepSeek-V3.2"),
    ask(prefix="x", suffix="y", model=_CODER),
    ask(response_format=_JSON_MODE),
    ask(response_format={"type": "text"}, model=_VL),
    ask(top_k=-1, n=1, stop=None, temperature=0, min_p=0.1, frequency_penalty=-2, top_p=1),
    _with([{"role": "user", "content": [_IMAGE, {"type": "text", "text": "what?"}]}], model=_VL),
    _with([_showing(_CLIP)], model=_VL),
    _with([_showing({"url": "https://example.org/a.mp4"})], model=_OMNI),
    *(ask(model=old) for old in ALIASES),
]


@pytest.mark.parametrize("body", TAKEN)
async def test_a_good_request_is_taken(post: Chat, body: Any) -> None:
    """What the facts allow is answered."""
    answer = await post(body)

    assert answer.status == 200
    assert answer.json["model"] == body["model"]


async def test_a_body_that_is_not_json_is_refused(sandbox: Any, http: Any) -> None:
    """Broken JSON ends in 20015, and the record keeps the raw bytes."""
    async with http.post(f"{sandbox.url}/chat/completions", data=b'{"model":') as response:
        assert (response.status, (await response.json())["code"]) == (400, 20015)

    assert sandbox.requests[0].raw_body == b'{"model":'
    assert sandbox.requests[0].body is None


def test_a_request_knows_what_it_shows() -> None:
    """The partial answer is the prefix, or the assistant message before a last user message."""
    turns = (("user", "q"), ("assistant", "half"), ("user", "continue"))

    assert _parse(talk(*turns)).partial_answer == "half"
    assert _parse(talk(*turns, prefix="pre", enable_thinking=False)).partial_answer == "pre"
    assert _parse(ask()).partial_answer == ""
    assert _parse(talk(("system", "s"), ("user", "q"))).partial_answer == ""
    assert _parse(talk(*turns)).last_user_text == "continue"


@pytest.mark.parametrize(
    ("model", "switch", "thinks"),
    [
        ("Qwen/Qwen3-8B", None, True),
        ("Qwen/Qwen3-8B", False, False),
        ("deepseek-ai/DeepSeek-V3.2", None, False),
        ("deepseek-ai/DeepSeek-V3.2", True, True),
        (_R1, None, True),
        (_CODER, None, False),
    ],
)
def test_thinking_follows_the_card_and_the_switch(model: str, switch: bool | None, *, thinks: bool) -> None:
    """Switchable models obey the switch and have a default of their own."""
    fields: dict[str, Any] = {} if switch is None else {"enable_thinking": switch}

    assert _parse(ask(model=model, **fields)).thinks is thinks


def test_ids_are_unique_and_aliases_lead_somewhere() -> None:
    """No model is listed twice, no old name leads nowhere."""
    ids = [card.id for card in (SMOLLM2, *CATALOGUE)]

    assert len(ids) == len(set(ids))
    assert set(ALIASES.values()) <= set(ids)


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    ["messages", "stream", "tools", "stop", "n", "top_k", "prefix", "suffix", "response_format", "max_tokens"]
)


@given(changes=st.dictionaries(_FIELDS, _JUNK, max_size=4))
def test_no_body_breaks_the_checks(changes: dict[str, Any]) -> None:
    """Any JSON in any field is either taken or refused, never a crash."""
    assert _status({**ask(), **changes}) in {200, 400}


@given(message=st.dictionaries(st.sampled_from(["role", "content", "tool_calls", "tool_call_id"]), _JUNK))
def test_no_message_breaks_the_checks(message: dict[str, Any]) -> None:
    """The same for the fields of a message, alone and after a tool call."""
    for messages in ([message], [_USER, _called(), {"role": "tool", **message}]):
        with_role = [{"role": "user", **entry} for entry in messages]
        assert _status(_with(with_role)) in {200, 400}
