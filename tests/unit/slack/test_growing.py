"""A growing answer is a native stream while that serves, and nothing is lost with a stream."""

from __future__ import annotations

import pytest

from bot.errors import ChatClosed, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.ports import Fidelity
from bot.rendering import parse
from tests.fakes.slack import bad_gateway, rate_limited, server_error, withdrawn
from tests.unit.slack.conftest import Stage
from tests.unit.slack.support import STOP, adapter_for, rendered

STREAMS = ("chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage")


async def test_an_answer_grows_as_a_stream_and_ends_with_thumbs(stage: Stage) -> None:
    """Started once, only appended to, stopped with the rest; nothing is ever written twice."""
    ts = await stage.open("The first")
    await stage.grow(ts, "The first words **bo")
    await stage.grow(ts, "The first words **bold** and")
    await stage.end(ts, "The first words **bold** and the rest.", STOP)
    message = stage.message(ts)
    assert message.text == "The first words **bold** and the rest."
    assert stage.methods(*STREAMS) == [
        "chat.startStream",
        "chat.appendStream",
        "chat.appendStream",
        "chat.stopStream",
    ]
    assert [block["type"] for block in message.all_blocks] == ["actions", "context_actions"]
    assert stage.slack.rejected == []


async def test_the_stop_button_is_slacks_own_while_the_answer_grows(stage: Stage) -> None:
    """The thread's session is at work until the answer is whole."""
    ts = await stage.open("The first")
    thread = stage.room.thread(stage.message(ts))
    assert thread.session_status == "processing"
    await stage.end(ts, "The first and last")
    assert thread.session_status == "active"


async def test_an_open_fence_or_mark_is_not_closed_in_the_stream(stage: Stage) -> None:
    """A stream cannot take back what it showed, so what only closes because the text ends is held back."""
    ts = await stage.open("Look:\n\n```py\nx = 1")
    await stage.grow(ts, "Look:\n\n```py\nx = 1\ny = 2")
    await stage.grow(ts, "Look:\n\n```py\nx = 1\ny = 2\n```\n\n- **a")
    await stage.end(ts, "Look:\n\n```py\nx = 1\ny = 2\n```\n\n- **a**\n- b")
    assert stage.message(ts).text == "Look:\n\n```py\nx = 1\ny = 2\n```\n\n- **a**\n- b"
    assert "chat.update" not in stage.methods(*STREAMS)


async def test_text_that_turns_out_otherwise_is_edited(stage: Stage) -> None:
    """The stream is stopped, and the message shows the new text from then on."""
    ts = await stage.open("The first")
    await stage.grow(ts, "Quite other")
    assert stage.message(ts).text == "Quite other"
    await stage.grow(ts, "Quite other words")
    await stage.end(ts, "Quite other words at the end")
    assert stage.message(ts).text == "Quite other words at the end"
    assert stage.methods("chat.stopStream") == ["chat.stopStream"]
    assert stage.slack.rejected == []


async def test_an_old_stream_is_edited_before_slack_ends_it(stage: Stage) -> None:
    """Streams die after five minutes whatever is done."""
    ts = await stage.open("The first")
    stage.clock.skip(241)
    await stage.grow(ts, "The first words")
    assert not stage.message(ts).streaming
    await stage.end(ts, "The first words and more")
    assert stage.message(ts).text == "The first words and more"


@pytest.mark.parametrize("when", ["growing", "ending"])
async def test_a_stream_that_slack_ended_loses_nothing(stage: Stage, when: str) -> None:
    """The whole text is there in the end."""
    ts = await stage.open("The first")
    stage.slack.expire_stream(stage.message(ts))
    if when == "growing":
        await stage.grow(ts, "The first words")
        assert stage.message(ts).text == "The first words"
    await stage.end(ts, "The first words and the last")
    assert stage.message(ts).text == "The first words and the last"


@pytest.mark.parametrize("error", ["msg_too_long", "streaming_state_conflict", "invalid_chunks", "brand_new"])
@pytest.mark.parametrize("method", ["chat.appendStream", "chat.stopStream"])
async def test_whatever_a_stream_refuses_an_edit_repairs(stage: Stage, method: str, error: str) -> None:
    """Also what Slack has not thought of yet."""
    ts = await stage.open("The first")
    stage.slack.fail(method, withdrawn(error))
    await stage.grow(ts, "The first words")
    await stage.end(ts, "The first words and the last")
    assert stage.message(ts).text == "The first words and the last"
    assert not stage.message(ts).streaming


