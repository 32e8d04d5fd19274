"""Reading HTML in a process of its own, which hostile pages cannot outlive."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from bot.errors import ToolFailed
from bot.tools.web import read_html

URL = "https://page.example/"
ENDLESS = "<div>" * 300_000
"""Takes the parser longer than anybody waits."""


def readers() -> list[psutil.Process]:
    """The reading processes that are alive."""
    children = psutil.Process().children()
    return [child for child in children if any(Path(word).name == "readable.py" for word in command(child))]


def command(process: psutil.Process) -> list[str]:
    """Its command line; nothing when it has just ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


async def a_reader() -> psutil.Process:
    """The reading process, once there is one."""
    async with asyncio.timeout(60):
        while True:
            if alive := readers():
                return alive[0]
            await asyncio.sleep(0.01)


async def test_a_page_is_read_in_another_process() -> None:
    """Title and text come back as they are, in any script."""
    found = await read_html("<title>标题</title><h1>你好</h1><p>Wörld 🌍", URL, timeout_seconds=60)
    assert (found.title, found.text, found.cut) == ("标题", "# 你好\n\nWörld 🌍", False)


async def test_the_reader_bounds_its_own_memory_and_time() -> None:
    """The system stops it when it asks for more than a gigabyte, or when nobody is left to kill it."""
    reading = asyncio.create_task(read_html(ENDLESS, URL, timeout_seconds=60))
    process = await a_reader()
    async with asyncio.timeout(60):
        while process.rlimit(psutil.RLIMIT_AS)[0] != 1 << 30:  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.01)
    assert process.rlimit(psutil.RLIMIT_CPU)[0] == 20
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_the_reader_has_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is empty, whatever ours holds."""
    monkeypatch.setenv("SILICONFLOW_API_KEY", "sk-secret")
    reading = asyncio.create_task(read_html(ENDLESS, URL, timeout_seconds=60))
    environment = (await a_reader()).environ()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert "SILICONFLOW_API_KEY" not in environment


async def test_a_page_nested_without_end_is_given_up() -> None:
    """The process is killed when its time is over; nothing is left behind."""
    with pytest.raises(ToolFailed, match="cannot be read in time"):
        await read_html(ENDLESS, URL, timeout_seconds=0.5)
    assert readers() == []


async def test_cancelling_ends_the_process() -> None:
    """A stopped turn leaves nothing running."""
    reading = asyncio.create_task(read_html(ENDLESS, URL, timeout_seconds=60))
    await a_reader()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert readers() == []


async def test_the_loop_stays_free_while_a_page_is_read() -> None:
    """Other work goes on to its end before the reading does."""
    reading = asyncio.create_task(read_html(ENDLESS, URL, timeout_seconds=60))
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert not reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)


async def test_a_page_past_the_limit_is_cut_and_says_so() -> None:
    """The beginning is read."""
    found = await read_html("<p>begin</p>" + " " * 2_000_000 + "<p>end</p>", URL, timeout_seconds=60)
    assert (found.text, found.cut) == ("begin", True)


async def test_a_reader_that_dies_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A crash in the parser is a page that cannot be read, and no more."""
    program = tmp_path / "readable.py"
    program.write_text("import os, sys; sys.stdin.read(); os.abort()")
    monkeypatch.setattr("bot.tools.web.worker._PROGRAM", program)
    with pytest.raises(ToolFailed, match="cannot be read"):
        await read_html("<p>x", URL, timeout_seconds=60)
