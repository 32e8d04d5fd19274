"""/image from the message to the picture: drawn once, in line, changed, cancelled, failures in words."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Connection

from bot.messages import Attachment, AttachmentKind, ChatKind, Quoted
from bot.sandbox import Hang, HttpError, Reply
from bot.storage.tables import drawings, made_files, timers
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.stage import ANN, BEN, Stage, Talk

ALWAYS = 1_000_000
"""So many downloads break off."""
TRIES = 4
"""So often a download is begun before it is put off."""
PHOTO = Attachment(kind=AttachmentKind.IMAGE, file_id="photo", unique_id="u-photo")


def png(size: tuple[int, int] = (320, 240)) -> bytes:
    """A picture as somebody might send it."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, "PNG")
    return buffer.getvalue()


async def settled(stage: Stage) -> None:
    """Wait until nothing is open, not even a timer."""
    async with asyncio.timeout(30):
        while True:
            await stage.quiet()
            # A turn that ended meanwhile may have left a timer, and the other way round: one look at both.
            stats = await stage.engine.stats()
            if not (stats.timers or stats.queued or stats.running or stats.held):
                return
            await asyncio.sleep(0.01)


async def draw(stage: Stage, talk: Talk, text: str, **fields: object) -> None:
    """Ask for a picture and wait for all that follows."""
    await talk.ask(text, **fields)
    await settled(stage)


async def its_turn_comes(stage: Stage) -> None:
    """Time passes while the service is down: all that waits is due."""

    def pass_time(conn: Connection) -> None:
        conn.execute(drawings.update().values(due_at=0.0, begun_at=0.0))
        conn.execute(timers.update().values(due_at=0.0))

    await stage.database.write(pass_time)
    await stage.restart()


def shown_pictures(stage: Stage) -> list[Sequence[str]]:
    """The types of the files in each message that shows any."""
    return [tuple(file.mime for file in files) for files in stage.platform.pictures.values()]


async def stages_of(stage: Stage) -> list[str]:
    """How far each order is."""
    rows = await stage.database.read(lambda conn: conn.execute(drawings.select()).all())
    return [row.stage for row in rows]


async def addresses_of(stage: Stage) -> list[str]:
    """Where what was drawn is to be fetched, of each order."""
    rows = await stage.database.read(lambda conn: conn.execute(drawings.select()).all())
    return [row.results for row in rows]


async def test_a_picture_takes_the_place_of_the_line_about_it(stage: Stage) -> None:
    """The line becomes the picture with its prompt, what drew it and the buttons."""
    talk = stage.talk()
    await draw(stage, talk, "/image a red fox --seed 7")
    assert shown_pictures(stage) == [("image/png",)]
    (message,) = talk.shown
    assert message.text == "a red fox\nKolors · seed 7"
    assert [button.label for row in message.buttons for button in row] == [
        "Again",
        "Variation",
        "Better prompt",
    ]
    assert await stages_of(stage) == ["shown"]


async def test_of_what_was_made_the_newest_pictures_of_a_chat_are_kept(stage: Stage) -> None:
    """For a day, in case they are to be changed; a deleted message takes its own away."""

    async def kept() -> list[int]:
        rows = await stage.database.read(lambda conn: conn.execute(made_files.select()).all())
        return sorted(row.turn_id for row in rows)

    stage.sandbox.painting.per_minute = 0
    talk, other = stage.talk(), stage.talk("8")
    await draw(stage, talk, "/image a fox")
    first = await kept()
    message = talk.say("/image a hare")
    await settled(stage)
    await draw(stage, other, "/video waves", author=BEN)
    second = await kept()
    assert len(first) == len(second) == 1
    assert first != second
    talk.delete(message)
    await stage.quiet()
    assert await kept() == []
    await draw(stage, talk, "/image an owl")
    await stage.database.write(lambda conn: conn.execute(drawings.update().values(begun_at=1.0)))
    await draw(stage, other, "/image a cat", author=BEN)
    assert len(await kept()) == 1


async def test_options_reach_the_provider(stage: Stage) -> None:
    """Size, number, what not to draw, seed, steps and guidance stand in the request."""
    talk = stage.talk()
    stage.sandbox.painting.per_minute = 0
    await draw(
        stage,
        talk,
        '/image a fox —size tall --count 2 --no "text, people" seed=7 --steps 30 --guidance 5',
    )
    (body,) = [r.body for r in stage.sandbox.requests if r.path.endswith("/images/generations")]
    assert body == {
        "model": "Kwai-Kolors/Kolors",
        "prompt": "a fox",
        "image_size": "720x1280",
        "batch_size": 2,
        "negative_prompt": "text, people",
        "seed": 7,
        "num_inference_steps": 30,
        "guidance_scale": 5.0,
    }
    assert shown_pictures(stage) == [("image/png", "image/png")]