async def test_a_lost_answer_to_an_append_writes_nothing_twice(stage: Stage) -> None:
    """Nobody knows whether it was shown, so the message is edited from then on."""
    ts = await stage.open("The first")
    stage.slack.drop_answer("chat.appendStream")
    with pytest.raises(PlatformUnclear):
        await stage.grow(ts, "The first words")
    await stage.grow(ts, "The first words and")
    await stage.end(ts, "The first words and the last")
    assert stage.message(ts).text == "The first words and the last"


async def test_a_lost_answer_to_a_stop_is_repaired_by_the_next_try(stage: Stage) -> None:
    """The core repeats the final edit."""
    ts = await stage.open("The first")
    stage.slack.drop_answer("chat.stopStream")
    with pytest.raises(PlatformUnclear):
        await stage.end(ts, "The first words")
    await stage.end(ts, "The first words")
    assert stage.message(ts).text == "The first words"


async def test_a_busy_stop_is_told_and_can_be_repeated(stage: Stage) -> None:
    """Nothing was done, and the stream still lives."""
    ts = await stage.open("The first")
    stage.slack.fail("chat.stopStream", rate_limited(7))
    with pytest.raises(PlatformBusy) as caught:
        await stage.end(ts, "The first words")
    assert caught.value.retry_after_seconds == 7
    await stage.end(ts, "The first words")
    assert stage.message(ts).text == "The first words"


async def test_a_busy_append_is_left_out(stage: Stage) -> None:
    """The next one carries its text; until the pause is over nothing is asked."""
    ts = await stage.open("The first")
    stage.slack.fail("chat.appendStream", rate_limited(20))
    await stage.grow(ts, "The first words")
    await stage.grow(ts, "The first words and")
    assert len(stage.methods("chat.appendStream")) == 1
    stage.clock.skip(60)
    await stage.grow(ts, "The first words and more")
    assert stage.message(ts).text == "The first words and more"


async def test_appends_of_many_streams_share_one_budget(stage: Stage) -> None:
    """With six streams alive each waits six turns; what is left out comes with the next."""
    ids = [await stage.open(f"Answer {number}") for number in range(6)]
    for ts in ids:
        await stage.adapter.edit(stage.key, ts, stage.content("Answer 0123456789"), live=True)
    assert stage.methods("chat.appendStream") == []


async def test_a_message_of_an_earlier_process_that_still_streams_is_stopped_first(stage: Stage) -> None:
    """State is in memory only; Slack tells of the stream, and the edit is made."""
    ts = await stage.open("The first")
    other = adapter_for(stage.slack)
    await other.edit(stage.key, ts, rendered(other, "After the restart"))
    assert stage.message(ts).text == "After the restart"
    assert not stage.message(ts).streaming


@pytest.mark.parametrize("error", ["feature_disabled", "unknown_method", "channel_type_not_supported"])
async def test_where_streams_are_not_served_messages_are_edited(stage: Stage, error: str) -> None:
    """Learned once, and not asked again for an hour."""
    stage.slack.fail("chat.startStream", withdrawn(error), times=None)
    for number in range(2):
        ts = await stage.open(f"Answer {number}")
        await stage.grow(ts, f"Answer {number} grows")
        await stage.end(ts, f"Answer {number} is whole")
        message = stage.message(ts)
        assert message.text == f"Answer {number} is whole"
        assert message.all_blocks[-1]["type"] == "context_actions"
    assert len(stage.methods("chat.startStream")) == 1
    stage.clock.skip(3700)
    await stage.open("Again")
    assert len(stage.methods("chat.startStream")) == 2


async def test_a_busy_or_strange_start_becomes_a_post(stage: Stage) -> None:
    """The person sees the beginning at once."""
    stage.slack.fail("chat.startStream", rate_limited(30))
    ts = await stage.open("The first")
    assert stage.message(ts).text == "The first"
    await stage.end(ts, "The first words")
    assert stage.message(ts).text == "The first words"


