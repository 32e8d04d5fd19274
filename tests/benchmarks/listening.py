"""How long a listener waits: from the question to the voice note's arrival, by the answer's length.

A program of its own (``python -m tests.benchmarks.listening``): here the provider takes its time to speak,
and the voice note is what is waited for. The real service runs between it and Telegram.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvloop

from bot.sandbox import AudioScript, HeardFile, Reply, Samples, Sandbox
from bot.sandbox.audio_speech_request import SpeechBody
from tests.e2e.brain import Brain
from tests.e2e.conftest import settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, Message, PrivateChat

SENTENCES: Final = {"short": 2, "medium": 8, "long": 30}
_FIRST_TOKEN_SECONDS: Final = 0.5
_WAIT_SECONDS: Final = 180.0
_SENTENCE: Final = "Sentence {} tells the listener one more thing about the old river and about its bridge. "
_BYTES_A_SAMPLE: Final = 2


class PacedVoice:
    """An AudioBackend that speaks tones as long as speech, and takes ``factor`` of their length for it."""

    def __init__(self, *, factor: float) -> None:
        self.spoken_bytes = 0
        self._script = AudioScript()
        self._factor = factor

    async def hear(self, file: HeardFile) -> str:
        """See AudioBackend.hear."""
        return await self._script.hear(file)

    async def say(self, body: SpeechBody) -> Samples:
        """See AudioBackend.say; what is broken off half-way is counted too, since it is paid for."""
        self.spoken_bytes += len(body.spoken_text.encode())
        samples = await self._script.say(body)
        await asyncio.sleep(self._factor * len(samples.samples) / _BYTES_A_SAMPLE / samples.rate)
        return samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Seconds from a question to its whole text and to its voice note, and how much was spoken for it."""

    text: float
    voice: float
    spoken: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """A service between a platform and a provider that speaks at a pace."""

    telegram: FakeTelegram
    brain: Brain
    voice: PacedVoice

    async def wait(self, sentences: int, *, tokens_per_second: float) -> Waits:
        """Ask in a new chat where every answer is spoken. ``spoken`` is 1.0 when all was, once."""
        chat = self.telegram.private(self.telegram.person("Ann"))
        await chat.say("/voice always")
        await self._until(lambda: bool(chat.texts))
        text = "".join(_SENTENCE.format(number) for number in range(1, sentences + 1)).strip()
        self._teach(sentences, text, tokens_per_second)
        before, asked = self.voice.spoken_bytes, time.monotonic()
        await chat.say(f"Tell me {sentences} sentences")
        last = text[text.rindex("Sentence") :]
        await self._until(lambda: last in chat.texts[-1])
        written = time.monotonic()
        await self._until(lambda: bool(_voices(chat)))
        heard, spoken = time.monotonic(), self.voice.spoken_bytes - before
        return Waits(text=written - asked, voice=heard - asked, spoken=spoken / len(text.encode()))

    def _teach(self, sentences: int, text: str, tokens_per_second: float) -> None:
        reply = Reply(
            text=text,
            tokens_per_second=tokens_per_second,
            first_token_delay_seconds=_FIRST_TOKEN_SECONDS if tokens_per_second else 0,
        )
        self.brain.teach(f" {sentences} sentences", reply)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        await self.telegram.until(is_so, seconds=_WAIT_SECONDS)


@asynccontextmanager
async def open_listening(*, factor: float) -> AsyncIterator[Listening]:
    """All of it, on loopback."""
    telegram, brain, voice = FakeTelegram(flood="off"), Brain(), PacedVoice(factor=factor)
    with tempfile.TemporaryDirectory(prefix="parley-listening-") as folder:
        async with telegram, Sandbox(script=brain, audio=voice) as provider:
            service = Service(Path(folder), settings_for(telegram, provider))
            try:
                await service.start()
                yield Listening(telegram=telegram, brain=brain, voice=voice)
            finally:
                await service.aclose()


def _voices(chat: PrivateChat) -> list[Message]:
    return [message for message in chat.bot_messages if message.kind == "voice"]


async def _measure(options: argparse.Namespace) -> None:
    for factor in options.factor:
        async with open_listening(factor=factor) as listening:
            await listening.wait(1, tokens_per_second=0)
            for pace in options.pace:
                for name, count in SENTENCES.items():
                    runs = [await listening.wait(count, tokens_per_second=pace) for _ in range(options.runs)]
                    sys.stdout.write(_row(f"|{factor:g}|{pace:g}|{name}", runs))
                    sys.stdout.flush()


def _row(title: str, runs: Sequence[Waits]) -> str:
    text = statistics.median(run.text for run in runs)
    voice = statistics.median(run.voice for run in runs)
    spoken = statistics.median(run.spoken for run in runs)
    return f"{title}|{text:.1f}|{voice:.1f}|{spoken:.2f}|\n"


def main(arguments: Sequence[str]) -> None:
    """Measure and print the rows of a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.listening", description=__doc__)
    parser.add_argument("--factor", type=float, action="append", help="seconds it takes to speak one second")
    parser.add_argument("--pace", type=float, action="append", help="the model's tokens a second")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args(arguments)
    options.factor, options.pace = options.factor or [0.1, 0.2, 0.3], options.pace or [40.0, 80.0]
    sys.stdout.write("|factor|tokens/s|answer|text s|voice s|spoken|\n|-|-|-|-|-|-|\n")
    uvloop.run(_measure(options))


if __name__ == "__main__":
    main(sys.argv[1:])
