"""What each event becomes, told in payloads as Slack sends them, and as nobody should."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.interactions import translate_button, translate_shortcut
from adapters.slack.translate import people_in, translate_event
from bot.messages import (
    AttachmentKind,
    ButtonPressed,
    ChatJoined,
    ChatKind,
    ChatLeft,
    Deleted,
    Edited,
    StopPressed,
    dump_inbound,
    load_inbound,
)
from tests.unit.slack.support import SCENE, TS, key, message, read

LATER = "1790000050.000200"


def event_of(**fields: Any) -> Any:
    """The core's event for a raw one."""
    return translate_event(message(**fields), SCENE)


# --- messages -----------------------------------------------------------------------------------------------


def test_a_direct_message_is_addressed_and_the_root_of_its_own_thread() -> None:
    """Agent view: each message at the top level begins a conversation."""
    event = read(channel="D1", channel_type="im")
    assert event.addressed
    assert event.chat_kind is ChatKind.PRIVATE
    assert event.key == key("D1", TS)
    assert not event.follows_up
    assert (event.message_id, event.author.id, event.author.vouched) == (TS, "UANN", True)


def test_a_channel_message_without_a_mention_is_not_addressed() -> None:
    """Nor does it follow anything up."""
    event = read()
    assert (event.addressed, event.follows_up, event.chat_kind) == (False, False, ChatKind.CHANNEL)


def test_a_thread_reply_without_a_mention_may_follow_up() -> None:
    """The core knows whether the bot took part there."""
    event = read(ts=LATER, thread_ts=TS)
    assert (event.addressed, event.follows_up) == (False, True)
    assert event.key == key(thread=TS)


def test_both_deliveries_of_a_mention_are_the_same_event() -> None:
    """app_mention and message.channels carry the same words under different event ids of Slack's."""
    text = "<@UBOT> what is up?"
    plain = event_of(text=text)
    mention = event_of(type="app_mention", text=text, channel_type=None)
    assert plain == mention
    assert plain.addressed
    assert plain.text == "what is up?"


@pytest.mark.parametrize("subtype", ["file_share", "thread_broadcast", "me_message"])
def test_people_write_in_more_than_one_way(subtype: str) -> None:
    """These subtypes are messages like any other."""
    assert read(subtype=subtype).text == "hello"


@pytest.mark.parametrize(
    "fields",
    [
        {"bot_id": "BOTHER"},
        {"bot_id": "BBOT", "user": "UBOT"},
        {"bot_profile": {"id": "B9"}},
        {"user": "UBOT"},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "bot_message", "user": None},
        {"subtype": "channel_join"},
        {"subtype": "channel_topic"},
        {"subtype": "message_replied", "hidden": True},
        {"subtype": "a_subtype_of_tomorrow"},
        {"hidden": True},
        {"ts": None},
        {"channel": None},
        {"type": "reaction_added"},
        {"type": "an_event_of_tomorrow"},
        {"type": None},
    ],
)
def test_what_nobody_wrote_to_us_is_dropped(fields: dict[str, Any]) -> None:
    """Bots, ourselves, services and whatever Slack invents next."""
    assert event_of(**fields) is None


def test_a_guest_and_a_stranger_are_not_vouched_for() -> None:
    """Nor is anybody of whom neither Slack nor the event tells anything."""
    guest = read(user="UGIA").author
    nobody = read(user="UNEW", team=None).author
    stranger = read(user="UEVE", user_team="T_OTHER").author
    assert (guest.is_guest, guest.vouched) == (True, False)
    assert (nobody.is_guest, nobody.vouched) == (False, False)
    assert (stranger.is_guest, stranger.vouched) == (True, False)


def test_of_whom_slack_could_not_be_asked_the_events_workspace_counts() -> None:
    """What the event says itself goes before where it happened."""
    home = replace(SCENE, team="T1")
    told = [
        home.author("UNEW"),
        home.author("UNEW", "T1"),
        home.author("UNEW", "T_OTHER"),
        SCENE.author("UNEW"),
        home.author("UGIA", "T1"),
    ]
    assert [author.vouched for author in told] == [True, True, False, False, False]
    assert [author.is_guest for author in told] == [False, False, True, False, True]


