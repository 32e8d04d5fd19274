"""By Socket Mode each envelope is stored, then acknowledged; what is not stored comes again, once each."""

from __future__ import annotations

import random
from typing import Any

import pytest

from adapters.slack import late as late_module
from adapters.slack import people as people_module
from adapters.slack import sockets as sockets_module
from adapters.slack.adapter import SlackAdapter
from bot.errors import ConfigurationError
from bot.messages import ButtonPressed, ChatJoined, ChatLeft, Deleted, Edited, Incoming, Unreadable
from bot.ports import Button
from tests.fakes.slack import ApiError, FakeSlack, Person, bad_gateway, rate_limited, server_error, withdrawn
from tests.unit.slack.support import HastyClock, Store, adapter_for, rendered, running, until


async def test_a_mention_is_taken_in_once_though_it_arrives_twice(slack: FakeSlack) -> None:
    """As app_mention and as a message of the channel; both are acknowledged."""
    store, ann = Store(), slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter_for(slack), store):
        await room.say(ann, f"{slack.mention} hello")
        await until(lambda: len(store.submitted) == 2)
        assert len(store.events) == 1
        assert store.addressed[0].text == "hello"
        await slack.until(lambda: not slack.unacknowledged)


async def test_a_conversation_with_all_its_changes(slack: FakeSlack) -> None:
    """Direct messages, a reply in the thread, an edit, a deletion; with the person's name and language."""
    store, ann = Store(), slack.person("Ann", locale="zh-CN")
    dm = slack.dm(ann)
    async with running(adapter_for(slack), store):
        first = await dm.say("two  blanks, *stars* and 中文 👍")
        reply = await dm.reply(first, "x < y & z")
        await dm.edit(first, "other words")
        await dm.delete(reply)
        await until(lambda: store.of(Deleted))
        one, two = store.of(Incoming)
        assert [one.text, two.text] == ["two  blanks, *stars* and 中文 👍", "x < y & z"]
        assert one.key == two.key
        assert (one.author.name, one.author.language, one.author.vouched) == ("ann", "zh-CN", True)
        (edited,) = store.of(Edited)
        assert (edited.message.text, edited.message.message_id) == ("other words", one.message_id)
        assert store.of(Deleted)[0].message_ids == (two.message_id,)
        await slack.until(lambda: not slack.unacknowledged)


async def test_messages_of_a_thread_keep_their_order_over_several_sockets(slack: FakeSlack) -> None:
    """However quickly they are written."""
    store, ann = Store(), slack.person("Ann")
    dm = slack.dm(ann)
    async with running(adapter_for(slack, sockets=3), store):
        root = await dm.say("root")
        for number in range(20):
            await dm.reply(root, f"message {number}")
        await until(lambda: len(store.addressed) == 21)
        assert [event.text for event in store.addressed[1:]] == [f"message {n}" for n in range(20)]


async def test_what_could_not_be_stored_is_not_acknowledged_and_comes_again(slack: FakeSlack) -> None:
    """The person notices nothing but a delay."""
    slack.time_scale = 0.02
    store, ann = Store(), slack.person("Ann")
    dm = slack.dm(ann)
    async with running(adapter_for(slack), store):
        store.refusals = 1
        await dm.say("hello")
        await until(lambda: store.addressed)
        assert len(store.submitted) >= 2
        await slack.until(lambda: not slack.unacknowledged)


async def test_an_event_the_core_fails_on_is_recorded_and_done(slack: FakeSlack) -> None:
    """Else it would come again for ever."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        store.breaks = 1
        await slack.dm(ann).say("hello")
        await until(lambda: store.of(Unreadable))
        await slack.until(lambda: not slack.unacknowledged)


async def test_a_delivery_that_slack_repeats_changes_nothing(slack: FakeSlack) -> None:
    """Its id tells."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        await slack.dm(ann).say("hello")
        await until(lambda: store.addressed)
        slack.replay(slack.deliveries[0])
        await until(lambda: len(store.submitted) == 2)
        assert len(store.events) == 1


async def test_bots_guests_and_strangers(slack: FakeSlack) -> None:
    """Bots are not heard; guests and people of other workspaces are, and nobody vouches for them."""
    store, ann, gia = Store(), slack.person("Ann"), slack.guest("Gia")
    eve, bot = slack.stranger("Eve"), slack.other_bot("Other")
    room = slack.channel("general", [ann, gia, eve, bot])
    async with running(adapter_for(slack), store):
        for person in (bot, gia, eve, ann):
            await room.say(person, f"{slack.mention} hello from {person.name}")
        await until(lambda: len(store.addressed) == 3)
        standing = {event.author.id: event.author for event in store.addressed}
        assert bot.id not in standing
        assert [standing[p.id].vouched for p in (gia, eve, ann)] == [False, False, True]
        assert [standing[p.id].is_guest for p in (gia, eve, ann)] == [True, True, False]


