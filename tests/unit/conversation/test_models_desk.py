"""/model: people see which model answers, choose another by button or name, and go back."""

from __future__ import annotations

from dataclasses import replace

from bot.conversation import BUILT_IN, PersonaBook
from bot.conversation.models.pages import handle_of
from bot.messages import ChatKind
from bot.ports import Button
from bot.sandbox import CATALOGUE, Reply
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import MODEL, THINKER, Stage, Talk
from tests.unit.conversation.test_personas import Moderated

R1 = "deepseek-ai/DeepSeek-R1"


def rows(talk: Talk) -> list[list[Button]]:
    return [list(row) for row in talk.shown[-1].buttons]


def labels(talk: Talk) -> list[str]:
    return [button.label for row in rows(talk) for button in row]


async def pressed(talk: Talk, label: str) -> str:
    """Press the button and give what the person is told."""
    press = talk.press(label)
    await talk.stage.quiet()
    return talk.stage.platform.answered_buttons[press]


async def test_the_page_says_which_model_answers_and_offers_the_others(open_stage: OpenStage) -> None:
    """The service's chain first, then the vendors with how many models each has."""
    stage = await open_stage(models=(MODEL, THINKER))
    ann = stage.talk()
    await ann.ask("/model")
    assert ann.texts == [
        (
            "The model of this chat\n\n"
            "Qwen/Qwen2.5-7B-Instruct, which the service uses by default. Tools, reads 32k tokens.\n\n"
            "When it cannot answer: Qwen/Qwen3-8B.\n\n"
            "Choose one below, or write /model and a part of its name."
        )
    ]
    assert labels(ann)[:2] == ["✓ Qwen2.5-7B-Instruct", "Qwen3-8B"]
    vendors = {card.id.removeprefix("Pro/").partition("/")[0] for card in CATALOGUE}
    assert {label.partition(" ")[0] for label in labels(ann)[2:]} == vendors
    assert all(len(button.data.encode()) <= 64 for row in rows(ann) for button in row)


async def test_a_model_is_chosen_by_buttons_and_answers_from_then_on(stage: Stage) -> None:
    """From vendor to model, over pages; the message says what holds now, and the way back is offered."""
    ann = stage.talk()
    await ann.ask("/model")
    qwen = next(label for label in labels(ann) if label.startswith("Qwen ("))
    assert await pressed(ann, qwen) == ""
    assert ann.texts[-1].startswith("Qwen, page 1 of ")
    first = ann.texts[-1]
    await pressed(ann, "More ›")
    assert ann.texts[-1] != first
    await pressed(ann, "‹ Earlier")
    assert ann.texts[-1] == first
    await pressed(ann, "‹ Overview")
    assert ann.texts[-1].startswith("The model of this chat")
    deepseek = next(label for label in labels(ann) if label.startswith("deepseek-ai ("))
    await pressed(ann, deepseek)
    assert "• DeepSeek-R1 – always thinks first, tools, reads 160k tokens" in ann.texts[-1]
    assert await pressed(ann, "DeepSeek-R1") == "Saved."
    assert "deepseek-ai/DeepSeek-R1, chosen for this chat." in ann.texts[-1]
    await ann.ask("Hello")
    assert stage.requests[-1]["model"] == R1
    await stage.talk("8").ask("Hello there")
    assert stage.requests[-1]["model"] == MODEL
    assert await pressed(ann, "↺ Default") == "Saved."
    await ann.ask("Hello again")
    assert stage.requests[-1]["model"] == MODEL


async def test_a_paid_twin_stands_beside_its_model(stage: Stage) -> None:
    """On one line, with a button of its own."""
    ann = stage.talk()
    await ann.ask("/model")
    await pressed(ann, next(label for label in labels(ann) if label.startswith("deepseek-ai (")))
    assert "Pro/" not in ann.texts[-1]
    row = next(row for row in rows(ann) if row[0].label == "DeepSeek-R1")
    assert [button.label for button in row] == ["DeepSeek-R1", "Pro"]
    ann.press_data(row[1].data, message_id=next(reversed(stage.platform.messages)))
    await stage.quiet()
    await ann.ask("Hello")
    assert stage.requests[-1]["model"] == f"Pro/{R1}"


