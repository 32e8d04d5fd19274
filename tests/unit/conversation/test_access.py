"""Strangers get a code, admins decide about people, and nobody else learns or changes anything."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.conversation.access.limits import TokenBucket
from bot.errors import StorageError
from bot.messages import Author, ChatKind, Incoming, Quoted
from bot.settings import Access
from bot.storage import decisions, pairings, people
from bot.storage.decisions import Decider
from bot.storage.people import Standing, Who
from bot.texts import say
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import BEN, Stage, Talk, stalled

EVE = Author(id="9", name="**x** [y](http://z)", language="en")
CY = Author(id="3", name="Cy", language="zh-hans")
CODE = re.compile(r"/admit (\w{8})")
GUESS = "ACDEFGHJ"


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, no minute passes for the limits while a test asks its questions."""
    monkeypatch.setattr(TokenBucket, "_refill", lambda self, now: None)


@pytest.fixture
async def paired(open_stage: OpenStage) -> Stage:
    """A service that knows Ann alone, its admin."""
    return await open_stage(access=Access.PAIRING, admins=["fake:1"])


def code_in(talk: Talk) -> str:
    """The code the newest message shows."""
    found = CODE.search(talk.texts[-1])
    assert found is not None, talk.texts
    return found[1]


async def code_for(stage: Stage, author: Author = EVE, *, chat: str = "9", text: str = "Hello") -> str:
    """A stranger writes and gets a code."""
    talk = stage.talk(chat)
    await talk.ask(text, author=author)
    return code_in(talk)


async def standing(stage: Stage, person: str) -> Standing | None:
    """What is stored about a person."""
    return await stage.database.read(
        lambda conn: people.standing_of(conn, platform="fake", account="1", person=person)
    )


async def store(stage: Stage, person: str, level: Standing) -> None:
    """An admin decided this earlier."""
    who, decider = Who(platform="fake", account="1", id=person), Decider(by="fake:1", now=1.0)
    if level is Standing.BLOCKED:
        await stage.database.write(lambda conn: decisions.block(conn, who, decider))
    else:
        admin = level is Standing.ADMIN
        await stage.database.write(lambda conn: decisions.admit(conn, who, decider, admin=admin))


def reply_to(message: Incoming, **fields: Any) -> Quoted:
    """A reply to that message."""
    return Quoted(how="reply", message_id=message.message_id, author_name=message.author.name, **fields)


# --- strangers --------------------------------------------------------------------------------------------


async def test_an_admitted_stranger_is_told_and_has_their_question_answered(paired: Stage) -> None:
    """In the chat where they asked, once; what they asked need not be said again."""
    code = await code_for(paired, text="What is a river?")
    ann, eve = paired.talk(), paired.talk("9")
    await ann.ask(f"/admit {code.lower()}")
    assert ann.texts == [f"{EVE.name} (fake:9) is let in."]
    await eve.sees(
        eve.texts[0],
        "You're in: my operator has let you in. /help shows what I understand.",
        "You said: What is a river?",
    )
    await paired.quiet()
    assert len(eve.texts) == 3
    await eve.ask("And a lake?", author=EVE)
    assert eve.texts[3] == "You said: And a lake?"
    assert await paired.database.read(pairings.to_be_told) == []


async def test_the_question_behind_a_start_is_the_one_that_is_answered(paired: Stage) -> None:
    """People press Start first; what they write then is what they want."""
    code, eve = await code_for(paired, text="/start"), paired.talk("9")
    await eve.ask("What is a river?", author=EVE)
    await eve.ask("Hello? Anybody?", author=EVE)
    assert len(eve.texts) == 1
    await paired.talk().ask(f"/admit {code}")
    await paired.until(lambda: eve.texts[-1] == "You said: What is a river?")
    assert len(eve.texts) == 3


async def test_who_was_let_in_while_the_service_was_down_is_told_at_its_start(paired: Stage) -> None:
    """The decision is stored, and carried out once though the process ends on the way."""
    code, eve = await code_for(paired, text="Hello"), paired.talk("9")
    await paired.end()
    await paired.begin_idle()
    decider = Decider(by="command line", now=paired.clock.now().timestamp())
    await paired.database.write(lambda conn: decisions.admit_by_code(conn, code, decider))
    await paired.door.look()
    await paired.restart()
    await paired.until(lambda: len(eve.texts) == 3)
    await paired.restart()
    await paired.quiet()
    assert eve.texts[1].startswith("You're in")
    assert eve.texts[2:] == ["You said: Hello"]


