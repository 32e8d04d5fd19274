"""Runs ``readable`` in a process of its own, which is killed when its time is over.

Parsing hostile HTML can take minutes and much memory, whatever the library, and a thread cannot be stopped.
The process gets no environment, hence no secrets, and starts in some tens of milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from bot.errors import ToolFailed

__all__ = ["Readable", "read_html"]

_PROGRAM: Final = Path(__file__).with_name("readable.py")
_MOST_HTML_CHARACTERS: Final = 2_000_000
_NEEDED_TO_START: Final = ("SYSTEMROOT",)  # on Windows

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """A page's title, which may be empty, and its text with Markdown for headings, lists, links and code.

    ``cut`` says that the page was so long that its end was not read.
    """

    title: str
    text: str
    cut: bool


async def read_html(html: str, url: str, *, timeout_seconds: float = 8.0) -> Readable:
    """The readable part of a page that came from ``url``; what is past two million characters is not read.

    Raises ToolFailed when it cannot be read within the time. Cancellation ends the process.
    """
    process = await _start(url)
    try:
        async with asyncio.timeout(timeout_seconds):
            given = html[:_MOST_HTML_CHARACTERS].encode("utf-8", "replace")
            output, errors = await process.communicate(given)
    except TimeoutError as exc:
        raise ToolFailed("the page is built in such a way that it cannot be read in time.") from exc
    finally:
        await _end(process)
    if process.returncode != 0:
        _log.warning("page_reader_failed", status=process.returncode, errors=errors[-2000:])
        raise ToolFailed("the page is built in such a way that it cannot be read.")
    title, _, text = output.decode("utf-8", "replace").partition("\n")
    return Readable(title=title, text=text, cut=len(html) > _MOST_HTML_CHARACTERS)


async def _start(url: str) -> Process:
    environment = {name: os.environ[name] for name in _NEEDED_TO_START if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-X",
        "utf8",
        _PROGRAM,
        url,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )


async def _end(process: Process) -> None:
    """Kill the process unless it has ended, and read its pipes to their end, so that they are closed."""
    if process.returncode is None:
        process.kill()
        await asyncio.shield(asyncio.create_task(process.communicate(), name="end of the page reader"))
