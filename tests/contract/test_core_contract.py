"""Every command and every button does its work on every platform, through the platform's own ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import Final

import pytest
import pytest_asyncio

from bot.conversation.commands import SHOWN, CommandName
from bot.sandbox import HttpError, Reply
from bot.storage.tables import feedback
from tests.contract.adapters import ROOMS
from tests.contract.adapters.slack_room import SlackRoom
from tests.contract.adapters.telegram_room import TelegramRoom
from tests.contract.core_stage import OTHER, CoreStage, open_core

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOREIGN: Final = "This button does not work here."
POOR: Final = HttpError(
    status=403, body={"code": 30001, "message": "Sorry, your account balance is insufficient"}
)
ADMINS_ONLY: Final = "Only an admin of this bot can do that."
FORGED: Final = (
    "set:thinking:purple",
    "persona:nobody",
    "model:use:nothing",
    "model:at:nowhere:0",
    "think:purple",
    "stop:999999",
    "retry:999999",
    "feedback:sideways",
    "approve:999999:yes",
    "prefer:999999:2",
    "forget:somebody-else",
    "keep:somebody-else",
    "home:extra",
    "nothing",
)
OWNED: Final = ("terminal", "web")
"""Where the person is the one who runs the service."""

ANSWERS: Final[Mapping[CommandName, str]] = MappingProxyType(
    {
        CommandName.START: "the reply grows while it is written",
        CommandName.HELP: "What I understand",
        CommandName.NEW: "I start from an empty page",
        CommandName.RETRY: "You said: before everything",
        CommandName.UNDO: "Taken back: “before everything”",
        CommandName.STOP: "Nothing is being written right now",
        CommandName.SETTINGS: "Settings of this chat",
        CommandName.MISSED: "Here nothing is said that I don't answer",
        CommandName.PERSONA: "Answering here: Assistant",
        CommandName.MODEL: "The model of this chat",
        CommandName.THINK: "Thinking before the answer",
        CommandName.COMPARE: "👍 ③ Qwen2.5-32B-Instruct",
        CommandName.IMAGE: "Write what I shall draw",
        CommandName.VIDEO: "Write what I shall film",
        CommandName.VOICE: "My voice in this chat",
        CommandName.PODCAST: "The podcast did not come about",  # the model says what it was told, no dialogue
        CommandName.TRANSCRIBE: "Reply to a voice message",
        CommandName.USAGE: "What I was used for by you",
        CommandName.EXPORT: "Everything I keep of what you said",
        CommandName.FORGET: "Shall I delete everything I keep",
        CommandName.WHOAMI: "You, as I know you",
    }
)
"""What each command's answer holds in a private chat after one question."""

BEGUN: Final = (
    CommandName.RETRY,
    CommandName.UNDO,
    CommandName.COMPARE,
    CommandName.PODCAST,
    CommandName.EXPORT,
)
"""Commands that need that question."""

FOR_ADMINS: Final[Mapping[CommandName, str]] = MappingProxyType(
    {
        CommandName.ADMIT: "/admit CODE lets in",
        CommandName.BLOCK: "/block ID shuts somebody out",
        CommandName.UNBLOCK: "/unblock ID ends a block",
        CommandName.ADMINS: "Admins of this bot",
        CommandName.PEOPLE: "Nobody is let in, blocked or waiting",
    }
)
"""The same for whom the service belongs to."""


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=sorted(ROOMS))
async def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CoreStage]:
    """One running core a platform, used by one person."""
    async with open_core(request.param, tmp_path_factory.mktemp("core")) as opened:
        yield opened
        assert opened.room.complaints() == []


def answer_to(name: CommandName, platform: str) -> str:
    """What the answer to a command holds; every command has its row."""
    if name in FOR_ADMINS:
        return FOR_ADMINS[name] if platform in OWNED else ADMINS_ONLY
    return ANSWERS[name]


# --- commands -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CommandName)
async def test_each_command_is_answered(stage: CoreStage, name: CommandName) -> None:
    """With what belongs to it, also when written large; nobody reads that it is not known."""
    if name in BEGUN:
        await stage.say("before everything")
        await stage.shows("You said: before everything")
    await stage.say(f"/{name.upper() if name in ANSWERS else name}")
    await stage.shows(answer_to(name, stage.room.adapter.name))
    assert "I don't know" not in stage.room.newest()


