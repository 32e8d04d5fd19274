"""Whatever happens in a chat has its effect once, is answered once, and leaves the next turn to go on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.messages import Author, ChatKind, Quoted
from bot.sandbox import Hang, Reply
from bot.settings import Access
from bot.storage.chats import chat_of
from bot.storage.history import head_of
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk, stalled
from tests.unit.conversation.test_answer import SUM, Bench, spoken


def labels(talk: Talk) -> list[str]:
    """The buttons under the newest message."""
    return [button.label for row in talk.shown[-1].buttons for button in row]


# --- commands -----------------------------------------------------------------------------------------------


async def test_new_begins_an_empty_page(stage: Stage) -> None:
    """What was said before /new is not in the next prompt."""
    ann = stage.talk()
    await ann.ask("My name is Ann")
    await ann.ask("/new")
    await ann.ask("Who am I?")
    assert spoken(stage.requests[-1]) == [("user", "Who am I?")]
    assert ann.texts[1] == "A new conversation. I start from an empty page."


async def test_undo_twice_takes_two_questions_back(stage: Stage) -> None:
    """Each /undo names what it took back; the third finds nothing; the model knows of none of it."""
    ann = stage.talk()
    for text in ("one", "two", "/undo", "/undo", "/undo"):
        await ann.ask(text)
    assert "“two”" in ann.texts[2]
    assert "“one”" in ann.texts[3]
    assert "nothing to take back" in ann.texts[4]
    await ann.ask("three")
    assert spoken(stage.requests[-1]) == [("user", "three")]


@pytest.mark.parametrize(("command", "left"), [("/undo", ["one"]), ("/new", [])], ids=["undo", "new"])
async def test_a_command_has_its_effect_once_though_its_turn_runs_twice(
    stage: Stage, command: str, left: list[str]
) -> None:
    """The answer to it fails with a defect after the effect; the second attempt only says it."""
    ann = stage.talk()
    await ann.ask("one")
    await ann.ask("two")
    moods = iter(["defect"])
    stage.platform.mood = lambda _: next(moods, "")
    await ann.ask(command)
    assert len(ann.texts) == 3
    await ann.ask("three")
    said = [text for role, text in spoken(stage.requests[-1]) if role == "user"]
    assert said == [*left, "three"]


@pytest.mark.parametrize("mood", ["unclear", "lost", "busy"])
async def test_a_notice_is_shown_once_though_its_turn_runs_twice(stage: Stage, mood: str) -> None:
    """It was sent, or was not, and then the process ended: after the next start it stands there once."""
    ann = stage.talk()
    await ann.ask("one")
    broken = True
    stage.platform.mood = lambda call: mood if broken and call == "send" else ""
    ann.say("/help")
    sends = stage.platform.calls.count("send")
    await stage.until(lambda: stage.platform.calls.count("send") > sends)
    await stage.end()
    broken = False
    await stage.begin()
    await stage.quiet()
    assert [text.partition("\n")[0] for text in ann.texts] == ["You said: one", "What I understand"]


async def test_retry_answers_the_last_question_beside_its_first_answer(stage: Stage) -> None:
    """Two answers stand in the chat, the conversation goes on from the second."""
    stage.brain.teach("joke", Reply(text="First joke."), Reply(text="Second joke."))
    ann = stage.talk()
    await ann.ask("A joke?")
    await ann.ask("/retry")
    assert ann.texts == ["First joke.", "Second joke."]
    await ann.ask("Good")
    assert spoken(stage.requests[-1]) == [
        ("user", "A joke?"),
        ("assistant", "Second joke."),
        ("user", "Good"),
    ]


@pytest.mark.parametrize("how", ["command", "button"])
async def test_the_retry_of_a_failed_answer_takes_over_its_message(stage: Stage, how: str) -> None:
    """Where the failure stood, the answer stands; nothing is left of the sentence and its button."""
    stage.brain.teach("river", *[Reply.overloaded()] * 3, Reply(text="Rivers run."))
    ann = stage.talk()
    await ann.ask("river")
    assert labels(ann) == ["Try again"]
    if how == "command":
        await ann.ask("/retry")
    else:
        press = ann.press("Try again")
        await stage.quiet()
        assert stage.platform.answered_buttons == {press: ""}
    assert ann.texts == ["Rivers run."]
    assert labels(ann) == []


async def test_a_retry_button_pressed_twice_gives_one_answer(stage: Stage) -> None:
    """The second press comes too late and is told so, or changes nothing that can be seen."""
    stage.brain.teach("river", *[Reply.overloaded()] * 3, Reply(text="Rivers run."))
    ann = stage.talk()
    await ann.ask("river")
    ann.press("Try again")
    ann.press("Try again")
    await stage.quiet()
    assert ann.texts == ["Rivers run."]
    assert len(stage.requests) == 4


async def test_nothing_to_retry_is_said(stage: Stage) -> None:
    """A conversation at its beginning has no question to answer again."""
    ann = stage.talk()
    await ann.ask("/retry")
    assert ann.texts == ["There is nothing to answer again yet. Write a message first."]


async def test_a_deleted_question_is_not_asked_again(stage: Stage) -> None:
    """Its words are gone; /retry says so in place of asking the model nothing."""
    ann = stage.talk()
    question = await ann.ask("My secret")
    ann.delete(question)
    await stage.quiet()
    await ann.ask("/retry")
    assert ann.texts[-1] == "That question is no longer here, so I can't answer it again."
    assert len(stage.requests) == 1


# --- edits --------------------------------------------------------------------------------------------------


class Phase:
    """Brings the first answer to a certain point, and sees to it that it can go on afterwards."""

    def __init__(self, stage: Stage, ann: Talk, bench: Bench) -> None:
        self.stage = stage
        self.ann = ann
        self.bench = bench
        self.busy = False
        stage.platform.mood = lambda _: "busy" if self.busy else ""

    async def queued(self) -> None:
        """The question waits behind another one."""
        self.stage.brain.teach("first", stalled("The first answer grows"))
        first = self.ann.say("first question")
        await self.ann.sees_begin("The first answer")
        self.first = first

    async def reach(self, phase: str) -> Any:
        """Ask, and wait until the answer is in this phase; the question."""
        replies = {
            "queued": Reply(text="Never."),
            "thinking": Reply(fault=Hang(before="headers")),
            "streaming": stalled("Old words, and more of them."),
            "tool": SUM,
            "delivering": Reply(text="Old words."),
            "done": Reply(text="Old words."),
        }
        self.stage.brain.teach("old", replies[phase])
        if phase == "queued":
            await self.queued()
        self.busy = phase == "delivering"
        question = self.ann.say("old question")
        await getattr(self, f"_until_{phase}")()
        return question

    async def _until_queued(self) -> None:
        await self.stage.platform.arriving.join()

    async def _until_thinking(self) -> None:
        await self.stage.sandbox.wait_for_request()

    async def _until_streaming(self) -> None:
        await self.ann.sees_begin("Old words")

    async def _until_tool(self) -> None:
        await self.bench.begun.wait()

    async def _until_delivering(self) -> None:
        await self.stage.until(lambda: self.stage.platform.calls.count("send") > 2)

    async def _until_done(self) -> None:
        await self.stage.quiet()

    async def go_on(self, phase: str) -> None:
        """End what held the first answer up, and wait for everything."""
        await self.stage.platform.arriving.join()
        await asyncio.sleep(0.02)
        self.busy = False
        if phase == "queued":
            self.ann.say("/stop")
        await self.stage.quiet()


@pytest.mark.parametrize("phase", ["queued", "thinking", "streaming", "tool", "delivering", "done"])
async def test_an_edited_question_gets_one_answer_to_its_new_form(open_stage: OpenStage, phase: str) -> None:
    """Whenever the edit comes, in the end there is one answer, to the new question, and the model
    reads nothing of the old one."""
    bench = Bench()
    stage = await open_stage(toolbox=bench.toolbox)
    ann = stage.talk()
    phases = Phase(stage, ann, bench)
    question = await phases.reach(phase)
    ann.edit(question, "new question")
    await phases.go_on(phase)
    expected = ["You said: new question"]
    if phase == "queued":
        expected.insert(0, "The first answer\n\nStopped.")
    assert ann.texts == expected
    assert ann.shown[-1].reply_to == question.message_id
    assert labels(ann) == []
    assert "old question" not in str(spoken(stage.requests[-1]))
    await ann.ask("And then?")
    assert "old question" not in str(spoken(stage.requests[-1]))
    assert ("user", "new question") in spoken(stage.requests[-1])


async def test_an_edit_nobody_can_see_changes_nothing(stage: Stage) -> None:
    """Telegram reports changes of link previews too."""
    ann = stage.talk()
    question = await ann.ask("old question")
    ann.edit(question, "old question")
    await stage.quiet()
    assert ann.texts == ["You said: old question"]
    assert len(stage.requests) == 1


async def test_an_edit_survives_a_restart_in_its_middle(stage: Stage) -> None:
    """The new answer is being written when the process ends: the next one takes it up in the same message."""
    stage.brain.teach("new", stalled("The new answer is here."))
    ann = stage.talk()
    question = await ann.ask("old question")
    ann.edit(question, "new question")
    await ann.sees("The new answer")
    await stage.restart()
    await stage.quiet()
    assert ann.texts == ["The new answer is here."]


async def test_an_edit_of_an_earlier_question_begins_another_branch(stage: Stage) -> None:
    """What was said after it is not in the new branch."""
    ann = stage.talk()
    first = await ann.ask("one")
    await ann.ask("two")
    ann.edit(first, "uno")
    await stage.quiet()
    assert ann.texts == ["You said: uno", "You said: two"]
    await ann.ask("three")
    assert [text for role, text in spoken(stage.requests[-1]) if role == "user"] == ["uno", "three"]


# --- buttons ------------------------------------------------------------------------------------------------


async def test_the_stop_button_ends_the_answer_it_stands_under(stage: Stage) -> None:
    """The person is told, the button goes."""
    stage.brain.teach("story", stalled("Once upon a time"))
    ann = stage.talk()
    ann.say("story")
    await stage.until(lambda: bool(ann.shown) and labels(ann) == ["■ Stop"])
    press = ann.press("■ Stop")
    await stage.quiet()
    assert stage.platform.answered_buttons == {press: "Stopped."}
    assert ann.texts == ["Once upon a\n\nStopped."]
    assert labels(ann) == []


async def test_what_people_think_of_an_answer_is_stored(stage: Stage) -> None:
    """A thumb counts for the answer it stands under; a person's later vote replaces the earlier one."""
    ann = stage.talk()
    await ann.ask("Hello")
    message_id = next(iter(stage.platform.messages))
    for vote in ("down", "up"):
        press = ann.press_data(f"feedback:{vote}", message_id=message_id)
        await stage.quiet()
        assert stage.platform.answered_buttons[press] == "Thank you."
    votes = await stage.database.read(
        lambda conn: conn.exec_driver_sql("SELECT turn_id, author_id, vote FROM feedback").all()
    )
    assert [tuple(vote) for vote in votes] == [(1, ANN.id, "up")]


