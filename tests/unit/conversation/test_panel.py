"""Several models' answers as one stream, which can be cut anywhere and goes on as if nothing had happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation.models.comparison import Excuses, Section, comparison_openings, split_sections
from bot.conversation.models.panel import Panel
from bot.errors import ProviderRefused, ProviderUnavailable
from bot.events import Completed, FinishReason, ModelEvent, TextDelta, ThinkingDelta, Usage
from bot.ports import ChatRequest, ToolSpec, UserMessage

A, B, C = "v/Alpha", "v/Beta", "v/Gamma"
EXCUSES = Excuses.marked(silent="⚠ It said nothing.", broken="⚠ It broke off.")
TOOL = ToolSpec(name="clock", description="The time", parameters={})


@dataclass(kw_only=True)
class Choir:
    """A ChatModel of several models, each with its text. ``fails`` are cut after so many characters.

    ``paused`` models wait for their event before they say anything; ``strict`` ones continue their own text
    only.
    """

    texts: Mapping[str, str]
    fails: Mapping[str, int] = field(default_factory=dict)
    paused: Mapping[str, asyncio.Event] = field(default_factory=dict)
    pieces: int = 5
    strict: bool = True
    asked: list[ChatRequest] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def sees(self, model: str) -> bool:
        return model == A

    def context_tokens(self, model: str) -> int:
        return len(model)

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        self.asked.append(request)
        return aclosing(self._say(request))

    async def _say(self, request: ChatRequest) -> AsyncGenerator[ModelEvent, None]:
        (model,) = request.models
        try:
            if model in self.paused:
                await self.paused[model].wait()
            yield ThinkingDelta(text="hm")
            said = request.resume_from.replace("\u2060", "")
            if not self.texts[model].startswith(said):
                assert not self.strict, f"{model} is to continue {said!r}"
                said = ""
            stop = self.fails.get(model, len(self.texts[model]))
            for start in range(len(said), stop, self.pieces):
                await asyncio.sleep(0)
                yield TextDelta(text=self.texts[model][start : min(start + self.pieces, stop)])
            if model in self.fails:
                raise ProviderUnavailable("overloaded", model=model)
            yield Completed(finish_reason=FinishReason.STOP, model=model, usage=Usage(completion=10))
        finally:
            self.left.append(model)


def request_for(*, resume_from: str = "") -> ChatRequest:
    return ChatRequest(
        models=("v/Another",), messages=(UserMessage(text="?"),), tools=(TOOL,), resume_from=resume_from
    )


async def told(choir: Choir, models: Sequence[str], *, resume_from: str = "") -> tuple[str, Completed]:
    """The text that follows ``resume_from``, and the end."""
    text, end = "", None
    async with Panel(model=choir, models=models, excuses=EXCUSES).stream(
        request_for(resume_from=resume_from)
    ) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                assert event.text
                text += event.text
            elif isinstance(event, Completed):
                end = event
            else:
                pytest.fail(f"{event} is not for a comparison")
    assert end is not None
    return text, end


async def test_every_answer_stands_under_its_models_name() -> None:
    """In the order asked for, tokens summed; no tools, no thinking."""
    choir = Choir(texts={A: "first", B: "second answer", C: "third"})
    text, end = await told(choir, (A, B, C))
    assert text == "## ① Alpha\n\nfirst\n\n## ② Beta\n\nsecond answer\n\n## ③ Gamma\n\nthird"
    assert split_sections(text) == (
        Section(title="① Alpha", text="first"),
        Section(title="② Beta", text="second answer"),
        Section(title="③ Gamma", text="third"),
    )
    assert end.usage == Usage(completion=30)
    assert [(asked.models, asked.tools) for asked in choir.asked] == [((A,), ()), ((B,), ()), ((C,), ())]


async def test_all_are_asked_at_once_and_the_first_is_told_as_it_comes() -> None:
    """While the first model waits, the others have spoken already; nothing of theirs comes before it."""
    gate = asyncio.Event()
    choir = Choir(texts={A: "slow", B: "quick"}, paused={A: gate})
    async with Panel(model=choir, models=(A, B), excuses=EXCUSES).stream(request_for()) as events:
        first = asyncio.ensure_future(anext(events))
        async with asyncio.timeout(10):
            while choir.left != [B]:  # noqa: ASYNC110 - a stream that ends rings no bell
                await asyncio.sleep(0)
            assert not first.done()
            gate.set()
            assert await first == TextDelta(text="## ① Alpha\n\nslow")


async def test_one_that_fails_is_excused_in_its_place() -> None:
    """From the first word or half-way: the others are not spoiled."""
    choir = Choir(texts={A: "x", B: "half and half", C: "good"}, fails={A: 0, B: 5})
    text, end = await told(choir, (A, B, C))
    assert [section.text for section in split_sections(text)] == [
        EXCUSES.silent,
        f"half \n\n{EXCUSES.broken}",
        "good",
    ]
    assert end.model == C


async def test_when_all_fail_nothing_is_shown_and_the_first_error_is_raised() -> None:
    """As with a single model that fails, so that its remedies hold."""
    choir = Choir(texts={A: "x", B: "y"}, fails={A: 0, B: 0})
    shown = []
    with pytest.raises(ProviderUnavailable) as failed:
        async with Panel(model=choir, models=(A, B), excuses=EXCUSES).stream(request_for()) as events:
            shown += [event async for event in events]
    assert shown == []
    assert failed.value.model == A


async def test_a_model_that_says_nothing_is_excused_too() -> None:
    """Its stream ends properly, without a word."""
    text, _ = await told(Choir(texts={A: "", B: "b"}), (A, B))
    assert [section.text for section in split_sections(text)] == [EXCUSES.silent, "b"]
    with pytest.raises(ProviderRefused):
        await told(Choir(texts={A: "", B: ""}), (A, B))


async def test_leaving_ends_every_call() -> None:
    """Also those whose answers nobody has read yet."""
    never = asyncio.Event()
    choir = Choir(texts={A: "aaa", B: "b", C: "c"}, paused={B: never, C: never})
    async with Panel(model=choir, models=(A, B, C), excuses=EXCUSES).stream(request_for()) as events:
        await anext(events)
    assert sorted(choir.left) == [A, B, C]


async def test_a_defect_is_not_taken_for_a_failed_model() -> None:
    """What no model should raise comes out as it is."""

    class Broken(Choir):
        def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
            raise RuntimeError("a defect")

    with pytest.raises(RuntimeError, match="a defect"):
        await told(Broken(texts={}), (A, B))


async def test_only_what_is_missing_is_asked_for_after_a_cut() -> None:
    """The first stands whole, the second goes on, the third is asked anew."""
    choir = Choir(texts={A: "first", B: "second", C: "third"})
    shown = "## ① Alpha\n\nfirst\n\n## ② Beta\n\nsec"
    text, _ = await told(choir, (A, B, C), resume_from=shown)
    assert text == "ond\n\n## ③ Gamma\n\nthird"
    assert [(asked.models, asked.resume_from) for asked in choir.asked] == [((B,), "sec"), ((C,), "")]


async def test_a_comparison_that_stands_whole_but_for_its_failures_ends_well() -> None:
    """The rest fails after a restart: what stands there is still an answer."""
    choir = Choir(texts={A: "first", B: "second"}, fails={B: 0})
    shown = "## ① Alpha\n\nfirst\n\n## ② Beta\n\n"
    text, end = await told(choir, (A, B), resume_from=shown)
    assert text == EXCUSES.silent
    assert end.finish_reason is FinishReason.STOP


async def test_names_that_would_be_the_same_are_told_apart() -> None:
    """By their whole ids; a paid twin keeps its mark anyway."""
    assert comparison_openings(("a/Same", "b/Same")) == ("## ① a/Same\n\n", "\n\n## ② b/Same\n\n")
    assert comparison_openings((A, f"Pro/{A}"))[1] == "\n\n## ② Pro/Alpha\n\n"


async def test_what_a_panel_cannot_say_itself_it_asks_the_model() -> None:
    """How much a model reads, and whether it sees."""
    panel = Panel(model=Choir(texts={}), models=(A, B), excuses=EXCUSES)
    assert (panel.context_tokens(A), panel.sees(A), panel.sees(B)) == (len(A), True, False)


WORDS = st.text(alphabet="ab \n#*`|中②⚠", max_size=24)
FORGERIES = st.sampled_from(
    ["## ② Beta\n\n", "\n\n## ② Beta\n\nme too", "x\n\n## ① Alpha\n\n", "## ④", "\n## ③ "]
)
ANSWERS = st.lists(st.one_of(WORDS, FORGERIES), min_size=1, max_size=4).map("".join).filter(bool)


@settings(max_examples=300, deadline=None)
@given(answers=st.tuples(ANSWERS, ANSWERS, ANSWERS), pieces=st.integers(1, 9))
async def test_no_answer_can_pass_for_another_models(answers: tuple[str, str, str], pieces: int) -> None:
    """Whatever models write, headings among it, there are as many sections as models, with their words."""
    choir = Choir(texts=dict(zip((A, B, C), answers, strict=True)), pieces=pieces)
    text, _ = await told(choir, (A, B, C))
    found = split_sections(text)
    assert [section.title for section in found] == ["① Alpha", "② Beta", "③ Gamma"]
    assert tuple(section.text.replace("\u2060", "") for section in found) == answers


@settings(max_examples=400, deadline=None)
@given(
    answers=st.tuples(ANSWERS, ANSWERS, ANSWERS),
    failing=st.dictionaries(st.sampled_from((A, B)), st.integers(0, 9), max_size=2),
    data=st.data(),
)
async def test_a_text_cut_anywhere_is_completed_as_if_it_had_not_been(
    answers: tuple[str, str, str], failing: Mapping[str, int], data: st.DataObject
) -> None:
    """Cut after any character, and once more: what is added makes it the text it would have been."""
    texts = dict(zip((A, B, C), answers, strict=True))
    fails = {model: min(length, len(texts[model])) for model, length in failing.items()}
    whole, _ = await told(Choir(texts=texts, fails=fails), (A, B, C))
    cut = data.draw(st.integers(0, len(whole)))
    again = data.draw(st.integers(cut, len(whole)))
    for shown in (whole[:cut], whole[:again]):
        rest, _ = await told(Choir(texts=texts, fails=fails, pieces=3), (A, B, C), resume_from=shown)
        assert shown + rest == whole


@settings(max_examples=200, deadline=None)
@given(shown=st.one_of(WORDS, ANSWERS))
async def test_a_text_that_no_panel_wrote_does_no_harm(shown: str) -> None:
    """Every model gets its section behind it."""
    text, _ = await told(Choir(texts={A: "first", B: "second"}, strict=False), (A, B), resume_from=shown)
    assert text.endswith("second")