async def test_a_model_is_found_by_what_people_write(stage: Stage) -> None:
    """A part of the name is enough; several that fit become buttons; a slip gets the nearest."""
    ann = stage.talk()
    await ann.ask("/model qwen3-14")
    assert ann.texts[-1].startswith("From now on Qwen/Qwen3-14B answers here. Thinks on request")
    await ann.ask("/model glm-4.")
    assert ann.texts[-1].startswith("“glm-4.” fits ")
    assert "GLM-4.6" in labels(ann)
    await ann.ask("/model qwne3-32b")
    assert ann.texts[-1] == "I know no model “qwne3-32b”. Did you mean one of these?"
    assert labels(ann)[0] == "Qwen3-32B"
    assert await pressed(ann, "Qwen3-32B") == "Saved."
    await ann.ask("Hello")
    assert stage.requests[-1]["model"] == "Qwen/Qwen3-32B"
    await ann.ask("/model @@@@@@")
    assert ann.texts[-1] == "I know no model “@@@@@@”. /model shows all there are."
    await ann.ask("/model default")
    assert "Qwen/Qwen2.5-7B-Instruct, which the service uses by default." in ann.texts[-1]


async def test_a_name_that_is_gone_leads_to_its_successor(stage: Stage) -> None:
    """Offered as a button, not taken without a word."""
    ann = stage.talk()
    await ann.ask("/model zai-org/GLM-4.5")
    assert ann.texts[-1] == "“zai-org/GLM-4.5” is no longer there; zai-org/GLM-4.6 has taken its place."
    assert labels(ann) == ["GLM-4.6"]
    await ann.ask("Hello")
    assert stage.requests[-1]["model"] == MODEL


async def test_words_that_are_markup_stay_words(stage: Stage) -> None:
    """What somebody writes after the command is shown as written."""
    ann = stage.talk()
    await ann.ask("/model **bold** [x](http://y)")
    assert ann.texts[-1].startswith("I know no model “**bold** [x](http://y)”.")


async def test_a_personas_model_is_told_as_such(open_stage: OpenStage) -> None:
    """The chat's own choice goes before it, and its chain is what is left when that fails."""
    tutor = replace(BUILT_IN[0], name="guide", models=(THINKER,))
    stage = await open_stage(personas=PersonaBook((tutor,)))
    ann = stage.talk()
    await ann.ask("/model")
    assert "Qwen/Qwen3-8B, which the persona guide asks for." in ann.texts[-1]
    await ann.ask("/model deepseek-r1-0528-qwen3-8b")
    await ann.ask("/model")
    assert "When it cannot answer: Qwen/Qwen3-8B." in ann.texts[-1]


async def test_in_a_group_only_those_choose_who_may(open_stage: OpenStage) -> None:
    """The command and the buttons alike; looking is everybody's."""
    stage = await open_stage(platform=Moderated(limit=2000, moderators={"2"}))
    group = stage.talk("-5", kind=ChatKind.GROUP)
    await group.ask("/model qwen3-14b")
    assert group.texts[-1] == "Only admins of this group may change this."
    await group.ask("/model default")
    assert group.texts[-1] == "Only admins of this group may change this."
    await group.ask("/model")
    assert await pressed(group, next(label for label in labels(group) if label.startswith("zai-org"))) == ""
    assert await pressed(group, "GLM-4.6") == "Only admins of this group may change this."
    await group.ask("Hello")
    assert stage.requests[-1]["model"] == MODEL


