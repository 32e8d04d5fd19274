"""Updates become the core's events."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.telegram.updates import read_update, update_id_of
from bot.messages import (
    Author,
    ButtonPressed,
    ChatJoined,
    ChatKind,
    ChatLeft,
    ChatMigrated,
    Edited,
    Inbound,
    StopPressed,
    TranscriptWanted,
    Unreadable,
    dump_inbound,
    load_inbound,
)

from .support import ANN, BOT, GROUP, ME, MOMENT, PRIVATE, entity, key, message, read, text_of, update

FILE = {"file_id": "f", "file_unique_id": "u"}
NEWS = {"id": -5, "type": "channel", "title": "News"}
GROUP_BOT = {**BOT, "id": 1087968824}  # who anonymous administrators appear as


def event_of(raw: dict[str, Any]) -> Inbound | None:
    """The event of a raw update, through the stored form it will have."""
    event = read_update(raw, ME)
    return None if event is None else load_inbound(dump_inbound(event))


def test_a_private_message_becomes_an_incoming() -> None:
    """Everything the core needs of a plain message is there, the sender's language included."""
    event = read(text="Hello")
    assert (event.event_id, event.message_id, event.key) == ("update:5", "11", key())
    assert event.author == Author(id="7", name="Ann Lee", username="ann", language="en")
    assert (event.text, event.addressed, event.chat_kind) == ("Hello", True, ChatKind.PRIVATE)
    assert event.sent_at == datetime.fromtimestamp(MOMENT, UTC)
    assert not event.fills_limit


@pytest.mark.parametrize(
    ("is_topic", "thread"),
    [pytest.param(True, "44", id="topic"), pytest.param(None, "", id="reply thread")],
)
def test_only_topics_are_threads_of_their_own(is_topic: bool | None, thread: str) -> None:
    """A plain reply in a group carries a thread id too, and stays in the group's one conversation."""
    event = read(chat=GROUP, text="hi", message_thread_id=44, is_topic_message=is_topic)
    assert event.key.thread == thread


def test_a_topic_of_a_private_chat_is_a_thread() -> None:
    """Bots with topics enabled keep conversations apart in private chats as well."""
    assert read(text="hi", message_thread_id=9, is_topic_message=True).key == key(7, "9")


@pytest.mark.parametrize(
    ("text", "entities", "addressed", "wanted"),
    [
        ("hello all", [], False, "hello all"),
        ("@Parley_Bot, what now?", [entity("mention", 0, 11)], True, "what now?"),
        ("ask @parley_bot", [entity("mention", 4, 11)], True, "ask @parley_bot"),
        ("@other_bot hi", [entity("mention", 0, 10)], False, "@other_bot hi"),
        ("😀 @parley_bot", [entity("mention", 3, 11)], True, "😀 @parley_bot"),
        ("/new@parley_bot now", [entity("bot_command", 0, 15)], True, "/new now"),
        ("/new now", [entity("bot_command", 0, 4)], True, "/new now"),
        ("/new@other_bot", [entity("bot_command", 0, 14)], False, "/new@other_bot"),
        ("see /new", [entity("bot_command", 4, 4)], False, "see /new"),
        ("Parley help", [entity("text_mention", 0, 6, user=BOT)], True, "help"),
        ("Ann help", [entity("text_mention", 0, 3, user=ANN)], False, "Ann help"),
    ],
)
def test_a_group_message_is_addressed_by_name_or_command(
    text: str, entities: list[dict[str, Any]], addressed: bool, wanted: str
) -> None:
    """Mentions and commands of this bot address it and are taken off the front; others' do not."""
    event = read(chat=GROUP, text=text, entities=entities)
    assert (event.addressed, text_of(event)) == (addressed, wanted)


def test_a_caption_addresses_like_a_text() -> None:
    """A photo with the bot's name in its caption is meant for it."""
    photo = [{**FILE, "width": 9, "height": 9}]
    event = read(
        chat=GROUP, photo=photo, caption="@parley_bot look", caption_entities=[entity("mention", 0, 11)]
    )
    assert (event.addressed, text_of(event)) == (True, "look")


