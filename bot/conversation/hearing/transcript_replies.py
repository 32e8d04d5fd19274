"""Writes a recording down in a reply that grows as it is heard, and is whole whatever interrupts it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Final

import structlog

from bot.conversation.hearing.ahead import Ahead
from bot.conversation.hearing.faults import why_not_heard
from bot.conversation.hearing.gist import Gists
from bot.conversation.hearing.hearing import Hearing, Listening, Sound
from bot.conversation.hearing.sources import Recorded
from bot.conversation.hearing.transcript_view import Look, is_long
from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.delivery import Draft, View
from bot.errors import ChatClosed, DeliveryError, ProviderError
from bot.media import UnusableAudio
from bot.messages import ChatKind
from bot.ports import Button, CancelReason, Clock, Turn
from bot.storage import ledger
from bot.storage.transcripts import Showing, Transcript, save_summary
from bot.texts import say

__all__ = ["TranscriptReplies", "buttons_of"]

log = structlog.get_logger(__name__)

# A shorter recording is heard before somebody has read that it is being heard, or what the platform heard.
_PROGRESS_SECONDS: Final = 60.0
_PREVIEW_SECONDS: Final = 10.0

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One recording to be written down in one reply."""

    turn: Turn
    visit: Visit
    recorded: Recorded
    sound: Sound
    look: Look
    draft: Draft

    @property
    def language(self) -> str:
        return self.visit.language


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """What the reply shows at last; None leaves nothing to show."""

    view: View | None
    buttons: Rows = ()


class _Progress:
    """What a job's reply shows before its end: the words as they come, before them the platform's own."""

    def __init__(self, job: _Job, listening: Listening, clock: Clock) -> None:
        self._job = job
        self._listening = listening
        self.may_begin = False
        self.ahead = Ahead(
            adapter=job.sound.adapter, attachment=job.recorded.attachment, clock=clock, tell=self.show
        )

    def show(self) -> None:
        """Show what there is now, if the whole is not to be had at once."""
        if self.may_begin and not self._listening.transcript.complete and self._is_slow():
            self._job.draft.show(self._view)

    def _is_slow(self) -> bool:
        transcript = self._listening.transcript
        expected = transcript.seconds or self._job.recorded.attachment.duration_seconds or 0
        least = _PREVIEW_SECONDS if self.ahead.words else _PROGRESS_SECONDS
        return expected > least or (not expected and bool(transcript.passages))

    def _view(self) -> View:
        platform = self._job.sound.adapter.name.capitalize()
        return self._job.look.growing(self._listening.transcript, preview=self.ahead.words, platform=platform)