@pytest.mark.parametrize(
    ("written", "answer"),
    [
        ("/reset", ANSWERS[CommandName.NEW]),
        ("/cancel", ANSWERS[CommandName.STOP]),
        ("/models", ANSWERS[CommandName.MODEL]),
        ("/persona tutor", "Answering here: Tutor"),
        ("/persona assistant", "Answering here: Assistant"),
        ("/hlep", "/help"),
        ("/personna", "/persona"),
        ("/zzzzzz", "I don't know /zzzzzz"),
    ],
)
async def test_other_names_and_slips_lead_to_the_command(stage: CoreStage, written: str, answer: str) -> None:
    """A slip is answered with the nearest that there is."""
    await stage.say(written)
    await stage.shows(answer)


async def test_the_help_names_every_command_of_the_menu(stage: CoreStage) -> None:
    """Each with a slash, as it is written."""
    await stage.say("/help")
    await stage.shows(*(f"/{name}" for name in SHOWN))


async def test_telegrams_groups_name_the_bot_that_is_meant(stage: CoreStage) -> None:
    """``/help@us`` is answered, ``/help@them`` is not, and neither is an unknown command."""
    if not isinstance(stage.room, TelegramRoom):
        return
    telegram = stage.room.telegram
    ann = telegram.person("Anna")
    group = telegram.group("team", [ann])
    await stage.after(group.say(ann, "/help@parley_bot"))
    await stage.room.until(lambda: "What I understand" in "".join(group.texts))
    before = len(group.texts)
    for text in ("/help@other_bot", "/zzzzzz"):
        await group.say(ann, text)
    await stage.after(group.say(ann, "/whoami@parley_bot"))
    await stage.room.until(lambda: len(group.texts) > before)
    assert len(group.texts) == before + 1
    assert ANSWERS[CommandName.WHOAMI] in group.texts[-1]


async def test_slacks_slash_command_means_the_commands(stage: CoreStage) -> None:
    """``/parley help`` is /help; it is answered in the thread below it."""
    if not isinstance(stage.room, SlackRoom):
        return
    slack = stage.room.slack
    ann = slack.person("Anna")
    channel = slack.channel("team", [ann])
    await stage.after(channel.slash(ann, "/parley", "help"))
    await stage.room.until(lambda: "What I understand" in "".join(m.text for m in channel.bot_messages))
    await stage.after(channel.slash(ann, "/parley", "persona tutor"))
    await stage.room.until(lambda: "Tutor" in channel.bot_messages[-1].text)


# --- buttons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "button", "shown"),
    [
        ("/settings", "Hide thinking", "✓ Hide thinking"),
        ("/settings", "Show thinking", "✓ Show thinking"),
        ("/persona", "Translator", "✓ Translator"),
        ("/persona", "Assistant", "✓ Assistant"),
        ("/model", "Qwen2.5-32B-Instruct", "✓ Qwen2.5-32B-Instruct"),
        ("/model", "↺ Default", "✓ Qwen2.5-7B-Instruct"),
        ("/think", "Hide thinking", "Show thinking"),
        ("/think", "Show thinking", "Hide thinking"),
    ],
)
async def test_a_choice_is_made_where_it_is_offered(
    stage: CoreStage, command: str, button: str, shown: str
) -> None:
    """The page shows it at once, and whoever pressed is told."""
    await stage.say(command)
    await stage.press(button)
    await stage.shows(shown)
    await stage.tells("Saved.")


@pytest.mark.parametrize(
    ("button", "title"),
    [("Personas…", "Answering here"), ("Models…", ANSWERS[CommandName.MODEL])],
)
async def test_the_settings_lead_to_the_other_pages(stage: CoreStage, button: str, title: str) -> None:
    """In the place of the page they stand on."""
    await stage.say("/settings")
    await stage.press(button)
    await stage.shows(title)


