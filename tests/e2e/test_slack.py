"""A team writes on Slack and is answered by the real service, over the wire on both sides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from bot.sandbox import Reply
from tests.e2e.slack_stage import API_KEY, SlackStage, Way, answered, open_slack_stage
from tests.fakes.slack import ApiError, Delivery, ThreadView, rate_limited, server_error, sign

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

# So few tokens a second that even a slow machine shows an answer while it grows.
SLOWLY = 15.0
RIVERS = ("Rivers **run** to the sea. " * 12).strip()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mapping[Way, SlackStage]]:
    """Two services, one for each way in; every test brings its own people."""
    async with (
        open_slack_stage(tmp_path_factory.mktemp("socket"), by="socket") as socket,
        open_slack_stage(tmp_path_factory.mktemp("http"), by="http") as http,
    ):
        yield {"socket": socket, "http": http}


@pytest.fixture
def stage(stages: Mapping[Way, SlackStage]) -> SlackStage:
    """The service that receives by Socket Mode."""
    return stages["socket"]


@pytest.fixture(params=["socket", "http"])
def either(request: pytest.FixtureRequest, stages: Mapping[Way, SlackStage]) -> SlackStage:
    """Both services in turn."""
    way: Way = request.param
    return stages[way]


# --- answers ------------------------------------------------------------------------------------------------


async def test_a_direct_message_is_answered_by_a_native_stream_and_stored(either: SlackStage) -> None:
    """One message grows in the question's thread without ever taking a word back, and ends whole."""
    dm = either.slack.dm(either.slack.person("Ann"))
    either.brain.teach("about rivers", Reply(text=RIVERS, tokens_per_second=SLOWLY))
    thread = dm.thread(await dm.say("Tell me about rivers"))
    await answered(either.slack, thread, RIVERS)
    (answer,) = thread.bot_messages
    assert answer.streamed
    assert either.calls_for(answer, "chat.appendStream")
    assert either.calls_for(answer, "chat.update") == []
    assert all(RIVERS.startswith(shown.text) for shown in answer.history)
    await either.slack.until(lambda: thread.session_status == "active")
    await either.service.settled()
    query = "select reply, outcome from exchanges where request = 'Tell me about rivers'"
    assert either.service.rows(query) == [(RIVERS, "answered")]


async def test_a_mention_is_answered_in_its_thread_and_the_talk_goes_on_there(either: SlackStage) -> None:
    """In the thread no mention is needed any more; threads without the bot are left alone."""
    slack = either.slack
    ann, bob = slack.person("Ann"), slack.person("Bob")
    room = slack.channel("team", [ann, bob])
    aside = await room.say(ann, "hello everybody")
    await room.reply(bob, aside, "hello Ann")
    question = await room.say(bob, f"{slack.mention} remember the number 4711")
    thread = room.thread(question)
    await answered(either.slack, thread, "You said: bob: remember the number 4711")
    await room.reply(ann, question, "which number?")
    await answered(
        either.slack, thread, "You said: bob: remember the number 4711", "You said: ann: which number?"
    )
    asked = str(either.provider.requests[-1].body["messages"])
    assert "4711" in asked
    assert "hello" not in asked
    assert room.thread(aside).texts == []
    assert {message.root_ts for message in room.bot_messages} == {question.ts}


async def test_both_deliveries_of_a_mention_and_their_repetitions_are_one_question(
    either: SlackStage,
) -> None:
    """Slack tells of a mention twice, under two event ids; and may tell of each again."""
    slack = either.slack
    ann = slack.person("Ann")
    room = slack.channel("twice", [ann])
    question = await room.say(ann, f"{slack.mention} only once, please")
    told = [delivery for delivery in slack.deliveries if delivery.event.get("ts") == question.ts]
    assert sorted(delivery.event["type"] for delivery in told) == ["app_mention", "message"]
    repeated = [slack.replay(delivery) for delivery in told]
    await answered(either.slack, room.thread(question), "You said: ann: only once, please")
    repeated += [slack.replay(delivery) for delivery in told]
    await slack.until(lambda: all(delivery.acked for delivery in [*told, *repeated]))
    await room.reply(ann, question, "and this")
    await answered(
        slack, room.thread(question), "You said: ann: only once, please", "You said: ann: and this"
    )
    questions = "select count(*) from exchanges where request like '%only once, please%'"
    assert either.service.rows(questions) == [(1,)]