def test_a_bare_mention_has_no_parts() -> None:
    """Somebody who only calls the bot under a message is heard; what counts is the message answered."""
    answered = message(text="the question", chat=GROUP)
    event = read(
        chat=GROUP, text="@parley_bot", entities=[entity("mention", 0, 11)], reply_to_message=answered
    )
    assert event.addressed
    assert event.parts == ()
    assert event.quoted is not None
    assert event.quoted.text == "the question"


def test_a_reply_to_the_bot_is_addressed() -> None:
    """Answering one of the bot's messages needs no mention."""
    event = read(
        chat=GROUP, text="and then?", reply_to_message=message(chat=GROUP, text="so", **{"from": BOT})
    )
    assert event.addressed
    assert event.quoted is not None
    assert event.quoted.is_ours


def test_the_opening_of_a_topic_is_no_reply() -> None:
    """In a topic every message seems to answer its first service message, which says nothing."""
    opening = message(chat=GROUP, forum_topic_created={"name": "T", "icon_color": 1}, **{"from": BOT})
    event = read(chat=GROUP, text="hi", reply_to_message=opening, message_thread_id=11, is_topic_message=True)
    assert not event.addressed
    assert event.quoted is None


def test_a_forward_is_not_addressed_in_a_group() -> None:
    """A command or mention in somebody else's forwarded words asks for nothing."""
    origin = {"type": "hidden_user", "date": MOMENT, "sender_user_name": "Zoe"}
    event = read(chat=GROUP, text="/new", entities=[entity("bot_command", 0, 4)], forward_origin=origin)
    assert not event.addressed


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (
            {"sender_chat": GROUP, "from": {**BOT, "id": 1087968824}, "author_signature": "boss"},
            "Team (boss)",
        ),
        (
            {"sender_chat": {"id": -5, "type": "channel", "title": "News"}, "from": {**ANN, "id": 777000}},
            "News",
        ),
        ({"sender_chat": {"id": -5, "type": "channel", "title": "\u200b"}, "from": None}, "-5"),
        ({"from": {**ANN, "first_name": " \u2060 ", "last_name": ""}}, "ann"),
        ({"from": {"id": 8, "is_bot": False, "first_name": ""}}, "8"),
    ],
)
def test_everybody_has_a_name(fields: dict[str, Any], name: str) -> None:
    """Anonymous administrators, channels and people with invisible names are called something readable."""
    assert read(chat=GROUP, text="hi", **fields).author.name == name


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"text": "hi", "from": {**BOT, "id": 99}}, id="another bot"),
        pytest.param({"text": "hi", "from": BOT}, id="itself"),
        pytest.param({"text": "hi", "chat": NEWS}, id="channel"),
        pytest.param({"text": "hi", "business_connection_id": "b"}, id="business"),
        pytest.param({"text": "hi", "guest_query_id": "g"}, id="guest"),
        pytest.param({"text": "hi", "ephemeral_message_id": 3}, id="ephemeral"),
        pytest.param({"new_chat_members": [ANN]}, id="join"),
        pytest.param({"left_chat_member": ANN}, id="leave"),
        pytest.param({"pinned_message": message(text="x")}, id="pin"),
        pytest.param({"forum_topic_created": {"name": "T", "icon_color": 1}}, id="topic"),
        pytest.param({"video_chat_started": {}}, id="call"),
        pytest.param({"migrate_from_chat_id": -4}, id="old id"),
        pytest.param({"new_chat_title": "T"}, id="title"),
        pytest.param({"message_auto_delete_timer_changed": {"message_auto_delete_time": 5}}, id="timer"),
    ],
)
def test_what_nobody_wrote_to_the_bot_is_dropped(fields: dict[str, Any]) -> None:
    """Service messages, bots and the kinds of chat that are not served leave no event."""
    assert event_of(update(**fields)) is None


