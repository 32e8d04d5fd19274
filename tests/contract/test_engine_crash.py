"""The embedded engine after kill -9: each event is worked on to its end, each effect is there once."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from bot.ports import Turn
from tests.contract.crash_child import DEATHS
from tests.contract.engine_bench import EmbeddedBench, eventually, note

_ROOT = Path(__file__).parents[2]
_CHILD_SECONDS = 60.0

pytestmark = pytest.mark.crash


async def _start(path: Path, mode: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.contract.crash_child", str(path), mode),
        cwd=_ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def _until_line(child: asyncio.subprocess.Process, word: str) -> None:
    assert child.stdout is not None
    async with asyncio.timeout(_CHILD_SECONDS):
        while line := await child.stdout.readline():
            if line.decode().strip() == word:
                return
    pytest.fail(f"the child ended without saying {word!r}")


async def test_every_event_is_finished_once_after_a_kill(tmp_path: Path) -> None:
    """Ten messages are done, five in work and five waiting when the process is killed."""
    path = tmp_path / "parley.db"
    child = await _start(path, "hang")
    await _until_line(child, "hanging")
    child.kill()
    assert await child.wait() == -signal.SIGKILL

    async def handler(turn: Turn) -> None:
        name = turn.events[0].event_id
        await turn.effect(note(f"begun {name} {turn.attempt}"))
        await turn.finish(note(f"done {name}"))

    async with EmbeddedBench.open(path) as bench:
        bench.serve(handler)

        async def all_done() -> bool:
            return sum(line.startswith("done") for line in await bench.notes()) == 20

        await eventually(all_done)
        lines = await bench.notes()
        stats = await bench.stats()
    assert sorted(line for line in lines if line.startswith("done")) == sorted(f"done {n}" for n in range(20))
    attempts = [line.rsplit(" ", 1)[1] for line in lines if line.startswith("begun")]
    assert (attempts.count("1"), attempts.count("2")) == (20, 5)
    assert (stats.queued, stats.running, stats.dead) == (0, 0, 0)


async def test_a_turn_that_kills_the_process_is_given_up(tmp_path: Path) -> None:
    """After as many deaths as it has attempts it is dead and the conversation's next message is served."""
    path = tmp_path / "parley.db"
    for _ in range(DEATHS):
        child = await _start(path, "poison")
        assert await asyncio.wait_for(child.wait(), _CHILD_SECONDS) == -signal.SIGKILL
    child = await _start(path, "poison")
    await _until_line(child, "survived")
    child.kill()
    await child.wait()
    async with EmbeddedBench.open(path) as bench:
        assert await bench.notes() == ["done next"]
        assert len(await bench.engine.dead()) == 1