async def test_a_slow_model_is_announced_by_a_status(stage: SlackStage) -> None:
    """Until the first words the thread says that the bot is thinking, and Slack shows its Stop button."""
    dm = stage.slack.dm(stage.slack.person("Amy"))
    stage.brain.teach("slow one", Reply(text="Here I am.", first_token_delay_seconds=1.5))
    thread = dm.thread(await dm.say("a slow one"))
    await stage.slack.until(lambda: "is thinking…" in thread.statuses and bool(thread.session_status))
    await answered(stage.slack, thread, "Here I am.")
    await stage.slack.until(lambda: thread.status == "" and thread.session_status == "active")


async def test_a_workspace_without_native_streams_is_served_by_edits(stage: SlackStage) -> None:
    """The same answer grows by chat.update, with a button of our own to stop it, and ends whole."""
    slack = stage.slack
    dm = slack.dm(slack.person("Bea"))
    stage.brain.teach("about lakes", Reply(text=RIVERS, tokens_per_second=SLOWLY))
    slack.fail("chat.startStream", "channel_type_not_supported", where=lambda call: call["channel"] == dm.id)
    thread = dm.thread(await dm.say("Tell me about lakes"))
    await slack.until(lambda: bool(thread.bot_messages) and "■ Stop" in thread.bot_messages[0].buttons)
    await answered(stage.slack, thread, RIVERS)
    (answer,) = thread.bot_messages
    assert not answer.streamed
    assert len(stage.calls_for(answer, "chat.update")) >= 2  # the button came with one, and went with another
    await slack.until(lambda: "■ Stop" not in answer.buttons)


async def test_a_stream_that_slack_ends_at_its_lifetime_loses_nothing(stage: SlackStage) -> None:
    """What the dead stream did not take stands in the same message in the end."""
    dm = stage.slack.dm(stage.slack.person("Cleo"))
    stage.brain.teach("about seas", Reply(text=RIVERS, tokens_per_second=SLOWLY))
    thread = dm.thread(await dm.say("Tell me about seas"))
    await stage.slack.until(lambda: bool(thread.streaming))
    (answer,) = thread.streaming
    stage.slack.expire_stream(answer)
    await answered(stage.slack, thread, RIVERS)
    assert thread.bot_messages == [answer]
    assert answer.streamed


async def test_thirty_thousand_characters_arrive_whole_over_several_messages(either: SlackStage) -> None:
    """Every message keeps under the size at which streams break; their words together are the answer."""
    dm = either.slack.dm(either.slack.person("Dora"))
    sentences = [f"Sentence number {number} of a long answer." for number in range(840)]
    paragraphs = [" ".join(sentences[start : start + 5]) for start in range(0, len(sentences), 5)]
    whole = "\n\n".join(paragraphs)
    assert len(whole) > 30_000
    either.brain.teach("everything", Reply(text=whole, tokens_per_second=3000))
    thread = dm.thread(await dm.say("Tell me everything"))
    ended = sentences[-1]
    await either.slack.until(
        lambda: any(ended in text for text in thread.texts) and not thread.streaming, seconds=100
    )
    await either.service.settled()
    assert " ".join(" ".join(thread.texts).split()) == " ".join(whole.split())
    assert len(thread.texts) >= 4


# --- people take part ---------------------------------------------------------------------------------------


async def test_slacks_own_stop_button_ends_the_answer_at_once(either: SlackStage) -> None:
    """Slack ends the stream, the provider sees us go away, and what was written stays, marked."""
    dm = either.slack.dm(either.slack.person("Dan"))
    either.brain.teach("endless story", Reply.tokens(4000, tokens_per_second=40))
    question = await dm.say("Tell an endless story")
    thread = dm.thread(question)
    await either.slack.until(lambda: bool(thread.texts) and "word20" in thread.texts[0])
    request = either.provider.requests[-1]
    await dm.press_stop(question)
    await asyncio.wait_for(request.ended.wait(), 30)
    assert request.client_went_away
    await either.slack.until(lambda: "Stopped." in thread.texts[0])
    assert "word20" in thread.texts[0]
    assert len(thread.texts) == 1
    await either.slack.until(lambda: thread.session_status == "active")
    await dm.reply(question, "Still there?")
    await either.slack.until(lambda: thread.texts[-1] == "You said: Still there?")