@pytest.mark.parametrize("kind", ["channel_post", "business_message", "guest_message", "inline_query"])
def test_kinds_of_update_that_are_not_served_are_dropped(kind: str) -> None:
    """They are not asked for, but an older setting on the server may still deliver them."""
    query = {"id": "1", "from": ANN, "query": "q", "offset": ""}
    payload = query if kind == "inline_query" else message(text="hi")
    assert event_of({"update_id": 5, kind: payload}) is None


def test_an_upgraded_group_migrates() -> None:
    """The new id arrives as a message in the old group."""
    event = event_of(update(chat={**GROUP, "id": -4, "type": "group"}, migrate_to_chat_id=-1004))
    assert event == ChatMigrated(event_id="update:5", key=key(-4), new_chat="-1004")


def test_an_edit_keeps_the_message_and_has_its_own_event_id() -> None:
    """The update's id makes each edit an event; the message keeps its id and the time it was sent."""
    event = event_of(update("edited_message", number=6, text="better", edit_date=MOMENT + 60))
    assert isinstance(event, Edited)
    assert (event.event_id, event.message.message_id, event.message.text) == ("update:6", "11", "better")
    assert event.message.sent_at == datetime.fromtimestamp(MOMENT, UTC)


@pytest.mark.parametrize(
    ("old", "new", "back"),
    [
        ("member", "kicked", False),
        ("member", "left", False),
        ("kicked", "member", True),
        ("left", "administrator", True),
        ("member", "administrator", None),
        ("member", "restricted mute", False),
        ("restricted mute", "restricted free", True),
        ("restricted free", "creator", None),
    ],
)
def test_being_shut_out_and_let_in_is_told(old: str, new: str, back: bool | None) -> None:
    """Only a change of whether the bot may write is an event."""
    event = membership(old, new)
    assert event == (None if back is None else ChatLeft(event_id="update:5", key=key(), back=back))


def membership(old: str, new: str, **changes: Any) -> Inbound | None:
    """The event of a change of the bot's standing in Ann's chat, or another."""
    change = {
        "chat": PRIVATE,
        "from": ANN,
        "date": MOMENT,
        "old_chat_member": member(old),
        "new_chat_member": member(new),
        **changes,
    }
    return event_of({"update_id": 5, "my_chat_member": change})


@pytest.mark.parametrize(
    ("old", "new", "hears_all"),
    [
        ("left", "member", False),
        ("kicked", "member", False),
        ("left", "administrator", True),
        ("kicked", "creator", True),
        ("restricted mute", "member", False),
    ],
)
@pytest.mark.parametrize("kind", ["group", "supergroup"])
def test_being_added_to_a_group_is_told(old: str, new: str, hears_all: bool, kind: str) -> None:
    """With who did it, and whether privacy mode keeps other people's messages from the bot."""
    event = membership(old, new, chat={**GROUP, "type": kind})
    assert isinstance(event, ChatJoined)
    assert (event.event_id, event.key, event.chat_kind) == ("update:5", key(-1001), ChatKind.GROUP)
    assert (event.author.id, event.author.language, event.hears_all) == ("7", "en", hears_all)


def test_a_bot_without_privacy_mode_hears_every_group() -> None:
    """As getMe told."""
    change = {"chat": GROUP, "from": ANN, "date": MOMENT}
    change |= {"old_chat_member": member("left"), "new_chat_member": member("member")}
    event = read_update({"update_id": 5, "my_chat_member": change}, replace(ME, hears_all=True))
    assert isinstance(event, ChatJoined)
    assert event.hears_all


@pytest.mark.parametrize(("old", "new"), [("member", "administrator"), ("administrator", "member")])
def test_a_change_of_rank_in_a_group_is_no_joining(old: str, new: str) -> None:
    """Who is in already has been welcomed."""
    assert membership(old, new, chat=GROUP) is None