async def test_buttons_made_by_hand_are_refused(stage: Stage) -> None:
    """Models that nobody offers, pages that are none, words without meaning."""
    ann = stage.talk()
    await ann.ask("/model")
    message_id = next(reversed(stage.platform.messages))
    before = ann.texts
    forged = [
        "model:use:evil/model",
        "model:use:",
        "model:at:nobody:0",
        "model:at:Qwen:-1",
        "model:at:Qwen:99999999999999999999",
        "model:at:Qwen:²",
        "model:at:Qwen",
        "model:what",
        "model",
    ]
    presses = [ann.press_data(data, message_id=message_id) for data in forged]
    await stage.quiet()
    told = {stage.platform.answered_buttons[press] for press in presses}
    assert told == {"This button does not work here."}
    assert ann.texts == before


async def test_a_page_number_beyond_the_last_shows_the_last(stage: Stage) -> None:
    """The list may have become shorter since the button was made."""
    ann = stage.talk()
    await ann.ask("/model")
    ann.press_data("model:at:tencent:99", message_id=next(reversed(stage.platform.messages)))
    await stage.quiet()
    assert ann.texts[-1].startswith("tencent, page 1 of 1")


async def test_without_the_providers_list_the_settings_models_are_offered(open_stage: OpenStage) -> None:
    """And the page says why there are so few."""
    stage = await open_stage(models=(MODEL, THINKER))
    await stage.sandbox.close()
    ann = stage.talk()
    await ann.ask("/model")
    assert "The provider does not give its list of models just now" in ann.texts[-1]
    assert labels(ann) == ["✓ Qwen2.5-7B-Instruct", "Qwen3-8B", "Qwen (2)"]


async def test_a_chosen_model_that_vanishes_is_remarked_on_once(stage: Stage) -> None:
    """The answer comes from the chat's other models; the choice is dropped with one remark."""
    ann = stage.talk()
    await stage.set_chat("7", "model", "lost/model")
    stage.brain.teach("Hello", Reply(text="Hi."))
    await ann.ask("Hello")
    assert ann.texts == [
        (
            "Hi.\n\n(The provider no longer has lost/model, so this chat went back to its default. "
            "/model chooses another.)"
        )
    ]
    await ann.ask("Hello")
    assert ann.texts[1:] == ["Hi."]
    assert [request["model"] for request in stage.requests] == ["lost/model", MODEL, MODEL]


async def test_the_page_warns_of_a_model_that_is_not_listed(open_stage: OpenStage) -> None:
    """Gone without a known successor, or with one."""
    stage = await open_stage(models=("lost/model",))
    ann = stage.talk()
    await ann.ask("/model")
    assert "lost/model is not in the provider's list; the next model answers if it is gone." in ann.texts[-1]
    await stage.set_chat("7", "model", "zai-org/GLM-4.5")
    await ann.ask("/model")
    assert "“zai-org/GLM-4.5” is no longer there; zai-org/GLM-4.6 has taken its place." in ann.texts[-1]


async def test_it_speaks_chinese_to_those_who_do(stage: Stage) -> None:
    """The page, its buttons and what is said after a choice."""
    await stage.set_chat("7", "language", "zh")
    ann = stage.talk()
    await ann.ask("/model")
    assert ann.texts[-1].startswith(
        "本聊天的模型\n\nQwen/Qwen2.5-7B-Instruct（服务默认）。工具、上下文 32k。"
    )
    await ann.ask("/model qwen3-14b")
    assert ann.texts[-1] == "从现在起，这里由 Qwen/Qwen3-14B 回答。可开关思考、工具、上下文 128k。"


def test_long_ids_get_short_names_in_buttons() -> None:
    """The same ones each time, different for different ids."""
    long = [f"vendor/{'x' * 80}{n}" for n in range(3)]
    assert len({handle_of(one) for one in long}) == 3
    assert all(len(f"model:at:{handle_of(one)}:999".encode()) <= 64 for one in (*long, "中" * 30))
    assert handle_of(long[0]) == handle_of(long[0])
    assert handle_of(MODEL) == MODEL
