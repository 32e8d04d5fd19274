"""The bots that are measured, each started, watched and ended as a process of its own."""

from __future__ import annotations

import asyncio
import math
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.e2e.service import ROOT, free_port

__all__ = ["Others", "Running", "Subject", "SubjectEnded"]

_STOP_SECONDS = 10.0
_LOG_TAIL_CHARACTERS = 2000


class SubjectEnded(Exception):
    """A subject ended by itself; the message holds the end of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A bot to measure: ``python -m module``. ``is_service`` adds the settings only our own service has."""

    name: str
    module: str
    is_service: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a process has used until now."""

    cpu_seconds: float
    rss_mb: float


class Running:
    """A subject's process in a folder of its own. Use under ``async with``; leaving ends it."""

    def __init__(self, subject: Subject, settings: Mapping[str, str], folder: Path) -> None:
        self.subject = subject
        self.log = folder / f"{subject.name}.log"
        self.started_at = 0.0
        self.port = free_port()
        self.forgets_peaks = True
        self._folder = folder
        self._settings = {
            **settings,
            "PARLEY_HTTP__PORT": str(self.port),
            **(self._service_settings() if subject.is_service else {}),
        }
        self._process: asyncio.subprocess.Process | None = None
        self._watched: psutil.Process | None = None

    def _service_settings(self) -> dict[str, str]:
        return {
            "DATABASE_URL": f"sqlite+aiosqlite:///{self._folder / 'parley.db'}",
            "PARLEY_ACCESS": "open",
            "PARLEY_LIMITS__PERSON_PER_MINUTE": "0",
            "PARLEY_LIMITS__CHAT_PER_MINUTE": "0",
            "PARLEY_LOG__FORMAT": "json",
        }

    async def __aenter__(self) -> Self:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log.open("ab") as log:
            self.started_at = time.monotonic()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.subject.module,
                cwd=self._folder,
                env={**kept, "PYTHONPATH": str(ROOT), **self._settings},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._watched = psutil.Process(self._process.pid)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    @property
    def usage(self) -> Usage:
        """Processor time and memory until now, threads included, and the time of processes it has ended.

        Raises SubjectEnded when it is gone.
        """
        self.check()
        assert self._watched is not None
        times = self._watched.cpu_times()
        cpu_seconds = times.user + times.system + times.children_user + times.children_system
        return Usage(cpu_seconds=cpu_seconds, rss_mb=self._watched.memory_info().rss / 2**20)

    @property
    def tree_rss_mb(self) -> float:
        """The memory of the process and of all it has started; what they share counts for each."""
        self.check()
        assert self._watched is not None
        return sum(map(_rss_mb, [self._watched, *self._watched.children(recursive=True)]))

    @property
    def peak_rss_mb(self) -> float:
        """The most memory it held since ``forget_peak``, or ever; NaN where the system is not Linux."""
        assert self._process is not None
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        except OSError:
            return math.nan
        lines = (line.split() for line in status.splitlines())
        return next((int(line[1]) / 1024 for line in lines if line[:1] == ["VmHWM:"]), math.nan)

    def forget_peak(self) -> None:
        """Begin anew with the most memory it held. Where the system cannot, ``forgets_peaks`` is false."""
        assert self._process is not None
        try:
            # proc(5), clear_refs: 5 resets the peak resident set size to the current value.
            Path(f"/proc/{self._process.pid}/clear_refs").write_text("5", encoding="ascii")
        except OSError:
            self.forgets_peaks = False

    def check(self) -> None:
        """Raise SubjectEnded unless it still runs."""
        if self._process is None or self._process.returncode is not None:
            raise SubjectEnded(f"{self.subject.name} ended by itself:\n{self.tail()}")

    def tail(self) -> str:
        """The end of what it wrote to its output."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL_CHARACTERS:]


def _rss_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


class Others:
    """How much of the machine belongs to neither the subject nor the benchmark, from its making on.

    Times by the clock are worth little where this is far from 0; processor time still is.
    """

    def __init__(self, subject: Running) -> None:
        self._subject = subject
        self._started = time.monotonic()
        self._before = self._used_by_others()

    @property
    def cores(self) -> float:
        """Processor cores kept busy by other processes, on average until now."""
        return (self._used_by_others() - self._before) / (time.monotonic() - self._started)

    def _used_by_others(self) -> float:
        times = psutil.cpu_times()
        # Linux counts the time of guests in user and nice already.
        busy = (
            sum(times)
            - times.idle
            - sum(getattr(times, name, 0) for name in ("iowait", "guest", "guest_nice"))
        )
        return float(busy) - self._subject.usage.cpu_seconds - time.process_time()
