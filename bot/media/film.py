"""Makes of a film what models can look at: a small clip without sound, and stills with their moments.

The clip holds two pictures a second of a film of up to half a minute; a longer one runs faster in it, so that
its end is seen too. Nothing of the file but its pictures reaches the result.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import BinaryIO, Final, TypeVar

from bot.media.film_faults import FilmFault, Stopped, UnusableFilm
from bot.media.threads import background_threads
from bot.ports import Picture

__all__ = ["MOST_FILM_BYTES", "MOST_STILLS", "Films"]

_T = TypeVar("_T")
MOST_FILM_BYTES: Final = 200 * 1024 * 1024
MOST_STILLS: Final = 8
_LEAST_STILLS: Final = 2


class Films:
    """All work on films, one at a time for all chats; its thread ends by itself when nobody holds it."""

    def __init__(self) -> None:
        self._threads = background_threads(1, name="films")

    async def watch(self, file: BinaryIO, *, most_stills: int = MOST_STILLS) -> Picture:
        """The film in ``file``, an open seekable file which stays the caller's. Raises UnusableFilm.

        Cancelled, it leaves the file alone before it returns.
        """
        return await self._do(lambda stopped: _watch(file, max(_LEAST_STILLS, most_stills), stopped))

    async def check(self, file: BinaryIO) -> None:
        """Raise UnusableFilm unless there is something to look at; like ``watch`` in all else."""
        await self._do(lambda stopped: _check(file, stopped))

    async def _do(self, work: Callable[[threading.Event], _T]) -> _T:
        stopped = threading.Event()
        job = asyncio.get_running_loop().run_in_executor(self._threads, _carefully, work, stopped)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            stopped.set()
            await asyncio.gather(job, return_exceptions=True)
            raise


def _watch(file: BinaryIO, most_stills: int, stopped: threading.Event) -> Picture:
    from bot.media.film_work import watch_film  # here, for PyAV and Pillow are large

    return watch_film(file, most_stills, stopped)


def _check(file: BinaryIO, stopped: threading.Event) -> None:
    from bot.media.film_work import check_film

    check_film(file, stopped)


def _carefully(work: Callable[[threading.Event], _T], stopped: threading.Event) -> _T:
    try:
        return work(stopped)
    except (UnusableFilm, Stopped):
        raise
    except Exception as exc:  # decoders raise whatever a broken file leads them to
        raise UnusableFilm(FilmFault.CORRUPT, f"{type(exc).__name__}: {exc}") from exc
