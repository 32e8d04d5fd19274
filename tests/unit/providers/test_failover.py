"""What follows a failed call: the same model, the next one, or an error the caller can act on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import (
    ContextOverflow,
    ProviderAccountError,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
)
from bot.events import FinishReason, TextDelta
from bot.events import ToolCall as MadeCall
from bot.ports import AssistantMessage, ToolMessage, UserMessage
from bot.providers.failover import CoolDowns, Route, backoff_seconds
from bot.sandbox import Quirks, Reply, Script, ToolCall
from tests.unit.providers.support import (
    HYBRID,
    KEY,
    OTHER,
    PLAIN,
    FakeClock,
    ask_for,
    calls_of,
    collect,
    completed,
    opened_chat,
    text_of,
    thinking_of,
    weather_tool,
)

GOOD = Reply(text="Good.")
GATEWAY = Reply.error(504, "<html><title>504 Gateway Time-out</title></html>", form="html")


async def test_a_plain_answer_needs_one_call() -> None:
    """Thinking, text, and the end with usage and trace id."""
    async with opened_chat(Script(default=Reply(thinking="hm", text="Yes."))) as opened:
        events = await opened.ask(HYBRID, thinking=True)
        record = opened.sandbox.requests[0]
    assert (thinking_of(events), text_of(events)) == ("hm", "Yes.")
    end = completed(events)
    assert (end.finish_reason, end.model, end.trace_id) == (FinishReason.STOP, HYBRID, record.trace_id)
    assert end.usage.reasoning > 0
    assert record.authorization == f"Bearer {KEY}"


@pytest.mark.parametrize("failure", [Reply.overloaded(), Reply.coded_error(500, 50500, "x"), GATEWAY])
async def test_overload_is_tried_again_and_then_elsewhere(failure: Reply) -> None:
    """Three tries with growing pauses, then the next model."""
    script = Script(default=GOOD)
    script.enqueue(*[failure] * 3)
    async with opened_chat(script) as opened:
        events = await opened.ask(PLAIN, OTHER)
        assert opened.models == [PLAIN, PLAIN, PLAIN, OTHER]
        assert opened.clock.slept == [0.25, 0.5]
    assert completed(events).model == OTHER


async def test_the_last_error_is_raised_when_nothing_helps() -> None:
    """With what support wants to know."""
    async with opened_chat(Script(default=Reply.overloaded())) as opened:
        with pytest.raises(ProviderUnavailable) as caught:
            await opened.ask(PLAIN, OTHER)
        assert len(opened.bodies) == 6
    assert (caught.value.model, caught.value.status, caught.value.code) == (OTHER, 503, 50505)
    assert caught.value.trace_id.startswith("ti_")


async def test_a_limited_model_is_left_for_another() -> None:
    """429 passes only with time; another model serves at once, for the next question too."""
    script = Script(default=GOOD)
    script.enqueue(Reply.rate_limited())
    async with opened_chat(script) as opened:
        await opened.ask(PLAIN, OTHER)
        await opened.ask(PLAIN, OTHER)
        assert opened.models == [PLAIN, OTHER, OTHER]
        assert opened.clock.slept == []
        opened.clock.seconds += 60
        await opened.ask(PLAIN, OTHER)
        assert opened.models[-1] == PLAIN


async def test_the_only_model_is_waited_for() -> None:
    """Limits pass within a minute, so they get more tries and longer pauses than overload."""
    script = Script(default=GOOD)
    script.enqueue(*[Reply.rate_limited()] * 4)
    async with opened_chat(script, random=lambda: 0.0) as opened:
        assert text_of(await opened.ask()) == "Good."
        assert opened.clock.slept == [1.0, 2.0, 4.0, 8.0]


async def test_a_limit_that_lasts_is_reported_with_its_time() -> None:
    """Nobody waits for an hour."""
    async with opened_chat(Script(default=GOOD)) as opened:
        hour = ProviderUnavailable("x", status=429, retry_after_seconds=3600.0)
        opened.chat._recovery.cool_downs.note_failure(PLAIN, hour)
        with pytest.raises(ProviderUnavailable, match="over its rate limit") as caught:
            await opened.ask()
        assert caught.value.retry_after_seconds is not None
        assert caught.value.retry_after_seconds >= 3600.0
        assert opened.bodies == []


async def test_all_chats_leave_a_limited_model_alone() -> None:
    """One chat's 429 spares the others theirs: they wait, spread, before they ask."""
    script = Script(default=GOOD)
    script.enqueue(Reply.rate_limited())
    spread = iter([0.1, 0.5, 0.9, 0.3, 0.7])
    async with opened_chat(script, random=lambda: next(spread)) as opened:
        await opened.ask()
        opened.clock.slept.clear()
        opened.chat._recovery.cool_downs.note_failure(PLAIN, ProviderUnavailable("x", status=429))
        await asyncio.gather(*(opened.ask() for _ in range(2)))
        assert len(opened.clock.slept) >= 1
        assert all(1.0 <= wait <= 2.0 for wait in opened.clock.slept)
        assert len(opened.bodies) == 4