async def test_slash_commands_begin_anew_and_show_settings_with_buttons(either: SlackStage) -> None:
    """/parley new is answered in a thread of its own; a button of /parley settings changes what it says."""
    slack = either.slack
    ann = slack.person("Ann")
    room = slack.channel("commands", [ann])
    await room.slash(ann, "/parley", "new")
    await slack.until(lambda: any("A new conversation" in text for text in room.texts))
    await room.slash(ann, "/parley", "settings")
    await slack.until(lambda: bool(room.last.buttons))
    page = room.last
    assert "stands folded above" in page.text
    await room.press(ann, page, "Hide thinking")
    await slack.until(lambda: "thinking is not shown" in page.text and "Show thinking" in page.buttons)
    await slack.until(lambda: any("Saved." in message.text for message in room.ephemerals_of(ann)))


async def test_the_home_tab_is_there_for_whoever_opens_it(either: SlackStage) -> None:
    """A view of its own for each member, in the language of their Slack."""
    slack = either.slack
    ann, li = slack.person("Ann"), slack.person("Li", locale="zh-CN")
    for person in (ann, li):
        await slack.open_home(person)
    await slack.until(lambda: {ann.id, li.id} <= slack.world.homes.keys())
    english, chinese = (str(slack.home(person).view["blocks"]) for person in (ann, li))
    assert "/settings" in english
    assert "命令" in chinese
    assert english != chinese


async def test_thumbs_under_an_answer_are_stored(either: SlackStage) -> None:
    """The newest vote of a person counts, and only they read the thanks."""
    dm = either.slack.dm(either.slack.person("Eli"))
    thread = dm.thread(await dm.say("a question to rate"))
    await either.slack.until(lambda: bool(thread.bot_messages) and "feedback:up" in str(_under(thread)))
    for vote in ("feedback:up", "feedback:down"):
        await dm.press(thread.bot_messages[0], vote)
    await either.slack.until(lambda: [line.text for line in dm.ephemerals] == ["Thank you."] * 2)
    assert either.service.rows("select vote from feedback") == [("down",)]


def _under(thread: ThreadView) -> list[dict[str, object]]:
    return thread.bot_messages[0].all_blocks


async def test_an_edited_question_is_answered_anew_and_a_deleted_one_is_forgotten(either: SlackStage) -> None:
    """There is one answer in the end, to the newest words; of deleted words nothing is kept."""
    slack = either.slack
    dm = slack.dm(slack.person("Finn"))
    either.brain.teach("weather on Mars", Reply.tokens(2000, tokens_per_second=40))
    question = await dm.say("weather on Mars?")
    thread = dm.thread(question)
    await slack.until(lambda: bool(thread.texts))
    await dm.edit(question, "weather on Venus?")
    await answered(either.slack, thread, "You said: weather on Venus?")
    await dm.edit(question, "weather on Pluto?")
    await answered(either.slack, thread, "You said: weather on Pluto?")
    await either.service.settled()
    await dm.delete(question)
    pluto = "select count(*) from exchanges where request like '%Pluto%' or reply like '%Pluto%'"
    await either.eventually(lambda: either.service.rows(pluto) == [(0,)])


def _is_answered(thread: ThreadView) -> bool:
    return bool(thread.texts)


async def test_guests_strangers_and_bots_are_not_answered(either: SlackStage) -> None:
    """Guests and people of other workspaces get one sentence an hour in a channel, other bots nothing."""
    slack = either.slack
    ann, guest = slack.person("Ann"), slack.guest("Gus")
    stranger, robot = slack.stranger("Sten"), slack.other_bot("Robot")
    room = slack.channel("mixed", [ann, guest, stranger, robot])
    turned_away = room.thread(await room.say(guest, f"{slack.mention} let me in"))
    await slack.until(partial(_is_answered, turned_away))
    assert turned_away.texts[0].startswith("I don't know you yet.")
    again = room.thread(await room.say(stranger, f"{slack.mention} let me in"))
    dm = slack.dm(guest)
    invited = dm.thread(await dm.say("let me in"))
    await slack.until(partial(_is_answered, invited))
    assert "python -m bot admit" in invited.texts[0]
    ignored = room.thread(await room.say(robot, f"{slack.mention} beep"))
    thread = room.thread(await room.say(ann, f"{slack.mention} and I?"))
    await answered(either.slack, thread, "You said: ann: and I?")
    assert (again.texts, ignored.texts) == ([], [])
    asked = [str(request.body) for request in either.provider.requests]
    assert not any(words in body for words in ("let me in", "beep") for body in asked)