@pytest.mark.parametrize("trouble", [server_error(), bad_gateway(), rate_limited(1)])
async def test_a_question_about_a_person_that_fails_is_asked_again(
    slack: FakeSlack, trouble: ApiError, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within the same message, which is then like any other; once answered nothing more is asked."""
    monkeypatch.setattr(people_module, "_PATIENCE_SECONDS", 30.0)
    store, ann = Store(), slack.person("Ann", locale="zh-CN")
    slack.fail("users.info", trouble, times=2)
    async with running(adapter_for(slack), store):
        for text in ("one", "two"):
            await slack.dm(ann).say(text)
        await until(lambda: len(store.addressed) == 2)
        told = {(event.author.language, event.author.vouched) for event in store.addressed}
        assert told == {("zh-CN", True)}
        assert len(slack.calls_of("users.info")) == 3


async def test_while_slack_tells_of_nobody_the_events_workspace_counts(slack: FakeSlack) -> None:
    """A member is not turned away as a stranger, somebody of another workspace still is."""
    clock, store = HastyClock(), Store()
    ann, eve = slack.person("Ann"), slack.stranger("Eve")
    slack.fail("users.info", server_error(), times=None)
    room = slack.channel("shared", [ann, eve])
    async with running(adapter_for(slack, clock), store):
        for person in (ann, eve):
            await room.say(person, f"{slack.mention} hello")
        await until(lambda: len(store.addressed) == 2)
        standing = {event.author.id: event.author for event in store.addressed}
        assert [standing[person.id].vouched for person in (ann, eve)] == [True, False]
        assert [standing[person.id].is_guest for person in (ann, eve)] == [False, True]
        slack.clear_faults()
        clock.skip(60)
        await room.say(ann, f"{slack.mention} again")
        await until(lambda: len(store.addressed) == 3)
        assert store.addressed[-1].author.name == "ann"


async def test_a_long_pause_slack_asks_for_is_not_waited_for(slack: FakeSlack) -> None:
    """Nothing more is asked about the person meanwhile, and they are answered."""
    clock, store, ann = HastyClock(), Store(), slack.person("Ann")
    slack.fail("users.info", rate_limited(30), times=None)
    async with running(adapter_for(slack, clock), store):
        for text in ("one", "two"):
            await slack.dm(ann).say(text)
        await until(lambda: len(store.addressed) == 2)
        assert [event.author.vouched for event in store.addressed] == [True, True]
        assert len(slack.calls_of("users.info")) == 1
        assert max(clock.naps, default=0.0) < 30


async def test_somebody_slack_does_not_know_is_not_vouched_for(slack: FakeSlack) -> None:
    """That is an answer, and the question is not put again at once."""
    store, ann = Store(), slack.person("Ann")
    slack.fail("users.info", withdrawn("user_not_found"), times=None)
    async with running(adapter_for(slack), store):
        await slack.dm(ann).say("one")
        await slack.dm(ann).say("two")
        await until(lambda: len(store.addressed) == 2)
        assert [event.author.vouched for event in store.addressed] == [False, False]
        assert len(slack.calls_of("users.info")) == 1


async def test_a_guest_once_known_stays_one_while_slack_cannot_be_asked(slack: FakeSlack) -> None:
    """What was known holds, however old."""
    clock, store, gia = HastyClock(), Store(), slack.guest("Gia")
    room = slack.channel("general", [slack.person("Ann"), gia])
    async with running(adapter_for(slack, clock), store):
        await room.say(gia, f"{slack.mention} hello")
        await until(lambda: store.addressed)
        slack.fail("users.info", server_error(), times=None)
        clock.skip(3 * 3600)
        await room.say(gia, f"{slack.mention} hello again")
        await until(lambda: len(store.addressed) == 2)
        assert [event.author.vouched for event in store.addressed] == [False, False]


async def test_a_slow_answer_about_a_person_does_not_delay_the_acknowledgement(slack: FakeSlack) -> None:
    """Slack wants it within three seconds; the event is taken in without the answer."""
    store, ann = Store(), slack.person("Ann")
    slack.delay("users.info", 60)
    async with running(adapter_for(slack), store):
        await slack.dm(ann).say("one")
        await slack.until(lambda: slack.deliveries and not slack.unacknowledged, seconds=30)
        (event,) = store.addressed
        assert (event.author.name, event.author.vouched) == (ann.id, True)


# --- buttons, commands, the Home tab ------------------------------------------------------------------------


async def test_buttons_and_thumbs_come_back(slack: FakeSlack) -> None:
    """Acknowledged at once; each press is an event of its own."""
    store, ann = Store(), slack.person("Ann")
    dm, adapter = slack.dm(ann), adapter_for(slack)
    async with running(adapter, store):
        await dm.say("hello")
        await until(lambda: store.addressed)
        key = store.addressed[0].key
        rows = ((Button(label="Again", data="retry:7"), Button(label="Stop", data="x" * 255)),)
        ts = await adapter.send(key, rendered(adapter, "an answer"), live=True)
        await adapter.edit(key, ts, rendered(adapter, "an answer"), buttons=rows)
        for label in ("Again", "Stop", "👍", "👎", "Again"):
            await dm.press(dm.last, label)
        pressed = store.of(ButtonPressed)
        assert [event.data for event in pressed] == [
            "retry:7",
            "x" * 255,
            "feedback:up",
            "feedback:down",
            "retry:7",
        ]
        assert {(event.key, event.message_id) for event in pressed} == {(key, ts)}


async def test_a_slash_command_is_answered_in_a_thread_of_its_own(slack: FakeSlack) -> None:
    """The channel sees what was asked; the words of the menu are commands."""
    store, ann = Store(), slack.person("Ann")
    room, dm = slack.channel("general", [ann]), slack.dm(ann)
    async with running(adapter_for(slack), store):
        await room.slash(ann, "/parley", "what is 2 < 3?")
        await dm.slash("/parley", "Settings")
        await dm.slash("/parley", "")
        first, second, third = store.addressed
        assert [first.text, second.text, third.text] == ["what is 2 < 3?", "/Settings", "/help"]
        assert first.key.thread == room.last.ts
        assert room.last.text == f"<@{ann.id}> asked: what is 2 < 3?"
        assert first.author.vouched


async def test_a_slip_in_a_slash_command_is_answered_with_the_word_that_was_meant(slack: FakeSlack) -> None:
    """To the person alone; a greeting and a question of several words are asked."""
    store, ann = Store(), slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter_for(slack), store):
        await room.slash(ann, "/parley", "Hlep")
        (told,) = room.ephemerals_of(ann)
        assert "I don't know `/parley Hlep`. Did you mean `/parley help`?" in told.text
        assert store.addressed == []
        await room.slash(ann, "/parley", "hello")
        await room.slash(ann, "/parley", "hlep me")
        assert [event.text for event in store.addressed] == ["hello", "hlep me"]


async def test_a_slash_command_where_the_bot_is_not_goes_to_the_direct_messages(slack: FakeSlack) -> None:
    """The person is told why."""
    store, ann = Store(), slack.person("Ann")
    room, dm = slack.channel("private", [ann], private=True, bot=False), slack.dm(ann)
    async with running(adapter_for(slack), store):
        await room.slash(ann, "/parley", "hello")
        assert store.addressed[0].key.chat == dm.id
        assert "direct messages" in room.ephemerals_of(ann)[0].text


async def test_a_slash_command_that_has_no_place_says_so(slack: FakeSlack) -> None:
    """Slack repeats none."""
    store, ann = Store(), slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter_for(slack), store):
        slack.fail("chat.postMessage", rate_limited(30))
        await room.slash(ann, "/parley", "hello")
        assert [m.text.startswith("I could not") for m in room.ephemerals_of(ann)] == [True]
        assert not store.events


async def test_commands_and_presses_that_could_not_be_stored_are_stored_a_little_later(
    slack: FakeSlack,
) -> None:
    """Slack repeats neither, so they are acknowledged and tried again; the person notices nothing."""
    store, ann, clock = Store(), slack.person("Ann"), HastyClock()
    room, adapter = slack.channel("general", [ann]), adapter_for(slack, clock)
    async with running(adapter, store):
        store.refusals = 3
        await room.slash(ann, "/parley", "hello")
        await until(lambda: store.addressed)
        key = store.addressed[0].key
        ts = await adapter.send(key, rendered(adapter, "x"), buttons=((Button(label="Go", data="go:1"),),))
        store.refusals = 3
        await room.press(ann, next(m for m in room.messages if m.ts == ts), "Go")
        await until(lambda: store.of(ButtonPressed))
        assert room.ephemerals_of(ann) == []


async def test_commands_and_presses_that_cannot_be_stored_for_long_say_so(slack: FakeSlack) -> None:
    """To the one person alone, where they pressed."""
    store, ann = Store(), slack.person("Ann")
    room, adapter = slack.channel("general", [ann]), adapter_for(slack)
    async with running(adapter, store):
        await room.say(ann, f"{slack.mention} hello")
        await until(lambda: store.addressed)
        rows = ((Button(label="Go", data="go:1"),),)
        ts = await adapter.send(store.addressed[0].key, rendered(adapter, "x"), buttons=rows)
        store.refusals = 10_000
        await room.slash(ann, "/parley", "hello")
        await slack.until(lambda: len(room.ephemerals_of(ann)) == 1)
        await room.press(ann, next(m for m in room.messages if m.ts == ts), "Go")
        await slack.until(lambda: len(room.ephemerals_of(ann)) == 2)
        assert all(m.text.startswith("I could not take that in") for m in room.ephemerals_of(ann))
        assert not store.of(ButtonPressed)
        assert len(store.addressed) == 1


async def test_too_many_that_cannot_be_stored_are_refused_at_once(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command says so itself."""
    monkeypatch.setattr(late_module, "_MOST_KEPT", 0)
    store, ann = Store(), slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter_for(slack), store):
        store.refusals = 1
        await room.slash(ann, "/parley", "hello")
        assert [m.text.startswith("I could not") for m in room.ephemerals_of(ann)] == [True]