async def test_a_vote_for_nothing_is_refused(stage: Stage) -> None:
    """Neither another message nor another word counts."""
    ann = stage.talk()
    await ann.ask("Hello")
    message_id = next(iter(stage.platform.messages))
    presses = [
        ann.press_data("feedback:up", message_id="999"),
        ann.press_data("feedback:maybe", message_id=message_id),
    ]
    await stage.quiet()
    assert [stage.platform.answered_buttons[press] for press in presses] == [
        "This button does not work here."
    ] * 2


@pytest.mark.parametrize(
    "data", ["stop:1", "retry:1", "stop:", "stop:x", "stop:99999999999999999999", "set:x:y", "", "retry:²"]
)
async def test_a_forged_press_from_another_chat_does_nothing(stage: Stage, data: str) -> None:
    """Data names somebody else's turn, or nonsense: the press is answered, nothing happens."""
    stage.brain.teach("story", stalled("Once upon a time"))
    ann, ben = stage.talk("7"), stage.talk("8")
    ann.say("story")
    await ann.sees_begin("Once upon a")
    press = ben.press_data(data, author=BEN)
    await stage.until(lambda: press in stage.platform.answered_buttons)
    assert stage.platform.answered_buttons[press] == "This button does not work here."
    assert ann.texts == ["Once upon a"]
    assert ben.texts == []


