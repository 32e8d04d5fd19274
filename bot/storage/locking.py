"""Lets one process at a time own a database file."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.errors import ConfigurationError

__all__ = ["FileLock"]


class FileLock:
    """An exclusive lock beside the file it protects; the system drops it when the process ends."""

    __slots__ = ("_descriptor",)

    def __init__(self, protected: Path) -> None:
        """Take the lock. Raises ConfigurationError when another process has it, OSError for the file."""
        path = protected.with_name(protected.name + ".lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise ConfigurationError(
                f"the database {protected} is in use by another Parley process (pid {owner});"
                " stop it, or set DATABASE_URL to another file"
            ) from exc
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode("ascii"))
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two processes lock two files."""
        os.close(self._descriptor)
