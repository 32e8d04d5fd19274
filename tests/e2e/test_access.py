"""Who may talk to the bot, over the wire: codes, the command line beside the service, blocks, guesses."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot.sandbox import Reply, Sandbox
from tests.e2e.brain import Brain
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, PrivateChat

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

IN = "You're in: my operator has let you in. /help shows what I understand."
NAME = "**x** [y](http://z)"
WAIT_SECONDS = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telegram() -> AsyncIterator[FakeTelegram]:
    """The platform."""
    fake = FakeTelegram()
    await fake.start()
    yield fake
    await fake.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(telegram: FakeTelegram) -> PrivateChat:
    """The chat of the one admin that the settings name."""
    return telegram.private(telegram.person("Admin"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(
    telegram: FakeTelegram, admin: PrivateChat, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stage]:
    """A service that is set up as by default."""
    brain = Brain()
    async with Sandbox(script=brain) as provider:
        settings = {
            **settings_for(telegram, provider),
            "PARLEY_ACCESS": "pairing",
            "PARLEY_ADMINS": f"telegram:{admin.person.id}",
            "PARLEY_LIMITS__PERSON_PER_MINUTE": "20",
        }
        service = Service(tmp_path_factory.mktemp("service"), settings)
        try:
            await service.start()
            yield Stage(telegram=telegram, provider=provider, brain=brain, service=service)
        finally:
            await service.aclose()


async def run(stage: Stage, *arguments: str) -> tuple[int, str]:
    """``python -m bot …`` beside the service: its exit code, and all it wrote."""
    return await stage.service.command(*arguments)


async def code_for(stage: Stage, chat: PrivateChat, text: str = "Hello") -> str:
    """A stranger writes, and is shown a code."""
    await chat.say(text)
    await stage.telegram.until(lambda: len(chat.texts) == 1, seconds=WAIT_SECONDS)
    found = re.search(r"/admit (\w{8})", chat.texts[0])
    assert found is not None
    return found[1]


async def test_the_command_line_lets_a_stranger_in_while_the_service_runs(stage: Stage) -> None:
    """The service tells the person and answers what they had asked, once; the code is used up."""
    chat = stage.telegram.private(stage.telegram.person(NAME))
    code = await code_for(stage, chat, "What is a river?")
    ended, output = await run(stage, "admit", code.lower())
    assert (ended, output) == (0, f"{NAME} (telegram:{chat.person.id}) is let in.\n")
    await stage.telegram.until(
        lambda: chat.texts[1:] == [IN, "You said: What is a river?"], seconds=WAIT_SECONDS
    )
    assert await run(stage, "admit", code) == (
        1,
        f"Nobody waits with the code {code}: it is mistyped, used, or over an hour old.\n",
    )
    await chat.say("And a lake?")
    await stage.telegram.until(lambda: chat.texts[-1] == "You said: And a lake?", seconds=WAIT_SECONDS)
    assert len(chat.texts) == 4


async def test_an_admin_lets_a_stranger_in_from_a_chat(stage: Stage, admin: PrivateChat) -> None:
    """A name that is markup is shown as it is, and links nowhere."""
    chat = stage.telegram.private(stage.telegram.person(NAME))
    code = await code_for(stage, chat)
    await admin.say(f"/admit {code}")
    wanted = f"{NAME} (telegram:{chat.person.id}) is let in."
    await stage.telegram.until(lambda: admin.texts[-1:] == [wanted], seconds=WAIT_SECONDS)
    assert [entity["type"] for entity in admin.last.entities] == ["code"]
    await stage.telegram.until(lambda: chat.texts[1:] == [IN, "You said: Hello"], seconds=WAIT_SECONDS)
    await admin.say("/people")
    await stage.telegram.until(lambda: admin.texts[-1].startswith("Let in"), seconds=WAIT_SECONDS)
    assert f"{NAME} (telegram:{chat.person.id})" in admin.texts[-1]
    assert not any(entity["type"] in ("text_link", "bold") for entity in admin.last.entities[1:])


async def test_guesses_get_nobody_in(stage: Stage) -> None:
    """Those of people who are no admins are not looked at; an admin's run out."""
    known, eve, deputy = (
        stage.telegram.private(stage.telegram.person(name)) for name in ("Known", "Eve", "Deputy")
    )
    code = await code_for(stage, eve)
    await run(stage, "admit", f"telegram:{known.person.id}")
    await run(stage, "admins", "add", f"telegram:{deputy.person.id}")
    for guess in ("ACDEFGHJ", code):
        await known.say(f"/admit {guess}")
    await eve.say(f"/admit {code}")
    await stage.telegram.until(
        lambda: known.texts == ["Only an admin of this bot can do that."] * 2, seconds=WAIT_SECONDS
    )
    for _ in range(11):
        await deputy.say("/admit ACDEFGHJ")
    await stage.telegram.until(lambda: len(deputy.texts) == 11, seconds=WAIT_SECONDS)
    assert [text.startswith("Too many wrong codes") for text in deputy.texts] == [False] * 10 + [True]
    assert len(eve.texts) == 1


