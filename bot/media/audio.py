"""Hears and writes recordings off the event loop, in a few threads for all chats together."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, asynccontextmanager, closing
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from bot.media.decode import Sound, SoundInfo, open_sound
from bot.media.encode import VoiceForm, VoiceNote, VoiceWriter
from bot.media.faults import AudioFault, UnusableAudio
from bot.media.pieces import PieceLimits
from bot.media.recording import Heard, Piece, cut_recording
from bot.media.threads import background_threads
from bot.media.voice_activity import VoiceDetector, load_voice_detector

__all__ = ["Audio", "Recording", "Speaking"]

_T = TypeVar("_T")
_LONGEST_SECONDS: Final = 4 * 3_600.0
_THREADS: Final = 2
_RECORDINGS: Final = 16
# A step ends within a block of a recording or a piece of speech; a machine in trouble may take longer.
_LAST_STEP_SECONDS: Final = 60.0


class _Desk:
    """Runs the blocking steps of one job, one after another; what they opened is closed at the end."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads
        self._step: Future[Any] | None = None
        self.files = ExitStack()

    async def do(self, step: Callable[..., _T], *arguments: Any) -> _T:
        """Run ``step`` in a thread. Cancelled, it is left alone if it runs and dropped if it waits."""
        self._step = job = self._threads.submit(step, *arguments)
        try:
            return await asyncio.shield(asyncio.wrap_future(job))
        except asyncio.CancelledError:
            job.cancel()
            raise

    async def clear(self) -> None:
        """Wait for the last step, then close the files."""
        await asyncio.shield(asyncio.to_thread(self._clear))

    def _clear(self) -> None:
        if self._step is not None:
            wait([self._step], timeout=_LAST_STEP_SECONDS)
        self.files.close()

    def make_folder(self) -> Path:
        """A folder that goes with the job. Blocking."""
        return Path(self.files.enter_context(tempfile.TemporaryDirectory(prefix="parley-audio-")))


class _End(Enum):
    OF_RECORDING = "end"


class Recording:
    """An open recording: what it says about itself, and its pieces. See ``Audio.open_recording``."""

    def __init__(self, *, info: SoundInfo, steps: Iterator[Piece | None], heard: Heard, desk: _Desk) -> None:
        self.info = info
        self.heard = heard
        self._steps = steps
        self._desk = desk

    async def pieces(self) -> AsyncIterator[Piece]:
        """The stretches of speech in order, each as soon as it is cut; none where nobody speaks.

        ``heard`` grows meanwhile. Nothing is decoded while nobody asks for the next. Raises UnusableAudio.
        """
        while not isinstance(piece := await self._desk.do(next, self._steps, _End.OF_RECORDING), _End):
            if piece is not None:
                yield piece


class Speaking:
    """A voice note being written. See ``Audio.open_voice_note``."""

    def __init__(self, writer: VoiceWriter, desk: _Desk) -> None:
        self._writer = writer
        self._desk = desk

    async def add(self, speech: bytes, *, pcm_rate: int | None = None) -> float:
        """Append one piece of speech, gaplessly; gives its seconds. See ``VoiceWriter.add``."""
        return await self._desk.do(partial(self._writer.add, speech, pcm_rate=pcm_rate))

    async def finish(self) -> VoiceNote:
        """The whole note. Raises UnusableAudio when nothing was added."""
        return await self._desk.do(self._writer.finish)


class Audio:
    """All work on recordings. Close it, or use it under ``async with``.

    ``longest_seconds`` is what one recording may last. At most ``threads`` decode and encode at a time,
    recordings taking turns every few seconds of sound; ``recordings`` are open at a time, each with up to
    one piece (4 MB) in memory, and more wait.
    """

    def __init__(
        self,
        *,
        longest_seconds: float = _LONGEST_SECONDS,
        threads: int = _THREADS,
        recordings: int = _RECORDINGS,
    ) -> None:
        self._longest_seconds = longest_seconds
        self._threads = background_threads(threads, name="audio")
        # Downloads must not wait behind decoding.
        self._file_threads = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="audio-files")
        self._places = asyncio.Semaphore(recordings)
        self._loading = threading.Lock()
        self._detector: VoiceDetector | None = None

    @asynccontextmanager
    async def keep(self, chunks: AsyncIterable[bytes], *, most_bytes: int) -> AsyncIterator[Path]:
        """The bytes of a download as a file, which is deleted on leaving.

        Raises UnusableAudio (TOO_LARGE) as soon as more than ``most_bytes`` came.
        """
        async with self._desk(self._file_threads) as desk:
            path = await desk.do(desk.make_folder) / "recording"
            await self._write(chunks, path, most_bytes, desk)
            yield path

    async def inspect(self, path: Path) -> SoundInfo:
        """What the file at ``path`` says about itself; nothing is decoded. Raises UnusableAudio."""
        async with self._desk(self._file_threads) as desk:
            return (await desk.do(self._open, path, desk)).info

    @asynccontextmanager
    async def open_recording(
        self, path: Path, *, limits: PieceLimits | None = None
    ) -> AsyncIterator[Recording]:
        """Open the recording at ``path`` to get its speech in pieces.

        Waits while too many are open. On leaving decoding stops and the pieces' files are deleted. Raises
        UnusableAudio.
        """
        heard = Heard()
        async with self._places, self._desk(self._threads) as desk:
            sound = await desk.do(self._open, path, desk)
            steps = cut_recording(
                sound,
                detector=await desk.do(self._load_detector),
                limits=limits or PieceLimits(),
                folder=await desk.do(desk.make_folder),
                heard=heard,
            )
            yield Recording(info=sound.info, steps=steps, heard=heard, desk=desk)

    @asynccontextmanager
    async def open_voice_note(self, form: VoiceForm) -> AsyncIterator[Speaking]:
        """Write a voice note from pieces of speech as they come."""
        async with self._desk(self._threads) as desk:
            writer = await desk.do(lambda: desk.files.enter_context(closing(VoiceWriter(form))))
            yield Speaking(writer, desk)

    async def close(self) -> None:
        """End the threads once their present work is done. Safe to call twice."""
        for threads in (self._threads, self._file_threads):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @asynccontextmanager
    async def _desk(self, threads: ThreadPoolExecutor) -> AsyncIterator[_Desk]:
        desk = _Desk(threads)
        try:
            yield desk
        finally:
            await desk.clear()

    async def _write(self, chunks: AsyncIterable[bytes], path: Path, most_bytes: int, desk: _Desk) -> None:
        file = await desk.do(lambda: desk.files.enter_context(path.open("wb")))
        size = 0
        async for chunk in chunks:
            size += len(chunk)
            if size > most_bytes:
                raise UnusableAudio(AudioFault.TOO_LARGE, f"more than {most_bytes} bytes")
            await desk.do(file.write, chunk)
        await desk.do(file.flush)

    def _open(self, path: Path, desk: _Desk) -> Sound:
        return desk.files.enter_context(open_sound(path, longest_seconds=self._longest_seconds))

    def _load_detector(self) -> VoiceDetector:
        with self._loading:
            if self._detector is None:
                self._detector = load_voice_detector()
            return self._detector