# --- people -------------------------------------------------------------------------------------------------


async def test_a_stranger_is_told_once_and_the_model_is_not_asked(open_stage: OpenStage) -> None:
    """The sentence holds a code to give to the operator; who is admitted is answered."""
    stage = await open_stage(access=Access.PAIRING, admins=["1"])
    ann = stage.talk()
    await ann.ask("Hello", author=BEN)
    await ann.ask("Hello?", author=BEN)
    assert len(ann.texts) == 1
    assert "python -m bot admit" in ann.texts[0]
    await ann.ask("Hello", author=ANN)
    assert ann.texts[1] == "You said: Hello"
    assert len(stage.requests) == 1


async def test_a_bot_is_never_answered(stage: Stage) -> None:
    """Two bots would talk for ever."""
    ann = stage.talk()
    await ann.ask("Hello", author=Author(id="9", name="Robot", is_bot=True))
    assert ann.texts == []


# --- chats --------------------------------------------------------------------------------------------------


async def closed(stage: Stage, chat: str = "7") -> bool:
    """Whether the chat is noted as closed."""
    peer = stage.key(chat).peer
    return (await stage.database.read(lambda conn: chat_of(conn, peer))).closed


async def test_a_chat_that_takes_nothing_more_closes_and_its_turn_ends(stage: Stage) -> None:
    """The person blocked the bot: nothing is tried again, the turn is done and not dead."""
    stage.platform.mood = lambda _: "closed"
    ann = stage.talk()
    await ann.ask("Hello")
    assert await closed(stage)
    assert stage.platform.calls.count("send") == 1
    assert await stage.engine.dead() == []