def test_files_come_as_handles() -> None:
    """A voice clip is one whatever its type says; a tombstone has nothing to fetch."""
    files = [
        {"id": "F1", "name": "a.png", "mimetype": "image/png", "size": 12},
        {"id": "F2", "subtype": "slack_audio", "mimetype": "video/mp4", "duration_ms": 2500},
        {"id": "F3", "name": "audio_message.m4a", "mimetype": "audio/mp4"},
        {"id": "F4", "mode": "tombstone"},
        {"id": "F5", "name": "t.csv", "mimetype": "text/csv"},
        {"id": "F6", "mimetype": "audio/mpeg", "size": "many", "duration_ms": "long"},
        "no file at all",
    ]
    found = read(subtype="file_share", files=files, text="").attachments
    kinds = [item.kind for item in found]
    assert kinds == [
        AttachmentKind.IMAGE,
        AttachmentKind.VOICE,
        AttachmentKind.VOICE,
        AttachmentKind.DOCUMENT,
        AttachmentKind.DOCUMENT,
        AttachmentKind.AUDIO,
    ]
    assert [item.file_id for item in found] == ["F1", "F2", "F3", "", "F5", "F6"]
    assert found[1].duration_seconds == 2.5


# --- changes ------------------------------------------------------------------------------------------------


def changed(new: dict[str, Any], old: dict[str, Any] | None = None) -> Any:
    """The event of a message that was changed."""
    raw = {
        "type": "message",
        "subtype": "message_changed",
        "hidden": True,
        "channel": "C1",
        "channel_type": "channel",
        "ts": LATER,
        "event_ts": LATER,
        "message": message(channel=None, channel_type=None, **new),
        "previous_message": message(channel=None, channel_type=None, **(old or {})),
    }
    return translate_event(raw, SCENE)


def test_a_persons_change_of_words_is_an_edit() -> None:
    """It names the message as it was sent, and is known by when it was changed."""
    event = changed({"text": "new words", "edited": {"user": "UANN", "ts": LATER}})
    assert isinstance(event, Edited)
    assert event.event_id == f"edited:C1:{TS}:{LATER}"
    assert (event.message.text, event.message.message_id) == ("new words", TS)
    assert event.key == key(thread=TS)


def test_an_unfolded_link_is_no_edit() -> None:
    """Slack tells of it in the same way."""
    assert changed({"attachments": [{"id": 1}]}) is None
    assert changed({"edited": {"ts": LATER}}, {}) is None


def test_our_own_changes_are_dropped() -> None:
    """Each edit and each step of a stream comes back to us."""
    assert changed({"bot_id": "BBOT", "user": "UBOT", "text": "x", "edited": {"ts": LATER}}) is None


def test_a_deletion_names_the_message_and_its_thread() -> None:
    """Also when the message leaves a tombstone because others have answered it."""
    raw = {"subtype": "message_deleted", "deleted_ts": TS, "ts": LATER, "hidden": True, "user": None}
    gone = event_of(**raw, previous_message=message(thread_ts="1.5"))
    assert isinstance(gone, Deleted)
    assert (gone.message_ids, gone.key) == ((TS,), key(thread="1.5"))
    tombstone = changed({"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."})
    assert isinstance(tombstone, Deleted)
    assert tombstone.message_ids == (TS,)
    assert event_of(**raw, previous_message=message(bot_id="BBOT")) is None


# --- other events -------------------------------------------------------------------------------------------


def test_the_stop_control_stops_its_thread() -> None:
    """The person who used it is named."""
    event = event_of(type="agent_session_stopped", thread_ts=TS, streaming_message_ts=[LATER], ts=None)
    assert isinstance(event, StopPressed)
    assert event.key == key(thread=TS)
    assert event.author is not None
    assert event.author.id == "UANN"


def test_only_our_own_coming_and_going_matters() -> None:
    """Others come and go all day."""
    left = event_of(type="member_left_channel", user="UBOT")
    joined = event_of(type="member_joined_channel", user="UBOT", inviter="UANN", channel_type="C")
    assert isinstance(left, ChatLeft)
    assert isinstance(joined, ChatJoined)
    assert not left.back
    assert left.event_id != joined.event_id
    assert (joined.key, joined.chat_kind, joined.hears_all) == (key(thread=""), ChatKind.CHANNEL, True)
    assert (joined.author.id, joined.author.vouched) == ("UANN", True)
    assert event_of(type="member_left_channel", user="UBOB") is None
    assert event_of(type="member_joined_channel", user="UBOB", inviter="UANN") is None