async def test_a_shape_that_only_another_model_has_is_drawn_by_that_one(stage: Stage) -> None:
    """Kolors has no wide pictures."""
    await draw(stage, stage.talk(), "/image a beach --size wide")
    assert [order.model for order in stage.sandbox.painting.drawn] == ["Qwen/Qwen-Image"]
    assert stage.sandbox.painting.drawn[0].size == (1664, 928)


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("/image", "Write what I shall draw"),
        ("/image a fox --colour red", "I don't know what to make of the option colour"),
        ("/image a fox --count 9", "count has to be a number from 1 to 4"),
        ("/image a fox --size 17x17", "There is no model here for the size 17x17"),
        ("/image a fox --size huge", "I don't know the size huge"),
        ("/image a fox --model dall-e", "No model here is called dall-e"),
        ("/image a fox --model qwen --count 2", "Qwen-Image draws at most 1"),
        ("/image " + "fox " * 600, "That is too long for a picture"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_answered_with_why(
    stage: Stage, text: str, beginning: str
) -> None:
    """Each with a sentence, and nothing is asked of the provider."""
    talk = stage.talk()
    await draw(stage, talk, text)
    assert len(talk.texts) == 1
    assert talk.texts[0].startswith(beginning)
    assert not stage.sandbox.painting.drawn


async def test_who_comes_when_the_minute_is_full_waits_in_line(open_stage: OpenStage) -> None:
    """The place is shown, the conversation goes on meanwhile, and a restart does not lose it."""
    stage = await open_stage(minute_seconds=600.0)
    stage.sandbox.painting.per_minute = 0  # another minute than the stand-in's
    talk, other = stage.talk(), stage.talk("8")
    for number in range(2):
        await draw(stage, talk, f"/image fox {number}")
    await other.ask("/image a hare", author=BEN)
    await other.ask("/image a horse", author=BEN)
    assert other.texts[0].startswith("1st in line, about 10 min")
    assert other.texts[1].startswith("2nd in line, about 10 min")
    await other.ask("hello", author=BEN)
    assert other.texts[-1] == "You said: hello"
    assert len(stage.sandbox.painting.drawn) == 2
    await its_turn_comes(stage)
    await settled(stage)
    assert [order.prompt for order in stage.sandbox.painting.drawn[2:]] in (
        ["a hare", "a horse"],
        ["a horse", "a hare"],
    )
    assert shown_pictures(stage) == [("image/png",)] * 4


async def test_a_line_of_more_than_half_an_hour_is_not_joined(open_stage: OpenStage) -> None:
    """Better to be told than to wait for a picture nobody remembers."""
    stage = await open_stage(minute_seconds=3600.0)
    stage.sandbox.painting.per_minute = 0
    for number in range(2):
        await draw(stage, stage.talk(), f"/image fox {number}")
    other = stage.talk("8")
    await draw(stage, other, "/image a hare", author=BEN)
    assert other.texts == ["The line for pictures is about 60 minutes long now. Please try again later."]


async def test_a_day_that_is_full_is_told_in_hours(stage: Stage) -> None:
    """The provider's share of a day."""
    about = replace(stage.making.painter.about("Kwai-Kolors/Kolors"), per_day=1)
    stage.making.painter.about = lambda _: about  # type: ignore[method-assign,assignment]
    talk = stage.talk()
    await draw(stage, talk, "/image a fox")
    await draw(stage, talk, "/image a hare")
    assert talk.texts[-1].startswith(
        "The provider allows no more pictures today: there is room again in about 24"
    )


async def test_a_limit_reached_at_the_provider_means_to_wait_on(stage: Stage) -> None:
    """Somebody else uses the account: the order goes back into the line instead of failing."""
    talk = stage.talk()
    body = {"message": "Request was rejected due to rate limiting. Details:IPM limit reached.", "data": None}
    stage.sandbox.painting.faults.append(HttpError(status=429, body=body))
    await draw(stage, talk, "/image a red fox")
    assert shown_pictures(stage) == [("image/png",)]
    assert any("in line" in text for text in talk.shown[0].history)


@pytest.mark.parametrize(
    ("fault", "beginning"),
    [
        (HttpError(status=403, body={"code": 30001, "message": "balance", "data": None}), "I can't draw or"),
        (HttpError(status=400, body={"code": 20012, "message": "gone", "data": None}), "The model for this"),
        (HttpError(status=400, body={"code": 20015, "message": "bad", "data": None}), "The model didn't"),
    ],
)
async def test_a_refusal_is_told_in_plain_words(stage: Stage, fault: HttpError, beginning: str) -> None:
    """The line says what happened, without buttons that would lead nowhere."""
    talk = stage.talk()
    stage.sandbox.painting.faults.append(fault)
    await draw(stage, talk, "/image a red fox")
    (message,) = talk.shown
    assert message.text.startswith(beginning)
    assert message.buttons == ()
    assert await stages_of(stage) == ["failed"]


async def test_what_the_filter_does_not_let_pass_is_told_so(stage: Stage) -> None:
    """451 of the provider."""
    talk = stage.talk()
    await draw(stage, talk, "/image something nsfw")
    assert talk.texts == [
        "The provider's content filter didn't let this pass. Put it differently and I'll try again."
    ]


async def test_an_overloaded_provider_is_asked_again(stage: Stage) -> None:
    """503 passes."""
    body = {"code": 50505, "message": "Model service overloaded.", "data": None}
    stage.sandbox.painting.faults.append(HttpError(status=503, body=body))
    await draw(stage, stage.talk(), "/image a red fox")
    assert shown_pictures(stage) == [("image/png",)]


async def test_again_repeats_the_order_and_a_variation_leaves_the_seed(stage: Stage) -> None:
    """Both keep the other options; each press makes one picture."""
    stage.sandbox.painting.per_minute = 0
    talk = stage.talk()
    await draw(stage, talk, "/image a fox --seed 7 --size tall")
    talk.press("Again")
    await settled(stage)
    talk.press("Variation")
    await settled(stage)
    seeds = [order.seed for order in stage.sandbox.painting.drawn]
    assert seeds == [7, 7, None]
    assert {order.size for order in stage.sandbox.painting.drawn} == {(720, 1280)}
    assert shown_pictures(stage) == [("image/png",)] * 3


async def test_a_better_prompt_is_written_by_the_chat_model_and_drawn(stage: Stage) -> None:
    """The new picture's caption is the new prompt."""
    talk = stage.talk()
    stage.brain.teach("a fox", Reply(text='"A red fox in deep snow, golden light, wide shot"'))
    await draw(stage, talk, "/image a fox")
    talk.press("Better prompt")
    await settled(stage)
    assert talk.texts[-1].startswith("A red fox in deep snow, golden light, wide shot\n")


async def test_an_answered_photo_is_changed_by_a_model_that_can(stage: Stage) -> None:
    """The photo goes along, and the model takes its size from it."""
    stage.platform.files["photo"] = png()
    talk = stage.talk()
    quoted = Quoted(how="reply", message_id="55", attachments=(PHOTO,))
    await draw(stage, talk, "/image make it night", quoted=quoted)
    (order,) = stage.sandbox.painting.drawn
    assert order.model == "Qwen/Qwen-Image-Edit"
    with Image.open(io.BytesIO(order.image)) as sent:
        assert sent.size == (320, 240)
    assert shown_pictures(stage) == [("image/png",)]


async def test_several_pictures_go_into_one_change(stage: Stage) -> None:
    """That of the message it answers, then its own; three at most, to the model that takes so many."""
    stage.platform.files["photo"] = png()
    stage.platform.files["hat"] = png((128, 128))
    hat = Attachment(kind=AttachmentKind.DOCUMENT, file_id="hat", unique_id="u-hat", mime="image/png")
    talk, quoted = stage.talk(), Quoted(how="reply", message_id="55", attachments=(PHOTO,))
    await draw(stage, talk, "/image the hat on it", attachments=(hat,), quoted=quoted)
    talk.press("Again")
    await settled(stage)
    orders = stage.sandbox.painting.drawn
    assert [order.model for order in orders] == ["Qwen/Qwen-Image-Edit-2509"] * 2
    for order in orders:
        sent = [Image.open(io.BytesIO(data)).size for data in (order.image, *order.more)]
        assert sent == [(320, 240), (128, 128)]
    await draw(stage, talk, "/image all of them", attachments=(PHOTO,) * 4)
    assert talk.texts[-1] == "I can take at most 3 of these pictures at once. Send fewer."


async def test_a_change_can_be_ordered_again(stage: Stage) -> None:
    """The photo is still known then."""
    stage.platform.files["photo"] = png()
    stage.sandbox.painting.per_minute = 0
    talk = stage.talk()
    await draw(stage, talk, "/image make it night", attachments=(PHOTO,))
    talk.press("Again")
    await settled(stage)
    first, second = stage.sandbox.painting.drawn
    assert first.image == second.image != b""


async def test_without_a_model_that_changes_pictures_it_is_said(open_stage: OpenStage) -> None:
    """Rather than drawing something that has nothing to do with the photo."""
    stage = await open_stage(drawing_models=("Kwai-Kolors/Kolors",))
    stage.platform.files["photo"] = png()
    talk = stage.talk()
    await draw(stage, talk, "/image make it night", attachments=(PHOTO,))
    assert talk.texts[0].startswith("No model is set up here that changes pictures")


async def test_an_order_can_be_cancelled_by_who_gave_it_and_by_nobody_else(stage: Stage) -> None:
    """Also while it is being drawn; nothing is shown then."""
    stage.sandbox.painting.faults.append(Hang(before="headers"))
    talk = stage.talk(kind=ChatKind.GROUP)
    talk.say("/image a red fox")
    await stage.until(lambda: bool(talk.texts) and talk.texts[-1].startswith("Drawing with"))
    press = talk.press("Cancel", author=BEN)
    await stage.until(lambda: press in stage.platform.answered_buttons)
    assert stage.platform.answered_buttons[press] == "Only who ordered it can cancel it."
    talk.press("Cancel", author=ANN)
    await settled(stage)
    assert talk.texts == ["Cancelled."]
    assert await stages_of(stage) == ["cancelled"]


async def test_a_forged_step_or_order_does_nothing(stage: Stage) -> None:
    """Only timers let an order go on, and a button works only in its own chat."""
    talk, other = stage.talk(), stage.talk("8")
    await draw(stage, talk, "/image a red fox")
    (row,) = await stage.database.read(lambda conn: conn.execute(drawings.select()).all())
    for data in (f"draw:step:{row.turn_id}", "draw:again:999999", "draw:again:x", "draw:what:1"):
        talk.press_data(data)
    other.press_data(f"draw:again:{row.turn_id}")
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1
    assert (
        set(stage.platform.answered_buttons.values())
        == {"This button does not belong to this conversation any more."}
        or len(stage.platform.answered_buttons) == 5
    )


async def test_four_open_orders_are_enough_for_one_person(stage: Stage) -> None:
    """Others keep their chance."""
    stage.sandbox.painting.faults.extend([Hang(before="headers")] * 5)
    talk = stage.talk()
    for number in range(4):
        talk.say(f"/image fox {number}")
    await stage.until(lambda: len(talk.shown) == 4)
    talk.say("/image one more")
    await stage.until(lambda: any(text.startswith("4 orders of yours") for text in talk.texts))


async def test_a_restart_between_drawing_and_showing_shows_it_once(open_stage: OpenStage) -> None:
    """What was drawn is stored, so it is neither drawn nor shown twice."""
    stage = await open_stage()
    failing = True
    stage.platform.mood = lambda call: "lost" if failing and call == "show_media" else ""
    talk = stage.talk()
    talk.say("/image a red fox --count 2")
    await stage.until(lambda: "show_media" in stage.platform.calls)
    await stage.end()
    failing = False
    await stage.begin()
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1
    assert shown_pictures(stage) == [("image/png", "image/png")]


async def test_an_album_whose_sending_was_unclear_is_not_sent_again(stage: Stage) -> None:
    """It is looked for first."""
    moods = iter(["unclear"])
    stage.platform.mood = lambda call: next(moods, "") if call == "show_media" else ""
    talk = stage.talk()
    await draw(stage, talk, "/image a red fox --count 2")
    assert stage.platform.calls.count("show_media") == 2
    assert shown_pictures(stage) == [("image/png", "image/png")]


async def test_a_line_that_was_deleted_is_written_anew(stage: Stage) -> None:
    """The picture still comes."""
    moods = iter(["gone"])
    stage.platform.mood = lambda call: next(moods, "") if call == "show_media" else ""
    talk = stage.talk()
    await draw(stage, talk, "/image a red fox")
    assert shown_pictures(stage) == [("image/png",)]


async def test_deleting_the_message_takes_the_order_back_and_its_words_away(stage: Stage) -> None:
    """As with every question."""
    stage.sandbox.painting.faults.append(Hang(before="headers"))
    talk = stage.talk()
    message = talk.say("/image a secret fox")
    await stage.until(lambda: bool(talk.texts) and talk.texts[-1].startswith("Drawing with"))
    talk.delete(message)
    await settled(stage)
    assert await stages_of(stage) == ["cancelled"]
    (row,) = await stage.database.read(lambda conn: conn.execute(drawings.select()).all())
    assert (row.prompt, row.author_id, row.wish) == ("", "", "{}")


async def test_a_restart_while_pictures_are_fetched_has_them_drawn_once(stage: Stage) -> None:
    """Where they are is stored; to fetch them nobody waits in line again."""
    stage.sandbox.results.broken_downloads = ALWAYS
    talk = stage.talk()
    talk.say("/image a red fox --count 2 --seed 7")
    await stage.until(lambda: stage.sandbox.results.downloads >= 2)
    await stage.end()
    stage.sandbox.results.broken_downloads = 0
    await stage.begin()
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1
    assert shown_pictures(stage) == [("image/png", "image/png")]
    assert [text.splitlines()[-1] for text in talk.texts if "Kolors" in text] == ["Kolors · seed 7"]
    assert not any("in line" in text for shown in talk.shown for text in shown.history)
    assert await stages_of(stage) == ["shown"]
    assert await addresses_of(stage) == [""]


async def test_pictures_that_cannot_be_fetched_are_fetched_later(stage: Stage) -> None:
    """Twice in vain, each with all its tries: drawn once, and counted as drawn meanwhile."""
    stage.sandbox.results.broken_downloads = ALWAYS
    talk = stage.talk()
    talk.say("/image a red fox")
    await stage.until(lambda: stage.sandbox.results.downloads > 2 * TRIES)
    assert await stages_of(stage) == ["making"]
    stage.sandbox.results.broken_downloads = 0
    await settled(stage)
    assert len(stage.sandbox.painting.drawn) == 1
    assert shown_pictures(stage) == [("image/png",)]


async def test_an_order_is_taken_back_while_its_pictures_cannot_be_fetched(stage: Stage) -> None:
    """By its button and by deleting the message; nobody knows any more where they are."""
    stage.sandbox.results.broken_downloads = ALWAYS
    talk, other = stage.talk(), stage.talk("8")
    talk.say("/image a red fox")
    message = other.say("/image a hare", author=BEN)
    await stage.until(lambda: stage.sandbox.results.downloads > 2 * TRIES)
    await stage.until(lambda: all(one.texts and one.texts[0].startswith("Drawing") for one in (talk, other)))
    talk.press("Cancel")
    other.delete(message)
    await settled(stage)
    assert await stages_of(stage) == ["cancelled", "cancelled"]
    assert await addresses_of(stage) == ["", ""]
    assert stage.platform.pictures == {}


async def test_an_expired_address_is_told_in_words(stage: Stage) -> None:
    """The pictures are gone, and nothing that is paid for is done without being asked for."""
    stage.sandbox.results.url_seconds = -1.0
    talk = stage.talk()
    await draw(stage, talk, "/image a red fox")
    assert talk.texts == ["What I drew was no longer there when I came for it. Please order it once more."]
    assert len(stage.sandbox.painting.drawn) == 1
    assert await stages_of(stage) == ["failed"]
    assert await addresses_of(stage) == [""]


async def test_after_an_hour_nothing_is_fetched_any_more(stage: Stage) -> None:
    """However the downloads fail, the order ends, and with the same words."""
    stage.sandbox.results.broken_downloads = ALWAYS
    talk = stage.talk()
    talk.say("/image a red fox")
    await stage.until(lambda: stage.sandbox.results.downloads > TRIES)
    await stage.database.write(lambda conn: conn.execute(drawings.update().values(begun_at=1.0)))
    await settled(stage)
    assert talk.texts[0].startswith("What I drew was no longer there")
    assert len(stage.sandbox.painting.drawn) == 1


async def test_a_download_that_breaks_off_is_begun_anew(stage: Stage) -> None:
    """Half a picture is never shown."""
    stage.sandbox.results.broken_downloads = 1
    await draw(stage, stage.talk(), "/image a red fox")
    (files,) = stage.platform.pictures.values()
    with Image.open(io.BytesIO(files[0].data)) as image:
        image.load()


async def test_orders_count_as_questions(open_stage: OpenStage, tmp_path: Path) -> None:
    """Whoever asks too much a minute is told so."""
    stage = await open_stage(person_per_minute=1)
    talk = stage.talk()
    await draw(stage, talk, "/image a fox")
    await draw(stage, talk, "/image a hare")
    assert len(stage.sandbox.painting.drawn) == 1
