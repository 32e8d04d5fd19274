"""Turns bytes of a server-sent event stream into the payloads of its ``data:`` fields.

Follows the event stream format of the HTML standard as far as chat streams need it: any line ending,
comments, several data lines an event, chunks cut anywhere. Names and ids of events are ignored.
"""

from __future__ import annotations

from typing import Final

__all__ = ["EventTooLong", "SseDecoder"]

MAX_EVENT_BYTES: Final = 4 * 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """One event is longer than the decoder's limit; the stream is not worth reading on."""


class SseDecoder:
    """Feed it what the network gives; it gives back the payloads that are whole.

    An event counts once its blank line arrived, so an unterminated last event is never given.
    """

    def __init__(self, *, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_event_bytes = max_event_bytes
        self._tail: list[bytes] = []
        self._data: list[bytes] = []
        self._held_bytes = 0
        self._after_cr = False
        self._begun = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that ``chunk`` completes, in order. Raises EventTooLong."""
        if self._is_one_event(chunk):
            return [chunk[6:-2]]
        if not self._begun:
            chunk = self._skip_bom(chunk)
        chunk = self._with_newlines_only(chunk)
        if b"\n" not in chunk:
            self._hold(chunk)
            return []
        self._tail.append(chunk)
        lines = b"".join(self._tail).split(b"\n")
        last = lines.pop()
        self._tail = []
        self._held_bytes = sum(map(len, self._data))
        payloads = self._take_lines(lines)
        if last:
            self._hold(last)
        return payloads

    def _is_one_event(self, chunk: bytes) -> bool:
        """Whether ``chunk`` is, as nearly always, one whole event of one line, with none begun before it."""
        return (
            chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2 > 6
            and chunk.endswith(b"\n")
            and b"\r" not in chunk
            and not (self._tail or self._data or self._after_cr)
            and self._begun
            and len(chunk) <= self._max_event_bytes
        )

    def _take_lines(self, lines: list[bytes]) -> list[bytes]:
        payloads: list[bytes] = []
        data = self._data
        for line in lines:
            if not line:
                if data:
                    payloads.append(data[0] if len(data) == 1 else b"\n".join(data))
                    data.clear()
                    self._held_bytes = 0
            elif line.startswith(b"data: "):
                self._add(line[6:])
            elif line.startswith(b"data:"):
                self._add(line[5:])
        return payloads

    def _add(self, value: bytes) -> None:
        if value or self._data:
            self._data.append(value)
            self._count(len(value))

    def _hold(self, piece: bytes) -> None:
        self._tail.append(piece)
        self._count(len(piece))

    def _count(self, size: int) -> None:
        self._held_bytes += size
        if self._held_bytes > self._max_event_bytes:
            raise EventTooLong(f"an event of more than {self._max_event_bytes} bytes")

    def _skip_bom(self, chunk: bytes) -> bytes:
        chunk = b"".join((*self._tail, chunk))
        self._tail = []
        self._held_bytes = 0
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            self._tail = [chunk]
            return b""
        self._begun = True
        return chunk.removeprefix(_BOM)

    def _with_newlines_only(self, chunk: bytes) -> bytes:
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" not in chunk:
            return chunk
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