@pytest.mark.parametrize("trouble", [rate_limited(1), server_error()])
async def test_a_member_whom_slack_will_not_tell_of_is_answered_all_the_same(
    either: SlackStage, trouble: ApiError
) -> None:
    """While users.info is limited or out of order nobody of the workspace is turned away as a stranger."""
    slack = either.slack
    uma = slack.person("Uma")
    slack.fail("users.info", trouble, times=None, where=lambda call: call.get("user") == uma.id)
    dm = slack.dm(uma)
    thread = dm.thread(await dm.say("do you know me?"))
    await answered(either.slack, thread, "You said: do you know me?")
    assert len(dm.texts) == 1


# --- trouble ------------------------------------------------------------------------------------------------


async def test_dead_cut_and_replaced_sockets_lose_nothing(stage: SlackStage) -> None:
    """Slack cuts them, wants them back, or lets them go silent: each message is answered once."""
    slack = stage.slack
    dm = slack.dm(slack.person("Nora"))
    slack.kill_sockets()
    cut = dm.thread(await dm.say("after a cut"))
    await answered(stage.slack, cut, "You said: after a cut")
    await slack.sockets.refresh("warning")
    warned = dm.thread(await dm.say("after a warning"))
    await answered(stage.slack, warned, "You said: after a warning")
    await slack.sockets.refresh()
    replaced = dm.thread(await dm.say("after a refresh"))
    await answered(stage.slack, replaced, "You said: after a refresh")
    opened = slack.sockets.connections
    slack.silence_sockets()
    slack.time_scale = 0.05  # told again after 3 and 15 seconds
    try:
        silent = dm.thread(await dm.say("into the silence"))
        await answered(stage.slack, silent, "You said: into the silence", seconds=100)
    finally:
        slack.time_scale = 1.0
    assert slack.sockets.connections > opened
    assert len(dm.texts) == 4


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
async def test_a_pause_that_slack_asks_for_is_kept_and_nothing_is_lost(
    stage: SlackStage, method: str
) -> None:
    """429 with Retry-After at the beginning, in the middle and at the end of an answer."""
    slack = stage.slack
    dm = slack.dm(slack.person("Otto"))
    stage.brain.teach("paused", Reply(text=RIVERS, tokens_per_second=SLOWLY))
    slack.fail(method, rate_limited(2), where=lambda call: call.get("channel") == dm.id)
    thread = dm.thread(await dm.say("a paused answer"))
    await answered(stage.slack, thread, RIVERS)
    calls = [call for call in slack.calls_of(method) if call.channel == dm.id]
    assert calls[0].status == 429
    assert all(later.at - calls[0].at >= 1.9 for later in calls[1:])
    assert len(thread.texts) == 1


async def test_forged_requests_are_refused_with_a_log_line(stages: Mapping[Way, SlackStage]) -> None:
    """A wrong signature, an old one, junk in the headers: 401, and nothing happens."""
    stage = stages["http"]
    http, secret = stage.slack.http, stage.slack.signing_secret
    now, old = str(int(time.time())), str(int(time.time()) - 3600)
    body = b'{"type": "event_callback", "event": {"type": "message"}}'
    forged: list[dict[str, Any]] = [
        {"signature": "v0=" + "0" * 64},
        {"signature": sign("another secret", now, body), "timestamp": now},
        {"signature": sign(secret, now, b"another body"), "timestamp": now},
        {"timestamp": old},
        {"timestamp": "yesterday"},
        {"timestamp": "²"},
        {"timestamp": "9" * 400},
        {"timestamp": "nan"},
        {"timestamp": ""},
        {"signature": ""},
        {"signature": "v0=ü".encode().decode("latin-1")},
        {"signature": "v1=" + "f" * 64},
    ]
    before = len(stage.lines("slack_request_forged"))
    for details in forged:
        assert (await http.post(body, **details)).status == 401, details
    await stage.logged("slack_request_forged", more_than=before + len(forged) - 1)


