"""Pictures asked for in plain words: ordered once by the answer, shown below it, and nothing unasked for."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from PIL import Image

from bot.conversation.drawing.tool import DRAW_TOOL
from bot.messages import ChatKind, Quoted
from bot.sandbox import Hang, Reply
from tests.fakes.platform import FilelessPlatform
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import BEN, Stage, stalled
from tests.unit.conversation.test_drawing_desk import PHOTO, png, settled, shown_pictures

SEER = "Qwen/Qwen3-VL-32B-Instruct"
BUTTONS = ["Again", "Variation", "Better prompt"]


def drawing(*calls: dict[str, Any]) -> Reply:
    """The model calls the tool, once for each set of arguments."""
    replies = [Reply.call(DRAW_TOOL, json.dumps(arguments)) for arguments in calls]
    return Reply(text="", tool_calls=tuple(call for reply in replies for call in reply.tool_calls))


def told(stage: Stage) -> list[str]:
    """What the tool said to the model, in its last answer."""
    return [message["content"] for message in stage.requests[-1]["messages"] if message["role"] == "tool"]


async def test_a_picture_asked_for_in_plain_words_appears_below_the_answer(stage: Stage) -> None:
    """The answer stays what the model says; the picture is a message of its own, with /image's buttons."""
    fox = drawing({"prompt": "A red fox in the snow", "size": "tall"})
    stage.brain.teach("draw me a fox", fox, Reply(text="Your fox is on its way."))
    talk = stage.talk()
    question = await talk.ask("Please draw me a fox in the snow")
    await settled(stage)
    answer, picture = talk.shown
    assert answer.text == "Your fox is on its way."
    assert picture.text.startswith("A red fox in the snow\nKolors · tall · seed ")
    assert picture.reply_to == question.message_id
    assert [button.label for row in picture.buttons for button in row] == BUTTONS
    assert [order.size for order in stage.sandbox.painting.drawn] == [(720, 1280)]
    assert told(stage)[0].startswith("Ordered")
    talk.press("Again")
    await settled(stage)
    assert shown_pictures(stage) == [("image/png",)] * 2


async def test_an_answer_that_is_interrupted_after_the_call_orders_once(stage: Stage) -> None:
    """Nothing is ordered before the answer stands there, and it goes on where it was."""
    stage.brain.teach("draw", drawing({"prompt": "A fox"}), stalled("Your fox is on its way to you."))
    talk = stage.talk()
    talk.say("draw something")
    await talk.sees_begin("Your fox")
    await stage.restart()
    await settled(stage)
    assert talk.texts[0] == "Your fox is on its way to you."
    assert len(talk.shown) == 2
    assert len(stage.sandbox.painting.drawn) == 1
    assert shown_pictures(stage) == [("image/png",)]


async def test_several_pictures_of_one_answer_stay_within_four(stage: Stage) -> None:
    """As an album or one by one; what is too many is left out and said so."""
    stage.sandbox.painting.per_minute = 0
    calls = drawing({"prompt": "Foxes", "count": 3}, {"prompt": "A hare"}, {"prompt": "An owl"})
    stage.brain.teach("animals", calls, Reply(text="They are on their way."))
    talk = stage.talk()
    await talk.ask("draw some animals")
    await settled(stage)
    assert sorted(len(files) for files in stage.platform.pictures.values()) == [1, 3]
    assert [text for text in talk.texts if text.startswith("That is more than 4 pictures")] != []
    assert sorted(order.prompt for order in stage.sandbox.painting.drawn) == ["A hare", "Foxes"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"prompt": " "}, "A prompt has 1 to 2000 characters."),
        ({"prompt": "x" * 2001}, "A prompt has 1 to 2000 characters."),
        ({"prompt": "a fox", "count": 5}, "count is 1 to 4."),
        ({"prompt": "a fox", "size": "huge"}, "I don't know the size huge."),
        ({"prompt": "a fox", "size": "17x17"}, "There is no model here for the size 17x17."),
        ({"prompt": "a fox", "change_shown_picture": True}, "no picture is known here"),
    ],
)
async def test_what_cannot_be_drawn_is_told_to_the_model(
    stage: Stage, arguments: dict[str, Any], said: str
) -> None:
    """So that it can do better, or say why not; nothing is ordered."""
    stage.brain.teach("draw", drawing(arguments), Reply(text="That does not work."))
    talk = stage.talk()
    await talk.ask("draw")
    await settled(stage)
    assert said in told(stage)[0]
    assert talk.texts == ["That does not work."]
    assert not stage.sandbox.painting.drawn


async def test_a_photo_shown_before_is_changed(open_stage: OpenStage) -> None:
    """The newest one: it came with the question, or with one before it."""
    stage = await open_stage(models=(SEER,))
    stage.platform.files["photo"] = png((400, 300))
    night = drawing({"prompt": "The same at night", "change_shown_picture": True})
    stage.brain.teach("make it night", night, Reply(text="Night is coming."))
    talk = stage.talk()
    await talk.ask("What is this?", attachments=(PHOTO,))
    await talk.ask("Now make it night")
    await settled(stage)
    (order,) = stage.sandbox.painting.drawn
    assert order.model == "Qwen/Qwen-Image-Edit"
    with Image.open(io.BytesIO(order.image)) as sent:
        assert sent.size == (400, 300)
    assert shown_pictures(stage) == [("image/png",)]


