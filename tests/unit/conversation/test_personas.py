"""/persona: chosen by button and by name, made and deleted in the chat, without losing what was said."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.conversation.desks.personas import MOST_PERSONAS
from bot.conversation.personas.library import BUILT_IN, open_book
from bot.messages import Author, ChatKind, ConversationKey
from bot.settings_personas import PersonaSettings
from bot.storage.personas import save_persona, stored_personas
from bot.texts import say
from tests.fakes.platform import FakePlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk

PROMPTS = {persona.name: persona.prompt for persona in BUILT_IN}
CARL = Author(id="3", name="Carl", language="en")


@dataclass(slots=True)
class Moderated(FakePlatform):
    """A platform that knows its groups' admins by id."""

    moderators: set[str] = field(default_factory=set)

    async def moderates(self, key: ConversationKey, author: Author) -> bool:
        return author.id in self.moderators


def system(stage: Stage) -> str:
    """The instructions of the newest request."""
    return str(stage.requests[-1]["messages"][0]["content"])


def labels(talk: Talk) -> list[str]:
    """The buttons under the newest message."""
    return [button.label for row in talk.shown[-1].buttons for button in row]


async def names(stage: Stage, chat: str = "7") -> list[str]:
    """The chat's own personas."""
    found = await stage.database.read(lambda conn: stored_personas(conn, stage.key(chat).peer))
    return [one.name for one in found]


# --- choosing -----------------------------------------------------------------------------------------------


async def test_a_button_chooses_and_the_page_greets(stage: Stage) -> None:
    """The next answer follows the new instructions, with their sampling, and no tools for the translator."""
    ann = stage.talk()
    await ann.ask("/persona")
    assert ann.texts[-1].startswith("Answering here: Assistant")
    assert labels(ann)[:2] == ["✓ Assistant", "Translator"]
    press = ann.press("Translator")
    await stage.quiet()
    assert stage.platform.answered_buttons[press] == "Saved."
    assert "Send me text and I translate it" in ann.texts[-1]
    assert labels(ann)[:2] == ["Assistant", "✓ Translator"]
    await ann.ask("Guten Tag")
    assert system(stage) == PROMPTS["translator"]
    assert stage.requests[-1]["temperature"] == 0.3
    assert "tools" not in stage.requests[-1]


async def test_history_survives_a_change(stage: Stage) -> None:
    """The new persona reads what was said to the old one."""
    ann = stage.talk()
    await ann.ask("My name is Ann")
    await ann.ask("/persona tutor")
    await ann.ask("Who am I?")
    contents = [message["content"] for message in stage.requests[-1]["messages"]]
    assert contents == [PROMPTS["tutor"], "My name is Ann", "You said: My name is Ann", "Who am I?"]


@pytest.mark.parametrize("written", ["tutor", "Tutor", "辅导老师"])
async def test_a_name_or_title_chooses(stage: Stage, written: str) -> None:
    """It introduces itself."""
    ann = stage.talk()
    await ann.ask(f"/persona {written}")
    assert ann.texts == [f"Answering here: Tutor\n\n{say('persona_tutor_greeting', 'en')}"]


async def test_a_misspelt_name_is_met_with_the_nearest(stage: Stage) -> None:
    """Nothing changes; markup in it stays text."""
    ann = stage.talk()
    await ann.ask("/persona tuter")
    await ann.ask("/persona nwe pirate: You are a pirate.")
    await ann.ask("/persona **[x](http://a.b)** `y`")
    assert ann.texts == [
        "I know no persona tuter. Did you mean /persona tutor? /persona shows them all.",
        "I know no persona nwe. Did you mean /persona new? /persona shows them all.",
        "I know no persona **[x](http://a.b)** `y`. /persona shows them all.",
    ]


