"""Bytes of an event stream become data payloads, however they are cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.providers.sse import EventTooLong, SseDecoder

_LINES = st.text(alphabet=st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=20)
_EVENTS = st.lists(st.lists(_LINES, min_size=1, max_size=3), max_size=6)
_ENDINGS = st.sampled_from(["\n", "\r", "\r\n"])


def _decode(stream: bytes, cuts: list[int]) -> list[bytes]:
    decoder = SseDecoder()
    payloads: list[bytes] = []
    start = 0
    for cut in [*sorted(cuts), len(stream)]:
        payloads += decoder.feed(stream[start:cut])
        start = max(start, cut)
    return payloads


@given(events=_EVENTS, ending=_ENDINGS, space=st.booleans(), data=st.data())
def test_payloads_do_not_depend_on_where_the_bytes_are_cut(
    events: list[list[str]], ending: str, space: bool, data: st.DataObject
) -> None:
    """Any line ending, any cut (also inside a character or between CR and LF) gives the same payloads."""
    field = "data: " if space else "data:"
    lines = [
        [value.removeprefix(" ") if not space else value for value in event if value.strip()]
        for event in events
    ]
    text = "".join("".join(f"{field}{line}{ending}" for line in event) + ending for event in lines)
    stream = text.encode()
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    expected = ["\n".join(event).encode() for event in lines if event]
    if not space:
        expected = [b"\n".join(part.removeprefix(b" ") for part in line.split(b"\n")) for line in expected]
    assert _decode(stream, cuts) == expected


@given(events=st.lists(st.binary(max_size=12), max_size=8), data=st.data())
def test_events_that_come_whole_are_read_like_any_others(events: list[bytes], data: st.DataObject) -> None:
    """Whatever is in them: one by one or in groups they give the same payloads as in one piece."""
    framed = [b"data: " + event + b"\n\n" for event in events]
    ends = [sum(map(len, framed[: number + 1])) for number in range(len(framed))]
    cuts = data.draw(st.lists(st.sampled_from(ends), unique=True)) if ends else []
    assert _decode(b"".join(framed), cuts) == _decode(b"".join(framed), [])


def test_each_byte_may_come_alone() -> None:
    """A stream that drips byte by byte is read like one that comes at once."""
    stream = 'data: {"text":"héllo 世界"}\r\n\r\ndata: [DONE]\r\n\r\n'.encode()
    assert _decode(stream, list(range(len(stream)))) == _decode(stream, [])


def test_comments_names_and_ids_are_ignored() -> None:
    """Only data fields carry something."""
    stream = b": keep-alive\n\nevent: message\nid: 7\nretry: 100\ndatabase: no\ndata: yes\n\n"
    assert _decode(stream, []) == [b"yes"]


def test_an_unterminated_last_event_is_dropped() -> None:
    """Without its blank line an event may be half of itself."""
    assert _decode(b'data: {"a":1}\n\ndata: {"b"', []) == [b'{"a":1}']
    assert _decode(b"data: whole line, no blank line\n", []) == []


def test_several_data_lines_are_one_payload() -> None:
    """The lines of one event are joined by newlines."""
    assert _decode(b"data: one\ndata:two\n\n", []) == [b"one\ntwo"]


def test_empty_data_is_no_payload() -> None:
    """An event without anything in it is not given."""
    assert _decode(b"data:\n\ndata: \n\ndata\n\n", []) == []


@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_a_byte_order_mark_is_skipped(cut: int) -> None:
    """A stream may begin with the mark of UTF-8."""
    assert _decode(b"\xef\xbb\xbfdata: x\n\n", [cut]) == [b"x"]


def test_an_endless_line_is_refused() -> None:
    """A line without an end does not fill the memory."""
    decoder = SseDecoder(max_event_bytes=100)
    decoder.feed(b"data: " + b"x" * 80)
    with pytest.raises(EventTooLong):
        decoder.feed(b"x" * 80)


def test_an_endless_event_is_refused() -> None:
    """Neither do many data lines without a blank line."""
    decoder = SseDecoder(max_event_bytes=100)
    decoder.feed(b"data: 0123456789\n" * 9)
    with pytest.raises(EventTooLong):
        decoder.feed(b"data: 0123456789\n" * 9)


def test_one_event_that_comes_whole_is_refused_when_it_is_too_long() -> None:
    """Also in the middle of a stream."""
    decoder = SseDecoder(max_event_bytes=100)
    decoder.feed(b"data: first\n\n")
    assert decoder.feed(b"data: " + b"x" * 100 + b"\n\n") == [b"x" * 100]
    with pytest.raises(EventTooLong):
        decoder.feed(b"data: " + b"x" * 101 + b"\n\n")


def test_many_short_events_never_reach_the_limit() -> None:
    """The limit is for one event, not for the stream."""
    decoder = SseDecoder(max_event_bytes=100)
    for _ in range(50):
        assert decoder.feed(b"data: 0123456789\n\n") == [b"0123456789"]
