"""Heavy work leaves the event loop its processor, and comes after it where there are too few."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from bot.media import threads
from bot.media.threads import background_threads, spare_processors


@pytest.mark.parametrize(("processors", "spared"), [(1, 1), (2, 1), (3, 2), (16, 2)])
def test_one_processor_is_left_to_the_event_loop(
    processors: int, spared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never none at all; with many, no more threads than were asked for."""
    monkeypatch.setattr(threads, "_processors", lambda: processors)
    assert spare_processors(2) == spared


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no niceness of their own")
def test_the_threads_are_nicer_than_the_one_that_talks_to_people() -> None:
    """By five; the thread that made them stays as it was."""

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    with background_threads(2, name="test") as pool:
        assert pool.submit(niceness).result(timeout=30) == min(before + 5, 19)
    assert niceness() == before
