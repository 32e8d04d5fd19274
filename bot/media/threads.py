"""Threads for heavy work, which give way to the thread that talks to people."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

__all__ = ["background_threads", "spare_processors"]

# On top of what the service has; the process that reads documents takes as much upon itself.
_NICENESS: Final = 5


def background_threads(most: int, *, name: str) -> ThreadPoolExecutor:
    """At most ``most`` of them, fewer where the machine has less to spare. Shut down by whoever holds them.

    On a busy machine the event loop gets three quarters of a processor that one of them wants too.
    """
    return ThreadPoolExecutor(
        max_workers=spare_processors(most), thread_name_prefix=name, initializer=_give_way
    )


def spare_processors(most: int) -> int:
    """How many threads may work at a time so that one processor is left to the event loop; at least one.

    Two threads on two processors got hardly more done, and the loop waited ten times as long for its turn.
    """
    return max(1, min(most, _processors() - 1))


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _give_way() -> None:
    # setpriority(2): Linux gives each thread its own niceness; elsewhere the number would name a process.
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):
            usual = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, usual + _NICENESS)