def test_leaving_a_group_and_being_put_into_a_channel_welcome_nobody() -> None:
    """Nobody talks with the bot in a channel."""
    assert membership("member", "left", chat=GROUP) == ChatLeft(event_id="update:5", key=key(-1001))
    assert membership("left", "administrator", chat=NEWS) == ChatLeft(
        event_id="update:5", key=key(-5), back=True
    )


def test_an_anonymous_administrator_who_adds_the_bot_is_the_group() -> None:
    """As when they write."""
    event = membership("left", "member", chat=GROUP, **{"from": GROUP_BOT})
    assert isinstance(event, ChatJoined)
    assert (event.author.id, event.author.name, event.author.is_bot) == ("-1001", "Team", False)


def test_only_the_handle_is_a_mention() -> None:
    """A reply or a command addresses the bot without one; words passed on mention nobody."""
    mention = [entity("mention", 0, 11)]
    answered = message(text="x", chat=GROUP, **{"from": BOT})
    by_name = read(chat=GROUP, text="@parley_bot hi", entities=mention)
    by_reply = read(chat=GROUP, text="hi", reply_to_message=answered)
    by_command = read(chat=GROUP, text="/new", entities=[entity("bot_command", 0, 4)])
    origin = {"type": "hidden_user", "date": MOMENT, "sender_user_name": "Zed"}
    forwarded = read(chat=GROUP, text="@parley_bot hi", entities=mention, forward_origin=origin)
    assert [event.mentioned for event in (by_name, by_reply, by_command, forwarded)] == [
        True,
        False,
        False,
        False,
    ]
    assert [event.addressed for event in (by_name, by_reply, by_command, forwarded)] == [
        True,
        True,
        True,
        False,
    ]


def member(status: str) -> dict[str, Any]:
    """A raw ChatMember of the bot, with rights that no known version of the API has."""
    status, _, right = status.partition(" ")
    rights = {"is_member": True, "can_send_messages": right != "mute", "until_date": 0}
    return {"status": status, "user": BOT, "can_travel_in_time": True, **(rights if right else {})}


def press(message_fields: dict[str, Any] | None, data: str | None = "stop:9") -> Inbound | None:
    """The event of a pressed button."""
    query: dict[str, Any] = {"id": "q1", "from": ANN, "chat_instance": "c", "data": data}
    if message_fields is not None:
        query["message"] = message_fields
    return event_of({"update_id": 5, "callback_query": query})


def test_a_pressed_button_names_its_message_and_topic() -> None:
    """The press comes with who, where and what, and with the id to answer it by."""
    event = press(message(text="x", message_thread_id=3, is_topic_message=True, **{"from": BOT}))
    assert isinstance(event, ButtonPressed)
    assert (event.key, event.message_id, event.data, event.answer_id) == (key(7, "3"), "11", "stop:9", "q1")
    assert event.author.id == "7"


def test_a_button_under_an_old_message_still_works() -> None:
    """Telegram shows messages it no longer gives access to with nothing but chat and id."""
    event = press({"chat": PRIVATE, "message_id": 3, "date": 0})
    assert isinstance(event, ButtonPressed)
    assert (event.key, event.message_id) == (key(), "3")


def test_a_button_works_under_a_message_of_unknown_blocks() -> None:
    """The message is our own; what it holds does not matter, known to this version or not."""
    rich = {"blocks": [{"type": "hologram"}]}
    assert isinstance(press(message(rich_message=rich, **{"from": BOT})), ButtonPressed)


def test_button_data_is_capped() -> None:
    """What is longer than Telegram allows was not made by us."""
    event = press(message(text="x"), data="é" * 100)
    assert isinstance(event, ButtonPressed)
    assert event.data == "é" * 32


@pytest.mark.parametrize(
    ("fields", "data"), [(None, "d"), ({"chat": PRIVATE, "message_id": 3, "date": 0}, None)]
)
def test_presses_that_lead_nowhere_are_dropped(fields: dict[str, Any] | None, data: str | None) -> None:
    """Inline messages and games have no message or no data."""
    assert press(fields, data) is None


