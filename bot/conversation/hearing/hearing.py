"""Hears recordings: each is written down once, however many ask and whatever interrupts it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from bot.conversation.groups.overhearing import Stores
from bot.conversation.perceiving.fetched import Fetches
from bot.conversation.perceiving.senses import Senses
from bot.errors import PlatformBusy, PlatformUnclear
from bot.media import Piece, Recording
from bot.messages import Attachment, ConversationKey
from bot.ports import Adapter, Clock, TranscriptionRequest
from bot.storage import transcripts
from bot.storage.transcripts import Passage, Transcript

__all__ = ["Hearing", "Listening", "Sound"]

log = structlog.get_logger(__name__)

# Telegram's own server hands out files of up to 2,000 MB (facts: platforms §1.6).
_MOST_BYTES: Final = 2_000 * 1024 * 1024
_PIECES_AT_ONCE: Final = 3
_CALLS_AT_ONCE: Final = 8
_RECORDINGS_AT_ONCE: Final = 16
_FETCHES: Final = 3
_FETCH_AGAIN_SECONDS: Final = 2.0

_Name = tuple[str, str, str]
"""Account, file and model: what is heard once at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A recording somebody sent, to be heard where ``persona_models`` are asked before the service's own.

    ``model`` is what somebody chose, to hear it anew; empty takes any transcript there is. ``files`` has its
    bytes where others read them too.
    """

    attachment: Attachment
    key: ConversationKey
    adapter: Adapter
    model: str = ""
    persona_models: tuple[str, ...] = ()
    files: Fetches | None = None

    @property
    def unique_id(self) -> str:
        """The same for the same file, whoever sends it."""
        return self.attachment.unique_id or self.attachment.file_id


class Listening:
    """A recording being heard, for everybody who waits for its words."""

    def __init__(self, transcript: Transcript) -> None:
        self._transcript = transcript
        self._passages = {passage.number: passage for passage in transcript.passages}
        self._changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self.listeners = 0

    @property
    def transcript(self) -> Transcript:
        """What is known so far; of the words those before which none is missing."""
        return self._transcript

    async def changes(self) -> AsyncIterator[Transcript]:
        """What is known now, and again whenever it has become more, to the whole.

        Raises UnusableAudio, DeliveryError, ProviderError and StorageError; what was heard before is kept.
        """
        while True:
            changed, over = self._changed, self.task is None or self.task.done()
            yield self._transcript
            if over:
                if self.task is not None:
                    self.task.result()
                return
            await changed.wait()

    def begin(self, transcript: Transcript) -> None:
        """This much was heard by an earlier process."""
        self._passages |= {passage.number: passage for passage in transcript.passages}
        self._put(transcript)

    def expect(self, seconds: float | None) -> None:
        """The recording says that it is so long."""
        if seconds:
            self._put(replace(self._transcript, seconds=seconds))

    def add(self, passage: Passage) -> None:
        """The words of one stretch are known."""
        self._passages[passage.number] = passage
        self._put(self._transcript)

    def holds(self, number: int) -> bool:
        """Whether the words of a stretch are known."""
        return number in self._passages

    def end(self, seconds: float) -> None:
        """All of it was heard."""
        self._put(replace(self._transcript, seconds=seconds, complete=True))

    def touch(self) -> None:
        """Wake everybody who waits."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _put(self, transcript: Transcript) -> None:
        """Only what joins on to the beginning: text that appears above what was read already is not found."""
        joined = 0
        while joined in self._passages:
            joined += 1
        passages = tuple(self._passages[number] for number in range(joined))
        self._transcript = replace(transcript, passages=passages)
        self.touch()


