"""Native streams, statuses and agent sessions live, end and refuse as they do in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.models.messages.chunk import MarkdownTextChunk, PlanUpdateChunk, TaskUpdateChunk
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import SUBSCRIPTIONS, DirectMessages, FakeSlack, Message, Person, Room, Stream
from tests.fakes.slack.streams import MAX_STREAM_BYTES, Portion, Task

from .slack_app import client_on


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace without rate limits, in which the app must not earn a complaint unnoticed."""
    async with FakeSlack(tiers="off") as slack:
        yield slack
        assert slack.violations == []


@pytest.fixture
async def client(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """slack_sdk, pointed at the fake."""
    async with client_on(slack) as client:
        yield client


@pytest.fixture
def ann(slack: FakeSlack) -> Person:
    """Somebody who asks."""
    return slack.person("Ann")


@pytest.fixture
def dm(slack: FakeSlack, ann: Person) -> DirectMessages:
    """Ann's direct messages with the bot."""
    return slack.dm(ann)


@pytest.fixture
def general(slack: FakeSlack, ann: Person) -> Room:
    """A public channel."""
    return slack.channel("general", [ann])


@pytest.fixture
async def asked(dm: DirectMessages) -> Message:
    """Ann's question."""
    return await dm.say("why?")


async def refusal(awaitable: Any) -> str:
    """The word a call is refused with."""
    with pytest.raises(SlackApiError) as refused:
        await awaitable
    return str(refused.value.response["error"])


async def test_a_stream_grows_in_front_of_people_and_ends(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """start, append and stop show one message; blocks given at the end stand below it."""
    started = await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="Be")
    message = dm.messages[-1]
    assert (message.ts, message.streaming) == (started["ts"], True)
    await client.chat_appendStream(channel=dm.id, ts=message.ts, markdown_text="cause ")
    button = {"type": "button", "text": {"type": "plain_text", "text": "Good"}, "action_id": "up"}
    await client.chat_stopStream(
        channel=dm.id,
        ts=message.ts,
        markdown_text="so.",
        blocks=[{"type": "actions", "elements": [button]}],
    )
    assert (message.streaming, message.text, message.buttons) == (False, "Because so.", ["Good"])
    assert [shown.text for shown in dm.history_of(message)] == ["Be", "Because ", "Because so."]
    events = [d.event for d in slack.deliveries][1:]
    assert [event.get("subtype") for event in events] == [None, "message_changed", "message_changed"]
    assert [event.get("message", event)["streaming_state"] for event in events] == [
        "in_progress",
        "in_progress",
        "completed",
    ]


async def test_the_sdks_own_streamer_works(
    client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """AsyncChatStream flushes by size and with chunks: text, tasks and plan arrive."""
    streamer = await client.chat_stream(channel=dm.id, thread_ts=asked.ts, buffer_size=4)
    await streamer.append(markdown_text="Hello ")
    task = TaskUpdateChunk(id="t1", title="Search", status="in_progress")
    await streamer.append(chunks=[task, PlanUpdateChunk(title="Looking")])
    await streamer.append(chunks=[TaskUpdateChunk(id="t1", title="Search", status="complete")])
    await streamer.stop(markdown_text="world")
    message = dm.last
    assert message.stream is not None
    assert message.text == "Hello world"
    assert {task.id: task.status for task in message.stream.tasks.values()} == {"t1": "complete"}
    assert message.stream.plan == "Looking"


async def test_blocks_in_chunks_are_seen_in_their_place(
    client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """Text, then a block, then text."""
    chunks: list[Any] = [
        MarkdownTextChunk(text="before"),
        {"type": "blocks", "blocks": [{"type": "markdown", "text": "inside"}]},
        {"type": "markdown_text", "text": "after"},
    ]
    await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, chunks=chunks)
    assert dm.last.text == "before\ninside\nafter"


async def test_a_stream_in_a_channel_names_who_it_is_for(
    slack: FakeSlack, client: AsyncWebClient, general: Room, ann: Person
) -> None:
    """Both recipient ids are needed; a thread is not; the team must be the person's own."""
    call: dict[str, Any] = {"channel": general.id, "thread_ts": None}
    assert await refusal(client.chat_startStream(**call)) == "missing_recipient_team_id"
    call["recipient_team_id"] = slack.team_id
    assert await refusal(client.chat_startStream(**call)) == "missing_recipient_user_id"
    assert await refusal(client.chat_startStream(**call, recipient_user_id="U0")) == "user_not_found"
    await client.chat_startStream(**call, recipient_user_id=ann.id, markdown_text="hi")
    assert general.last.text == "hi"
    eve = slack.stranger("Eve")
    await client.chat_startStream(**call, recipient_user_id=eve.id)
    assert slack.violations == [f"recipient_team_id {slack.team_id} is not the team of Eve"]
    slack.violations.clear()


async def test_a_stream_in_direct_messages_needs_a_thread(client: AsyncWebClient, dm: DirectMessages) -> None:
    """Without one, and with one that is not there."""
    call: dict[str, Any] = {"channel": dm.id, "thread_ts": None}
    assert await refusal(client.chat_startStream(**call)) == "invalid_arguments"
    assert await refusal(client.chat_startStream(channel=dm.id, thread_ts="1.000001")) == "message_not_found"


async def test_a_stream_keeps_the_mode_it_began_in(
    client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """Text mode takes no chunks, chunk mode no text, no call both, an append not nothing."""
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="a"))["ts"]
    chunk = {"type": "markdown_text", "text": "b"}
    append = client.chat_appendStream
    assert await refusal(append(channel=dm.id, ts=ts, chunks=[chunk])) == "streaming_mode_mismatch"
    both = append(channel=dm.id, ts=ts, chunks=[chunk], markdown_text="b")
    assert await refusal(both) == "cannot_provide_both_markdown_text_and_chunks"
    assert await refusal(append(channel=dm.id, ts=ts)) == "markdown_text_or_chunks_required"
    await client.chat_stopStream(channel=dm.id, ts=ts)
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, chunks=[chunk]))["ts"]
    assert await refusal(append(channel=dm.id, ts=ts, markdown_text="b")) == "streaming_mode_mismatch"