async def test_a_chat_that_was_left_is_closed_until_it_is_back(stage: Stage) -> None:
    """Leaving stops the answer that is being written; coming back opens the chat."""
    stage.brain.teach("story", stalled("Once upon a time"))
    ann = stage.talk()
    ann.say("story")
    await ann.sees_begin("Once upon a")
    ann.leave()
    await stage.quiet()
    assert await closed(stage)
    assert stage.sandbox.requests[0].client_went_away
    ann.leave(back=True)
    await stage.quiet()
    assert not await closed(stage)
    await ann.ask("Hello again")
    assert ann.texts[-1] == "You said: Hello again"


async def test_a_chat_that_moves_takes_its_history_along(stage: Stage) -> None:
    """The group became a supergroup: the conversation goes on under the new id."""
    old, new = stage.talk("-5", kind=ChatKind.GROUP), stage.talk("-1005", kind=ChatKind.GROUP)
    await old.ask("My name is Ann")
    old.migrate("-1005")
    await stage.quiet()
    await new.ask("Who am I?")
    assert ("user", "Ann: My name is Ann") in spoken(stage.requests[-1])


async def test_a_chat_that_moves_while_it_is_answered_gets_the_answer(stage: Stage) -> None:
    """The platform names the new id in a refusal; the answer goes there."""
    moods = iter(["moved"])
    stage.platform.mood = lambda _: next(moods, "")
    await stage.talk("-5", kind=ChatKind.GROUP).ask("Hello")
    assert stage.platform.texts("moved") == ["You said: Ann: Hello"]


async def test_a_turn_of_a_platform_that_is_switched_off_ends(open_stage: OpenStage) -> None:
    """The operator took a token away: what still waited there does not hold anything up."""
    stage = await open_stage(platforms=())
    ann = stage.talk()
    await ann.ask("Hello")
    assert ann.texts == []
    assert await stage.engine.dead() == []


# --- deletions ----------------------------------------------------------------------------------------------