class Hearing:
    """Shared by all conversations; nothing to close. What nobody waits for any more is not heard on."""

    def __init__(self, *, senses: Senses, database: Stores, clock: Clock) -> None:
        self._senses = senses
        self._database = database
        self._clock = clock
        self._calls = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._places = asyncio.Semaphore(_RECORDINGS_AT_ONCE)
        self._open: dict[_Name, Listening] = {}

    def models(self, persona_models: Sequence[str]) -> tuple[str, ...]:
        """Who is asked, in this order, where a persona has these of its own."""
        return tuple(dict.fromkeys((*persona_models, *self._senses.hearing_models)))

    def another(self, model: str, persona_models: Sequence[str]) -> str:
        """Who can hear what ``model`` heard before: the next one in turn; empty when there is none."""
        models = self.models(persona_models)
        place = models.index(model) + 1 if model in models else 0
        found = models[place % len(models)]
        return found if found != model else ""

    @asynccontextmanager
    async def listen(self, sound: Sound) -> AsyncIterator[Listening]:
        """Hear a recording, or join those who wait for it already; one that was heard is there at once.

        A recording is heard by one model, whichever others the personas of other chats have, until somebody
        chooses another. Raises StorageError.
        """
        known = await self._database.read(
            partial(transcripts.transcript_of, key=sound.key, unique_id=sound.unique_id, model=sound.model)
        )
        if known is not None and known.complete:
            yield Listening(known)
            return
        sound = replace(sound, model=self._model(sound, known))
        name = (sound.key.sender, sound.unique_id, sound.model)
        listening = self._join(name, sound)
        try:
            yield listening
        finally:
            await self._leave(name, listening)

    async def whole(
        self,
        sound: Sound,
        *,
        note: Callable[[int], Awaitable[None]],
        tell: Callable[[Transcript], None] = lambda _: None,
    ) -> Transcript:
        """All that is said in a recording. Raises what Listening.changes does.

        ``note`` is called with the transcript's number before anything is stored in it, ``tell`` with what
        is known each time that it has become more.
        """
        noted = False
        async with self.listen(sound) as listening:
            async for transcript in listening.changes():
                if transcript.id and not noted:
                    await note(transcript.id)
                    noted = True
                tell(transcript)
            return listening.transcript

    def _model(self, sound: Sound, known: Transcript | None) -> str:
        """Who hears it: whoever began, else whom the persona or the service asks first."""
        if known is not None:
            return known.model
        if sound.model:
            return sound.model
        file = (sound.key.sender, sound.unique_id)
        begun = next((model for *other, model in self._open if tuple(other) == file), "")
        return begun or self.models(sound.persona_models)[0]

    def _join(self, name: _Name, sound: Sound) -> Listening:
        listening = self._open.get(name)
        if listening is None:
            listening = self._open[name] = Listening(Transcript(id=0, model=sound.model))
            task = asyncio.create_task(self._hear(sound, listening), name=f"hear {sound.unique_id}")
            listening.task = task
            task.add_done_callback(lambda _: self._over(name, listening))
        listening.listeners += 1
        return listening

    def _over(self, name: _Name, listening: Listening) -> None:
        self._forget(name, listening)
        listening.touch()

    def _forget(self, name: _Name, listening: Listening) -> None:
        if self._open.get(name) is listening:
            del self._open[name]

    async def _leave(self, name: _Name, listening: Listening) -> None:
        """Whoever goes last ends it; what was heard is stored."""
        listening.listeners -= 1
        if listening.listeners == 0 and listening.task is not None:
            self._forget(name, listening)
            listening.task.cancel()
            await asyncio.gather(listening.task, return_exceptions=True)

    async def _hear(self, sound: Sound, listening: Listening) -> None:
        now = self._clock.now().timestamp()
        begun = await self._database.write(
            partial(
                transcripts.begin_transcript,
                key=sound.key,
                unique_id=sound.unique_id,
                model=sound.model,
                now=now,
            )
        )
        listening.begin(begun)
        if begun.complete:
            return
        async with self._places, AsyncExitStack() as stack:
            path = await self._fetch(sound, stack)
            recording = await stack.enter_async_context(self._senses.audio.open_recording(path))
            listening.expect(recording.info.duration_seconds)
            await self._write_down(sound, listening, recording)
        seconds = recording.heard.seconds
        await self._database.write(
            partial(transcripts.complete_transcript, transcript_id=begun.id, seconds=seconds)
        )
        listening.end(seconds)
        log.info(
            "recording_heard",
            seconds=round(seconds, 1),
            speech_seconds=round(recording.heard.speech_seconds, 1),
            pieces=len(listening.transcript.passages),
            model=sound.model,
        )

    async def _fetch(self, sound: Sound, stack: AsyncExitStack) -> Path:
        """The recording as a file, which goes with the ``stack``."""
        for left in reversed(range(_FETCHES)):
            try:
                async with (sound.files or sound.adapter).fetch(sound.attachment) as chunks:
                    return await stack.enter_async_context(
                        self._senses.audio.keep(chunks, most_bytes=_MOST_BYTES)
                    )
            except (PlatformBusy, PlatformUnclear) as exc:
                if not left:
                    raise
                log.info("recording_not_fetched", reason=str(exc), tries_left=left)
                wait = exc.retry_after_seconds if isinstance(exc, PlatformBusy) else _FETCH_AGAIN_SECONDS
                await self._clock.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _write_down(self, sound: Sound, listening: Listening, recording: Recording) -> None:
        places = asyncio.Semaphore(_PIECES_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                async for piece in recording.pieces():
                    if not listening.holds(piece.index):
                        await places.acquire()
                        group.create_task(
                            self._write_piece(sound, listening, piece, places),
                            name=f"hear piece {piece.index}",
                        )
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc

    async def _write_piece(
        self, sound: Sound, listening: Listening, piece: Piece, places: asyncio.Semaphore
    ) -> None:
        request = TranscriptionRequest(
            path=piece.path,
            models=tuple(dict.fromkeys((sound.model, *self.models(sound.persona_models)))),
            speech_seconds=piece.speech_seconds,
        )
        try:
            async with self._calls:
                said = await self._senses.hearing.transcribe(request)
        finally:
            places.release()
        await asyncio.to_thread(piece.path.unlink, missing_ok=True)
        passage = Passage(
            number=piece.index, start_seconds=piece.start_seconds, seconds=piece.seconds, text=said.text
        )
        await self._database.write(
            partial(transcripts.add_passage, transcript_id=listening.transcript.id, passage=passage)
        )
        listening.add(passage)