@pytest.mark.parametrize("way", ["command line", "chat"])
async def test_a_block_ends_the_running_answer_at_once(stage: Stage, admin: PrivateChat, way: str) -> None:
    """The model is let go, nothing more is said to the person, and an unblocked one is a stranger."""
    chat = stage.telegram.private(stage.telegram.person("Mallory"))
    who = f"telegram:{chat.person.id}"
    assert await run(stage, "admit", who) == (0, f"{who} is let in.\n")
    stage.brain.teach("endless story", Reply.tokens(4000, tokens_per_second=20))
    await chat.say("Tell an endless story")
    await stage.telegram.until(lambda: len(chat.texts) == 1, seconds=WAIT_SECONDS)
    request = stage.provider.requests[-1]
    if way == "chat":
        await admin.say(f"/block {who}")
    else:
        assert await run(stage, "block", who) == (0, f"Mallory ({who}) is blocked.\n")
    await asyncio.wait_for(request.ended.wait(), WAIT_SECONDS)
    assert request.client_went_away
    await stage.telegram.until(lambda: chat.texts[0].endswith("Stopped."), seconds=WAIT_SECONDS)
    asked = len(stage.provider.requests)
    await chat.say("Why did you stop?")
    await stage.service.settled()
    assert len(chat.texts) == 1
    assert len(stage.provider.requests) == asked
    assert await run(stage, "unblock", who) == (0, f"Mallory ({who}) is not blocked any more.\n")
    await chat.say("And now?")
    await stage.telegram.until(lambda: len(chat.texts) == 2, seconds=WAIT_SECONDS)
    assert "python -m bot admit" in chat.texts[1]


async def test_admins_are_made_and_ended_on_the_command_line(stage: Stage, admin: PrivateChat) -> None:
    """Those of the settings are listed too, and stay."""
    chat = stage.telegram.private(stage.telegram.person("Deputy"))
    who, first = f"telegram:{chat.person.id}", f"telegram:{admin.person.id}"
    assert await run(stage, "admins", "add", who) == (0, f"{who} is an admin.\n")
    ended, listed = await run(stage, "admins")
    assert ended == 0
    assert {f"{first}  (PARLEY_ADMINS)", f"{who}  (by command line)"} <= set(listed.splitlines())
    await chat.say("/admins")
    await stage.telegram.until(lambda: bool(chat.texts), seconds=WAIT_SECONDS)
    assert chat.texts[0].startswith("Admins of this bot")
    assert await run(stage, "admins", "remove", first) == (
        1,
        f"{first} is an admin by PARLEY_ADMINS; take the id out there.\n",
    )
    assert await run(stage, "admins", "remove", who) == (
        0,
        f"{who} is no admin any more, but still let in.\n",
    )
    await chat.say("/admins")
    await stage.telegram.until(lambda: len(chat.texts) == 2, seconds=WAIT_SECONDS)
    assert chat.texts[1] == "Only an admin of this bot can do that."