@pytest.mark.parametrize(
    "chunk",
    [
        {"type": "picture"},
        {"type": "markdown_text"},
        {"type": "task_update", "id": "1", "title": "x", "status": "done"},
        {"type": "blocks", "blocks": [{"type": "nonsense"}]},
        "text",
    ],
)
async def test_a_chunk_of_no_known_shape_is_refused(
    client: AsyncWebClient, dm: DirectMessages, asked: Message, chunk: Any
) -> None:
    """Unknown types, missing fields, unknown states of tasks, bad blocks."""
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts))["ts"]
    assert await refusal(client.chat_appendStream(channel=dm.id, ts=ts, chunks=[chunk])) == "invalid_chunks"


async def test_a_stream_has_a_size_in_all_and_a_call_one_of_its_own(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """What would pass the cap is refused whole, which counts as earned; what is there stays."""
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="é" * 5000))["ts"]
    assert (
        await refusal(client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="x" * 2000))
        == "msg_too_long"
    )
    assert (
        await refusal(client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="x" * 12_001))
        == "msg_too_long"
    )
    await client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="x" * 1500)
    await client.chat_stopStream(channel=dm.id, ts=ts)
    assert dm.last.text == "é" * 5000 + "x" * 1500
    assert [call.error for call in slack.rejected] == ["msg_too_long"] * 2


@given(st.lists(st.text(max_size=900), max_size=30))
def test_a_stream_shows_exactly_what_it_took(texts: list[str]) -> None:
    """Whatever is appended, the text is what fitted, in order, and never over the cap."""
    stream, kept = Stream(recipient=""), ""
    for text in texts:
        portion = Portion(mode="markdown_text", pieces=(text,))
        if stream.fits(portion):
            stream.take(portion)
            kept += text
    assert stream.text == kept
    assert stream.weight_bytes == len(kept.encode()) <= MAX_STREAM_BYTES


def test_tasks_weigh_double() -> None:
    """Details and output of a task count twice against the cap."""
    task = Task(id="1", title="ab", status="complete", details="cd", output="ef")
    assert Portion(mode="chunks", tasks=(task,)).weight_bytes == 12