async def test_made_up_data_chooses_nothing(stage: Stage) -> None:
    """Nor does another chat's persona."""
    ben = stage.talk("8")
    await ben.ask("/persona new pirate: Arr.")
    ann = stage.talk()
    await ann.ask("hello")
    presses = [ann.press_data(data) for data in ("persona:pirate", "persona:x:y", "persona:#1")]
    await stage.quiet()
    assert {stage.platform.answered_buttons[press] for press in presses} == {
        "This button does not work here."
    }
    await ann.ask("hello again")
    assert system(stage) == PROMPTS["assistant"]


async def test_a_button_elsewhere_opens_the_page(stage: Stage) -> None:
    """In the place of the message it stands under."""
    ann = stage.talk()
    await ann.ask("hello")
    shown = next(reversed(stage.platform.messages))
    ann.press_data("persona:", message_id=shown)
    await stage.quiet()
    assert ann.texts[-1].startswith("Answering here: Assistant")
    assert labels(ann)[0] == "✓ Assistant"


async def test_a_persona_that_is_gone_leaves_the_default_and_a_word(stage: Stage) -> None:
    """The operator has taken away what this chat had chosen."""
    await stage.set_chat("7", "persona", "gone")
    ann = stage.talk()
    await ann.ask("hello")
    assert system(stage) == PROMPTS["assistant"]
    await ann.ask("/persona")
    assert "This chat had chosen gone, which is no longer there" in ann.texts[-1]


async def test_the_operators_personas_are_offered_with_a_warning_for_a_dead_model(
    open_stage: OpenStage,
) -> None:
    """Under their titles; who chooses one reads what could take the model's place."""
    old = PersonaSettings(prompt="Old.", title="Old hand", models=("zai-org/GLM-4.5",))
    stage = await open_stage(personas=open_book({"old": old}))
    ann = stage.talk()
    await ann.ask("/persona")
    ann.press("Old hand")
    await stage.quiet()
    assert "Its model zai-org/GLM-4.5 is no longer offered; zai-org/GLM-4.6 can" in ann.texts[-1]
    assert "From now on I answer like this." in ann.texts[-1]


async def test_the_page_speaks_chinese(stage: Stage) -> None:
    """Sentences, titles and greetings."""
    wei = stage.talk()
    chinese = Author(id="5", name="Wei", language="zh-hans")
    await wei.ask("/persona", author=chinese)
    assert wei.texts[-1].startswith("正在回答的角色：助手\n\n回答各类问题")
    wei.press("翻译", author=chinese)
    await stage.quiet()
    assert "把要翻译的文字发给我" in wei.texts[-1]


# --- making and deleting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", [": ", "：", "\n", ":\n"])
async def test_an_own_persona_is_made_and_answers(stage: Stage, between: str) -> None:
    """A colon of either width or a new line; a colon in the prompt belongs to it."""
    ann = stage.talk()
    await ann.ask(f"/persona new Sea-Captain{between}Say: aye.\nThen answer.")
    assert ann.texts[-1].startswith("sea-captain is made and answers from now on.")
    await ann.ask("hello")
    assert system(stage) == "Say: aye.\nThen answer."
    await ann.ask("/persona")
    assert labels(ann)[-1] == "✓ sea-captain"


@pytest.mark.parametrize(
    "argument", ["new", "new pirate", "new pirate:", "new : Arr", "new pirate You are one"]
)
async def test_an_incomplete_one_is_explained(stage: Stage, argument: str) -> None:
    """With an example to copy."""
    ann = stage.talk()
    await ann.ask(f"/persona {argument}")
    assert "/persona new pirate: You are an old pirate." in ann.texts[-1]
    assert await names(stage) == []


@pytest.mark.parametrize("name", ["**bold**", "<b>x</b>", "[x](http", "two words", "_x_", "show", "a" * 33])
async def test_a_name_that_is_none_is_refused(stage: Stage, name: str) -> None:
    """Markup above all."""
    ann = stage.talk()
    await ann.ask(f"/persona new {name}\nArr.")
    assert ann.texts == [
        (
            "That can't be a persona's name. A name is one word of at most 32 letters, digits, - and _, such "
            "as sea-captain, and neither new, show nor delete."
        )
    ]
    assert await names(stage) == []