async def test_a_deleted_message_is_forgotten(stage: Stage) -> None:
    """Neither it nor its answer is in the database or in the next prompt; the rest stays."""
    ann = stage.talk()
    await ann.ask("one")
    secret = await ann.ask("My secret")
    ann.delete(secret)
    await stage.quiet()
    await ann.ask("three")
    assert "secret" not in str(spoken(stage.requests[-1]))
    assert ("user", "one") in spoken(stage.requests[-1])
    assert "secret" not in str(await stage.exchanges())


async def test_a_question_asked_again_is_forgotten_in_every_place(stage: Stage) -> None:
    """/retry made a second exchange of the same words; deleting the message takes both."""
    ann = stage.talk()
    secret = await ann.ask("My secret")
    await ann.ask("/retry")
    ann.delete(secret)
    await stage.quiet()
    await ann.ask("three")
    assert "secret" not in str(spoken(stage.requests[-1]))
    assert "secret" not in str(await stage.exchanges())


async def test_a_message_deleted_while_it_is_answered_ends_the_answer_and_is_forgotten(stage: Stage) -> None:
    """What the running answer still stores does not bring its words back."""
    stage.brain.teach("secret", stalled("Your secret is safe with me."))
    ann = stage.talk()
    secret = ann.say("My secret")
    await ann.sees_begin("Your secret is")
    ann.delete(secret)
    await stage.quiet()
    assert ann.texts == ["Your secret is\n\nStopped."]
    assert "secret" not in str(await stage.exchanges())
    await ann.ask("three")
    assert "secret" not in str(spoken(stage.requests[-1]))


async def test_a_message_deleted_while_it_waits_is_never_answered(stage: Stage) -> None:
    """Its turn comes up, finds nothing to answer, and says nothing."""
    stage.brain.teach("story", stalled("Once upon a time"))
    ann = stage.talk()
    ann.say("story")
    secret = ann.say("My secret")
    await ann.sees_begin("Once upon a")
    ann.delete(secret)
    await ann.ask("/stop")
    assert ann.texts == ["Once upon a\n\nStopped."]
    assert len(stage.requests) == 1
    assert "secret" not in str(await stage.exchanges())


# --- our own failures ---------------------------------------------------------------------------------------


async def test_a_defect_is_tried_again_and_then_unseen(stage: Stage) -> None:
    """The first attempt fails for a reason of our own; the second answers as if nothing had happened."""
    ann = stage.talk()
    stage.model.defects = [RuntimeError("a defect")]
    await ann.ask("Hello")
    assert ann.texts == ["You said: Hello"]


async def test_after_the_last_attempt_the_person_is_told_and_can_try_again(stage: Stage) -> None:
    """An apology with a button; the button's answer takes the apology's place."""
    ann = stage.talk()
    stage.model.defects = [RuntimeError("a defect")] * 3
    await ann.ask("Hello")
    assert ann.texts[0].startswith("Something went wrong on my side")
    assert await stage.engine.dead() != []
    ann.press("Try again")
    await stage.quiet()
    assert ann.texts == ["You said: Hello"]


async def test_a_reply_to_an_older_answer_goes_on_from_there(stage: Stage) -> None:
    """The branch of the answer replied to is what the model reads."""
    ann = stage.talk()
    await ann.ask("one")
    await ann.ask("two")
    older = next(iter(stage.platform.messages))
    quoted = Quoted(how="reply", message_id=older, text="You said: one", is_ours=True)
    await ann.ask("more of that", quoted=quoted)
    assert spoken(stage.requests[-1]) == [
        ("user", "one"),
        ("assistant", "You said: one"),
        ("user", "more of that"),
    ]


async def test_an_unknown_command_leaves_the_conversation_where_it_was(stage: Stage) -> None:
    """It is met with a suggestion; the history goes on from the last answer."""
    ann = stage.talk()
    await ann.ask("one")
    key = str(stage.key("7"))
    before = await stage.database.read(lambda conn: head_of(conn, key))
    await ann.ask("/nwe")
    assert ann.texts[1].startswith("I don't know /nwe. Did you mean /new?")
    assert await stage.database.read(lambda conn: head_of(conn, key)) == before
