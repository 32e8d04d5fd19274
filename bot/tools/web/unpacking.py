"""Takes the compression off a body piece by piece, so that no piece can grow past what is left to read."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final, Protocol

from bot.errors import ToolFailed

__all__ = ["ACCEPTED_CODINGS", "Unpacker", "unpacker"]

ACCEPTED_CODINGS: Final = "gzip, deflate"
_GZIP_WINDOW: Final = zlib.MAX_WBITS | 16
_PLAIN_WINDOW: Final = zlib.MAX_WBITS
_RAW_WINDOW: Final = -zlib.MAX_WBITS
_ZLIB_METHOD: Final = 8
_MOST_MEMBERS: Final = 100  # thousands of empty ones would cost much and give nothing
_GZIP_START: Final = b"\x1f\x8b"


class Unpacker(Protocol):
    """Called with each piece of the body and the most bytes to give; the rest of that piece is dropped.

    Raises ToolFailed when the body is not compressed the way it says.
    """

    def __call__(self, piece: bytes, most_bytes: int, /) -> bytes: ...


def unpacker(coding: str) -> Unpacker:
    """For the Content-Encoding of a response. Raises ToolFailed for one that was not asked for."""
    match coding.strip().lower():
        case "" | "identity":
            return _as_it_is
        case "gzip" | "x-gzip":
            return _Inflating(lambda _: _GZIP_WINDOW)
        case "deflate":
            return _Inflating(_deflate_window)
        case _:
            raise ToolFailed("the page is compressed in a way that cannot be read here.")


def _as_it_is(piece: bytes, most_bytes: int) -> bytes:
    return piece[:most_bytes]


def _deflate_window(piece: bytes) -> int:
    """RFC 9110 means the zlib format by "deflate"; some servers send the bare stream instead."""
    return _PLAIN_WINDOW if piece[0] & 0x0F == _ZLIB_METHOD else _RAW_WINDOW


class _Inflating:
    """gzip and deflate. Further members of gzip are read; whatever else follows the end is ignored."""

    def __init__(self, window_for: Callable[[bytes], int]) -> None:
        self._window_for = window_for
        self._stream: zlib._Decompress | None = None
        self._held = b""
        self._members = 0

    def __call__(self, piece: bytes, most_bytes: int, /) -> bytes:
        found = bytearray()
        piece = self._held + piece
        self._held = b""
        while piece and len(found) < most_bytes and (stream := self._stream_for(piece)):
            found += _inflate(stream, piece, most_bytes - len(found))
            piece = stream.unused_data
            if stream.eof:
                self._stream = None
        return bytes(found)

    def _stream_for(self, piece: bytes) -> zlib._Decompress | None:
        """The stream that goes on with ``piece``; None when nothing does, or it is too early to say."""
        if self._stream is None:
            if self._members and not piece.startswith(_GZIP_START):
                self._held = piece if len(piece) < len(_GZIP_START) else b""
                return None
            self._members += 1
            if self._members > _MOST_MEMBERS:
                raise ToolFailed("the page's compressed data is in too many pieces.")
            self._stream = zlib.decompressobj(self._window_for(piece))
        return self._stream


def _inflate(stream: zlib._Decompress, piece: bytes, most_bytes: int) -> bytes:
    try:
        return stream.decompress(piece, most_bytes)
    except zlib.error as exc:
        raise ToolFailed("the page's compressed data is damaged.") from exc