async def test_a_start_whose_answer_is_lost_is_found_again(stage: Stage) -> None:
    """reclaim asks the thread for it, once."""
    stage.slack.drop_answer("chat.startStream")
    with pytest.raises(PlatformUnclear):
        await stage.open("The first")
    content, after = stage.content("The first words"), stage.key.thread
    found = await stage.adapter.reclaim(stage.key, content, after=after, taken=())
    assert found is not None
    assert stage.message(found).text == "The first words"
    assert await stage.adapter.reclaim(stage.key, stage.content("x"), after=found, taken=()) is None
    known = {(stage.key.chat, found)}
    assert await stage.adapter.reclaim(stage.key, stage.content("x"), after=after, taken=known) is None


@pytest.mark.parametrize("grows_on", [True, False])
async def test_an_answer_of_an_earlier_process_ends_with_its_session(stage: Stage, grows_on: bool) -> None:
    """No Stop button stays behind, and what still grew has its thumbs."""
    ts = await stage.open("The first")
    thread = stage.room.thread(stage.message(ts))
    await stage.slack.until(lambda: thread.session_status == "processing")
    stage.slack.expire_stream(stage.message(ts))
    after_restart = adapter_for(stage.slack, stage.clock)
    if grows_on:
        await after_restart.edit(stage.key, ts, stage.content("The first words"), live=True)
        assert thread.session_status == "processing"
    await after_restart.edit(stage.key, ts, stage.content("The first words and the last."))
    assert stage.message(ts).text == "The first words and the last."
    assert thread.session_status == "active"
    thumbs = [block["type"] for block in stage.message(ts).all_blocks].count("context_actions")
    assert thumbs == int(grows_on)


async def test_thoughts_are_a_task_of_the_stream_and_stand_above_the_final_answer(stage: Stage) -> None:
    """They change all the time, which a stream cannot; the status below is not shown in it either."""
    from bot.delivery import View

    def content(view: View) -> object:
        return stage.adapter.render(view.document(), fidelity=Fidelity.FORMATTED)[0]

    thinking = View(thinking="hm", thinking_title="Thinking")
    ts = await stage.adapter.send(stage.key, content(thinking), live=True)  # type: ignore[arg-type]
    stage.clock.skip(5)
    more = View(thinking="hm, so", thinking_title="Thinking", markdown="It is", status="Counting…")
    await stage.adapter.edit(stage.key, ts, content(more), live=True)  # type: ignore[arg-type]
    stream = stage.message(ts).stream
    assert stream is not None
    assert (stream.text, stream.tasks["thinking"].status) == ("It is", "complete")
    whole = View(thinking="hm, so", thinking_title="Thinking", markdown="It is four.")
    await stage.adapter.edit(stage.key, ts, content(whole))  # type: ignore[arg-type]
    assert stage.message(ts).text == "> **Thinking**\n>\n> hm, so\n\nIt is four."


async def test_a_long_answer_is_several_messages_and_only_the_last_has_thumbs(stage: Stage) -> None:
    """Each below the size at which a stream ends."""
    text = "\n\n".join(f"Paragraph {number} {'word ' * 60}" for number in range(60))
    parts = stage.adapter.render(parse(text), fidelity=Fidelity.FORMATTED)
    assert len(parts) > 1
    for part in parts:
        ts = await stage.adapter.send(stage.key, part, live=True)
        await stage.adapter.edit(stage.key, ts, part)
        last = part is parts[-1]
        assert bool(stage.message(ts).all_blocks) == last
        assert stage.room.thread(stage.message(ts)).session_status == ("active" if last else "processing")
    assert stage.slack.rejected == []


async def test_pressing_slacks_stop_arrives_and_the_answer_is_closed_by_an_edit(stage: Stage) -> None:
    """Slack has stopped the stream by then."""
    from bot.messages import StopPressed
    from tests.unit.slack.support import until

    ts = await stage.open("The first words")
    await stage.room.press_stop(stage.ann, stage.message(ts))
    await until(lambda: stage.store.of(StopPressed))
    assert stage.store.of(StopPressed)[0].key == stage.key
    await stage.end(ts, "The first words\n\n_Stopped._")
    assert stage.message(ts).text == "The first words\n\n_Stopped._"
    assert "chat.stopStream" not in stage.methods(*STREAMS)


