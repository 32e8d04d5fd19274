"""Runs the extraction in a process of its own, which is killed when its time is over.

What documents are made of is decided by whoever sends them, and no library for them promises to end, or to
end in a megabyte. The process gets no environment, hence no secrets, and sets its own limits.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from bot.media.documents.extraction.found import DocumentFault
from bot.media.documents.faults import UnusableDocument

__all__ = ["extract"]

_log = structlog.get_logger(__name__)

_FOLDER: Final = Path(__file__).parent
# The folder comes last: nothing in it can stand in for a library.
_START: Final = (
    "import runpy, sys; sys.path.append(sys.argv.pop(1)); runpy.run_module('extraction', None, '__main__')"
)
_NEEDED_TO_START: Final = ("SYSTEMROOT",)  # on Windows


async def extract(arguments: Sequence[str], *, timeout_seconds: float) -> bytes:
    """What the extraction writes. Raises UnusableDocument when it is not done in time, or ends otherwise.

    Cancellation ends the process.
    """
    process = await _start(arguments)
    try:
        async with asyncio.timeout(timeout_seconds):
            output, errors = await process.communicate()
    except TimeoutError as exc:
        raise UnusableDocument(DocumentFault.TOO_SLOW, "it is not read in time") from exc
    finally:
        await _end(process)
    if process.returncode != 0:
        _log.warning("document_reader_failed", status=process.returncode, errors=errors[-1000:])
        raise UnusableDocument(_fault(process.returncode), f"the reader ended with {process.returncode}")
    return output


def _fault(status: int | None) -> DocumentFault:
    """What ended the process: the limit of its time, or of its memory, which libraries in C abort at."""
    if status == -getattr(signal, "SIGXCPU", 0) or status == -signal.SIGTERM:
        return DocumentFault.TOO_SLOW
    return DocumentFault.TOO_LARGE if status is not None and status < 0 else DocumentFault.CORRUPT


async def _start(arguments: Sequence[str]) -> Process:
    environment = {name: os.environ[name] for name in _NEEDED_TO_START if name in os.environ}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-X", "utf8", "-c", _START, str(_FOLDER), *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )


async def _end(process: Process) -> None:
    """Kill the process unless it has ended, and read its pipes to their end, so that they are closed."""
    if process.returncode is None:
        process.kill()
        await asyncio.shield(asyncio.create_task(process.communicate(), name="end of the document reader"))
