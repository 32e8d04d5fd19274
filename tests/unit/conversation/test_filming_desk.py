"""/video from the message to the film: begun once, asked after across restarts, failures in words."""

from __future__ import annotations

import io

import av
import pytest

from bot.errors import ProviderError, ProviderUnavailable
from bot.messages import Quoted
from bot.ports import FilmRequest, MadeFile
from bot.sandbox import HttpError
from bot.storage.tables import drawings
from tests.unit.conversation.stage import BEN, Stage
from tests.unit.conversation.test_drawing_desk import PHOTO, draw, png, settled, stages_of


async def test_a_film_takes_the_place_of_the_line_about_it(stage: Stage) -> None:
    """What is shown is a real film of the size that was asked for."""
    talk = stage.talk()
    await draw(stage, talk, "/video waves at a rocky shore --size tall --seed 5")
    (message,) = talk.shown
    assert message.text == "waves at a rocky shore\nWan2.2-T2V-A14B · tall · seed 5"
    ((film,),) = stage.platform.pictures.values()
    assert film.mime == "video/mp4"
    with av.open(io.BytesIO(film.data), mode="r") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (720, 1280)
        assert len(list(container.decode(stream))) > 1


async def test_the_line_tells_how_far_it_is(stage: Stage) -> None:
    """Waiting, then filming, with the time it has taken."""
    stage.sandbox.filming.queue_seconds = 3600
    talk = stage.talk()
    talk.say("/video waves")
    await stage.until(lambda: bool(talk.texts) and talk.texts[0].startswith("The film waits at the provider"))
    stage.sandbox.filming.queue_seconds, stage.sandbox.filming.film_seconds = 0, 3600
    await stage.until(lambda: talk.texts[0].startswith("Filming … 0:"))
    await talk.ask("hello")
    assert talk.texts[-1] == "You said: hello"
    stage.sandbox.filming.film_seconds = 0
    await settled(stage)
    assert len(stage.platform.pictures) == 1


async def test_a_photo_that_is_answered_comes_to_life(stage: Stage) -> None:
    """By the model that begins with a picture, in the size nearest to the photo's shape."""
    stage.platform.files["photo"] = png((400, 700))
    quoted = Quoted(how="reply", message_id="55", attachments=(PHOTO,))
    await draw(stage, stage.talk(), "/video the clouds move", quoted=quoted)
    (order,) = stage.sandbox.filming.submitted
    assert order.model == "Wan-AI/Wan2.2-I2V-A14B"
    assert order.size == (720, 1280)
    assert order.image


async def test_one_film_at_a_time_for_each_person(stage: Stage) -> None:
    """A second one is refused, another person's is not, and after a cancellation there is room again."""
    stage.sandbox.filming.film_seconds = 3600
    talk, other = stage.talk(), stage.talk("8")
    await talk.ask("/video waves")
    await talk.ask("/video clouds")
    assert talk.texts[-1].startswith("One film at a time")
    await other.ask("/video birds", author=BEN)
    await stage.until(lambda: len(stage.sandbox.filming.submitted) == 2)
    await stage.until(lambda: talk.texts[0].startswith("Filming"))
    talk.press("Cancel")
    await stage.until(lambda: talk.texts[0] == "Cancelled.")
    await talk.ask("/video clouds")
    await stage.until(lambda: len(stage.sandbox.filming.submitted) == 3)


async def test_a_restart_while_a_film_is_made_goes_on_asking_after_it(stage: Stage) -> None:
    """It is begun once, and shown by the process that finds it done."""
    stage.sandbox.filming.film_seconds = 3600
    talk = stage.talk()
    talk.say("/video waves")
    await stage.until(lambda: bool(talk.texts) and talk.texts[0].startswith("Filming"))
    await stage.restart()
    stage.sandbox.filming.film_seconds = 0
    await settled(stage)
    assert len(stage.sandbox.filming.submitted) == 1
    assert len(stage.platform.pictures) == 1
    assert await stages_of(stage) == ["shown"]


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("", "The provider couldn't make this film. Other words may help."),
        (
            "GPU out of memory",
            "The provider couldn't make this film: “GPU out of memory”. Other words may help.",
        ),
        ("NSFW content detected", "The provider's content filter didn't let this pass."),
    ],
)
async def test_a_failed_film_is_told_with_its_reason(stage: Stage, reason: str, shown: str) -> None:
    """As the provider names it, or in our words where it names none."""
    stage.sandbox.filming.failures.append(reason or " ")
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    assert len(talk.texts) == 1
    assert talk.texts[0].startswith(shown)
    assert await stages_of(stage) == ["failed"]