async def test_a_stream_ends_by_itself_and_is_repaired_by_an_edit(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """After its lifetime append and stop are refused, unearned; chat.update works again."""
    slack.time_scale = 0.0001
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="half"))["ts"]
    message = dm.last
    await slack.until(lambda: not message.streaming)
    gone = "message_not_in_streaming_state"
    assert await refusal(client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="x")) == gone
    assert await refusal(client.chat_stopStream(channel=dm.id, ts=ts)) == gone
    assert slack.rejected == []
    await client.chat_update(channel=dm.id, ts=ts, text="whole")
    assert dm.texts == ["whole"]


async def test_a_live_stream_cannot_be_edited_and_a_stopped_one_not_appended_to(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """Both are the app's own mistake."""
    ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="a"))["ts"]
    assert await refusal(client.chat_update(channel=dm.id, ts=ts, text="b")) == "streaming_state_conflict"
    await client.chat_stopStream(channel=dm.id, ts=ts)
    late = client.chat_appendStream(channel=dm.id, ts=ts, markdown_text="b")
    assert await refusal(late) == "message_not_in_streaming_state"
    theirs = client.chat_appendStream(channel=dm.id, ts=asked.ts, markdown_text="b")
    assert await refusal(theirs) == "message_not_owned_by_app"
    assert len(slack.rejected) == 3


async def test_a_workspace_without_native_streams_says_so(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """The refusal is nobody's fault, and other words for it can be ordered."""
    slack.native_streams = False
    start: dict[str, Any] = {"channel": dm.id, "thread_ts": asked.ts}
    assert await refusal(client.chat_startStream(**start)) == "feature_disabled"
    slack.native_streams = True
    slack.fail("chat.startStream", "unknown_method", times=None)
    assert await refusal(client.chat_startStream(**start)) == "unknown_method"
    slack.clear_faults()
    await client.chat_startStream(**start)
    assert slack.rejected == []


async def test_a_status_stands_until_a_reply_or_two_minutes(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """It can be taken back, goes with the first reply or stream, and else by itself."""
    thread = dm.thread(asked)
    place: dict[str, Any] = {"channel_id": dm.id, "thread_ts": asked.ts}
    await client.assistant_threads_setStatus(**place, status="is thinking", loading_messages=["hm", "well"])
    assert (thread.status, thread.loading_messages) == ("is thinking", ["hm", "well"])
    await client.assistant_threads_setStatus(**place, status="")
    assert thread.status == ""
    await client.assistant_threads_setStatus(**place, status="is writing")
    await client.chat_startStream(channel=dm.id, thread_ts=asked.ts)
    assert thread.status == ""
    slack.time_scale = 0.0001
    await client.assistant_threads_setStatus(**place, status="is lost")
    await slack.until(lambda: thread.status == "")
    assert thread.statuses == ["is thinking", "is writing", "is lost"]
    many = client.assistant_threads_setStatus(**place, status="x", loading_messages=["x"] * 11)
    assert await refusal(many) == "invalid_arguments"
    nowhere = client.assistant_threads_setStatus(channel_id=dm.id, thread_ts="1.000001", status="x")
    assert await refusal(nowhere) == "invalid_thread_ts"


async def test_titles_and_prompts_are_seen_by_the_person(
    client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """Prompts belong to a thread or to the direct messages as a whole."""
    prompts = [{"title": "Hi", "message": "What can you do?"}]
    await client.assistant_threads_setTitle(channel_id=dm.id, thread_ts=asked.ts, title="Why")
    await client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, thread_ts=asked.ts, prompts=prompts)
    await client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, prompts=prompts)
    assert (dm.thread(asked).title, dm.thread(asked).prompts, dm.prompts) == ("Why", ["Hi"], ["Hi"])
    many = client.assistant_threads_setSuggestedPrompts(channel_id=dm.id, prompts=prompts * 5)
    assert await refusal(many) == "invalid_arguments"


async def test_the_stop_button_ends_the_streams_and_tells_the_app(
    slack: FakeSlack, client: AsyncWebClient, general: Room, ann: Person
) -> None:
    """It is there while the session is processing; what comes after is refused, unearned."""
    asked = await general.say(ann, f"{slack.mention} why?")
    place = {"channel_id": general.id, "thread_ts": asked.ts}
    with pytest.raises(AssertionError, match="no session"):
        await general.press_stop(ann, asked)
    await client.agents_sessions_setStatus(
        **place, status="processing", title="Why", initiator_user_id=ann.id
    )
    started = await client.chat_startStream(
        channel=general.id,
        thread_ts=asked.ts,
        recipient_user_id=ann.id,
        recipient_team_id=slack.team_id,
        markdown_text="Well, ",
    )
    await general.press_stop(ann, asked)
    event = slack.deliveries[-1].event
    assert (event["type"], event["user"], event["thread_ts"]) == ("agent_session_stopped", ann.id, asked.ts)
    assert event["streaming_message_ts"] == [started["ts"]]
    thread = general.thread(asked)
    assert (thread.streaming, thread.session_status, thread.title) == ([], "processing", "Why")
    late = client.chat_appendStream(channel=general.id, ts=started["ts"], markdown_text="x")
    assert await refusal(late) == "stopped_by_user"
    stop = client.chat_stopStream(channel=general.id, ts=started["ts"])
    assert await refusal(stop) == "message_not_in_streaming_state"
    assert slack.rejected == []
    await client.agents_sessions_setStatus(**place, status="active")
    with pytest.raises(AssertionError, match="the session is active"):
        await general.press_stop(ann, asked)


async def test_stopping_a_stream_moves_the_session_on(
    client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """To active, unless the call names another status."""
    thread = dm.thread(asked)
    for status, expected in ((None, "active"), ("suspended", "suspended")):
        await client.agents_sessions_setStatus(channel_id=dm.id, thread_ts=asked.ts, status="processing")
        ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text="a"))["ts"]
        await client.chat_stopStream(channel=dm.id, ts=ts, session_status=status)
        assert thread.session_status == expected
    await client.agents_sessions_rename(channel_id=dm.id, thread_ts=asked.ts, title="New")
    assert thread.title == "New"


