"""People see what was used, get what is kept of theirs, and have it deleted."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation.own_data.data import OwnData
from bot.conversation.own_data.programs import as_json
from bot.conversation.own_data.prose import as_markdown
from bot.errors import StorageError
from bot.messages import ChatKind
from bot.storage.database import _SqliteDatabase
from bot.storage.people import Person, Standing, set_standing, standing_of
from bot.storage.personal import Owner
from tests.fakes.platform import FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import BEN, MOMENT, WAIT_SECONDS, Stage, Talk, stalled

OWN_TABLES = (
    "exchanges",
    "summaries",
    "inbound",
    "notices",
    "overheard",
    "feedback",
    "personas",
    "people",
    "turns",
)


def contents(stage: Stage) -> str:
    """Every text in the database, as somebody who steals the file reads it."""
    with sqlite3.connect(stage.path) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        assert set(OWN_TABLES) <= set(names)
        return "\n".join(str(row) for name in names for row in connection.execute(f"select * from {name}"))


def holders(stage: Stage, words: bytes) -> list[str]:
    """The database's files that hold these words, in use or not."""
    files = (stage.path, stage.path.with_name(f"{stage.path.name}-wal"))
    return [file.name for file in files if words in file.read_bytes()]


async def left_of(stage: Stage, words: bytes) -> list[str]:
    """The files that still hold them after a while: they are cleaned when the turn is over."""
    for _ in range(int(WAIT_SECONDS * 20)):
        if not holders(stage, words):
            break
        await asyncio.sleep(0.05)
    return holders(stage, words)


async def forget(stage: Stage, talk: Talk, **who: Any) -> str:
    """Ask to be forgotten and confirm it; what is told at the end."""
    await talk.ask("/forget", **who)
    talk.press("Delete everything", **who)
    await stage.quiet()
    return talk.texts[-1]


async def test_what_was_used_is_told(stage: Stage) -> None:
    """Answers and tokens, lately and over the month; in a private chat only one's own."""
    ann = stage.talk()
    await ann.ask("/usage")
    assert "nothing yet" in ann.texts[-1]
    await ann.ask("One")
    await ann.ask("Two")
    await stage.talk("8").ask("Three", author=BEN)
    await ann.ask("/usage")
    assert ann.texts[-1].count("2 answered") == 2
    assert "tokens read" in ann.texts[-1]
    assert "Everybody" not in ann.texts[-1]


async def test_a_group_is_told_what_all_of_it_used(stage: Stage) -> None:
    """Beside what the person who asks used."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("One")
    await team.ask("Two", author=BEN)
    await team.ask("/usage")
    assert team.texts[-1].count("1 answered") == 2
    assert "Everybody in this chat, last 30 days: 2 answered" in team.texts[-1]


async def test_a_person_gets_all_their_own_words_and_nobody_elses(stage: Stage) -> None:
    """From every chat with the bot, as text to read or as JSON."""
    ann, team = stage.talk(), stage.talk("-5", kind=ChatKind.GROUP)
    await ann.ask("My cat is called Möhre")
    await team.ask("When is lunch?")
    await team.ask("I have a secret", author=BEN)
    await ann.ask("/export")
    (file,) = stage.platform.sent_files
    text = file.data.decode()
    assert file.name.endswith(".md")
    assert "My cat is called Möhre" in text
    assert "You said: My cat is called Möhre" in text
    assert "When is lunch?" in text
    assert "secret" not in text
    await ann.ask("/export json")
    document = json.loads(stage.platform.sent_files[-1].data)
    assert [one["question"] for one in document["questions"]] == [
        "My cat is called Möhre",
        "Ann: When is lunch?",
    ]


async def test_personas_one_made_are_handed_out_too(stage: Stage) -> None:
    """With their prompts; nobody else's."""
    ann, team = stage.talk(), stage.talk("-5", kind=ChatKind.GROUP)
    await ann.ask("/persona new pirate: You are an old pirate.")
    await team.ask("/persona new clerk: You keep the books.", author=BEN)
    await ann.ask("/export")
    text = stage.platform.sent_files[-1].data.decode()
    assert "You are an old pirate." in text
    assert "clerk" not in text
    await ann.ask("/export json")
    (persona,) = json.loads(stage.platform.sent_files[-1].data)["personas"]
    assert (persona["name"], persona["definition"]) == ("pirate", {"prompt": "You are an old pirate."})


