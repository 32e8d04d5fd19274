"""Taking the compression off in pieces: nothing lost below the limit, nothing made above it."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import ToolFailed
from bot.tools.web.unpacking import unpacker

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


def unpacked(coding: str, packed: bytes, cuts: int, most_bytes: int) -> bytes:
    """What the fetcher would have after the last of ``cuts`` pieces."""
    unpack, found = unpacker(coding), b""
    size = len(packed) // cuts + 1
    for at in range(0, len(packed), size):
        if len(found) >= most_bytes:
            break
        found += unpack(packed[at : at + size], most_bytes - len(found))
    return found


@given(st.sampled_from(sorted(PACKERS)), st.binary(max_size=3000), st.integers(1, 40), st.integers(1, 4000))
def test_any_cut_of_any_body_gives_its_beginning(
    coding: str, body: bytes, cuts: int, most_bytes: int
) -> None:
    """Wherever the network cuts it, and whatever the limit."""
    assert unpacked(coding, PACKERS[coding](body), cuts, most_bytes) == body[:most_bytes]


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 40))
def test_members_of_gzip_are_joined(bodies: list[bytes], cuts: int) -> None:
    """A gzip file may consist of several."""
    packed = b"".join(gzip.compress(body) for body in bodies)
    assert unpacked("gzip", packed, cuts, 10_000) == b"".join(bodies)


def test_what_follows_the_compressed_data_is_ignored() -> None:
    """Some servers pad."""
    assert unpacked("gzip", gzip.compress(b"hello") + b"\x00" * 50, 1, 100) == b"hello"


def test_a_body_of_countless_empty_members_is_refused() -> None:
    """It would keep us busy for nothing."""
    with pytest.raises(ToolFailed, match="too many pieces"):
        unpacked("gzip", gzip.compress(b"") * 101, 3, 10_000)
