"""Ids of tool calls: present and unique, whatever the stream made of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.tools import distinct_calls
from tests.unit.tools.support import a_call


def test_a_call_sent_twice_is_made_once() -> None:
    """The same id, name and arguments are one call that the stream repeated."""
    call = a_call("echo", "1", text="x")
    assert distinct_calls([call, call]) == (call,)


def test_different_calls_under_one_id_get_ids_of_their_own() -> None:
    """Each answer must name its call."""
    calls = [a_call("echo", "1", text="x"), a_call("echo", "1", text="y"), a_call("echo", "1-1", text="z")]
    assert [call.id for call in distinct_calls(calls)] == ["1", "1-1", "1-1-1"]


def test_missing_ids_are_made_up() -> None:
    """Two calls without an id are two calls, even when they are alike."""
    assert [call.id for call in distinct_calls([a_call("echo", ""), a_call("echo", "")])] == [
        "call-1",
        "call-2",
    ]


@settings(deadline=None)
@given(ids=st.lists(st.sampled_from(["", "a", "b", "a-1", "call-1"]), max_size=8), data=st.data())
def test_ids_are_distinct_and_stay_so(ids: list[str], data: st.DataObject) -> None:
    """Every id is present and unique, free ids are kept, and a second pass changes nothing."""
    texts = data.draw(st.lists(st.sampled_from("xy"), min_size=len(ids), max_size=len(ids)))
    calls = [a_call("echo", call_id, text=text) for call_id, text in zip(ids, texts, strict=True)]
    distinct = distinct_calls(calls)
    found = [call.id for call in distinct]
    assert all(found)
    assert len(set(found)) == len(found)
    assert distinct_calls(distinct) == distinct
    assert {call.arguments for call in distinct} == {call.arguments for call in calls}