async def test_the_chosen_model_answers(stage: CoreStage) -> None:
    """Not only its page says so."""
    await stage.say("/model")
    await stage.press("Qwen2.5-32B-Instruct")
    await stage.say("who answers?")
    await stage.shows("You said: who answers?")
    assert stage.requests[-1]["model"] == OTHER
    await stage.say("/model default")


async def test_an_answer_is_stopped(stage: CoreStage) -> None:
    """By the platform's own control or by the button; the model is let go."""
    stage.brain.teach("endless story", Reply.tokens(4000, tokens_per_second=40))
    asked = len(stage.requests)
    stage.room.rest()
    await stage.room.say("an endless story")
    await stage.room.until(lambda: len(stage.requests) > asked)
    await stage.after(stage.room.press_stop())
    await stage.shows("Stopped.")
    assert stage.sandbox.chats[-1].client_went_away


async def test_a_failed_answer_is_had_again(stage: CoreStage) -> None:
    """By the button under the sentence that says what went wrong."""
    stage.brain.teach("a fragile question", Reply(fault=POOR), Reply(text="Now it works."))
    await stage.say("a fragile question")
    await stage.press("Try again")
    await stage.shows("Now it works.")


@pytest.mark.parametrize(("button", "mailed"), [("Yes, do it", ["cat@example.org"]), ("No", [])])
async def test_a_tool_with_effects_waits_for_a_word(stage: CoreStage, button: str, mailed: list[str]) -> None:
    """Done after a yes and only then; either way the answer goes on."""
    stage.mailed.clear()
    calls = Reply.call("send_mail", '{"to": "cat@example.org"}').tool_calls
    words = f"Mail the cat, {button}"
    stage.brain.teach(words, Reply(text="I'll write.", tool_calls=calls), Reply(text="That is that."))
    await stage.say(words)
    await stage.shows("send_mail")
    assert stage.mailed == []
    await stage.press(button)
    await stage.shows("That is that.")
    assert stage.mailed == mailed


async def test_a_compared_model_is_voted_for(stage: CoreStage) -> None:
    """The vote is stored; where presses are answered, its count is told."""
    await stage.say("/compare Which of you?")
    await stage.press("👍 ② Qwen3-8B")
    await stage.tells("Your vote: Qwen3-8B. It has 1 vote.")
    votes = await stage.database.read(lambda conn: conn.execute(feedback.select()).all())
    assert [vote.model for vote in votes if vote.model] == ["Qwen/Qwen3-8B"]


async def test_slacks_thumbs_rate_an_answer(stage: CoreStage) -> None:
    """They stand under an answer that was seen to grow."""
    if not isinstance(stage.room, SlackRoom):
        return
    stage.brain.teach("rate me", Reply(text="A word that grows. " * 40, tokens_per_second=100))
    await stage.say("rate me")
    await stage.press("👍")
    await stage.tells("Thank you.")
    votes = await stage.database.read(lambda conn: conn.execute(feedback.select()).all())
    assert [vote.vote for vote in votes if not vote.model] == ["up"]


async def test_a_press_made_by_hand_is_refused(stage: CoreStage) -> None:
    """It changes nothing, and each time who made it is told so."""
    if not stage.room.forges:
        return
    await stage.say("/settings")
    for data in FORGED:
        told = len(stage.room.told())
        await stage.after(stage.room.forge(data))
        await stage.room.until(lambda told=told: len(stage.room.told()) > told)  # type: ignore[misc]
        assert (data, stage.room.told()[-1]) == (data, FOREIGN)
    await stage.shows("Settings of this chat", "✓ Show thinking")


async def test_to_be_forgotten_is_asked_for_and_confirmed(stage: CoreStage) -> None:
    """Keeping changes nothing; deleting leaves nothing to hand out."""
    await stage.say("my diary")
    await stage.say("/forget")
    await stage.press("Keep it")
    await stage.shows("Nothing was deleted.")
    await stage.say("/export")
    await stage.shows(ANSWERS[CommandName.EXPORT])
    await stage.say("/forget")
    await stage.press("Delete everything")
    await stage.shows("Deleted for good")
    await stage.say("/export")
    await stage.shows("I keep nothing of yours.")
