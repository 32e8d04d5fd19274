"""The Home tab of the real service: a person's own settings stand there and can be changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import pytest
import pytest_asyncio

from bot.sandbox import Reply
from bot.texts import say
from tests.e2e.slack_stage import SlackStage, open_slack_stage
from tests.fakes.slack import Person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """A running service by Socket Mode."""
    async with open_slack_stage(tmp_path_factory.mktemp("home")) as stage:
        yield stage


def shows(stage: SlackStage, person: Person, *texts: str) -> bool:
    """Whether somebody's Home tab shows all of these."""
    view = str(stage.slack.world.homes[person.id].view) if person.id in stage.slack.world.homes else ""
    return all(text in view for text in texts)


async def opened(stage: SlackStage, person: Person) -> None:
    """Somebody opens the tab and sees their settings there."""
    await stage.slack.open_home(person)
    await stage.slack.until(lambda: shows(stage, person, "Settings of this chat"), seconds=SECONDS)


async def test_the_settings_of_ones_own_chat_stand_on_the_tab(stage: SlackStage) -> None:
    """Each with its present value; a change holds in the direct messages and shows at once."""
    ann = stage.slack.person("Ann")
    stage.brain.teach("deep thought", Reply(thinking="Let me count.", text="It is 42."))
    await opened(stage, ann)
    assert shows(stage, ann, say("setting_thinking_shown", "en"), "✓ Show thinking", "✓ As each app", "/help")
    await stage.slack.press(stage.slack.home(ann), "Hide thinking")
    await stage.slack.until(
        lambda: shows(stage, ann, say("setting_thinking_hidden", "en"), "✓ Hide thinking", "Saved."),
        seconds=SECONDS,
    )
    dm = stage.slack.dm(ann)
    thread = dm.thread(await dm.say("a deep thought"))
    await stage.slack.until(lambda: thread.texts[-1:] == ["It is 42."], seconds=SECONDS)
    assert "Let me count" not in str(thread.bot_messages[-1].history)


async def test_the_language_chosen_there_is_spoken(stage: SlackStage) -> None:
    """On the tab and in the chat."""
    ben = stage.slack.person("Ben")
    await opened(stage, ben)
    await stage.slack.press(stage.slack.home(ben), "中文")
    await stage.slack.until(lambda: shows(stage, ben, "本聊天的设置", "已保存"), seconds=SECONDS)
    dm = stage.slack.dm(ben)
    thread = dm.thread(await dm.say(f"{stage.slack.mention} /undo"))
    await stage.slack.until(lambda: thread.texts == [say("undo_nothing", "zh")], seconds=SECONDS)


async def test_persona_and_model_are_chosen_there_too(stage: SlackStage) -> None:
    """Their pages open on the tab, and there is a way back."""
    cat = stage.slack.person("Cat")
    await opened(stage, cat)
    for page, shown in (("button_open_personas", "/persona new"), ("button_open_models", "/model")):
        await stage.slack.press(stage.slack.home(cat), say(page, "en"))
        texts = (shown, say("button_open_settings", "en"))
        await stage.slack.until(partial(shows, stage, cat, *texts), seconds=SECONDS)
        await stage.slack.press(stage.slack.home(cat), say("button_open_settings", "en"))
        await stage.slack.until(lambda: shows(stage, cat, "Settings of this chat"), seconds=SECONDS)


async def test_a_guest_sees_how_to_use_the_bot_and_no_settings(stage: SlackStage) -> None:
    """As nothing is answered to them."""
    guest = stage.slack.guest("Gia")
    await stage.slack.open_home(guest)
    await stage.slack.until(lambda: shows(stage, guest, "/help"), seconds=SECONDS)
    await stage.service.settled()
    assert not shows(stage, guest, "Settings of this chat")


async def test_a_channel_is_welcomed_once_by_who_added_the_bot(stage: SlackStage) -> None:
    """In the channel itself, not in a thread."""
    dan = stage.slack.person("Dan")
    room = stage.slack.channel("news", [dan], bot=False)
    room.add_bot(by=dan)
    await stage.slack.until(lambda: bool(room.texts), seconds=SECONDS)
    room.remove_bot()
    room.add_bot(by=dan)
    await room.say(dan, f"{stage.slack.mention} hello")
    await stage.slack.until(lambda: room.texts[-1].endswith(": hello"), seconds=SECONDS)
    assert [text.startswith("Hello, I'm") for text in room.texts] == [True, False]
    assert room.timeline[0].from_bot


async def test_nothing_the_bot_sent_was_refused(stage: SlackStage) -> None:
    """Its blocks are as Slack wants them."""
    assert stage.slack.violations == []