async def show_page(adapter: SlackAdapter, slack: FakeSlack, person: Person, store: Store) -> ButtonPressed:
    """Open the Home tab and let the core show its part of it; what the core was told."""
    await slack.open_home(person)
    await until(lambda: store.of(ButtonPressed))
    opened = store.of(ButtonPressed)[-1]
    rows = ((Button(label="Hide", data="set:thinking:hidden"), Button(label="On", data="set:rich:on")),)
    page = rendered(adapter, "**Settings** <&> 1")
    await adapter.show_home(opened.key, opened.author, page, buttons=rows)
    return opened


async def test_the_home_tab_explains_and_sets(slack: FakeSlack) -> None:
    """Its buttons belong to the person's direct messages, and a word of the core's is shown on it."""
    store, ann = Store(), slack.person("Ann")
    adapter, dm = adapter_for(slack), slack.dm(ann)
    async with running(adapter, store):
        opened = await show_page(adapter, slack, ann, store)
        assert (opened.data, opened.key.chat, opened.message_id) == ("home", dm.id, "")
        shown = str(slack.home(ann).view)
        assert "/settings" in shown
        assert "Settings &lt;&amp;&gt; 1" in shown
        await slack.press(slack.home(ann), "set:thinking:hidden")
        pressed = store.of(ButtonPressed)[-1]
        assert (pressed.data, pressed.key.chat, pressed.key.thread) == ("set:thinking:hidden", dm.id, "")
        await adapter.answer_button(pressed.answer_id, "Saved.")
        await adapter.show_home(pressed.key, pressed.author, rendered(adapter, "Anew"), buttons=())
        shown = str(slack.home(ann).view)
        assert ("Saved." in shown, "Anew" in shown, "Settings &lt;" in shown) == (True, True, False)
        await slack.open_home(ann)
        await slack.until(lambda: "Saved." not in str(slack.home(ann).view))
        assert "Anew" in str(slack.home(ann).view)
        await slack.until(lambda: not slack.unacknowledged)


