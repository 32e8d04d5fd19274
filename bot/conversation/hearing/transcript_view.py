"""Shows transcripts: a short one as a quotation, a long one folded away below what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.delivery import View
from bot.rendering import literal
from bot.storage.transcripts import Passage, Transcript
from bot.texts import say

__all__ = ["Look", "clock_time", "heading", "how_far", "is_long", "words_of"]

_LONG_CHARACTERS: Final = 600
_LONG_SECONDS: Final = 60.0
# What stands around the words: heading, summary, title, a closing remark.
_AROUND_CHARACTERS: Final = 700
_LEAST_CHARACTERS: Final = 400


def clock_time(seconds: float) -> str:
    """As on a player: 0:07, 12:03, 1:02:33."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def heading(speaker: str, seconds: float, *, model: str = "") -> str:
    """Who spoke and for how long, as Markdown; ``model`` where it matters who wrote it down."""
    parts = [f"**{literal(speaker)}**"] if speaker else []
    parts += [clock_time(seconds)] if seconds else []
    parts += [literal(model.rpartition("/")[2])] if model else []
    return f"🎙 {' · '.join(parts)}".strip()


def how_far(transcript: Transcript, language: str) -> str:
    """How much of a recording is heard, in a line."""
    heard = transcript.passages[-1] if transcript.passages else None
    if heard is None:
        return say("hearing_begins", language)
    if not transcript.seconds:
        return say("hearing_goes_on_openly", language)
    done = clock_time(heard.start_seconds + heard.seconds)
    return say("hearing_goes_on", language, heard=done, length=clock_time(transcript.seconds))


def is_long(transcript: Transcript) -> bool:
    """Whether it is too much to be read in passing."""
    return transcript.seconds > _LONG_SECONDS or len(transcript.text) > _LONG_CHARACTERS


def words_of(passages: Sequence[Passage], *, marked: bool) -> str:
    """The words as Markdown that shows just them; ``marked`` with the time at which each stretch begins."""
    spoken = [passage for passage in passages if passage.text]
    if not marked:
        return "\n\n".join(_plain(passage.text) for passage in spoken)
    return "\n\n".join(f"`{clock_time(passage.start_seconds)}` {_plain(passage.text)}" for passage in spoken)


def _plain(text: str) -> str:
    return literal(text, longest=len(text) + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One recording's reply. ``most_characters`` fit into a message; 0 shows everything.

    ``model`` is named where another than the usual one wrote it down. ``seconds`` is how long the platform
    says it is, until it was opened.
    """

    speaker: str
    language: str
    most_characters: int = 0
    model: str = ""
    seconds: float = 0.0

    def growing(self, transcript: Transcript, *, preview: str = "", platform: str = "") -> View:
        """While it is being heard: a line of progress, and the newest words with their times.

        Before there are any, ``preview`` is shown as what it is: what the ``platform`` heard itself.
        """
        heard = transcript.passages[-1] if transcript.passages else None
        if heard is None and preview:
            # Not as a status: a reply that only grows, as on Slack, leaves that out.
            remark = say("hearing_preliminary", self.language, platform=platform)
            parts = (self._heading(transcript), remark, _quotation(_plain(preview)))
            return View(markdown="\n\n".join(parts))
        words = words_of(self._newest(transcript.passages), marked=True)
        status = how_far(transcript, self.language)
        return View(markdown=f"{self._heading(transcript)}\n\n{words}", status=status)

    def whole(self, transcript: Transcript) -> View:
        """In its final form."""
        if not transcript.text:
            return View(markdown=f"{self._heading(transcript)}\n\n{say('hearing_silence', self.language)}")
        if not is_long(transcript):
            return View(markdown=_quotation(f"{self._heading(transcript)}  \n{self._words(transcript)}"))
        return self._folded(transcript, mark="")

    def broken_off(self, transcript: Transcript, reason: str) -> View:
        """Not all of it could be heard: what there is, and why it is not more."""
        if not transcript.text:
            return View(markdown=reason)
        return self._folded(transcript, mark=reason)

    def _heading(self, transcript: Transcript) -> str:
        return heading(self.speaker, transcript.seconds or self.seconds, model=self.model)

    def _words(self, transcript: Transcript) -> str:
        return words_of(transcript.passages, marked=False)

    def _folded(self, transcript: Transcript, *, mark: str) -> View:
        shown = self._oldest(transcript.passages)
        cut = sum(len(one.text) for one in shown) < sum(len(one.text) for one in transcript.passages)
        marks = (mark, say("transcript_cut", self.language) if cut else "")
        summary = "\n\n".join(_plain(line) for line in transcript.summary.splitlines() if line.strip())
        return View(
            markdown="\n\n".join(filter(None, (self._heading(transcript), summary))),
            folded=words_of(shown, marked=len(transcript.passages) > 1),
            folded_title=say("transcript_title", self.language),
            mark=" ".join(filter(None, marks)),
        )

    @property
    def _room(self) -> int:
        return (
            max(self.most_characters - _AROUND_CHARACTERS, _LEAST_CHARACTERS) if self.most_characters else 0
        )

    def _newest(self, passages: Sequence[Passage]) -> Sequence[Passage]:
        """The last words that fit; the last stretch from its middle if it alone is too much."""
        room = self._room
        if not room:
            return passages
        kept: list[Passage] = []
        for passage in reversed(passages):
            text = passage.text if len(passage.text) <= room else f"… {passage.text[-room:]}"
            room -= len(text)
            kept.insert(0, _with(passage, text))
            if room <= 0:
                break
        return kept

    def _oldest(self, passages: Sequence[Passage]) -> Sequence[Passage]:
        """The first words that fit."""
        room = self._room
        if not room:
            return passages
        kept: list[Passage] = []
        for passage in passages:
            text = passage.text if len(passage.text) <= room else f"{passage.text[:room]} …"
            room -= len(passage.text)
            kept.append(_with(passage, text))
            if room <= 0:
                break
        return kept


def _with(passage: Passage, text: str) -> Passage:
    return Passage(
        number=passage.number, start_seconds=passage.start_seconds, seconds=passage.seconds, text=text
    )


def _quotation(markdown: str) -> str:
    return "\n".join(f"> {line}" for line in markdown.splitlines())