def reaction(*signs: str, **fields: Any) -> Inbound | None:
    """What Ann's reaction to message 9 becomes."""
    new = [{"type": "emoji", "emoji": sign} for sign in signs]
    change = {"chat": PRIVATE, "message_id": 9, "date": 0, "old_reaction": [], "new_reaction": new}
    user = {"id": 7, "is_bot": False, "first_name": "Ann"}
    return event_of({"update_id": 5, "message_reaction": {**change, "user": user, **fields}})


@pytest.mark.parametrize(("sign", "vote"), [("👍", "up"), ("👎", "down")])
def test_a_thumb_under_an_answer_is_a_vote(sign: str, vote: str) -> None:
    """As if a button of that meaning had been pressed; nobody waits for an answer to it."""
    event = reaction("🎉", sign)
    assert isinstance(event, ButtonPressed)
    assert (event.data, event.message_id, event.answer_id) == (f"feedback:{vote}", "9", "")
    assert (event.key, event.author.id) == (key(7), "7")


@pytest.mark.parametrize("signs", [(), ("❤",), ("🎉", "🔥")])
def test_other_reactions_are_none_of_ours(signs: tuple[str, ...]) -> None:
    """Nor is one that is taken back, or comes from a channel."""
    assert reaction(*signs) is None
    assert reaction("👍", user=None, actor_chat=PRIVATE) is None


HAND = {"type": "emoji", "emoji": "✍"}


@pytest.mark.parametrize("sign", ["✍", "✍️"])
def test_a_writing_hand_asks_for_a_recording_in_writing(sign: str) -> None:
    """Telegram tells the chat and the message's id, and neither its topic nor what it holds."""
    event = reaction("🎉", sign, chat=GROUP)
    assert isinstance(event, TranscriptWanted)
    assert (event.key, event.message_id, event.author.id) == (key(-1001), "9", "7")
    assert (event.chat_kind, event.message, event.answer_id) == (ChatKind.GROUP, None, "")


def test_an_anonymous_administrator_points_as_the_group() -> None:
    """Whose messages come in its name too."""
    event = reaction("✍", chat=GROUP, user=None, actor_chat=GROUP)
    assert isinstance(event, TranscriptWanted)
    assert event.author.id == "-1001"


@pytest.mark.parametrize(
    "fields",
    [
        {"old_reaction": [HAND], "new_reaction": []},
        {"old_reaction": [HAND]},
        {"user": {"id": 8, "is_bot": True, "first_name": "Robot"}},
        {"user": None},
    ],
)
def test_a_hand_taken_back_or_of_nobody_asks_for_nothing(fields: dict[str, Any]) -> None:
    """Nor one that was there before."""
    assert reaction("✍", **{"chat": GROUP, **fields}) is None


def test_the_stop_button_of_a_draft_stops_its_topic() -> None:
    """Telegram names the chat and the topic, and no person."""
    stopped = {"chat": PRIVATE, "draft_id": 4, "message_thread_id": 3}
    event = event_of({"update_id": 5, "stopped_message_generation": stopped})
    assert event == StopPressed(event_id="update:5", key=key(7, "3"))


@pytest.mark.parametrize(
    ("text", "full"),
    [("a" * 4096, True), ("a" * 3999, False), ("a" * 4000, True), ("😀" * 2000, True), ("😀" * 1999, False)],
)
def test_a_text_at_the_limit_announces_more(text: str, full: bool) -> None:
    """Clients cut what is longer than a message; its rest follows at once."""
    assert read(text=text).fills_limit is full


def test_a_huge_text_passes() -> None:
    """A server of one's own may have other limits; nothing is cut on the way in."""
    assert len(text_of(read(text="ab " * 40_000))) == 119_999


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"text": "hi", "chat": {"type": "private"}}, id="chat without id"),
        pytest.param({"text": "hi", "date": "soon"}, id="date"),
        pytest.param({"text": ["hi"]}, id="text"),
        pytest.param({"text": "hi", "from": {"id": "x"}}, id="sender"),
        pytest.param({"text": "hi", "message_id": None}, id="no id"),
    ],
)
def test_an_update_that_makes_no_sense_is_unreadable(broken: dict[str, Any]) -> None:
    """It is recorded under its id, so that it is seen once and stops nothing."""
    event = event_of(update(**broken))
    assert isinstance(event, Unreadable)
    assert event.event_id == "update:5"
    assert "hi" not in event.reason