async def test_sessions_need_a_thread_a_status_and_an_agent(
    slack: FakeSlack, client: AsyncWebClient, dm: DirectMessages, asked: Message
) -> None:
    """Each lack has its word."""
    place: dict[str, Any] = {"channel_id": dm.id, "thread_ts": asked.ts}
    assert await refusal(client.agents_sessions_setStatus(**place, status="busy")) == "invalid_status"
    nowhere = client.agents_sessions_setStatus(channel_id=dm.id, status="active")
    assert await refusal(nowhere) == "thread_ts_required"
    slack.world.app.agent = False
    assert await refusal(client.agents_sessions_setStatus(**place, status="active")) == "feature_disabled"
    assert await refusal(client.assistant_threads_setTitle(**place, title="x")) == "not_agent_app"


async def test_an_app_deaf_to_the_stop_button_is_warned() -> None:
    """The status is set, but the answer says that no Stop button is shown."""
    deaf = SUBSCRIPTIONS - {"agent_session_stopped"}
    async with FakeSlack(tiers="off", subscriptions=deaf) as slack, client_on(slack) as client:
        dm = slack.dm(slack.person("Ann"))
        asked = await dm.say("why?")
        answer = await client.agents_sessions_setStatus(
            channel_id=dm.id, thread_ts=asked.ts, status="processing"
        )
        assert answer["warning"] == "missing_agent_session_stopped_event_subscription"
        with pytest.raises(AssertionError, match="does not subscribe"):
            await dm.press_stop(asked)


async def test_two_hundred_threads_stream_at_once(slack: FakeSlack, client: AsyncWebClient) -> None:
    """Every thread gets its own whole answer."""
    dms = [slack.dm(slack.person(f"P{number}")) for number in range(200)]

    async def answer(dm: DirectMessages, number: int) -> None:
        asked = await dm.say("why?")
        ts = (await client.chat_startStream(channel=dm.id, thread_ts=asked.ts, markdown_text=f"{number}:"))[
            "ts"
        ]
        for word in "abc":
            await client.chat_appendStream(channel=dm.id, ts=ts, markdown_text=word)
        await client.chat_stopStream(channel=dm.id, ts=ts)

    await asyncio.gather(*(answer(dm, number) for number, dm in enumerate(dms)))
    assert [dm.texts for dm in dms] == [[f"{number}:abc"] for number in range(200)]
