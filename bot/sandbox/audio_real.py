"""Hears and speaks with real small models, loaded when they are first needed, off the event loop."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self, TypeVar

from bot.media import UnusableAudio
from bot.sandbox.audio_backend import HeardFile, Samples
from bot.sandbox.audio_speech_request import SpeechBody
from bot.sandbox.piper import Piper, load_piper
from bot.sandbox.refusals import SandboxError, coded
from bot.sandbox.whisper import Whisper, load_whisper

__all__ = ["RealAudio"]

Progress = Callable[[str], None]
_T = TypeVar("_T")
_PITCHES: Final = (1.0, 1.3)
_BREATH_SECONDS: Final = 0.25


class RealAudio:
    """An AudioBackend over Whisper and Piper. Close it, or use it under ``async with``.

    ``on_progress`` gets one line per step of loading, on the loop. One recording is heard and one text spoken
    at a time, others wait. Where the models are not installed a line says so and requests end with 500.
    """

    def __init__(self, *, threads: int | None = None, on_progress: Progress | None = None) -> None:
        self._model_threads = threads or max(1, _cores() - 1)
        self._say_line = on_progress or _say_nothing
        self._ears = ThreadPoolExecutor(max_workers=1, thread_name_prefix="whisper")
        self._mouth = ThreadPoolExecutor(max_workers=1, thread_name_prefix="piper")
        self._whisper: Whisper | None = None
        self._piper: Piper | None = None
        self._closed = False
        self._loading_whisper = asyncio.Lock()
        self._loading_piper = asyncio.Lock()

    async def hear(self, file: HeardFile) -> str:
        """The words in ``file``; a client that leaves stops it within half a minute of sound."""
        whisper = await self._load_whisper()
        stop = threading.Event()
        try:
            return await self._run(self._ears, lambda: whisper.hear(file.path, stop))
        except UnusableAudio as exc:
            raise coded(20044, f"The audio file is invalid: {exc.reason.value}.") from exc
        finally:
            stop.set()

    async def say(self, body: SpeechBody) -> Samples:
        """The text in Joe's voice, whatever was asked for; a dialogue's second speaker sounds higher."""
        piper = await self._load_piper()
        samples = await self._run(self._mouth, lambda: _say(piper, body))
        if not samples:
            raise coded(60000, "Nothing in the text can be spoken.", status=500)
        return Samples(samples=samples, rate=piper.rate)

    async def close(self) -> None:
        """End what is being heard and said, and unload the models. Safe to call twice."""
        self._closed = True
        for threads in (self._ears, self._mouth):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        self._whisper = self._piper = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _load_whisper(self) -> Whisper:
        async with self._loading_whisper:
            if self._whisper is None:
                self._say_line("loading the local speech model, once")
                self._whisper = await self._run(self._ears, lambda: load_whisper(threads=self._model_threads))
                self._say_line("the local speech model is ready")
            return self._whisper

    async def _load_piper(self) -> Piper:
        async with self._loading_piper:
            if self._piper is None:
                self._say_line("loading the local voice, once")
                self._piper = await self._run(self._mouth, load_piper)
                self._say_line("the local voice is ready")
            return self._piper

    async def _run(self, threads: ThreadPoolExecutor, step: Callable[[], _T]) -> _T:
        if self._closed:
            raise coded(50505, "Model service overloaded. Please try again later.", status=503)
        try:
            return await asyncio.get_running_loop().run_in_executor(threads, step)
        except SandboxError as exc:
            self._say_line(str(exc))
            raise coded(60000, str(exc), status=500) from exc


def _say(piper: Piper, body: SpeechBody) -> bytes:
    """Each line in its speaker's voice, with a breath between them. Blocking."""
    breath = bytes(2 * round(piper.rate * _BREATH_SECONDS))
    said = [
        piper.say(text, speed=body.speed, gain_decibels=body.gain_decibels, pitch=_PITCHES[speaker])
        for speaker, text in body.lines
    ]
    return breath.join(lines for lines in said if lines)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _say_nothing(_line: str) -> None:
    return None
