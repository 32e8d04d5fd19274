"""Asks several models at once and tells their answers in turn, as one stream that can be resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace

from bot.conversation.models.comparison import (
    GAP,
    MOST_MODELS,
    Excuses,
    Guard,
    Stand,
    StandsAt,
    comparison_openings,
    shared_beginning,
)
from bot.errors import ProviderError, ProviderRefused
from bot.events import Completed, FinishReason, ModelEvent, TextDelta, Usage
from bot.ports import ChatModel, ChatRequest

__all__ = ["Panel"]


class Panel:
    """A ChatModel that has all of its ``models``, at most MOST_MODELS, answer a request, whomever it names.

    The first answer is given as it comes, the others as soon as those before them are over. A model that
    fails is excused in its place; when all fail, the first error is raised. Tools are not offered, thinking
    is not shown. With ``resume_from`` only the models are asked whose answers it does not hold whole.
    """

    def __init__(self, *, model: ChatModel, models: Sequence[str], excuses: Excuses) -> None:
        self._model = model
        self._models = models
        self._excuses = excuses

    def sees(self, model: str) -> bool:
        """Whether the model takes pictures."""
        return self._model.sees(model)

    def context_tokens(self, model: str) -> int:
        """How many tokens of prompt and answer the model holds."""
        return self._model.context_tokens(model)

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        """All answers as one; see ChatModel.stream. Leaving ends every call."""
        return self._stream(request)

    @asynccontextmanager
    async def _stream(self, request: ChatRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        telling = _Telling(request, self._models, self._excuses)
        voices = [_Voice(self._model, asked) for asked in telling.requests]
        try:
            async with aclosing(telling.tell(voices)) as events:
                yield events
        finally:
            for voice in voices:
                voice.task.cancel()
            await asyncio.gather(*(voice.task for voice in voices), return_exceptions=True)


class _Voice:
    """One model's answer, taken in beside the others from the moment it is asked."""

    def __init__(self, model: ChatModel, request: ChatRequest) -> None:
        self.end: Completed | None = None
        self._model = model
        self._request = request
        self._texts: list[str] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._listen(), name=f"compare {request.models[0]}")
        self.task.add_done_callback(self._ended)

    async def texts(self) -> AsyncGenerator[str, None]:
        """What it has said since the last time, again and again to its end. Raises ProviderError."""
        while True:
            self._changed.clear()
            taken, self._texts = "".join(self._texts), []
            if taken:
                yield taken
            elif self.task.done():
                await self.task
                return
            else:
                await self._changed.wait()

    async def _listen(self) -> None:
        async with self._model.stream(self._request) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    self._texts.append(event.text)
                    self._changed.set()
                elif isinstance(event, Completed):
                    self.end = event

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._changed.set()
        if not task.cancelled():
            task.exception()  # told to whoever reads the texts; when nobody does, nobody has to know


class _Telling:
    """One comparison: what stands there already, and what has to follow."""

    def __init__(self, request: ChatRequest, models: Sequence[str], excuses: Excuses) -> None:
        models = models[:MOST_MODELS]
        self._openings = comparison_openings(models)
        self._excuses = excuses
        self._at = StandsAt.at_end_of(request.resume_from, self._openings, excuses)
        self._ahead = self._at.ahead
        self._held = ""
        self._begun = bool(request.resume_from)
        self._ends: list[Completed] = []
        self._error: ProviderError | None = None
        self._model = models[0]
        asked = range(self._at.place + self._is_excused, len(models))
        self.requests = [
            replace(request, models=(models[place],), tools=(), resume_from=self._body_of(place))
            for place in asked
        ]

    @property
    def _is_excused(self) -> bool:
        """Whether the section that was cut only lacks the end of its excuse."""
        return self._at.stand in (Stand.SILENT, Stand.BROKEN)

    def _body_of(self, place: int) -> str:
        return self._at.body if place == self._at.place else ""

    async def tell(self, voices: Sequence[_Voice]) -> AsyncGenerator[ModelEvent, None]:
        """The events of the whole. Raises the first error when every model failed."""
        if self._is_excused:
            excuse = self._excuses.silent if self._at.stand is Stand.SILENT else GAP + self._excuses.broken
            for event in self._show(excuse):
                yield event
        first = self._at.place + self._is_excused
        for place, voice in enumerate(voices, first):
            async with aclosing(self._section(place, voice)) as texts:
                async for text in texts:
                    for event in self._show(text):
                        yield event
        yield self._completed()

    async def _section(self, place: int, voice: _Voice) -> AsyncGenerator[str, None]:
        """One model's section: its heading with its first words, its words, its excuse if it fails."""
        is_open = place == self._at.place and self._at.stand is Stand.OPEN
        guard, said = Guard(self._body_of(place)), bool(self._body_of(place))
        try:
            async with aclosing(voice.texts()) as texts:
                async for text in texts:
                    self._begun = said = True
                    yield guard.feed(text) if is_open else self._openings[place] + guard.feed(text)
                    is_open = True
            if not said:
                raise ProviderRefused("the model said nothing", model=self._model)
            if voice.end is not None:
                self._ends.append(voice.end)
        except ProviderError as error:
            self._error = self._error or error
            excuse = GAP + self._excuses.broken if said else self._excuses.silent
            yield excuse if is_open else self._openings[place] + excuse

    def _show(self, text: str) -> list[TextDelta]:
        """The part of ``text`` that nobody has seen. Excuses wait until some model has said something."""
        self._held += text
        if not self._begun:
            return []
        text, self._held = self._held, ""
        known = shared_beginning(text, self._ahead)
        self._ahead = self._ahead[known:] if known == len(text) else ""
        return [TextDelta(text=text[known:])] if known < len(text) else []

    def _completed(self) -> Completed:
        if self._ends:
            cut = all(end.finish_reason is FinishReason.LENGTH for end in self._ends)
            usage = sum((end.usage for end in self._ends), Usage())
            reason = FinishReason.LENGTH if cut else FinishReason.STOP
            return replace(self._ends[0], finish_reason=reason, usage=usage)
        if self._error is not None and not self._at.answered:
            raise self._error
        return Completed(finish_reason=FinishReason.STOP, model=self._model)