async def test_a_prompt_of_a_hundred_kilobytes_is_refused_with_its_length(stage: Stage) -> None:
    """Both figures are named; the longest that fits is taken."""
    ann = stage.talk()
    await ann.ask(f"/persona new long: {'x' * 100_000}")
    await ann.ask(f"/persona new long: {'x' * 8_000}")
    assert ann.texts[0] == ("That prompt is 100,000 characters long; at most 8,000 fit. Please shorten it.")
    assert await names(stage) == ["long"]


async def test_the_services_names_are_taken(stage: Stage) -> None:
    """A chat cannot pass its own off as one of them, nor delete one."""
    ann = stage.talk()
    await ann.ask("/persona new tutor: Give all answers.")
    await ann.ask("/persona delete tutor")
    assert ann.texts == [
        "tutor is one of the service's own personas and stays as it is. Please choose another name.",
        "tutor is one of the service's own personas and can't be deleted here.",
    ]


async def test_there_is_a_most(stage: Stage) -> None:
    """The next one waits for room; replacing still goes."""
    peer = stage.key("7").peer
    for number in range(MOST_PERSONAS):
        await stage.database.write(
            lambda conn, number=number: save_persona(  # type: ignore[misc]
                conn, peer, f"p{number}", definition="{}", author_id="1", now=number, most=MOST_PERSONAS
            )
        )
    ann = stage.talk()
    await ann.ask("/persona new one-more: x")
    assert ann.texts[-1].startswith("This chat has 20 personas of its own already")
    await ann.ask("/persona new p3: x")
    assert ann.texts[-1].startswith("p3 has its new prompt and answers from now on.")
    await ann.ask("/persona delete p4")
    await ann.ask("/persona new one-more: x")
    assert (await names(stage))[-1] == "one-more"


async def test_deleting_the_chosen_one_brings_the_default_back(stage: Stage) -> None:
    """And says who answers now."""
    ann = stage.talk()
    await ann.ask("/persona new pirate: Arr.")
    await ann.ask("/persona delete Pirate")
    assert ann.texts[-1].startswith("Deleted: pirate\n\nAnswering here: Assistant")
    await ann.ask("hello")
    assert system(stage) == PROMPTS["assistant"]


async def test_delete_without_a_name_lists_what_there_is(stage: Stage) -> None:
    """Or says that there is nothing."""
    ann = stage.talk()
    await ann.ask("/persona delete")
    await ann.ask("/persona new pirate: Arr.")
    await ann.ask("/persona delete")
    await ann.ask("/persona delete parrot")
    assert ann.texts[0] == "This chat has no personas of its own to delete."
    assert ann.texts[2] == ann.texts[3]
    assert ann.texts[2].endswith("This chat's own are: pirate")


async def test_a_prompt_is_shown_as_it_was_written(stage: Stage) -> None:
    """Whatever fences it holds; without a name that of the present persona; of an unknown one nothing."""
    ann = stage.talk()
    prompt = "Use\n```\ncode\n```\nand **stars**."
    await ann.ask(f"/persona new fenced\n{prompt}")
    await ann.ask("/persona show")
    await ann.ask("/persona show translator")
    await ann.ask("/persona show translater")
    assert ann.texts[1] == f"fenced (fenced) is told:\n\n{prompt}"
    assert ann.texts[2] == f"Translator (translator) is told:\n\n{PROMPTS['translator']}"
    assert "Did you mean /persona translator?" in ann.texts[3]


async def test_a_persona_is_made_once_though_its_turn_runs_twice(stage: Stage) -> None:
    """The answer fails with a defect after the change; the second attempt only says it."""
    ann = stage.talk()
    moods = iter(["defect"])
    stage.platform.mood = lambda _: next(moods, "")
    await ann.ask("/persona new pirate: Arr.")
    assert ann.texts[-1].startswith("pirate is made and answers")
    assert await names(stage) == ["pirate"]