class TranscriptReplies:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, hearing: Hearing, saying: Saying, gists: Gists, clock: Clock) -> None:
        self._clock = clock
        self._hearing = hearing
        self._saying = saying
        self._gists = gists

    async def write(self, turn: Turn, visit: Visit, recorded: Recorded) -> None:
        """Show what is said in a recording, as a reply to it; the turn is finished on return.

        Raises ChatClosed, Fenced, StorageError; CancelledError when the service shuts down.
        """
        await self._write(turn, visit, recorded, model="")

    async def write_again(self, turn: Turn, visit: Visit, showing: Showing, *, model: str) -> None:
        """Show what another model hears, in the place of what a turn showed before; as ``write``."""
        recorded = Recorded(
            attachment=showing.attachment,
            position=showing.position,
            message_id=showing.message_id,
            author_id=showing.author_id,
            speaker=showing.speaker,
        )
        await turn.effect(lambda conn: ledger.adopt(conn, turn_id=turn.id, from_turn=showing.turn_id))
        await self._write(turn, visit, recorded, model=model)

    async def _write(self, turn: Turn, visit: Visit, recorded: Recorded, *, model: str) -> None:
        adapter = self._saying.adapter_of(turn)
        capabilities = adapter.capabilities
        stop = Button(label=say("button_stop", visit.language), data=f"heard:stop:{turn.id}:0")
        draft = await self._saying.draft(
            turn, visit.chat_kind, reply_to=recorded.message_id, stop_button=stop
        )
        job = _Job(
            turn=turn,
            visit=visit,
            recorded=recorded,
            sound=Sound(
                attachment=recorded.attachment,
                key=turn.key,
                adapter=adapter,
                model=model,
                persona_models=visit.persona.hearing_models,
            ),
            look=Look(
                speaker=recorded.speaker,
                language=visit.language,
                most_characters=capabilities.max_text_units if capabilities.buttons else 0,
                model=model,
                seconds=recorded.attachment.duration_seconds or 0.0,
            ),
            draft=draft,
        )
        async with draft:
            end = await self._hear(job)
            if end.view is not None:
                await draft.finish(end.view, buttons=end.buttons)
        await turn.finish(lambda conn: None)

    async def _hear(self, job: _Job) -> _End:
        if _is_stopped(job.turn):
            return self._stopped(job, None)
        listening: Listening | None = None
        try:
            async with (
                self._saying.typing(job.turn, job.visit.chat_kind),
                self._hearing.listen(job.sound) as listening,
            ):
                await self._follow(job, listening)
                transcript = await self._summed_up(job, listening.transcript)
        except asyncio.CancelledError:
            if not _is_stopped(job.turn):
                raise
            _uncancel()
            return self._stopped(job, listening)
        except ChatClosed:
            raise
        except (UnusableAudio, DeliveryError, ProviderError) as exc:
            reason = why_not_heard(exc, job.language)
            return self._failed(job, listening, reason, may_help=not isinstance(exc, UnusableAudio))
        buttons = self._buttons(job, transcript)
        return _End(view=job.look.whole(transcript), buttons=buttons)

    async def _follow(self, job: _Job, listening: Listening) -> None:
        """Show the words as they come; the first thing stored is whose they are and where they are shown."""
        progress = _Progress(job, listening, self._clock)
        async with progress.ahead:
            async for transcript in listening.changes():
                if transcript.id and not progress.may_begin:
                    await job.turn.effect(job.recorded.shown_in(job.turn, transcript.id))
                    progress.may_begin = True
                progress.show()

    async def _summed_up(self, job: _Job, transcript: Transcript) -> Transcript:
        """A long one with its two lines; without them where no model gives any."""
        if transcript.summary or not transcript.text or not is_long(transcript):
            return transcript
        job.draft.show(lambda: job.look.whole(transcript))
        try:
            summary = await self._gists.two_lines(transcript.text, models=job.visit.persona.models)
        except ProviderError as exc:
            log.warning("transcript_not_summed_up", reason=str(exc), trace_id=exc.trace_id)
            return transcript
        await job.turn.effect(lambda conn: save_summary(conn, transcript.id, summary))
        return replace(transcript, summary=summary)

    def _buttons(self, job: _Job, transcript: Transcript) -> Rows:
        if not transcript.text:
            return ()
        if not is_long(transcript) and job.visit.chat_kind is not ChatKind.PRIVATE:
            return ((Button(label="⋯", data=_data("more", job)),),)
        another = self._hearing.another(transcript.model, job.visit.persona.hearing_models)
        return buttons_of(job.turn.id, job.recorded.position, job.language, again=bool(another))

    @staticmethod
    def _stopped(job: _Job, listening: Listening | None) -> _End:
        if not job.draft.begun:
            return _End(view=None)
        transcript = listening.transcript if listening is not None else Transcript(id=0, model="")
        return _End(view=job.look.broken_off(transcript, say("stopped", job.language)))

    @staticmethod
    def _failed(job: _Job, listening: Listening | None, reason: str, *, may_help: bool) -> _End:
        """``may_help`` says whether trying again may; a file that nothing can be heard in stays one."""
        transcript = listening.transcript if listening is not None else Transcript(id=0, model="")
        buttons: Rows = ()
        if transcript.id and may_help:
            buttons = ((Button(label=say("button_retry", job.language), data=_data("retry", job)),),)
        return _End(view=job.look.broken_off(transcript, reason), buttons=buttons)


def buttons_of(turn_id: int, position: int, language: str, *, again: bool) -> Rows:
    """What can be done with a transcript."""

    def button(action: str) -> Button:
        return Button(
            label=say(f"button_heard_{action}", language), data=f"heard:{action}:{turn_id}:{position}"
        )

    files = ("txt", "srt", "again") if again else ("txt", "srt")
    return (
        tuple(map(button, ("summary", "translate", "clean"))),
        tuple(map(button, files)),
    )


def _data(action: str, job: _Job) -> str:
    return f"heard:{action}:{job.turn.id}:{job.recorded.position}"


def _is_stopped(turn: Turn) -> bool:
    """Whether somebody wants it ended, rather than the service to go down."""
    return turn.stopping not in (None, CancelReason.SHUTDOWN)


def _uncancel() -> None:
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
