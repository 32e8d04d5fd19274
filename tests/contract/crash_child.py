"""A process that works on turns until the test kills it: `python -m tests.contract.crash_child PATH MODE`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from bot.engine import EmbeddedEngine
from bot.ports import Turn
from bot.storage import open_database
from bot.storage.migrate import migrate
from tests.contract.engine_bench import message, note

_CHATS = 5
_MESSAGES = 20
_DONE_BEFORE_THE_CRASH = 10
_RETRY_DELAYS_SECONDS = (1.0, 1.0)
DEATHS = len(_RETRY_DELAYS_SECONDS) + 1


async def hang_in_the_middle(path: Path) -> None:
    """Finish the first ten of twenty messages, hang in one of each conversation, leave five waiting."""
    hanging = 0

    async def handler(turn: Turn) -> None:
        nonlocal hanging
        name = turn.events[0].event_id
        await turn.effect(note(f"begun {name} {turn.attempt}"))
        if int(name) < _DONE_BEFORE_THE_CRASH:
            await turn.finish(note(f"done {name}"))
            return
        hanging += 1
        if hanging == _CHATS:
            sys.stdout.write("hanging\n")
            sys.stdout.flush()
        await asyncio.Event().wait()

    async with open_database(f"sqlite:///{path}") as database:
        engine = EmbeddedEngine(database=database)
        serving = asyncio.create_task(engine.serve(handler))
        await asyncio.gather(
            *(engine.accept(message(str(n), f"chat {n % _CHATS}")) for n in range(_MESSAGES))
        )
        await serving


async def die_at_the_poison(path: Path) -> None:
    """Kill the own process in the handler of the first message."""

    async def handler(turn: Turn) -> None:
        if turn.events[0].event_id == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        await turn.finish(note(f"done {turn.events[0].event_id}"))
        sys.stdout.write("survived\n")
        sys.stdout.flush()

    async with open_database(f"sqlite:///{path}") as database:
        engine = EmbeddedEngine(database=database, retry_delays_seconds=_RETRY_DELAYS_SECONDS)
        await engine.accept(message("poison"))
        await engine.accept(message("next"))
        await engine.serve(handler)


def main() -> None:
    """Prepare the database and run the mode asked for."""
    path, mode = Path(sys.argv[1]), sys.argv[2]
    migrate(f"sqlite:///{path}")
    asyncio.run({"hang": hang_in_the_middle, "poison": die_at_the_poison}[mode](path))


if __name__ == "__main__":
    main()
