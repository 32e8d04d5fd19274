"""Whatever happens to its turns, a conversation's queue is worked off in order and one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.engine import EmbeddedEngine
from bot.ports import CancelReason, Lane, Turn
from bot.storage import open_database
from tests.contract.engine_bench import eventually, key, message
from tests.fakes.clock import ManualClock

_CHATS = st.sampled_from(["x", "y"])


class MailboxMachine(RuleBasedStateMachine):
    """An engine beside a model of it: a list of open turns a conversation, whose first one is at work."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.count = 0
        self.open: dict[str, list[int]] = {"x": [], "y": []}
        self.resting: set[int] = set()
        self.at_work: dict[str, tuple[Turn, asyncio.Future[None]]] = {}
        self.overlaps = 0
        self.runner.run(self._start())

    async def _start(self) -> None:
        database = await self.stack.enter_async_context(open_database("sqlite://"))
        self.engine = EmbeddedEngine(
            database=database,
            clock=self.clock,
            retry_delays_seconds=[10.0] * 1000,
            max_open_turns=1000,
        )
        self._serve()

    def _serve(self) -> None:
        self.serving = asyncio.create_task(self.engine.serve(self._handle))

    async def _handle(self, turn: Turn) -> None:
        chat = turn.key.chat
        if turn.events[0].event_id.startswith("control"):
            return
        self.overlaps += chat in self.at_work
        verdict = asyncio.get_running_loop().create_future()
        self.at_work[chat] = (turn, verdict)
        try:
            if turn.stopping is None:
                await verdict
        finally:
            del self.at_work[chat]

    def teardown(self) -> None:
        self.runner.run(self._stop_serving())
        self.runner.run(self.stack.aclose())
        self.runner.close()

    async def _stop_serving(self) -> None:
        self.serving.cancel()
        await asyncio.wait({self.serving})

    @rule(chat=_CHATS, holds=st.lists(st.sampled_from([0.0, 0.0, 0.0, 5.0]), min_size=1, max_size=4))
    def accept(self, chat: str, holds: list[float]) -> None:
        """Messages come together; some are held."""
        turn_ids = self.runner.run(self._accept(chat, holds))
        self.open[chat].extend(turn_ids)
        self.resting.update(turn_id for turn_id, hold in zip(turn_ids, holds, strict=True) if hold)

    async def _accept(self, chat: str, holds: list[float]) -> list[int]:
        first, self.count = self.count + 1, self.count + len(holds)
        accepting = [
            self.engine.accept(message(str(first + place), chat), hold_seconds=hold)
            for place, hold in enumerate(holds)
        ]
        return [turn_id for turn_id in await asyncio.gather(*accepting) if turn_id is not None]

    @rule(chat=_CHATS)
    def accept_control(self, chat: str) -> None:
        """A control turn is done at once and disturbs nobody."""
        self.count += 1
        event = message(f"control {self.count}", chat)
        assert self.runner.run(self.engine.accept(event, lane=Lane.CONTROL)) is not None

    @precondition(lambda self: bool(self.at_work))
    @rule(chat=_CHATS)
    def finish(self, chat: str) -> None:
        """The turn at work ends well."""
        turn = self._decide(chat, lambda verdict: verdict.set_result(None))
        assert self.open[turn.key.chat].pop(0) == turn.id

    @precondition(lambda self: bool(self.at_work))
    @rule(chat=_CHATS)
    def fail(self, chat: str) -> None:
        """The turn at work fails; it stays first and rests."""
        turn = self._decide(chat, lambda verdict: verdict.set_exception(ValueError("failed")))
        self.resting.add(turn.id)
        self.runner.run(eventually(lambda: self._rests(turn.id)))

    def _rests(self, turn_id: int) -> bool:
        work = self.engine._mailboxes.find(turn_id) if self.engine._mailboxes else None
        return work is not None and work.not_before > self.clock.now().timestamp()

    def _decide(self, chat: str, decide: Callable[[asyncio.Future[None]], None]) -> Turn:
        if chat not in self.at_work:
            (chat,) = self.at_work
        turn, verdict = self.at_work[chat]
        decide(verdict)
        self.runner.run(eventually(lambda: self.at_work.get(chat, (None, None))[1] is not verdict))
        return turn

    @precondition(lambda self: any(self.open.values()))
    @rule(chat=_CHATS)
    def stop(self, chat: str) -> None:
        """The first open turn is asked to stop: it ends, at work or not."""
        stopped = self.runner.run(self.engine.stop(key(chat), reason=CancelReason.USER))
        assert stopped == self.open[chat][:1]
        del self.open[chat][:1]

    @precondition(lambda self: bool(self.resting))
    @rule(seconds=st.sampled_from([1.0, 10.0]))
    def wait(self, seconds: float) -> None:
        """Time passes; after ten seconds everybody has rested."""
        self.runner.run(self._advance(seconds))
        if seconds == 10.0:
            self.resting.clear()

    async def _advance(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule()
    def restart(self) -> None:
        """Shut down and serve again: the same turns are open, in the same order."""
        self.runner.run(self._restart())

    async def _restart(self) -> None:
        await self._stop_serving()
        assert not self.at_work
        self._serve()

    @invariant()
    def the_first_turn_of_each_conversation_is_at_work(self) -> None:
        """If it does not rest; and never two at once."""
        self.runner.run(eventually(self._as_expected))
        assert self.overlaps == 0

    def _as_expected(self) -> bool:
        mailboxes = self.engine._mailboxes
        open_turns = {turn_id for turn_ids in self.open.values() for turn_id in turn_ids}
        if mailboxes is None or set(mailboxes._works) != open_turns:
            return False
        return all(self._chat_as_expected(chat) for chat in self.open)

    def _chat_as_expected(self, chat: str) -> bool:
        first = self.open[chat][0] if self.open[chat] else None
        at_work = self.at_work[chat][0].id if chat in self.at_work else None
        return at_work == first or (at_work is None and first in self.resting)


TestMailboxOrder = MailboxMachine.TestCase
TestMailboxOrder.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
