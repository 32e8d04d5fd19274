"""Shows people how far the reading of what they sent is, in the message that the answer will take over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from bot.conversation.saying import Saying
from bot.conversation.visit import Visit
from bot.delivery import View
from bot.errors import BotError
from bot.messages import Edited, Incoming
from bot.ports import Button, CancelReason, Turn
from bot.texts import say

__all__ = ["show_progress"]

log = structlog.get_logger(__name__)

_LAST_WORD_SECONDS = 20.0


@asynccontextmanager
async def show_progress(saying: Saying, turn: Turn, visit: Visit) -> AsyncIterator[Callable[[str], None]]:
    """Gives a function that takes the newest line; nothing is sent before it is called.

    Nor is anything for an edited message: the answer to it takes over the messages of the answer before.

    On leaving, what is being sent is let through. Where a person stops the turn, the message says so.
    """
    news = _News()
    if isinstance(turn.events[0], Edited):
        yield news.tell
        return
    task = asyncio.create_task(_show(news, saying, turn, visit), name=f"progress {turn.key}")
    try:
        yield news.tell
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if news.line and turn.stopping is CancelReason.USER:
            await _say_stopped(saying, turn, visit)


class _News:
    def __init__(self) -> None:
        self.line = ""
        self.told = asyncio.Event()

    def tell(self, line: str) -> None:
        """The newest line. Never waits."""
        self.line = line
        self.told.set()


async def _show(news: _News, saying: Saying, turn: Turn, visit: Visit) -> None:
    await news.told.wait()
    stop = Button(label=say("button_stop", visit.language), data=f"stop:{turn.id}")
    async with await saying.draft(
        turn, visit.chat_kind, reply_to=_message_id(turn), stop_button=stop
    ) as draft:
        while True:
            await news.told.wait()
            news.told.clear()
            draft.show(lambda: View(status=news.line))


async def _say_stopped(saying: Saying, turn: Turn, visit: Visit) -> None:
    """Not worth a second try: the turn is over whether this is seen or not."""
    try:
        async with asyncio.timeout(_LAST_WORD_SECONDS):
            draft = await saying.draft(turn, visit.chat_kind, reply_to=_message_id(turn))
            await draft.finish(View(mark=say("stopped", visit.language)))
    except (BotError, TimeoutError) as exc:
        log.warning("stop_not_shown", reason=repr(exc))


def _message_id(turn: Turn) -> str:
    event = turn.events[0]
    return event.message_id if isinstance(event, Incoming) else ""