async def test_a_film_the_provider_has_forgotten_is_told_so(stage: Stage) -> None:
    """20063: it was done, and nobody came for it in time."""
    stage.sandbox.filming.keep_seconds = -1.0
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    assert talk.texts[0].startswith("The film was made, but it was no longer there")


async def test_a_film_done_while_nobody_could_ask_is_shown_all_the_same(stage: Stage) -> None:
    """The half hour is over, but what is there is there; what is not by then is given up."""
    stage.sandbox.filming.film_seconds = 3600
    talk, other = stage.talk(), stage.talk("8")
    talk.say("/video waves")
    other.say("/video birds", author=BEN)
    await stage.until(lambda: len(stage.sandbox.filming.submitted) == 2)
    await stage.until(lambda: all(one.texts and one.texts[0].startswith("Filming") for one in (talk, other)))
    await stage.end()
    await stage.begin_idle()
    await stage.database.write(lambda conn: conn.execute(drawings.update().values(created_at=0.0)))
    await stage.end()
    _, later = stage.sandbox.filming.jobs
    stage.sandbox.filming.done.add(later)
    await stage.begin()
    await settled(stage)
    assert sorted(await stages_of(stage)) == ["failed", "shown"]
    assert any(text.startswith("The film took longer than half an hour") for text in talk.texts + other.texts)


async def test_a_film_that_may_have_been_begun_is_begun_once_more_at_most(stage: Stage) -> None:
    """It is paid for; one that was turned away is tried more often."""
    tries = 0

    async def unclear(request: FilmRequest) -> str:
        nonlocal tries
        tries += 1
        raise ProviderUnavailable("no answer within 60 s")

    stage.making.filmmaker.submit = unclear  # type: ignore[method-assign]
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    assert tries == 2
    assert talk.texts[0].startswith("The provider can't make this right now")


async def test_a_film_that_cannot_be_used_is_told_so(stage: Stage) -> None:
    """Too large, or no film at all."""

    async def too_large(url: str) -> MadeFile:
        raise ProviderError("more than 52428800 bytes")

    stage.making.filmmaker.fetch = too_large  # type: ignore[method-assign]
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    assert talk.texts[0].startswith("The film was made, but its file is broken or far too large")


async def test_a_film_whose_address_has_expired_is_told_so(stage: Stage) -> None:
    """The hour was over."""
    stage.sandbox.results.url_seconds = -1.0
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    assert talk.texts[0].startswith("The film was made, but it was no longer there")


async def test_a_busy_provider_is_asked_again_for_a_film(stage: Stage) -> None:
    """429 and 503 pass."""
    body = {"code": 50505, "message": "Model service overloaded.", "data": None}
    stage.sandbox.filming.faults.append(HttpError(status=503, body=body))
    await draw(stage, stage.talk(), "/video waves")
    assert len(stage.platform.pictures) == 1


async def test_a_film_can_be_made_again(stage: Stage) -> None:
    """By the button below it."""
    talk = stage.talk()
    await draw(stage, talk, "/video waves")
    talk.press("Again")
    await settled(stage)
    assert len(stage.platform.pictures) == 2


@pytest.mark.parametrize(
    ("text", "photos"), [("/video", 0), ("/video waves --count 2", 0), ("/video they dance", 2)]
)
async def test_a_film_that_cannot_be_is_explained(stage: Stage, text: str, photos: int) -> None:
    """Without words, several at once, or from several pictures."""
    stage.platform.files["photo"] = png()
    talk = stage.talk()
    await draw(stage, talk, text, attachments=(PHOTO,) * photos)
    assert len(talk.texts) == 1
    assert not stage.sandbox.filming.submitted