@pytest.mark.parametrize("status", [401, 403, 402])
async def test_trouble_with_the_account_is_raised_at_once(status: int) -> None:
    """No other model and no second try can help."""
    script = Script(default=GOOD)
    script.enqueue(Reply.coded_error(status, 30001, "Sorry, your account balance is insufficient"))
    async with opened_chat(script) as opened:
        with pytest.raises(ProviderAccountError, match="balance"):
            await opened.ask(PLAIN, OTHER)
        assert len(opened.bodies) == 1


@pytest.mark.parametrize(("status", "code"), [(400, 20012), (403, 30003)])
async def test_a_model_that_is_gone_is_replaced_by_the_next(status: int, code: int) -> None:
    """With a warning for the operator."""
    script = Script(default=GOOD)
    script.enqueue(Reply.coded_error(status, code, "Model does not exist."))
    async with opened_chat(script) as opened:
        with capture_logs() as logs:
            await opened.ask(PLAIN, OTHER)
        assert opened.models == [PLAIN, OTHER]
    assert [(line["model"], line["by"]) for line in logs if line["event"] == "model_replaced"] == [
        (PLAIN, OTHER)
    ]


async def test_a_model_taken_offline_has_a_successor() -> None:
    """Its work is done by the model that followed it, before any other is asked."""
    async with opened_chat(Script(default=GOOD)) as opened:
        events = await opened.ask("zai-org/GLM-4.5", OTHER)
        assert completed(events).model == "zai-org/GLM-4.6"


async def test_the_catch_all_refusal_is_tried_once_more() -> None:
    """It is said of good requests, too."""
    script = Script(default=GOOD)
    script.enqueue(Reply.coded_error(400, 20015, "The parameter is invalid. Please check again."))
    async with opened_chat(script) as opened:
        assert text_of(await opened.ask()) == "Good."
        assert opened.models == [PLAIN, PLAIN]


@pytest.mark.parametrize("status_code", [(451, 20021), (413, 20043), (400, 20014)])
async def test_a_refusal_that_no_model_changes_is_raised(status_code: tuple[int, int]) -> None:
    """Content policy and size are the request's."""
    script = Script(default=Reply.coded_error(*status_code, "No."))
    async with opened_chat(script) as opened:
        with pytest.raises(ProviderRefused):
            await opened.ask(PLAIN, OTHER)
        assert len(opened.bodies) == 1


async def test_a_prompt_too_long_is_for_the_caller_to_shorten() -> None:
    """It comes with the model's limit."""
    async with opened_chat() as opened:
        with pytest.raises(ContextOverflow) as caught:
            await opened.ask(text="word " * 60_000)
        assert caught.value.limit_tokens == opened.chat.context_tokens(PLAIN) == 32_768


async def test_an_answer_that_does_not_fit_beside_the_prompt_is_shortened() -> None:
    """A smaller max_tokens is enough; nobody notices."""
    async with opened_chat(Script(default=GOOD)) as opened:
        assert text_of(await opened.ask(text="word " * 30_000)) == "Good."
        first, second = (body["max_tokens"] for body in opened.bodies)
        assert first == 4096
        assert 256 <= second < 4096