async def test_nothing_of_a_persons_is_handed_out_in_a_group(stage: Stage) -> None:
    """Everybody there would read it."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("When is lunch?")
    await team.ask("/export")
    assert stage.platform.sent_files == []
    assert "private chat" in team.texts[-1]


async def test_an_export_in_an_unknown_form_is_explained(stage: Stage) -> None:
    """And one of nothing is said to be so."""
    ann = stage.talk()
    await ann.ask("/export")
    assert ann.texts[-1] == "I keep nothing of yours."
    await ann.ask("/export pdf")
    assert "markdown" in ann.texts[-1]


@pytest.mark.parametrize("mood", ["busy", "unclear", "lost"])
async def test_a_file_gets_through_a_busy_platform(stage: Stage, mood: str) -> None:
    """It is sent again when it was refused or nothing was heard of it."""
    ann = stage.talk()
    await ann.ask("Hello")
    moods = [mood]
    stage.platform.mood = lambda call: moods.pop() if call == "send_file" and moods else ""
    await ann.ask("/export")
    assert stage.platform.sent_files
    assert moods == []


async def test_a_platform_without_files_shows_the_text(open_stage: OpenStage) -> None:
    """Better long than not at all."""
    stage = await open_stage(platform=FilelessPlatform(limit=2000))
    ann = stage.talk()
    await ann.ask("Hello")
    await ann.ask("/export")
    assert "Everything I keep of what you said and made. Questions with my answers: 1;" in ann.texts[-1]
    assert "You said: Hello" in ann.texts[-1]


async def test_forgetting_leaves_no_word_of_the_person(stage: Stage) -> None:
    """Not in the database file, not in the next prompt; it is said how much was deleted."""
    ann = stage.talk()
    await ann.ask("My cat is called Möhre")
    await ann.ask("She is orange")
    assert "Möhre" in contents(stage)
    told = await forget(stage, ann)
    assert "Questions with my answers: 2; whole conversations: 1;" in told
    left = contents(stage)
    assert "Möhre" not in left
    assert "orange" not in left
    assert "'Ann'" not in left
    assert '"Ann"' not in left
    await ann.ask("What is my cat called?")
    assert "Möhre" not in json.dumps(stage.requests[-1], ensure_ascii=False)


async def test_the_files_hold_no_deleted_word_either(stage: Stage) -> None:
    """While the service runs: neither the database nor the log beside it, where older pages stand."""
    ann = stage.talk()
    await ann.ask("My cat is called Moehre")
    await ann.ask("/persona new moehre: You like the cat Moehre.")
    assert holders(stage, b"Moehre") != []
    await forget(stage, ann)
    assert await left_of(stage, b"Moehre") == []


@pytest.mark.parametrize(
    "outcome", [False, StorageError("the disk is gone")], ids=["read meanwhile", "broken"]
)
async def test_who_is_forgotten_is_told_so_though_the_files_could_not_be_cleaned(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, outcome: bool | StorageError
) -> None:
    """What is left there goes with the next writes; the operator finds a warning."""

    async def scrub(_: Any) -> bool:
        if isinstance(outcome, StorageError):
            raise outcome
        return outcome

    monkeypatch.setattr(_SqliteDatabase, "scrub", scrub)
    ann = stage.talk()
    await ann.ask("My cat is called Möhre")
    with capture_logs() as lines:
        assert (await forget(stage, ann)).startswith("Deleted for good.")
    assert "database_not_scrubbed" in [line["event"] for line in lines]
    assert "Möhre" not in contents(stage)


async def test_what_others_said_in_the_group_stays(stage: Stage) -> None:
    """Their questions and answers, and their place in the history."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("My cat is called Möhre")
    await team.ask("Mine is called Tom", author=BEN)
    told = await forget(stage, team)
    assert "Questions with my answers: 1;" in told
    left = contents(stage)
    assert "Möhre" not in left
    assert "Tom" in left
    await team.ask("Which cats?", author=BEN)
    asked = json.dumps(stage.requests[-1], ensure_ascii=False)
    assert "Tom" in asked
    assert "Möhre" not in asked


async def test_only_the_person_themself_is_forgotten(stage: Stage) -> None:
    """Nobody presses another's button, and a made-up one does nothing."""
    team = stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("My cat is called Möhre")
    await team.ask("/forget")
    pressed = team.press("Delete everything", author=BEN)
    forged = team.press_data("forget:", author=BEN)
    await stage.quiet()
    assert stage.platform.answered_buttons[pressed] == "This button does not work here."
    assert stage.platform.answered_buttons[forged] == "This button does not work here."
    assert "Möhre" in contents(stage)


async def test_who_thinks_better_of_it_keeps_everything(stage: Stage) -> None:
    """The question turns into a word that nothing was deleted."""
    ann = stage.talk()
    await ann.ask("My cat is called Möhre")
    await ann.ask("/forget")
    ann.press("Keep it")
    await stage.quiet()
    assert ann.texts[-1] == "Nothing was deleted."
    assert ann.shown[-1].buttons == ()
    assert "Möhre" in contents(stage)


async def test_an_answer_being_written_is_forgotten_too(stage: Stage) -> None:
    """It is stopped first, and what it had said is gone."""
    stage.brain.teach("cat", stalled("Möhre is a fine name for a cat"))
    ann = stage.talk()
    await ann.ask("/forget")
    ann.say("My cat is called Möhre")
    await ann.sees_begin("Möhre")
    ann.press("Delete everything")
    await stage.quiet()
    assert "Möhre" not in contents(stage)


async def test_forgetting_does_not_let_the_blocked_in(open_stage: OpenStage) -> None:
    """What an admin decided stays, without the name."""
    stage = await open_stage()
    ben = Person(
        platform="fake", account="1", id=BEN.id, standing=Standing.ADMITTED, name="Ben", changed_at=1.0
    )
    await stage.database.write(lambda conn: set_standing(conn, ben))
    await forget(stage, stage.talk("8"), author=BEN)
    stored = await stage.database.read(
        lambda conn: standing_of(conn, platform="fake", account="1", person=BEN.id)
    )
    assert stored is Standing.ADMITTED
    assert "Ben" not in contents(stage)


def test_an_export_of_nothing_is_still_a_document() -> None:
    """For programs that expect one."""
    data = OwnData(owner=Owner(platform="fake", account="1", id="7"), at=MOMENT)
    assert json.loads(as_json(data))["questions"] == []
    assert as_markdown(data).startswith("# What Parley keeps about fake:7")