async def test_coming_and_going_of_the_bot_is_told(slack: FakeSlack) -> None:
    """And that the app was removed is logged, not stored."""
    store, ann = Store(), slack.person("Ann")
    room = slack.channel("general", [ann])
    async with running(adapter_for(slack), store):
        room.remove_bot()
        room.add_bot(by=ann)
        await until(lambda: store.of(ChatJoined))
        assert [event.back for event in store.of(ChatLeft)] == [False]
        (joined,) = store.of(ChatJoined)
        assert (joined.author.id, joined.author.vouched) == (ann.id, True)
        slack.uninstall()
        await slack.until(lambda: not slack.unacknowledged)
        assert len(store.events) == 2


# --- strange payloads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"type": "an_event_of_tomorrow"},
        {"type": "message", "subtype": "of_tomorrow", "channel": "C1", "ts": "1.1"},
        {"type": "message", "text": 5, "user": ["x"], "channel": {}, "ts": None},
        {"type": "message", "channel": "C1", "ts": "nan", "user": "U1", "text": "x"},
        {"type": "agent_session_stopped", "streaming_message_ts": "x"},
        {"type": ["message"]},
        {},
        "no event",
        None,
        [1],
    ],
)
async def test_strange_events_are_acknowledged_and_hold_nothing_up(slack: FakeSlack, event: Any) -> None:
    """The next message arrives."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        slack.push_event(event)
        await slack.dm(ann).say("after")
        await until(lambda: store.addressed)
        assert store.addressed[-1].text == "after"
        await slack.until(lambda: not slack.unacknowledged)


async def test_an_event_of_another_workspace_is_dropped(slack: FakeSlack) -> None:
    """The app may be installed there too; its token is not ours."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        body = {
            "type": "event_callback",
            "team_id": "T_OTHER",
            "event_id": "Ev1",
            "authorizations": [{"team_id": "T_OTHER"}],
            "event": {"type": "message", "channel": "D9", "user": "U9", "ts": "1.2", "text": "x"},
        }
        slack.push_raw(body)
        await slack.dm(ann).say("ours")
        await until(lambda: store.addressed)
        assert [event.text for event in store.of(Incoming)] == ["ours"]


