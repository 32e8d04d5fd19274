"""A film is kept whole in one row, and comes back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.ports import Picture
from bot.storage.films import pack_film, unpack_film

_STILLS = st.lists(
    st.tuples(st.binary(max_size=40), st.integers(0, 40_000_000)), max_size=8, unique_by=lambda one: one[1]
)


@given(clip=st.binary(min_size=1, max_size=60), stills=_STILLS, seconds=st.floats(0, 1e6))
def test_a_film_comes_back_as_it_was_stored(
    clip: bytes, stills: list[tuple[bytes, int]], seconds: float
) -> None:
    """Its clip, its length, and its stills in their order with their moments."""
    frames = tuple(
        Picture(data=data, mime="image/jpeg", width=64, height=36, seconds=at / 1000) for data, at in stills
    )
    film = Picture(data=clip, mime="video/mp4", width=64, height=36, seconds=seconds, frames=frames)
    packed = Picture(data=pack_film(film), mime="video/mp4", width=64, height=36)
    assert unpack_film(packed) == film


def test_of_an_old_film_nothing_is_kept_but_what_is_known_of_it() -> None:
    """Its caption stands in the row."""
    old = Picture(data=b"", mime="video/mp4", width=64, height=36, caption="A cat.")
    assert pack_film(old) == b""
    assert unpack_film(old) == old