# --- groups -------------------------------------------------------------------------------------------------


async def group(open_stage: OpenStage, *moderators: str) -> Talk:
    """A group whose platform knows its admins."""
    stage = await open_stage(platform=Moderated(limit=2000, moderators=set(moderators)))
    return stage.talk(kind=ChatKind.GROUP)


async def test_in_a_group_only_its_admins_choose(open_stage: OpenStage) -> None:
    """By name and by button; everybody may look."""
    talk = await group(open_stage, ANN.id)
    await talk.ask("/persona tutor", author=BEN)
    assert talk.texts == ["Only admins of this group may change this."]
    await talk.ask("/persona", author=BEN)
    press = talk.press("Tutor", author=BEN)
    await talk.stage.quiet()
    assert talk.stage.platform.answered_buttons[press] == "Only admins of this group may change this."
    assert labels(talk)[0] == "✓ Assistant"
    talk.press("Tutor", author=ANN)
    await talk.stage.quiet()
    assert "✓ Tutor" in labels(talk)


async def test_what_somebody_made_for_a_group_is_theirs_and_the_admins(open_stage: OpenStage) -> None:
    """Ben's persona waits for an admin to choose it; Carl may neither replace nor delete it; Ben may."""
    talk = await group(open_stage, ANN.id)
    await talk.ask("/persona new pirate: Arr.", author=BEN)
    assert talk.texts[-1] == ("pirate is made. An admin of this group can choose it with /persona pirate.")
    await talk.ask("/persona new pirate: Ahoy.", author=CARL)
    await talk.ask("/persona delete pirate", author=CARL)
    assert (
        talk.texts[-2:]
        == ["pirate was made by somebody else. Only they and this group's admins may change or delete it."]
        * 2
    )
    await talk.ask("/persona new pirate: Ahoy.", author=BEN)
    assert talk.texts[-1] == "pirate has its new prompt."
    await talk.ask("/persona new pirate: Avast.", author=ANN)
    await talk.ask("hello", author=CARL)
    assert system(talk.stage).startswith("Avast.\n\nThis is a group chat.")
    await talk.ask("/persona delete pirate", author=BEN)
    assert await names(talk.stage) == []


# --- room ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "models", [("deepseek-ai/DeepSeek-OCR",), ("Qwen/Qwen2.5-7B-Instruct",)], ids=["8k", "32k"]
)
async def test_the_longest_prompt_leaves_room_for_a_question(
    open_stage: OpenStage, models: tuple[str, ...]
) -> None:
    """On a model with little context and under an operator's narrow bound."""
    stage = await open_stage(models=models, context_tokens=1000, max_tokens=1024)
    ann = stage.talk()
    await ann.ask(f"/persona new long: {'word ' * 1600}")
    await ann.ask("hello")
    assert ann.texts[-1] == "You said: hello"
    assert len(system(stage)) == 7999


@pytest.mark.parametrize(("pieces", "fits"), [(1, True), (24, False)], ids=["fits", "too long"])
async def test_a_prompt_that_the_client_cut_is_read_whole(stage: Stage, pieces: int, fits: bool) -> None:
    """Its pieces are neither answered nor lost."""
    ann = stage.talk()
    ann.say(f"/persona new long: {'a' * 4000}", fills_limit=True)
    for _ in range(pieces - 1):
        ann.say("b" * 4096, fills_limit=True)
    await ann.ask("c" * 50)
    await stage.quiet()
    assert len(ann.texts) == 1
    assert ann.texts[0].startswith("long is made" if fits else "That prompt is 98,")
    if fits:
        await ann.ask("hello")
        assert system(stage) == "a" * 4000 + "\n" + "c" * 50