async def test_a_body_of_ten_megabytes_is_refused(stages: Mapping[Way, SlackStage]) -> None:
    """413, signed or not, and the next message is answered."""
    stage = stages["http"]
    huge = b'{"type": "event_callback", "event": {"text": "' + b"a" * 10_000_000 + b'"}}'
    assert (await stage.slack.http.post(huge)).status == 413
    assert (await stage.slack.http.post(huge, signature="v0=0")).status == 413
    dm = stage.slack.dm(stage.slack.person("Pia"))
    await answered(stage.slack, dm.thread(await dm.say("hello")), "You said: hello")


async def test_events_nobody_knows_or_can_read_are_dropped_with_a_log_line(either: SlackStage) -> None:
    """Each is acknowledged, so that Slack does not send it again, and the next message is answered."""
    slack = either.slack
    room = slack.channel("strange", [slack.person("Quin")])
    before = _dropped(either)
    place = {
        "channel": room.id,
        "user": room.channel.members[0].id,
        "ts": "1790000000.000100",
        "channel_type": "channel",
    }
    strange: list[Delivery] = [
        slack.push_event({"type": "solar_eclipse", "channel": room.id}),
        slack.push_event({"type": "message", "subtype": "brand_new", "text": "x", **place}),
        slack.push_event({"type": "message"}),
        slack.push_event({"type": "message", "channel": 7, "ts": [], "user": {}, "text": None}),
        slack.push_event({"type": "message", "subtype": "message_changed", "message": "gone", **place}),
        slack.push_event({"type": "agent_session_stopped", "thread_ts": 12}),
        slack.push_event({"type": ["message"]}),
        slack.push_event("not an object"),
        slack.push_event(None),
        slack.push_raw({"type": "event_callback"}),
        slack.push_raw({"type": "something_else", "event": []}),
        slack.push_raw({}),
    ]
    await slack.until(lambda: all(delivery.acked for delivery in strange))
    await either.eventually(lambda: _dropped(either) >= before + len(strange))
    assert room.bot_messages == []
    question = await room.say(room.channel.members[0], f"{slack.mention} still there?")
    await answered(either.slack, room.thread(question), "You said: quin: still there?")


def _dropped(stage: SlackStage) -> int:
    kinds = (
        "slack_event_dropped",
        "slack_payload_dropped",
        "slack_payload_malformed",
        "slack_payload_unreadable",
    )
    return sum(len(stage.lines(kind)) for kind in kinds)


async def test_frames_that_are_no_envelopes_do_not_end_a_socket(stage: SlackStage) -> None:
    """Each leaves a log line, and the sockets stay."""
    slack = stage.slack
    frames = ["", "junk", "[]", "7", "{}", '{"type": "events_api"}', '{"envelope_id": "e1", "payload": 3}']
    frames += ['{"type": "events_api", "envelope_id": "e2", "payload": []}', "\u0000", "[" * 5000]
    opened, before = slack.sockets.connections, len(stage.lines("slack_envelope_malformed"))
    for frame in frames:
        await slack.push_frame(frame)
    await stage.logged("slack_envelope_malformed", more_than=before + len(frames) - 1)
    dm = slack.dm(slack.person("Rob"))
    await answered(stage.slack, dm.thread(await dm.say("after the junk")), "You said: after the junk")
    assert slack.sockets.connections == opened


async def test_nothing_was_refused_or_malformed_and_the_log_holds_no_secret(either: SlackStage) -> None:
    """Over all the stories above: no call Slack had to refuse, no parameter it does not know, no token."""
    slack = either.slack
    assert slack.rejected == []
    assert slack.violations == []
    log = either.service.log.read_text(encoding="utf-8")
    secrets = (slack.bot_token, slack.app_token, slack.signing_secret, API_KEY, "ticket=")
    assert [secret for secret in secrets if secret in log] == []
