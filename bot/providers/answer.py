"""Keeps the account of one logical answer over all its calls: what was given and must not come again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from bot.events import FinishReason, TextDelta, ThinkingDelta, Usage
from bot.providers.assembler import Delta, Ending
from bot.providers.errors import EmptyAnswer, StartedOver
from bot.providers.seam import Seam

__all__ = ["Answer"]


class Answer:
    """The answer as a person has seen it, beginning with ``resume_from``.

    ``grew`` tells whether the present call brought new text. ``usage`` sums all calls.
    """

    def __init__(self, resume_from: str) -> None:
        self._parts = [resume_from] if resume_from else []
        self._seam: Seam | None = None
        self._thought = False
        self._mutes_thinking = bool(resume_from)
        self.grew = False
        self.usage = Usage()

    @property
    def shown(self) -> str:
        """All text the person has."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def begin_call(self, seam: Seam | None) -> None:
        """A call begins; ``seam`` joins its text to ``shown``, None when nothing is shown."""
        self._seam = seam
        self._mutes_thinking = self._thought or bool(self._parts)
        self.grew = False

    def admit(self, events: Iterable[Delta]) -> list[Delta]:
        """Those of a call's ``events`` that are new to the person. Raises StartedOver."""
        admitted: list[Delta] = []
        for event in events:
            match event:
                case TextDelta():
                    admitted += self._admit_text(event)
                case ThinkingDelta():
                    self._thought = True
                    if not self._mutes_thinking:
                        admitted.append(event)
                case _:
                    assert_never(event)
        return admitted

    def end_call(self) -> list[Delta]:
        """The text that was held back at the seam, now that the call has ended. Raises StartedOver."""
        return self._give(self._seam.flush()) if self._seam is not None else []

    def require_content(self, ending: Ending, *, model: str, trace_id: str) -> None:
        """Raise EmptyAnswer when the calls so far said nothing at all."""
        filtered = ending.finish_reason is FinishReason.CONTENT_FILTER
        if not (ending.calls or filtered or self.shown.strip()):
            raise EmptyAnswer("the model said nothing", model=model, trace_id=trace_id)

    def _admit_text(self, event: TextDelta) -> list[Delta]:
        if self._seam is None or self._seam.is_open:
            self._parts.append(event.text)
            self.grew = True
            return [event]
        return self._give(self._seam.feed(event.text))

    def _give(self, text: str) -> list[Delta]:
        if self._seam is not None and self._seam.restarted:
            raise StartedOver("the model began its answer anew instead of going on")
        if not text:
            return []
        self._parts.append(text)
        self.grew = True
        return [TextDelta(text=text)]