async def test_an_unreadable_database_does_not_end_the_watch(
    paired: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was let in is told as soon as it can be read again."""
    look, failures = paired.door.look, [StorageError("the disk is full")] * 3

    async def faulty() -> None:
        if failures:
            raise failures.pop()
        await look()

    monkeypatch.setattr(paired.door, "look", faulty)
    code, eve = await code_for(paired), paired.talk("9")
    await paired.talk().ask(f"/admit {code}")
    await paired.until(lambda: len(eve.texts) == 3)
    assert failures == []


async def test_who_is_blocked_before_being_told_hears_nothing(paired: Stage) -> None:
    """The last decision holds, also when both fall between two looks."""
    await code_for(paired)
    await paired.end()
    await paired.begin_idle()
    for level in (Standing.ADMITTED, Standing.BLOCKED):
        await store(paired, "9", level)
    await paired.restart()
    await paired.talk().ask("Hello")
    await paired.quiet()
    assert len(paired.talk("9").texts) == 1


async def test_a_question_deleted_while_waiting_is_not_answered(paired: Stage) -> None:
    """The person is only told that they are in."""
    eve = paired.talk("9")
    asked = await eve.ask("Hello", author=EVE)
    code = code_in(eve)
    eve.delete(asked)
    await paired.quiet()
    await paired.talk().ask(f"/admit {code}")
    await paired.until(lambda: len(eve.texts) == 2)
    await paired.quiet()
    assert eve.texts[1].startswith("You're in")
    assert len(eve.texts) == 2
    assert paired.requests == []


async def test_the_same_code_is_shown_again_after_a_restart(paired: Stage) -> None:
    """The service forgets whom it told, and keeps the code."""
    code = await code_for(paired)
    await paired.restart()
    assert await code_for(paired, text="Hello again") == code


async def test_in_a_group_no_code_is_shown_and_one_sentence_an_hour(paired: Stage) -> None:
    """Whoever of the strangers writes; in quiet mode nothing at all."""
    group, quiet = paired.talk("-5", kind=ChatKind.GROUP), paired.talk("-6", kind=ChatKind.GROUP)
    await paired.set_chat("-6", "attention", "quiet")
    for author in (EVE, BEN, EVE):
        await group.ask("let me in", author=author)
        await quiet.ask("let me in", author=author)
    assert group.texts == [
        "I don't know you yet. Write to me in a private chat, and I'll tell you how to be let in."
    ]
    assert quiet.texts == []
    assert await paired.database.read(lambda conn: pairings.waiting(conn, now=0.0)) == []


async def test_under_listed_strangers_get_no_code(open_stage: OpenStage) -> None:
    """Those the platform vouches for neither; whom the settings name is served."""
    stage = await open_stage(access=Access.LISTED, admins=["1"], allowed=["fake:2"])
    eve = stage.talk("9")
    await eve.ask("Hello", author=Author(id="9", name="Eve", vouched=True))
    assert eve.texts == [say("stranger_listed", "en", id="fake:9").replace("`", "")]
    ben = stage.talk("8")
    await ben.ask("Hello", author=BEN)
    assert ben.texts == ["You said: Hello"]


async def test_when_too_many_wait_the_next_is_told_to_come_again(
    paired: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No flood of strangers fills the database."""
    monkeypatch.setattr(pairings, "MOST_WAITING", 1)
    await code_for(paired)
    ben = paired.talk("8")
    await ben.ask("Hello", author=BEN)
    assert "too many are waiting" in ben.texts[0]


async def test_a_code_is_made_once_though_its_turn_runs_twice(paired: Stage) -> None:
    """The sentence fails with a defect after the code was stored; the second attempt shows that code."""
    moods = iter(["defect"])
    paired.platform.mood = lambda _: next(moods, "")
    code = await code_for(paired)
    waiting = await paired.database.read(lambda conn: pairings.waiting(conn, now=0.0))
    assert [one.code for one in waiting] == [code]


# --- codes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", [GUESS, "nonsense", "'; drop table people; --", "𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠"])
async def test_a_forged_code_lets_nobody_in(paired: Stage, argument: str) -> None:
    """It is said that there is none like it."""
    await code_for(paired)
    ann = paired.talk()
    await ann.ask(f"/admit {argument}")
    assert ann.texts[0].startswith("No code like that is waiting.")
    assert await standing(paired, "9") is None


async def test_who_is_no_admin_learns_nothing_about_codes(paired: Stage) -> None:
    """Right and wrong ones get the same answer, and the right one stays good."""
    code, ben = await code_for(paired), paired.talk("8")
    await store(paired, "2", Standing.ADMITTED)
    await ben.ask(f"/admit {GUESS}", author=BEN)
    await ben.ask(f"/admit {code}", author=BEN)
    assert ben.texts == ["Only an admin of this bot can do that."] * 2
    eve = paired.talk("9")
    await eve.ask(f"/admit {code}", author=EVE)
    assert len(eve.texts) == 1
    assert await standing(paired, "9") is None
    await paired.talk().ask(f"/admit {code}")
    assert await standing(paired, "9") is Standing.ADMITTED


async def test_an_admin_guesses_ten_codes_an_hour(paired: Stage) -> None:
    """The eleventh is not looked up, even if it is right; right ones before it don't count."""
    codes = [await code_for(paired, author, chat=author.id) for author in (BEN, EVE)]
    ann = paired.talk()
    await ann.ask(f"/admit {codes[0]}")
    for _ in range(10):
        await ann.ask(f"/admit {GUESS}")
    await ann.ask(f"/admit {codes[1]}")
    assert ann.texts[-1] == "Too many wrong codes. Please wait 6 min, or let people in by their id."
    assert await standing(paired, "9") is None
    await ann.ask("/admit fake:9")
    assert await standing(paired, "9") is Standing.ADMITTED


async def test_a_used_code_is_used_up(paired: Stage) -> None:
    """Also after the person was shut out again."""
    code, ann = await code_for(paired), paired.talk()
    await ann.ask(f"/admit {code}")
    await ann.ask("/block fake:9")
    await ann.ask(f"/admit {code}")
    assert ann.texts[-1].startswith("No code like that is waiting.")
    assert await standing(paired, "9") is Standing.BLOCKED


# --- groups -----------------------------------------------------------------------------------------------


async def test_an_admin_has_everybody_in_a_group_served(paired: Stage) -> None:
    """Except who is blocked; ``off`` ends it."""
    group = paired.talk("-5", kind=ChatKind.GROUP)
    await group.ask("/admit")
    await group.ask("Hello", author=BEN)
    assert group.texts[1] == "You said: Ben: Hello"
    await store(paired, "9", Standing.BLOCKED)
    await group.ask("Hello", author=EVE)
    assert len(group.texts) == 2
    await group.ask("/admit off")
    await group.ask("Hello again", author=BEN)
    assert group.texts[2] == "From now on I answer only people here who are let in themselves."
    assert group.texts[3].startswith("I don't know you yet.")


async def test_a_groups_member_cannot_have_it_served(paired: Stage) -> None:
    """Nor block anybody there."""
    await store(paired, "2", Standing.ADMITTED)
    group = paired.talk("-5", kind=ChatKind.GROUP)
    for command in (
        "/admit",
        "/admit off",
        "/block fake:1",
        "/unblock fake:9",
        "/admins add fake:2",
        "/people",
    ):
        await group.ask(command, author=BEN)
    assert set(group.texts) == {"Only an admin of this bot can do that."}
    assert await standing(paired, "2") is Standing.ADMITTED


# --- blocking ---------------------------------------------------------------------------------------------


async def test_blocking_ends_a_running_answer_and_all_that_follows(open_stage: OpenStage) -> None:
    """The person hears nothing more: not on messages, not on edits, not on buttons; nor others less."""
    stage = await open_stage(admins=["1"])
    stage.brain.teach("story", stalled("Once upon a time"))
    eve, ben = stage.talk("9"), stage.talk("8")
    asked = eve.say("Tell me a story", author=EVE)
    await eve.sees_begin("Once upon a")
    ann = stage.talk()
    ann.say("/block 9")
    await ann.sees(f"{EVE.name} (fake:9) is blocked and hears nothing more from me.")
    await stage.quiet()
    before = eve.texts
    assert before[0].endswith("Stopped.")
    await eve.ask("Why?", author=EVE)
    eve.edit(asked, "Tell me another story")
    press = eve.press_data("retry:1", author=EVE)
    await stage.until(lambda: press in stage.platform.answered_buttons)
    await stage.quiet()
    assert eve.texts == before
    assert stage.platform.answered_buttons[press] == ""
    await ben.ask("Hello", author=BEN)
    assert ben.texts == ["You said: Hello"]


async def test_what_was_blocked_from_outside_stops_too(open_stage: OpenStage) -> None:
    """The command line writes into the database; the service notices within moments."""
    stage = await open_stage(admins=["1"])
    stage.brain.teach("story", stalled("Once upon a time"))
    eve = stage.talk("9")
    eve.say("Tell me a story", author=EVE)
    await eve.sees_begin("Once upon a")
    decider = Decider(by="command line", now=stage.clock.now().timestamp())
    who = Who(platform="fake", id="9")
    await stage.database.write(lambda conn: decisions.block(conn, who, decider))
    await stage.quiet()
    assert eve.texts[0].endswith("Stopped.")


async def test_a_reply_blocks_who_wrote_the_message(open_stage: OpenStage) -> None:
    """By the stored message, not by the name it shows; ``/unblock`` works alike."""
    stage = await open_stage(admins=["1"])
    group = stage.talk("-5", kind=ChatKind.GROUP)
    message = await group.ask("Buy my coins", author=EVE)
    await group.ask("/block", quoted=reply_to(message))
    assert await standing(stage, "9") is Standing.BLOCKED
    await group.ask("/unblock", quoted=reply_to(message))
    assert await standing(stage, "9") is None
    await group.ask("/block", quoted=reply_to(message, is_ours=True))
    await group.ask("/block", quoted=Quoted(how="reply", message_id="404", author_name="Ben"))
    assert group.texts[-2:] == ["I don't know who wrote that message. Give me their id instead."] * 2


async def test_some_people_cannot_be_blocked(open_stage: OpenStage) -> None:
    """The settings' admins, and oneself; and what is no id blocks nobody."""
    stage = await open_stage(admins=["1"])
    await store(stage, "2", Standing.ADMIN)
    ben = stage.talk("8")
    for argument in ("1", "fake:1", "2", "@Ann", "[x](http://z)", "nobody", "fake:ann99"):
        await ben.ask(f"/block {argument}", author=BEN)
    assert [text.split(" is ")[0] for text in ben.texts[:2]] == ["somebody (fake:1)"] * 2
    assert ben.texts[2] == "That would shut yourself out."
    assert ben.texts[3].startswith("@Ann is not an id. An id looks like fake:2;")
    assert ben.texts[4].startswith("[x](http://z) is not an id.")
    assert ben.texts[5].startswith("nobody is not an id.")
    assert ben.texts[6].startswith("fake:ann99 is not an id.")
    assert {await standing(stage, person) for person in ("1", "2")} == {None, Standing.ADMIN}


async def test_open_does_not_let_the_blocked_in(open_stage: OpenStage) -> None:
    """Nor does being named in PARLEY_ALLOWED, or a group that is served."""
    stage = await open_stage(access=Access.OPEN, allowed=["fake:9", "fake:-5"], admins=["1"])
    await store(stage, "9", Standing.BLOCKED)
    private, group = stage.talk("9"), stage.talk("-5", kind=ChatKind.GROUP)
    await private.ask("Hello", author=EVE)
    await group.ask("Hello", author=EVE)
    assert (private.texts, group.texts) == ([], [])


# --- admins and lists -------------------------------------------------------------------------------------


async def test_admins_are_made_listed_and_ended(paired: Stage) -> None:
    """Who is no admin any more is still let in; the settings' admins stay."""
    ann, ben = paired.talk(), paired.talk("8")
    await ann.ask("/admins add fake:2")
    await ben.ask("/admins", author=BEN)
    assert ben.texts == ["Admins of this bot\n\n• fake:1, by the service's settings\n• somebody (fake:2)"]
    await ben.ask("/admins remove 1", author=BEN)
    assert "stays one until it is changed there" in ben.texts[1]
    await ann.ask("/admins remove 2")
    await ben.ask("/admins", author=BEN)
    assert ben.texts[2] == "Only an admin of this bot can do that."
    await ben.ask("Hello", author=BEN)
    assert ben.texts[3] == "You said: Hello"


async def test_names_in_lists_are_no_markup(paired: Stage) -> None:
    """Somebody called like a link is shown under that name, and leads nowhere."""
    code, ann = await code_for(paired), paired.talk()
    await ann.ask("/people")
    assert ann.texts[-1] == f"Waiting with a code\n\n• {EVE.name} (fake:9)"
    assert code not in ann.texts[-1]
    await ann.ask(f"/admit {code}")
    await ann.ask("/people")
    assert ann.texts[-1] == f"Let in\n\n• {EVE.name} (fake:9)"
    await ann.ask("/admins add 9")
    await ann.ask("/admins")
    assert ann.texts[-1].endswith(f"• {EVE.name} (fake:9)")


async def test_lists_are_not_shown_in_groups(paired: Stage) -> None:
    """Everybody there would read names and ids."""
    group = paired.talk("-5", kind=ChatKind.GROUP)
    await group.ask("/people")
    await group.ask("/admins")
    assert group.texts == ["I show people's names and ids only in a private chat with me."] * 2


async def test_commands_without_their_argument_explain_themselves(paired: Stage) -> None:
    """In the language of whoever asks."""
    ann = paired.talk()
    for command in ("/admit", "/block", "/unblock", "/admins what", "/people"):
        await ann.ask(command, author=Author(id="1", name="Ann", language="zh"))
    assert [re.search(r"/\w+", text or "").group() for text in ann.texts[:4]] == [  # type: ignore[union-attr]
        "/admit",
        "/block",
        "/unblock",
        "/admins",
    ]
    assert ann.texts[4] == "没有已放行、被屏蔽或等待中的人。"


# --- whoami -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("still")
async def test_whoami_tells_a_person_what_holds_for_them(open_stage: OpenStage) -> None:
    """Name, id, standing, language, persona and model, and what is left to ask."""
    stage = await open_stage(person_per_minute=5)
    eve = stage.talk("9")
    await eve.ask("Hello", author=EVE)
    await eve.ask("/whoami", author=EVE)
    assert eve.texts[-1].splitlines() == [
        "You, as I know you",
        "",
        f"• Name: {EVE.name}",
        "• Id: fake:9, on fake",
        "• You are let in.",
        "• I speak English with you.",
        "• Here I answer as Assistant, with Qwen/Qwen2.5-7B-Instruct.",
        "• You can ask 4 questions right now, and 5 a minute.",
    ]


async def test_a_stranger_learns_their_id_by_whoami_and_who_is_blocked_nothing(paired: Stage) -> None:
    """In a private chat; in a group it is refused like anything else."""
    eve, group = paired.talk("9"), paired.talk("-5", kind=ChatKind.GROUP)
    await eve.ask("/whoami", author=EVE)
    assert "• Id: fake:9, on fake" in eve.texts[0]
    assert "You are not let in yet." in eve.texts[0]
    await group.ask("/whoami", author=EVE)
    assert "fake:9" not in group.texts[0]
    await store(paired, "9", Standing.BLOCKED)
    await eve.ask("/whoami", author=EVE)
    assert len(eve.texts) == 1


# --- limits -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("still")
async def test_who_asks_too_much_is_told_once_and_admins_never(open_stage: OpenStage) -> None:
    """What is over the limit is dropped; commands that ask no model still work."""
    stage = await open_stage(admins=["1"], person_per_minute=2)
    eve, ann = stage.talk("9"), stage.talk()
    for text in ("one", "two", "/retry", "three", "four", "/help"):
        await eve.ask(text, author=EVE)
    assert eve.texts[:2] == ["You said: one", "You said: two"]
    assert re.fullmatch(r"You're asking faster than I may answer\. Please wait \d+ s, .*", eve.texts[2])
    assert len(eve.texts) == 4
    await eve.ask("/compare is it so?", author=EVE)
    assert len(eve.texts) == 4
    for text in ("one", "two", "three"):
        await ann.ask(text)
    assert ann.texts == ["You said: one", "You said: two", "You said: three"]


@pytest.mark.usefixtures("still")
async def test_a_chat_full_of_questions_is_told_so(open_stage: OpenStage) -> None:
    """In the language of whoever was too much."""
    stage = await open_stage(chat_per_minute=1)
    group = stage.talk("-5", kind=ChatKind.GROUP)
    await group.ask("one", author=BEN)
    await group.ask("two", author=CY)
    assert re.fullmatch(r"本聊天里的提问太快了。请等 \d+ 秒再发，.*", group.texts[1])


@pytest.mark.usefixtures("still")
async def test_a_question_taken_up_again_counts_once(open_stage: OpenStage) -> None:
    """Its first attempt fails with a defect; the next question is still within the limit."""
    stage = await open_stage(person_per_minute=2)
    moods = iter(["defect"])
    stage.platform.mood = lambda _: next(moods, "")
    eve = stage.talk("9")
    await eve.ask("one", author=EVE)
    await eve.ask("two", author=EVE)
    assert eve.texts == ["You said: one", "You said: two"]
    await eve.ask("three", author=EVE)
    assert "Please wait" in eve.texts[2]


@pytest.mark.usefixtures("still")
async def test_an_edited_question_counts_as_another(open_stage: OpenStage) -> None:
    """Editing is no way around the limit."""
    stage = await open_stage(person_per_minute=1)
    eve = stage.talk("9")
    asked = await eve.ask("one", author=EVE)
    eve.edit(asked, "two")
    await stage.until(lambda: len(eve.texts) == 2)
    await stage.quiet()
    assert eve.texts[0] == "You said: one"
    assert "Please wait" in eve.texts[1]
