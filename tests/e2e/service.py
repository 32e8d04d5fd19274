"""The real service in its own process, started, killed and stopped as an operator or a crash would."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

__all__ = ["Service", "free_port"]

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60.0


def free_port() -> int:
    """A port of the loopback interface that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Service:
    """``python -m bot`` with settings and a folder of its own. ``aclose`` ends it however it stands."""

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
            **settings,
        }
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *, wait: bool = True) -> None:
        """Start it, and wait until it can serve messages."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                *self._arguments,
                cwd=self.folder,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        if wait:
            await self.healthy()

    def _environment(self) -> dict[str, str]:
        kept = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "LANG", "COVERAGE_PROCESS_START")
            if name in os.environ
        }
        return {**kept, "PYTHONPATH": str(ROOT), **self._settings}

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
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=2) as answer:
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
        async with asyncio.timeout(20):
            return await self.process.wait()

    async def aclose(self) -> None:
        """End it if it still runs."""
        if self.process is not None and self.process.returncode is None:
            await self.kill()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds in the service's database."""
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()

    async def settled(self, *, seconds: float = 60.0) -> None:
        """Wait until no turn is open; AssertionError with the log when it does not come to that."""
        deadline = time.monotonic() + seconds
        query = "select count(*) from turns where state not in ('done', 'dead')"
        while self.rows(query) != [(0,)]:
            assert time.monotonic() < deadline, f"turns are still open:\n{self.tail()}"
            await asyncio.sleep(0.05)

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