async def test_a_prompt_that_fills_the_context_is_for_the_caller_too() -> None:
    """When no room is left for an answer worth its name."""
    text = "max_total_tokens (36800) must be less than or equal to max_seq_len (32768)"
    async with opened_chat(Script(default=Reply.coded_error(400, 20015, text))) as opened:
        with pytest.raises(ContextOverflow):
            await opened.ask()
        assert len(opened.bodies) == 1


async def test_an_unknown_switch_is_left_out_from_then_on() -> None:
    """The refusal costs one call, once."""
    refusal = "Value error, current model does not support parameter `enable_thinking`."
    script = Script(default=GOOD)
    script.enqueue(Reply.coded_error(400, 20015, refusal))
    async with opened_chat(script) as opened:
        await opened.ask(HYBRID, thinking=True)
        await opened.ask(HYBRID, thinking=True)
        assert ["enable_thinking" in body for body in opened.bodies] == [True, False, False]
        assert opened.clock.slept == []


async def test_a_model_without_tools_answers_without_them() -> None:
    """Old calls are told it in words."""
    call = MadeCall(id="c1", name="weather", arguments="{}")
    script = Script(default=GOOD)
    script.enqueue(Reply.coded_error(400, 20037, "Function call is not supported for this model."))
    talk = (
        UserMessage(text="?"),
        AssistantMessage(text="", calls=(call,)),
        ToolMessage(call_id="c1", text="rain"),
    )
    async with opened_chat(script) as opened:
        await opened.ask(messages=talk, tools=(weather_tool(),))
        again = opened.bodies[1]
    assert "tools" not in again
    assert {message["role"] for message in again["messages"]} == {"user", "assistant"}


async def test_an_empty_answer_is_asked_for_again_and_then_elsewhere() -> None:
    """Models sometimes only think, or say nothing at all."""
    script = Script(default=GOOD)
    script.enqueue(Reply(thinking="hm"), Reply())
    async with opened_chat(script) as opened:
        events = await opened.ask(PLAIN, OTHER)
        assert opened.models == [PLAIN, PLAIN, OTHER]
        assert (thinking_of(events), text_of(events)) == ("hm", "Good.")


async def test_a_filtered_answer_is_an_answer() -> None:
    """The provider's filter is final, and the caller is told."""
    async with opened_chat(Script(default=Reply(finish_reason="content_filter"))) as opened:
        events = await opened.ask()
        assert completed(events).finish_reason is FinishReason.CONTENT_FILTER
        assert len(opened.bodies) == 1


async def test_tool_calls_come_with_the_thinking_to_echo() -> None:
    """Then Completed, and nothing after it."""
    call = ToolCall(name="weather", arguments='{"city":"Rome"}', id="c1")
    script = Script(default=Reply(thinking="Rome, then.", tool_calls=(call,)))
    async with opened_chat(script) as opened:
        events = await opened.ask(HYBRID, thinking=True, tools=(weather_tool(),))
    ready = calls_of(events)
    assert (ready.calls[0].id, ready.calls[0].arguments) == ("c1", '{"city":"Rome"}')
    assert ready.thinking == "Rome, then."
    assert completed(events).finish_reason is FinishReason.TOOL_CALLS


@pytest.mark.parametrize(
    "quirks",
    [
        Quirks(piece_bytes=(1,)),
        Quirks(piece_bytes=(3, 1, 7), crlf=True, comment_every=2),
        Quirks(garbage_every=3, empty_choices_every=2, role_chunks=3),
        Quirks(absent_keys_for_null=True, trailing_usage_chunk=True, usage_on_every_chunk=False),
        Quirks(think_tags_in_content=True, piece_bytes=(5, 2)),
        Quirks(done=False),
        Quirks(tool_call_ids=False),
        Quirks(tool_call_index=False, arguments_per_fragment=1),
    ],
)
async def test_no_oddity_of_the_wire_changes_the_answer(quirks: Quirks) -> None:
    """The same thinking, text, calls and usage come out."""
    call = ToolCall(name="weather", arguments='{"city":"Zürich 🏔"}', id="c1")
    reply = Reply(thinking="Für Zürich.", text="Moment, 世界 🌍", tool_calls=(call,), quirks=quirks)
    async with opened_chat(Script(default=reply)) as opened:
        events = await opened.ask(HYBRID, thinking=True, tools=(weather_tool(),))
    assert thinking_of(events).strip() == "Für Zürich."
    assert text_of(events) == "Moment, 世界 🌍"
    assert [(made.name, made.arguments) for made in calls_of(events).calls] == [
        ("weather", '{"city":"Zürich 🏔"}')
    ]
    assert completed(events).usage.prompt > 0


