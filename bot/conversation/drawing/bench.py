"""What making pictures and making films have in common: turns to come, lines about them, endings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import structlog

from bot.conversation.drawing.line import Easel, Exhibit
from bot.conversation.drawing.wish import Wish, load_wish, named
from bot.errors import PartRejected
from bot.messages import Author, ButtonPressed, ConversationKey
from bot.ports import Button, Clock, Engine, Lane, MadeFile, OutgoingFile, Picture, Timer, Turn
from bot.storage.drawings import Job, Kind, Stage, change_job, end_job, made_of, save_made, show_job, timer_of
from bot.storage.readings import pictures_of
from bot.texts import say

__all__ = ["TIMER", "Bench", "Order", "action_of", "cancel_row"]

log = structlog.get_logger(__name__)

TIMER: Final = "timer:"
"""The beginning of the ids of events that a timer brought; no platform's event ids begin like this."""

_ACTIONS: Final = {Kind.PICTURE: "draw", Kind.FILM: "film"}
_SUFFIXES: Final = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "video/mp4": "mp4"}
_LONGEST_CAPTION_PROMPT: Final = 800


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order at work: the turn working on it, and who gave it."""

    turn: Turn
    job: Job
    author: Author
    language: str

    @property
    def key(self) -> ConversationKey:
        """Where it was given."""
        return self.turn.key

    def now(self, job: Job) -> Order:
        """The same order, as far as it is now."""
        return replace(self, job=job)


class Bench:
    """Shared by all conversations; nothing to close."""

    def __init__(self, *, engine: Engine, easel: Easel, clock: Clock) -> None:
        self._engine = engine
        self.easel = easel
        self._clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.now().timestamp()

    async def call_again(self, order: Order, *, at: float) -> None:
        """Have the order worked on at ``at``, also after a restart; a later call takes its place."""
        job = order.job
        event = ButtonPressed(
            event_id=TIMER,
            key=order.key,
            chat_kind=job.chat_kind,
            author=order.author,
            message_id=job.line_id,
            data=f"{action_of(job)}:step:{job.turn_id}",
        )
        due = datetime.fromtimestamp(at, UTC)
        # Beside the conversation, which goes on while something is made.
        await self._engine.schedule(Timer(id=timer_of(job.turn_id), at=due, event=event, lane=Lane.CONTROL))

    @staticmethod
    async def sources(order: Order) -> tuple[Picture, ...]:
        """The pictures it is made from."""
        turn_id = order.job.turn_id
        stored = await order.turn.effect(lambda conn: pictures_of(conn, [turn_id]))
        return tuple(picture for picture in stored.get(turn_id, ()) if picture.data and not picture.is_film)

    async def put_off(self, order: Order, *, seconds: float, stage: Stage = Stage.WAITING) -> Job | None:
        """Let the order wait a while at ``stage``, counting it as a failure; None when it is over."""
        due = self.now() + seconds
        job = await order.turn.effect(
            lambda conn: change_job(
                conn, order.job.turn_id, stage=stage, due_at=due, failures=order.job.failures + 1
            )
        )
        if job is not None:
            await self.call_again(order, at=due)
        return job

    async def say(self, order: Order, text: str, *, may_cancel: bool = True) -> None:
        """Let the line say how it stands."""
        buttons = cancel_row(order.job, order.language) if may_cancel else ()
        await self.easel.rewrite(order.turn, order.job, text, buttons=buttons)

    async def fail(self, order: Order, text: str) -> None:
        """It will not be made: say why, once."""
        await self.easel.conclude(order.turn, order.job, text)
        await order.turn.effect(lambda conn: end_job(conn, order.job.turn_id, Stage.FAILED))
        log.info("making_failed", kind=order.job.kind, model=order.job.model)

    async def hand_over(self, order: Order, files: Sequence[MadeFile], *, seed: int | None) -> None:
        """It is made: keep it, so that nothing that happens now has it made twice, and show it."""
        turn_id = order.job.turn_id
        made = await order.turn.effect(lambda conn: save_made(conn, turn_id, files, seed=seed))
        if made is not None:
            await self.deliver(order.now(made))

    async def deliver(self, order: Order) -> None:
        """Show what was made, once."""
        job = order.job
        made = await order.turn.effect(lambda conn: made_of(conn, job.turn_id))
        exhibit = Exhibit(
            files=tuple(_file(job, number, one) for number, one in enumerate(made, start=1)),
            caption=_caption(job),
            buttons=_buttons(job, order.language),
        )
        try:
            await self.easel.show(order.turn, job, exhibit)
        except PartRejected as exc:
            log.warning("made_not_shown", kind=job.kind, reason=str(exc))
            await self.fail(order, say("draw_not_shown", order.language))
            return
        await order.turn.effect(lambda conn: show_job(conn, job, now=self.now()))
        log.info("made_shown", kind=job.kind, model=job.model, files=len(made))

    async def cancel(self, order: Order) -> bool:
        """Nothing more is made of it; whether it was still open."""
        job = order.job
        if not await order.turn.effect(lambda conn: end_job(conn, job.turn_id, Stage.CANCELLED)):
            return False
        await self._engine.unschedule(timer_of(job.turn_id))
        await self.easel.rewrite(order.turn, job, say("draw_cancelled", order.language))
        return True


def action_of(job: Job) -> str:
    """What the data of the order's buttons begins with."""
    return _ACTIONS[job.kind]


def cancel_row(job: Job, language: str) -> tuple[tuple[Button, ...], ...]:
    """The button that takes an order back."""
    data = f"{action_of(job)}:cancel:{job.turn_id}"
    return ((Button(label=say("button_draw_cancel", language), data=data),),)


def _file(job: Job, number: int, made: MadeFile) -> OutgoingFile:
    suffix = _SUFFIXES.get(made.mime, "bin")
    return OutgoingFile(name=f"{job.kind}-{job.turn_id}-{number}.{suffix}", mime=made.mime, data=made.data)


def _caption(job: Job) -> str:
    wish: Wish = load_wish(job.wish)
    prompt = job.prompt
    if len(prompt) > _LONGEST_CAPTION_PROMPT:
        prompt = f"{prompt[: _LONGEST_CAPTION_PROMPT - 1]}…"
    details = [named(job.model), wish.size, f"seed {job.seed}" if job.seed is not None else ""]
    return f"{prompt}\n{' · '.join(detail for detail in details if detail)}"


def _buttons(job: Job, language: str) -> tuple[tuple[Button, ...], ...]:
    def button(name: str) -> Button:
        data = f"{action_of(job)}:{name}:{job.turn_id}"
        return Button(label=say(f"button_draw_{name}", language), data=data)

    if job.kind is Kind.FILM:
        return ((button("again"),),)
    return (button("again"), button("other")), (button("better"),)