@pytest.mark.parametrize("payload", [None, 3, "x", [], {}, {"message": 4}])
def test_junk_for_a_message_is_unreadable(payload: Any) -> None:
    """Whatever stands where a message belongs, no error leaves."""
    event = event_of({"update_id": 5, "message": payload})
    assert event is None if payload is None else isinstance(event, Unreadable)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"forward_origin": {"type": "hidden_user", "date": 1}}, id="origin without a name"),
        pytest.param({"reply_to_message": {"rich_message": {"blocks": [{"type": "new"}]}}}, id="reply"),
        pytest.param({"entities": [{"type": "bold"}]}, id="entity without offset"),
        pytest.param({"reply_markup": {"inline_keyboard": 3}}, id="keyboard"),
    ],
)
def test_a_fault_in_a_detail_costs_the_detail_only(fault: dict[str, Any]) -> None:
    """The person's words arrive even when what they answer or forward cannot be read."""
    assert text_of(read(text="still here", **fault)) == "still here"


def test_a_message_of_unknown_content_is_an_attachment() -> None:
    """What this version of the API does not know is told as something, not as nothing."""
    event = read(hologram={"depth": 3})
    assert [part.type for part in event.parts] == ["attachment"]


def test_a_defect_of_our_own_makes_an_update_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong with one update, the others are read."""

    def fail(*_: Any) -> None:
        raise KeyError("secret words")

    monkeypatch.setattr("adapters.telegram.updates.translate", fail)
    event = event_of(update(text="hi"))
    assert isinstance(event, Unreadable)
    assert event.reason == "not translated: KeyError"


def paths(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, the whole included."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(path for name, item in inner for path in paths(item, (*place, name)))]


def with_junk(value: Any, place: tuple[Any, ...], junk: Any) -> Any:
    """The value with something else at one place."""
    if not place:
        return junk
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = with_junk(value[place[0]], place[1:], junk)
    return copy


BUSY = update(
    chat=GROUP,
    text="@parley_bot see this",
    entities=[entity("mention", 0, 11), entity("text_link", 12, 3, url="https://x.y")],
    reply_to_message=message(
        message_id=3, chat=GROUP, caption="c", photo=[{**FILE, "width": 1, "height": 1}]
    ),
    quote={"text": "c", "position": 0},
    forward_origin={"type": "user", "date": MOMENT, "sender_user": ANN},
    voice={**FILE, "duration": 2},
)
PRESS = {
    "update_id": 5,
    "callback_query": {
        "id": "q",
        "from": ANN,
        "chat_instance": "c",
        "data": "d",
        "message": message(text="x"),
    },
}
MEMBER = {
    "update_id": 5,
    "my_chat_member": {
        "chat": PRIVATE,
        "from": ANN,
        "date": MOMENT,
        "old_chat_member": member("member"),
        "new_chat_member": member("kicked"),
    },
}
junk = st.sampled_from(
    [None, True, -1, 2**70, 1.5, "", "\u200b", [], [None], {}, {"id": 1}, {"type": "user"}]
)
places = st.sampled_from([(raw, place) for raw in (BUSY, PRESS, MEMBER) for place in paths(raw)[1:]])


@given(places, junk)
@settings(max_examples=400)
def test_junk_anywhere_in_an_update_does_no_harm(place: tuple[Any, tuple[Any, ...]], junk: Any) -> None:
    """Whatever stands wherever, there is an event that can be stored, or none; never an error."""
    raw = with_junk(place[0], place[1], junk)
    if update_id_of(raw) is not None:
        event_of(raw)