async def test_strange_frames_break_no_connection(slack: FakeSlack) -> None:
    """Not JSON, not an envelope, an envelope without anything in it."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack, sockets=1), store):
        for frame in ("", "no json", "[1]", '{"type":"events_api"}', '{"envelope_id":"e","payload":7}'):
            await slack.push_frame(frame)
        connections = slack.sockets.connections
        await slack.dm(ann).say("after")
        await until(lambda: store.addressed)
        assert slack.sockets.connections == connections


# --- connections --------------------------------------------------------------------------------------------


async def test_cut_sockets_are_opened_again(slack: FakeSlack) -> None:
    """What was said in between arrives."""
    slack.time_scale = 0.1
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        slack.kill_sockets()
        await slack.dm(ann).say("hello")
        await until(lambda: store.addressed)


async def test_sockets_that_die_without_a_sign_are_noticed(
    slack: FakeSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ping that nobody answers ends them."""
    monkeypatch.setattr(sockets_module, "_PING_SECONDS", 1.0)
    slack.time_scale = 0.05  # told again after a second, and then after three and fifteen
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack), store):
        slack.silence_sockets()
        await slack.dm(ann).say("hello")
        await until(lambda: store.addressed)


async def test_a_socket_slack_wants_back_is_replaced_before_it_is_let_go(slack: FakeSlack) -> None:
    """Nothing is missed in between."""
    store, ann = Store(), slack.person("Ann")
    async with running(adapter_for(slack, sockets=1), store):
        before = slack.sockets.connections
        await slack.push_frame({"type": "disconnect", "reason": "refresh_requested", "debug_info": {}})
        await slack.until(lambda: slack.sockets.connections > before)
        for number in range(5):
            await slack.dm(ann).say(f"message {number}")
        await until(lambda: len(store.addressed) == 5)


async def test_slack_is_waited_for_at_the_start(slack: FakeSlack) -> None:
    """Neither an outage nor a pause Slack asks for ends the service."""
    slack.fail("auth.test", server_error(), times=2)
    slack.fail("apps.connections.open", rate_limited(9), times=1)
    clock = HastyClock()
    async with running(adapter_for(slack, clock), Store()):
        assert any(nap >= 9 for nap in clock.naps)


@pytest.mark.parametrize(
    ("method", "error", "named"),
    [
        ("auth.test", "invalid_auth", "SLACK_BOT_TOKEN"),
        ("auth.test", "account_inactive", "SLACK_BOT_TOKEN"),
        ("apps.connections.open", "invalid_auth", "SLACK_APP_TOKEN"),
        ("apps.connections.open", "missing_scope", "SLACK_APP_TOKEN"),
    ],
)
async def test_a_token_slack_does_not_take_ends_the_service_with_a_sentence(
    slack: FakeSlack, method: str, error: str, named: str
) -> None:
    """It names the variable and shows nothing of the token."""
    slack.fail(method, withdrawn(error), times=None)
    with pytest.raises(ConfigurationError, match=named) as caught:
        async with running(adapter_for(slack), Store()):
            pass
    assert slack.bot_token not in str(caught.value)
    assert slack.app_token not in str(caught.value)


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        ({"bot_token": "nonsense", "app_token": "xapp-1"}, "SLACK_BOT_TOKEN"),
        ({"bot_token": "xoxb-1", "app_token": "xoxb-1"}, "SLACK_APP_TOKEN"),
        ({"bot_token": "xoxb-1"}, "SLACK_SIGNING_SECRET"),
        ({"bot_token": "xoxb-1", "signing_secret": " "}, "SLACK_SIGNING_SECRET"),
    ],
)
def test_tokens_that_are_none_are_refused_at_once(tokens: dict[str, Any], named: str) -> None:
    """Before anything is connected."""
    with pytest.raises(ConfigurationError, match=named):
        SlackAdapter(clock=HastyClock(), rng=random.Random(7), **tokens)