def test_a_bot_that_nobody_named_brought_in_is_brought_by_the_workspace() -> None:
    """Slack names no inviter when its settings did it; the inviter is looked up where there is one."""
    joined = event_of(type="member_joined_channel", user="UBOT")
    assert isinstance(joined, ChatJoined)
    assert (joined.author.id, joined.author.vouched) == ("", True)
    assert "UANN" in people_in(message(type="member_joined_channel", user="UBOT", inviter="UANN"))


def test_opening_the_home_tab_asks_the_core_like_a_button_there() -> None:
    """Each opening once; the Messages tab is none."""
    fields = {"type": "app_home_opened", "channel": "D1", "channel_type": None, "tab": "home"}
    event, later = event_of(**fields), event_of(**fields, event_ts=LATER)
    assert isinstance(event, ButtonPressed)
    assert (event.key, event.chat_kind, event.author.id) == (key("D1", ""), ChatKind.PRIVATE, "UANN")
    assert (event.data, event.message_id, event.answer_id) == ("home", "", "")
    assert event.event_id != later.event_id
    assert event_of(**{**fields, "tab": "messages"}) is None
    assert event_of(**{**fields, "channel": None}) is None


def press(**changes: Any) -> dict[str, Any]:
    """A block_actions payload."""
    return {
        "type": "block_actions",
        "user": {"id": "UANN", "team_id": "T1"},
        "team": {"id": "T1"},
        "container": {"type": "message", "message_ts": LATER, "channel_id": "C1", "thread_ts": TS},
        "channel": {"id": "C1", "name": "general"},
        "message": {"ts": LATER, "thread_ts": TS, "bot_id": "BBOT"},
        "actions": [{"action_id": "button:0:0", "type": "button", "value": "retry:7", "action_ts": "5.5"}],
        **changes,
    }


def test_a_pressed_button_names_message_thread_and_person() -> None:
    """The data is what the button was given."""
    event = translate_button(press(), SCENE)
    assert isinstance(event, ButtonPressed)
    assert (event.data, event.message_id, event.key) == ("retry:7", LATER, key(thread=TS))
    assert event.author.vouched
    assert event.answer_id == f":C1:{TS}:UANN"


def test_a_button_of_the_home_tab_belongs_to_the_persons_chat() -> None:
    """The tab carries the chat's id."""
    view = {"type": "home", "private_metadata": "D1"}
    event = translate_button(press(view=view, container={"type": "view"}, channel=None, message=None), SCENE)
    assert isinstance(event, ButtonPressed)
    assert (event.key, event.message_id, event.chat_kind) == (key("D1", ""), "", ChatKind.PRIVATE)


def test_thumbs_are_buttons() -> None:
    """Their data says which."""
    action = {"action_id": "feedback", "type": "feedback_buttons", "value": "feedback:up", "action_ts": "6.1"}
    event = translate_button(press(actions=[action]), SCENE)
    assert event is not None
    assert event.data == "feedback:up"


@pytest.mark.parametrize(
    "changes",
    [
        {"actions": []},
        {"actions": None},
        {"actions": [{"type": "button"}]},
        {"actions": [{"value": 5}]},
        {"user": None},
        {"channel": None, "container": None, "message": None},
    ],
)
def test_a_button_without_sense_is_dropped(changes: dict[str, Any]) -> None:
    """Nothing of a payload can be relied on."""
    assert translate_button(press(**changes), SCENE) is None


# --- hostile payloads ---------------------------------------------------------------------------------------

NAMES = (
    "type subtype user bot_id ts thread_ts text channel channel_type files blocks edited message hidden "
    "previous_message deleted_ts team user_team elements style url name actions value view container "
    "reaction item callback_id transcription preview content"
)
FIELDS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text(max_size=12),
        st.sampled_from(["message", "app_mention", "message_changed", "UANN", "D1", TS, "rich_text", "text"]),
        st.sampled_from(["reaction_added", "memo", "transcribe", "slack_audio"]),
        st.sampled_from(["<@UBOT>", "<!channel>", "\ud83d", "\x00", "9" * 400, "nan", "inf"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(FIELDS, inner, max_size=5)),
    max_leaves=12,
)


@given(payload=st.dictionaries(FIELDS, VALUES, max_size=8))
def test_no_payload_breaks_the_translation(payload: dict[str, Any]) -> None:
    """It becomes an event that can be stored and read again, or nothing."""
    people_in(payload)
    for read_payload in (translate_event, translate_button, translate_shortcut):
        event = read_payload(payload, SCENE)
        if event is not None:
            assert load_inbound(dump_inbound(event)) == event
