"""The real service in its own process, started, killed and stopped as an operator or a crash would."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from tests.fakes.ports import free_port

__all__ = ["Service", "free_port"]

ROOT = Path(__file__).parents[2]
_START_SECONDS = 90.0
_STOP_SECONDS = 60.0


class Service:
    """``python -m bot`` with settings and a folder of its own. ``aclose`` ends it however it stands.

    ``started`` are those whose logs explain a test that fails.
    """

    started: ClassVar[list[Service]] = []

    def __init__(self, folder: Path, settings: Mapping[str, str], *, arguments: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.database = folder / "parley.db"
        self.log = folder / "service.log"
        self._arguments = arguments
        self._settings = {
            "DATABASE_URL": f"sqlite+aiosqlite:///{self.database}",
            "PARLEY_HTTP__PORT": str(self.port),
            "PARLEY_LOG__FORMAT": "json",
            "PARLEY_ACCESS": "open",
            "PARLEY_LIMITS__PERSON_PER_MINUTE": "0",
            "PARLEY_LIMITS__CHAT_PER_MINUTE": "0",
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it can serve messages."""
        if self not in self.started:
            self.started.append(self)
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *self._arguments,
                cwd=self.folder,
                env=self.environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            await self.healthy()

    @property
    def environment(self) -> dict[str, str]:
        """What it is started with; a command started with the same works on its database."""
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
            if name in os.environ
        }
        return {**kept, "PYTHONPATH": str(ROOT), **self._settings}

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.returncode is None

    async def healthy(self) -> None:
        """Wait until /healthz answers 200; AssertionError with the log when it does not come to that."""
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.returncode is None, f"the service ended early:\n{self.tail()}"
            if await asyncio.to_thread(self.status, "/healthz") == 200:
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"the service did not become healthy:\n{self.tail()}")

    def status(self, path: str) -> int:
        """The HTTP status of a path of the service; 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=15) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as exc:
            return exc.code
        except OSError:
            return 0

    async def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGKILL)
            await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM, as a supervisor does; the exit code."""
        assert self.process is not None
        self.process.terminate()
        async with asyncio.timeout(_STOP_SECONDS):
            return await self.process.wait()

    async def aclose(self) -> None:
        """End it if it still runs."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()

    async def command(self, *arguments: str) -> tuple[int, str]:
        """``python -m bot …`` beside it: its exit code, and all it wrote."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=ROOT,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, output.decode()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds in the service's database."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()

    async def settled(self, *, seconds: float = 60.0) -> None:
        """Wait until no turn is open; AssertionError with the log when it does not come to that."""
        query = "select count(*) from turns where state not in ('done', 'dead')"
        await self.until(lambda: self.rows(query) == [(0,)], seconds=seconds)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Wait for something that the platform does not see; AssertionError with the log when it fails."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain:\n{self.tail()}"
            await asyncio.sleep(0.05)

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
