"""A group with the bot in it, on Telegram: whom it answers, who may change that, what somebody missed."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.sandbox import Reply, Sandbox
from bot.texts import say
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, Group, Person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

SECONDS = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service whose bot hears everything in its groups, and one more name."""
    telegram, brain = FakeTelegram(reads_all_group_messages=True), Brain()
    await telegram.start()
    async with Sandbox(script=brain) as provider:
        settings = {**settings_for(telegram, provider), "PARLEY_NAMES": "Polly,派利"}
        service = Service(tmp_path_factory.mktemp("groups"), settings)
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()
            await telegram.close()


def team(stage: Stage) -> tuple[Group, Person, Person]:
    """A new group, its owner Ann, and Ben."""
    ann, ben = stage.telegram.person("Ann"), stage.telegram.person("Ben")
    return stage.telegram.group("Team", [ann, ben]), ann, ben


async def sees(stage: Stage, group: Group, *texts: str) -> None:
    """Wait until the bot's messages in the group are these, and everything is done."""
    await stage.telegram.until(lambda: group.texts == list(texts), seconds=SECONDS)
    await stage.service.settled()
    assert group.texts == list(texts)


async def test_the_bot_is_called_by_its_names(stage: Stage) -> None:
    """That of its account and those of the operator, first or last; other talk is left alone."""
    group, ann, ben = team(stage)
    await group.say(ben, "I asked Parley yesterday")
    await group.say(ann, "Parley, one")
    await sees(stage, group, "You said: Ann: Parley, one")
    await group.say(ben, "two, polly?")
    await sees(stage, group, "You said: Ann: Parley, one", "You said: Ben: two, polly?")
    await group.say(ann, "派利几点了")
    await sees(
        stage,
        group,
        "You said: Ann: Parley, one",
        "You said: Ben: two, polly?",
        "You said: Ann: 派利几点了",
    )


async def test_only_the_groups_admin_lets_it_answer_everything(stage: Stage) -> None:
    """With a button; others are told that they may not."""
    group, ann, ben = team(stage)
    await group.say(ben, "/settings")
    await stage.telegram.until(lambda: bool(group.texts) and bool(group.last.buttons), seconds=SECONDS)
    page = group.last
    answer = await group.press(ben, page, "Always answer")
    assert answer.text == say("only_admins", "en")
    answer = await group.press(ann, page, "Always answer")
    assert answer.text == say("button_saved", "en")
    await stage.telegram.until(lambda: "✓ Always answer" in page.buttons, seconds=SECONDS)
    await group.say(ben, "just talking")
    await stage.telegram.until(lambda: group.texts[1:] == ["You said: Ben: just talking"], seconds=SECONDS)


async def test_a_quiet_group_stays_quiet(stage: Stage) -> None:
    """Names and replies do not count; a mention and a command do."""
    group, ann, ben = team(stage)
    await group.say(ann, "/settings attention quiet")
    await stage.telegram.until(lambda: bool(group.texts), seconds=SECONDS)
    await group.say(ben, "Parley, hello")
    await group.say(ben, "and you?", reply_to=group.last)
    await group.say(ben, "@parley_bot now")
    await stage.telegram.until(lambda: group.texts[1:] == ["You said: Ben: now"], seconds=SECONDS)
    await stage.service.settled()
    assert group.texts[1:] == ["You said: Ben: now"]


async def test_it_says_hello_once(stage: Stage) -> None:
    """When it is added, not when it is added again."""
    group, _, _ = team(stage)
    group.kick_bot()
    group.add_bot()
    await stage.telegram.until(lambda: bool(group.texts), seconds=SECONDS)
    (welcome,) = group.texts
    assert "I'm Parley" in welcome
    assert "(@parley_bot)" in welcome
    assert say("welcome_all", "en") in welcome
    group.kick_bot()
    group.add_bot()
    await group.say(Person(user=group.owner), "Parley, still here?")
    await sees(stage, group, welcome, "You said: Ann: Parley, still here?")


async def test_what_did_i_miss(stage: Stage) -> None:
    """By the command and in plain words; only what this group said."""
    stage.brain.teach("What did I miss?", Reply(text="Ben will bring the cake."))
    stage.brain.teach(
        "what was that about cake", Reply.call("recent_messages", "{}"), Reply(text="Ben brings it.")
    )
    group, ann, ben = team(stage)
    elsewhere, _, eve = team(stage)
    await elsewhere.say(eve, "our secret")
    await group.say(ann, "off to lunch")
    await group.say(ben, "I'll bring the cake")
    await group.say(ann, "/missed 1")
    await sees(stage, group, "Ben will bring the cake.")
    asked = str(stage.provider.requests[-1].body["messages"][-1])
    assert "Ben: I'll bring the cake" in asked
    assert "lunch" not in asked
    await group.say(ann, "Parley, what was that about cake?")
    await sees(stage, group, "Ben will bring the cake.", "Ben brings it.")
    result = str([m for m in stage.provider.requests[-1].body["messages"] if m["role"] == "tool"])
    assert "bring the cake" in result
    assert "secret" not in str(stage.provider.requests[-1].body)
    assert stage.service.rows("select count(*) from exchanges where request like '%bring the cake%'") == [
        (0,)
    ]


async def test_nothing_was_refused_or_malformed(stage: Stage) -> None:
    """What the bot sent and asked is as the platform wants it."""
    assert stage.telegram.violations == []
    assert [call for call in stage.telegram.rejected if "kicked" not in call.description] == []