# --- errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (rate_limited(7), PlatformBusy),
        (server_error(), PlatformUnclear),
        (bad_gateway(), PlatformUnclear),
        (withdrawn("channel_not_found"), ChatClosed),
        (withdrawn("not_in_channel"), ChatClosed),
        (withdrawn("is_archived"), ChatClosed),
        (withdrawn("account_inactive"), ChatClosed),
        (withdrawn("token_revoked"), ChatClosed),
        (withdrawn("restricted_action"), ChatClosed),
        (withdrawn("invalid_auth"), PlatformBusy),
        (withdrawn("message_not_found"), MessageGone),
        (withdrawn("cant_update_message"), MessageGone),
        (withdrawn("edit_window_closed"), MessageGone),
        (withdrawn("invalid_blocks"), PartRejected),
        (withdrawn("msg_too_long"), PartRejected),
        (withdrawn("no_text"), PartRejected),
        (withdrawn("markdown_text_conflict"), PartRejected),
        (withdrawn("an_error_of_tomorrow"), PartRejected),
    ],
)
@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_every_refusal_means_something_to_the_core(
    stage: Stage, method: str, trouble: Exception, expected: type[Exception]
) -> None:
    """No error of the SDK or the transport gets out, and none shows the token."""
    ts = await stage.adapter.send(stage.key, stage.content("a notice"))
    stage.slack.fail(method, trouble)  # type: ignore[arg-type]
    content = stage.content("other words")
    is_update = method == "chat.update"
    with pytest.raises(expected) as caught:
        await (
            stage.adapter.edit(stage.key, ts, content)
            if is_update
            else stage.adapter.send(stage.key, content)
        )
    chain: BaseException | None = caught.value
    while chain is not None:
        assert stage.slack.bot_token not in f"{chain!s} {chain!r}"
        chain = chain.__cause__ or chain.__context__


async def test_silence_and_a_closed_door_are_told_apart(stage: Stage) -> None:
    """What never got there can be sent again; what may have got there is unclear."""
    stage.slack.drop_answer("chat.postMessage")
    with pytest.raises(PlatformUnclear):
        await stage.adapter.send(stage.key, stage.content("a notice"))
    await stage.slack.refuse_connections()
    with pytest.raises(PlatformBusy):
        await stage.adapter.send(stage.key, stage.content("a notice"))
    await stage.slack.accept_connections()


async def test_nothing_rings_that_a_model_writes(stage: Stage) -> None:
    """Not in Markdown, not in code, not in plain text, not in the notification."""
    text = "<!channel> `<!here>` <@U0P00000001> @everyone\n\n```\n<!everyone>\n```"
    for fidelity in (Fidelity.PLAIN, Fidelity.FORMATTED):
        ts = await stage.adapter.send(stage.key, rendered(stage.adapter, text, fidelity=fidelity))
        wire = str(stage.message(ts).wire()["text"]) + str(
            [b["text"] for b in stage.message(ts).all_blocks if b["type"] == "markdown"]
        )
        assert not any(call in wire for call in ("<!channel", "<!here", "<!everyone", "<@U0", "@everyone"))


async def test_messages_can_be_taken_back(stage: Stage) -> None:
    """Those gone already, and those that still stream, are fine."""
    ts, streaming = await stage.adapter.send(stage.key, stage.content("a")), await stage.open("b")
    await stage.adapter.delete(stage.key, [ts, streaming, "1.000100"])
    assert [message.text for message in stage.room.bot_messages] == []


async def test_a_word_for_the_person_who_pressed(stage: Stage) -> None:
    """Seen by nobody else; nothing to say is nothing shown."""
    answer_id = f":{stage.key.chat}:{stage.key.thread}:{stage.ann.id}"
    await stage.adapter.answer_button(answer_id, "Saved.")
    await stage.adapter.answer_button(answer_id)
    await stage.adapter.answer_button("nonsense", "x")
    assert [message.text for message in stage.room.ephemerals_of(stage.ann)] == ["Saved."]


async def test_typing_is_a_status_and_where_it_is_not_served_nothing(stage: Stage) -> None:
    """It raises nothing; a refusal is remembered."""
    await stage.adapter.typing(stage.key)
    thread = stage.room.thread(stage.room.messages[0])
    assert thread.status == "is thinking…"
    for method in ("assistant.threads.setStatus", "agents.sessions.setStatus"):
        stage.slack.fail(method, withdrawn("feature_disabled"), times=None)
    before = len(stage.slack.calls)
    for _ in range(3):
        await stage.adapter.typing(stage.key)
    assert len(stage.slack.calls) == before + 1