async def test_deltas_that_arrive_together_are_one_event() -> None:
    """An instant model does not flood the layers above."""
    async with opened_chat(Script(default=Reply.tokens(100))) as opened:
        events = await opened.ask()
    assert sum(isinstance(event, TextDelta) for event in events) < 20


async def test_pauses_never_pass_the_deadline() -> None:
    """An error in time is better than an answer too late."""
    async with opened_chat(Script(default=Reply.overloaded()), random=lambda: 1.0) as opened:
        with pytest.raises(ProviderUnavailable):
            await opened.ask(deadline_seconds=1.2)
        assert sum(opened.clock.slept) < 1.2


async def test_a_request_without_models_is_refused() -> None:
    """There is nobody to ask."""
    async with opened_chat() as opened:
        with pytest.raises(ProviderRefused, match="no model"):
            await collect(opened.chat, replace(ask_for(), models=()))


async def test_logs_tell_the_facts_and_neither_words_nor_key() -> None:
    """Model, trace, times and counts; the question, the answer and the key stay out."""
    script = Script(default=Reply(text="my secret answer"))
    script.enqueue(Reply.overloaded())
    async with opened_chat(script) as opened:
        with capture_logs() as logs:
            await opened.ask(text="my secret question")
    failed, finished = logs
    assert (failed["event"], failed["status"], failed["error"]) == (
        "model_call_failed",
        503,
        "ProviderUnavailable",
    )
    assert (failed["log_level"], finished["log_level"]) == ("warning", "debug")
    assert finished["event"] == "model_call_finished"
    assert finished["trace_id"].startswith("ti_")
    assert finished["tokens"] > 0
    assert "secret" not in str(logs)
    assert KEY not in str(logs)


def test_backoff_has_full_jitter_and_honours_retry_after() -> None:
    """Between nothing and twice as much each time; what the provider asks for is the least."""
    busy = ProviderUnavailable("x")
    assert [backoff_seconds(busy, tries=tries, random=lambda: 1.0) for tries in (1, 2, 3, 9)] == [
        0.5,
        1.0,
        2.0,
        20.0,
    ]
    assert backoff_seconds(busy, tries=9, random=lambda: 0.0) == 0.0
    asked = ProviderUnavailable("x", retry_after_seconds=4.0)
    assert 4.0 <= backoff_seconds(asked, tries=1, random=lambda: 0.9) <= 5.0


def _limited(**more: Any) -> ProviderError:
    return ProviderUnavailable("x", status=429, **more)


def test_cool_downs_grow_while_the_limit_holds() -> None:
    """One pause for all calls that were under way, a longer one when the next call is refused too."""
    clock = FakeClock()
    cool = CoolDowns(clock=clock, random=lambda: 0.0)
    cool.note_failure("m", ProviderUnavailable("x", status=503))
    assert not cool.is_cooling("m")
    for _ in range(5):
        cool.note_failure("m", _limited())
    assert cool.wait_seconds("m") == 1.0
    clock.seconds += 1.0
    assert not cool.is_cooling("m")
    cool.note_failure("m", _limited())
    assert cool.wait_seconds("m") == 2.0
    cool.note_failure("m", _limited(retry_after_seconds=9.0))
    assert cool.wait_seconds("m") == 9.0
    cool.note_served("m")
    assert not cool.is_cooling("m")
    assert cool.wait_seconds("other") == 0.0


def test_a_route_skips_only_to_a_model_that_is_free() -> None:
    """When all are busy the first one stays."""
    route = Route(["a", "b", "a", "c"])
    route.skip(lambda model: True)
    assert route.model == "a"
    route.skip(lambda model: model in "ab")
    assert route.model == "c"
    assert not route.has_next
    route.add_successor("c")
    assert not route.advance()
