"""Our message about a picture or film being made: a line that changes, and at the end the thing itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.delivery import Draft, Governor, Priority, TurnLedger, View
from bot.errors import DeliveryError, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.ports import Adapter, Button, Clock, Fidelity, OutgoingFile, Rendered, SendsFiles, ShowsMedia, Turn
from bot.rendering import literal
from bot.storage import ledger
from bot.storage.drawings import Job, begin_showing, change_job

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Easel", "Exhibit"]

log = structlog.get_logger(__name__)

_UNCLEAR_TRIES = 3
_UNCLEAR_SECONDS = 3.0

Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What is shown: the files, a line of plain text about them, and buttons."""

    files: tuple[OutgoingFile, ...]
    caption: str
    buttons: Rows = ()


class Easel:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, adapters: Mapping[str, Adapter], governor: Governor, clock: Clock) -> None:
        self._adapters = adapters
        self._governor = governor
        self._clock = clock

    async def begin(self, turn: Turn, job: Job, text: str, buttons: Rows) -> Job:
        """Send the line, once however often the turn runs; the job that knows it.

        Raises ChatClosed, Fenced, StorageError.
        """
        known = await turn.effect(lambda conn: ledger.deliveries_of(conn, turn.id))
        draft = Draft(
            adapter=self._adapters[turn.key.platform],
            governor=self._governor,
            ledger=TurnLedger(turn=turn, known=known),
            key=turn.key,
            chat_kind=job.chat_kind,
            clock=self._clock,
            reply_to=job.reply_to,
        )
        await draft.finish(View(markdown=text), buttons=buttons)
        sent = await turn.effect(lambda conn: ledger.deliveries_of(conn, turn.id))
        line_id = sent[0].message_id if sent else ""
        changed = await turn.effect(lambda conn: change_job(conn, job.turn_id, line_id=line_id))
        return changed or job

    async def rewrite(self, turn: Turn, job: Job, text: str, *, buttons: Rows = ()) -> None:
        """Let the line say something else; not worth a second try, as the next one follows."""
        adapter = self._adapters[turn.key.platform]
        await self._permit(turn, job, Priority.NOTICE)
        try:
            await adapter.edit(turn.key, job.line_id, _rendered(adapter, text), buttons=buttons)
        except DeliveryError as exc:
            log.info("line_not_rewritten", reason=str(exc))

    async def conclude(self, turn: Turn, job: Job, text: str) -> None:
        """Let the line say how it ended, however long the platform makes us wait. Raises ChatClosed."""
        adapter = self._adapters[turn.key.platform]
        content = _rendered(adapter, text)

        async def call() -> None:
            if job.line_id:
                await adapter.edit(turn.key, job.line_id, content)
            else:
                await adapter.send(turn.key, content, reply_to=job.reply_to)

        try:
            await self._insist(turn, job, call)
        except MessageGone:
            await adapter.send(turn.key, content, reply_to=job.reply_to)
        except PartRejected as exc:
            log.warning("conclusion_refused", reason=str(exc))

    async def show(self, turn: Turn, job: Job, exhibit: Exhibit) -> None:
        """Show what was made, once, whatever interrupts it; the job's messages are noted.

        Raises PartRejected where the platform does not take it, ChatClosed, ChatMoved, Fenced, StorageError.
        """
        adapter = self._adapters[turn.key.platform]
        if isinstance(adapter, ShowsMedia):
            await self._show_media(turn, job, exhibit, adapter)
        elif isinstance(adapter, SendsFiles):
            await self._send_files(turn, job, exhibit, adapter)
        else:
            raise PartRejected(f"{turn.key.platform} carries no files")

    async def _show_media(self, turn: Turn, job: Job, exhibit: Exhibit, adapter: ShowsMedia) -> None:
        line_id = job.line_id or await self._new_line(turn, job, exhibit)
        taken = await TurnLedger(turn=turn).taken()
        begun = await turn.effect(lambda conn: begin_showing(conn, job.turn_id))
        sent: tuple[str, ...] = ()

        async def call() -> None:
            nonlocal begun, sent
            maybe_sent, begun = begun, True
            sent = await adapter.show_media(
                turn.key,
                line_id,
                exhibit.files,
                caption=exhibit.caption,
                buttons=exhibit.buttons,
                maybe_sent=maybe_sent,
                taken=taken,
            )

        try:
            await self._insist(turn, job, call)
        except MessageGone:
            line_id = await self._new_line(turn, job, exhibit)
            await self._insist(turn, job, call)
        await turn.effect(lambda conn: _note(conn, job, sent))

    async def _send_files(self, turn: Turn, job: Job, exhibit: Exhibit, adapter: SendsFiles) -> None:
        for file in exhibit.files:
            await self._insist(turn, job, partial(adapter.send_file, turn.key, file, reply_to=job.reply_to))
        if job.line_id:
            await self.rewrite(turn, job, _as_text(exhibit.caption), buttons=exhibit.buttons)

    async def _new_line(self, turn: Turn, job: Job, exhibit: Exhibit) -> str:
        """The old one was deleted, or stands in the chat that this one was before."""
        adapter = self._adapters[turn.key.platform]
        await self._permit(turn, job, Priority.NEW_PART)
        line_id = await adapter.send(
            turn.key, _rendered(adapter, _as_text(exhibit.caption)), reply_to=job.reply_to
        )
        await turn.effect(lambda conn: change_job(conn, job.turn_id, line_id=line_id))
        return line_id

    async def _insist(self, turn: Turn, job: Job, call: Callable[[], Awaitable[object]]) -> None:
        """Call until the platform has taken it. Raises what no second try helps against."""
        adapter = self._adapters[turn.key.platform]
        unclear = 0
        while True:
            await self._permit(turn, job, Priority.FINAL)
            try:
                await call()
            except PlatformBusy as exc:
                pace = adapter.capabilities.pace[job.chat_kind]
                self._governor.hold_off(turn.key.peer, pace, exc.retry_after_seconds)
            except PlatformUnclear as exc:
                unclear += 1
                log.warning("media_unclear", reason=str(exc), times=unclear)
                if unclear >= _UNCLEAR_TRIES:
                    raise
                await self._clock.sleep(_UNCLEAR_SECONDS)
            else:
                return

    async def _permit(self, turn: Turn, job: Job, priority: Priority) -> None:
        pace = self._adapters[turn.key.platform].capabilities.pace[job.chat_kind]
        await self._governor.permit(turn.key.peer, pace, priority)


def _note(conn: Connection, job: Job, message_ids: tuple[str, ...]) -> None:
    """The line is part 0 of the reply; what was sent beside it follows."""
    for part, message_id in enumerate(message_ids, start=1):
        ledger.intend(conn, turn_id=job.turn_id, part=part, conversation=job.conversation)
        ledger.record_sent(conn, turn_id=job.turn_id, part=part, message_id=message_id)


def _as_text(caption: str) -> str:
    return "\n".join(literal(line, longest=1_000) for line in caption.splitlines())


def _rendered(adapter: Adapter, text: str) -> Rendered:
    fidelity = min(adapter.capabilities.best_fidelity, Fidelity.FORMATTED)
    return adapter.render(View(markdown=text).document(), fidelity=fidelity)[0]
