"""Writes transcripts as files: plain text with times, and subtitles in SubRip's form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from bot.conversation.hearing.transcript_view import clock_time
from bot.ports import OutgoingFile
from bot.storage.transcripts import Passage, Transcript

__all__ = ["as_srt", "as_txt"]

# Two lines of subtitles; wide characters take twice the room.
_LONGEST_LINE: Final = 84
_LONGEST_WIDE_LINE: Final = 32
_SENTENCE_END: Final = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？；])")
_WORD: Final = re.compile(r"\S+\s*")


def as_txt(transcript: Transcript, *, name: str) -> OutgoingFile:
    """The words, each stretch under the time at which it begins where there are several."""
    spoken = [passage for passage in transcript.passages if passage.text]
    marked = len(transcript.passages) > 1
    lines = [f"[{clock_time(one.start_seconds)}]\n{one.text}" if marked else one.text for one in spoken]
    return _file(f"{name}.txt", "text/plain", "\n\n".join(lines))


def as_srt(transcript: Transcript, *, name: str) -> OutgoingFile:
    """Subtitles. Within a stretch time is divided by how much is said: near enough to read by."""
    blocks = [
        f"{number}\n{_moment(start)} --> {_moment(end)}\n{text}"
        for number, (start, end, text) in enumerate(_subtitles(transcript), start=1)
    ]
    return _file(f"{name}.srt", "application/x-subrip", "\n\n".join(blocks))


def _file(name: str, mime: str, text: str) -> OutgoingFile:
    return OutgoingFile(name=name, mime=mime, data=f"{text}\n".encode())


def _subtitles(transcript: Transcript) -> Iterator[tuple[float, float, str]]:
    for passage in transcript.passages:
        yield from _divided(passage)


def _divided(passage: Passage) -> Iterator[tuple[float, float, str]]:
    lines = _lines(passage.text)
    total = sum(map(len, lines))
    said = 0
    for line in lines:
        start = passage.start_seconds + passage.seconds * said / total
        said += len(line)
        yield start, passage.start_seconds + passage.seconds * said / total, line


def _lines(text: str) -> list[str]:
    """Sentences, and parts of those that are too long for a screen."""
    limit = _LONGEST_LINE if " " in text[:200] else _LONGEST_WIDE_LINE
    sentences = (" ".join(part.split()) for part in _SENTENCE_END.split(text))
    return [line for sentence in sentences if sentence for line in _wrapped(sentence, limit)]


def _wrapped(sentence: str, limit: int) -> Iterator[str]:
    line = ""
    for word in _WORD.findall(sentence):
        if line and len(line) + len(word.rstrip()) > limit:
            yield line.rstrip()
            line = ""
        while len(word.rstrip()) > limit:
            yield word[:limit]
            word = word[limit:]
        line += word
    if line.strip():
        yield line.rstrip()


def _moment(seconds: float) -> str:
    milliseconds = max(0, round(seconds * 1000))
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"