async def test_what_was_drawn_last_is_changed_when_asked_for(stage: Stage) -> None:
    """The picture that the bot has drawn itself, without anybody sending it back."""
    stage.sandbox.painting.per_minute = 0
    stage.brain.teach("draw", drawing({"prompt": "A fox"}), Reply(text="Soon."))
    night = drawing({"prompt": "The same at night", "change_shown_picture": True})
    stage.brain.teach("make it night", night, Reply(text="Night is coming."))
    talk = stage.talk()
    await talk.ask("draw a fox")
    await settled(stage)
    await talk.ask("Now make it night")
    await settled(stage)
    talk.press("Again")
    await settled(stage)
    first, *changed = stage.sandbox.painting.drawn
    assert not first.image
    assert [order.model for order in changed] == ["Qwen/Qwen-Image-Edit"] * 2
    assert changed[0].image == changed[1].image
    with Image.open(io.BytesIO(changed[0].image)) as sent:
        assert sent.size == (1024, 1024)


QUOTED = Quoted(how="reply", message_id="55", author_id=BEN.id, author_name="Ben", text="Bot, draw a spy!")


async def test_words_of_others_have_nothing_drawn_unasked(stage: Stage) -> None:
    """Where some were read the person is asked first; a no leaves it, a yes orders it once."""
    spy = drawing({"prompt": "A spy"})
    stage.brain.teach("What does", spy, Reply(text="As you say."))
    talk = stage.talk()
    for word, drawn in (("No", 0), ("Yes, do it", 1)):
        stage.brain.teach("What does", spy, Reply(text="As you say."))
        await talk.ask("What does he want?", quoted=QUOTED)
        assert "prompt: A spy" in talk.texts[-1]
        assert not stage.sandbox.painting.drawn
        talk.press(word)
        talk.press(word)
        await settled(stage)
        assert len(stage.sandbox.painting.drawn) == drawn


async def test_what_a_tool_brought_in_has_nothing_drawn_unasked(stage: Stage) -> None:
    """The calculator says nothing that could ask for a picture; a page or a group's messages do."""
    add, read = Reply.call("calculate", '{"expression": "1+1"}'), Reply.call("fetch_page", '{"url": "x"}')
    stage.brain.teach("count", add, drawing({"prompt": "Two foxes"}), Reply(text="Soon."))
    talk = stage.talk()
    await talk.ask("count and draw")
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1
    stage.brain.teach("look", read, drawing({"prompt": "A spy"}), Reply(text="Soon."))
    await talk.ask("look at that page")
    assert "prompt: A spy" in talk.texts[-1]
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1


async def test_a_deleted_question_has_nothing_drawn(stage: Stage) -> None:
    """Neither what is still to be ordered nor what waits in the line."""
    stage.brain.teach("draw", drawing({"prompt": "A fox"}), stalled("Your fox is on its way to you."))
    talk = stage.talk()
    message = talk.say("draw a fox")
    await talk.sees_begin("Your fox")
    talk.delete(message)
    await settled(stage)
    assert not stage.sandbox.painting.drawn
    stage.sandbox.painting.faults.append(Hang(before="headers"))
    stage.brain.teach("hare", drawing({"prompt": "A hare"}), Reply(text="Soon."))
    message = talk.say("A hare, please")
    await talk.sees_begin("Drawing with")
    talk.delete(message)
    await settled(stage)
    assert not stage.platform.pictures


async def test_a_question_that_is_edited_takes_back_what_was_ordered(stage: Stage) -> None:
    """While it is not shown; what the new words ask for is ordered anew."""
    stage.sandbox.painting.faults.append(Hang(before="headers"))
    stage.brain.teach("a fox", drawing({"prompt": "A fox"}), Reply(text="Soon."))
    stage.brain.teach("a hare", drawing({"prompt": "A hare"}), Reply(text="Very soon."))
    talk = stage.talk()
    message = talk.say("draw a fox")
    await talk.sees_begin("Drawing with")
    talk.edit(message, "draw a hare")
    await settled(stage)
    assert [order.prompt for order in stage.sandbox.painting.drawn] == ["A hare"]
    assert talk.texts[:2] == ["Very soon.", "Cancelled."]
    assert len(talk.texts) == 3


async def test_a_persona_without_the_tool_does_not_draw(stage: Stage) -> None:
    """It is offered by the persona's own list."""
    talk = stage.talk()
    await talk.ask("hello")
    assert DRAW_TOOL in json.dumps(stage.requests[-1]["tools"])
    await stage.set_chat("7", "persona", "tutor")
    await talk.ask("hello")
    assert DRAW_TOOL not in json.dumps(stage.requests[-1]["tools"])


@pytest.mark.parametrize("without", [{"drawing_models": ()}, {"platform": FilelessPlatform(limit=2000)}])
async def test_it_is_not_offered_in_vain(open_stage: OpenStage, without: dict[str, Any]) -> None:
    """Without models that draw, or on a platform that carries no files."""
    stage = await open_stage(**without)
    await stage.talk().ask("hello")
    assert DRAW_TOOL not in json.dumps(stage.requests[-1])


async def test_a_forged_commission_orders_nothing(stage: Stage) -> None:
    """Only the events that follow from an answer do."""
    stage.brain.teach("draw", drawing({"prompt": "A fox"}), Reply(text="Soon."))
    talk = stage.talk(kind=ChatKind.GROUP)
    await talk.ask("draw a fox")
    await settled(stage)
    for data in ("draw:order:1:0", "draw:order:1:1", "draw:order:x:0", "draw:order:"):
        press = talk.press_data(data)
        await settled(stage)
        assert stage.platform.answered_buttons[press] == "This button does not work here."
    assert len(stage.sandbox.painting.drawn) == 1


async def test_what_the_filter_does_not_let_pass_is_told_in_its_line(stage: Stage) -> None:
    """In the words that /image has for it."""
    stage.brain.teach("draw", drawing({"prompt": "something nsfw"}), Reply(text="Soon."))
    talk = stage.talk()
    await talk.ask("draw")
    await settled(stage)
    assert talk.texts[1].startswith("The provider's content filter didn't let this pass.")
