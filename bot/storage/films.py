"""Keeps a film in one row: its clip and its stills in one archive, so that they are forgotten together."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Final

from bot.ports import Picture

__all__ = ["pack_film", "unpack_film"]

_CLIP: Final = "clip.mp4"
_MILLISECONDS: Final = 1000
_MOMENT: Final = (2000, 1, 1, 0, 0, 0)


def pack_film(film: Picture) -> bytes:
    """Everything that is to be sent of a film; nothing once it is too old for that."""
    if not film.data:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = str(film.seconds).encode()
        archive.writestr(zipfile.ZipInfo(_CLIP, _MOMENT), film.data)
        for number, still in enumerate(film.frames):
            archive.writestr(zipfile.ZipInfo(_name_of(number, still), _MOMENT), still.data)
    return buffer.getvalue()


def unpack_film(packed: Picture) -> Picture:
    """The film whose ``data`` are what ``pack_film`` made of it."""
    if not packed.data:
        return packed
    with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
        names = [name for name in archive.namelist() if name != _CLIP]
        frames = tuple(_still(name, archive.read(name), packed) for name in names)
        return replace(
            packed, data=archive.read(_CLIP), seconds=float(archive.comment.decode()), frames=frames
        )


def _name_of(number: int, still: Picture) -> str:
    return f"{number}-{round(still.seconds * _MILLISECONDS)}.jpg"


def _still(name: str, data: bytes, film: Picture) -> Picture:
    """Stills are as large as the clip."""
    milliseconds = int(name.partition("-")[2].removesuffix(".jpg"))
    return Picture(
        data=data,
        mime="image/jpeg",
        width=film.width,
        height=film.height,
        seconds=milliseconds / _MILLISECONDS,
    )
