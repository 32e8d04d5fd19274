"""Two connections, or one process after another: a workspace is answered once, whoever of them is told."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.sandbox import Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.service import Service
from tests.e2e.slack_stage import (
    ACK_SECONDS,
    Way,
    answered,
    open_slack_stage,
    point_slack_at,
    slack_settings,
)
from tests.fakes.slack import FakeSlack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

STORY = " ".join(f"word{number}" for number in range(150))


async def test_what_is_told_again_by_another_connection_is_answered_once(tmp_path: Path) -> None:
    """Each event goes to any one socket; repeated before, during and after the answer, it is one."""
    async with open_slack_stage(tmp_path) as stage:
        slack = stage.slack
        await slack.until(lambda: slack.sockets.open_sockets == 2)
        ann = slack.person("Ann")
        room = slack.channel("general", [ann])
        stage.brain.teach("a story", Reply(text=STORY, tokens_per_second=60))
        question = await room.say(ann, f"{slack.mention} tell a story")
        thread = room.thread(question)
        told = [one for one in slack.deliveries if one.event.get("ts") == question.ts]
        repeated = [slack.replay(one) for one in told for _ in range(2)]
        await slack.until(lambda: bool(thread.streaming))
        repeated += [slack.replay(one) for one in told for _ in range(2)]
        await answered(slack, thread, STORY)
        repeated += [slack.replay(one) for one in told for _ in range(2)]
        await slack.until(lambda: all(one.acked for one in [*told, *repeated]))
        await stage.service.settled()
        assert thread.texts == [STORY]
        assert stage.service.rows("select count(*) from exchanges") == [(1,)]


async def test_a_second_process_on_the_same_database_is_refused(tmp_path: Path) -> None:
    """One line says why and which process has it; the workspace notices nothing."""
    async with open_slack_stage(tmp_path) as stage:
        second = Service(tmp_path, slack_settings(stage.slack, stage.provider))
        second.log = tmp_path / "second.log"
        try:
            await second.start(wait=False)
            assert second.process is not None
            assert stage.service.process is not None
            async with asyncio.timeout(60):
                assert await second.process.wait() == 2
            refusals = [line for line in second.tail().splitlines() if "in use by another" in line]
            assert len(refusals) == 1
            assert f"pid {stage.service.process.pid}" in refusals[0]
            assert "Traceback" not in second.tail()
        finally:
            await second.aclose()
        dm = stage.slack.dm(stage.slack.person("Ann"))
        await answered(stage.slack, dm.thread(await dm.say("still there?")), "You said: still there?")


@pytest.mark.parametrize("by", ["socket", "http"])
async def test_another_process_takes_over_where_the_first_was_killed(tmp_path: Path, by: Way) -> None:
    """Started at once on the same database: its predecessor's streams end whole, in the same messages."""
    brain = Brain()
    brain.teach("a story", Reply(text=STORY, tokens_per_second=40))
    slack = FakeSlack(tiers="off", ack_seconds=ACK_SECONDS, retry_after_seconds=(4.0, 10.0, 60.0))
    async with slack, Sandbox(script=brain) as provider:
        first = Service(tmp_path, slack_settings(slack, provider, by=by))
        second = Service(tmp_path, slack_settings(slack, provider, by=by))
        people = [slack.person(f"Person {number}") for number in range(4)]
        try:
            await first.start()
            await point_slack_at(slack, first, by=by)
            threads = [slack.dm(one).thread(await slack.dm(one).say("tell a story")) for one in people]
            await slack.until(lambda: all("word5 " in "".join(thread.texts) for thread in threads))
            begun = [thread.bot_messages[0] for thread in threads]
            await first.kill()
            assert all(message.streaming for message in begun)
            late = await slack.dm(people[0]).say("is anybody there?")
            await second.start()
            await point_slack_at(slack, second, by=by)
            for thread in threads:
                await answered(slack, thread, STORY)
            await answered(
                slack, slack.dm(people[0]).thread(late), "You said: is anybody there?", seconds=120
            )
            assert [thread.bot_messages[0] for thread in threads] == begun
            await second.settled()
            assert second.rows("select count(*) from turns where state = 'dead'") == [(0,)]
        finally:
            await first.aclose()
            await second.aclose()
