"""Films people send are watched and heard: by the clip, by stills, or by their words alone."""

from __future__ import annotations

import base64
from functools import cache
from typing import Any

import pytest
from sqlalchemy import select

from bot.conversation.history import picture_tokens
from bot.conversation.opening import PICTURED_EXCHANGES
from bot.media import film_reel
from bot.messages import Attachment, AttachmentKind, ChatKind, Quoted
from bot.ports import Picture
from bot.sandbox import HttpError, Reply
from bot.storage.tables import pictures
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import SENTENCE, recording, spoken
from tests.unit.conversation.stage import MODEL, Stage, Talk
from tests.unit.conversation.test_seeing import Eyes, colours, shown, words
from tests.unit.media.films import BLUE, RED, Shape, clip_colours, film
from tests.unit.media.sounds import FORMS, silence, tone

WATCHER, LOOKER = "Qwen/Qwen3-VL-32B-Instruct", "zai-org/GLM-4.6V"
KIND = AttachmentKind
SPOKEN = "Is the bridge closed on Monday?"


@cache
def talking_film() -> bytes:
    """Red, then blue, while somebody speaks."""
    return film((RED, BLUE), seconds_each=2.5, sound=spoken(SENTENCE)[: 16_000 * 5])


@cache
def silent_film() -> bytes:
    """Red, then blue, without a sound track."""
    return film((RED, BLUE), seconds_each=1.0)


def clips(body: dict[str, Any], *, at: int = -1) -> list[str]:
    """The colours of the clips in one message of a request."""
    content = body["messages"][at]["content"]
    parts = content if isinstance(content, list) else []
    urls = [part["video_url"]["url"] for part in parts if part["type"] == "video_url"]
    datas = [base64.b64decode(url.removeprefix("data:video/mp4;base64,"), validate=True) for url in urls]
    return [clip_colours(Picture(data=data, mime="video/mp4", width=1, height=1)) for data in datas]


class Cinema(Eyes):
    """A stage to which people send films; the same is said in each recording."""

    def __init__(self, stage: Stage, *, said: str | HttpError = SPOKEN) -> None:
        super().__init__(stage)
        stage.sandbox.audio_script.enqueue_transcripts(*[said] * 8)

    def film(self, data: bytes, kind: AttachmentKind = KIND.VIDEO, **fields: Any) -> Attachment:
        """A film on the platform."""
        return self.photo(fields.pop("name", "f1"), kind=kind, data=data, **fields)

    @property
    def heard(self) -> int:
        """How often the provider was asked to listen."""
        return len(self.stage.sandbox.audio_script.heard)

    @property
    def ann(self) -> Talk:
        """Her chat with the bot."""
        return self.stage.talk()


@pytest.fixture
async def cinema(open_stage: OpenStage) -> Cinema:
    """A blind chain, and a model that takes video beside it."""
    return Cinema(await open_stage(seeing_models=(WATCHER,)))


async def test_a_model_that_takes_video_gets_the_clip_and_the_words(cinema: Cinema) -> None:
    """What is said stands above the answer; the model is told it too."""
    await cinema.ann.ask("What happens?", attachments=[cinema.film(talking_film())])
    (body,) = cinema.asked
    assert body["model"] == WATCHER
    (seen,) = clips(body)
    assert (seen[0], seen[-1]) == ("r", "b")
    assert "What happens?" in words(body)
    assert SPOKEN in words(body)
    assert shown(body) == []
    (text,) = cinema.ann.texts
    assert SPOKEN in text
    assert text.endswith("It is red.")


async def test_a_model_that_sees_only_pictures_gets_stills_with_their_moments(open_stage: OpenStage) -> None:
    """As many as are worth it, in their order."""
    cinema = Cinema(await open_stage(models=(LOOKER,)))
    await cinema.ann.ask("What happens?", attachments=[cinema.film(talking_film())])
    (body,) = cinema.asked
    assert colours(shown(body)) == ["red"] * 4 + ["blue"] * 4
    assert "The 8 pictures above are from a video of 0:05, at 0:00, 0:01" in words(body)
    assert SPOKEN in words(body)
    assert clips(body) == []


async def test_a_round_video_message_is_a_spoken_question_that_shows_something(cinema: Cinema) -> None:
    """Its words are the message, as those of a voice message are."""
    note = cinema.film(talking_film(), KIND.VIDEO_NOTE, duration_seconds=5.0)
    await cinema.ann.ask("", attachments=[note])
    (body,) = cinema.asked
    assert len(clips(body)) == 1
    assert words(body) == SPOKEN


async def test_a_film_without_a_word_is_shown_all_the_same(cinema: Cinema) -> None:
    """Without a sound track, or with mere noise; nobody is bothered with that."""
    noise = film((RED, BLUE), seconds_each=1.0, sound=tone(2.0))
    for number, data in enumerate((silent_film(), noise)):
        await cinema.ann.ask("", attachments=[cinema.film(data, name=f"f{number}")])
    assert cinema.ann.texts == ["It is red."] * 2
    assert [clips(body) for body in cinema.asked] == [["rrbb"]] * 2
    assert all("without a word" in words(body) for body in cinema.asked)
    assert cinema.heard == 0


@pytest.mark.parametrize("kind", [KIND.ANIMATION, KIND.IMAGE, KIND.DOCUMENT, KIND.STICKER])
async def test_animations_are_watched_whatever_the_platform_calls_them(
    cinema: Cinema, kind: AttachmentKind
) -> None:
    """GIF or MP4, as a file, a picture or a sticker."""
    gif = film((RED, BLUE), shape=Shape(muxer="gif", codec="gif", pixels="rgb8"))
    await cinema.ann.ask("And?", attachments=[cinema.film(gif, kind)])
    await cinema.ann.ask("And?", attachments=[cinema.film(silent_film(), kind, name="f2")])
    assert [clips(body) for body in cinema.asked] == [["rrbb"], ["rrbb"]]
    assert cinema.ann.texts == ["It is red."] * 2


async def test_a_clip_without_pictures_is_only_heard(cinema: Cinema) -> None:
    """Slack's voice clips come as MP4, and may be called a film."""
    clip = recording(silence(0.3), spoken(SENTENCE), form=FORMS[2])
    await cinema.ann.ask("Well?", attachments=[cinema.film(clip, mime="video/mp4")])
    (body,) = cinema.asked
    assert body["model"] == MODEL
    assert SPOKEN in words(body)
    assert "could see" not in words(body)
    assert cinema.ann.texts[0].endswith("It is red.")


async def test_where_nobody_sees_the_words_are_answered_and_people_told(open_stage: OpenStage) -> None:
    """Without words there is nothing to answer to."""
    cinema = Cinema(await open_stage(seeing_models=()))
    await cinema.ann.ask("What do they say?", attachments=[cinema.film(talking_film())])
    (body,) = cinema.asked
    assert SPOKEN in words(body)
    assert "nobody here could see" in words(body)
    assert "I can't see videos here" in cinema.ann.texts[0]
    await cinema.ann.ask("What is it?", attachments=[cinema.film(silent_film(), name="f2")])
    assert cinema.ann.texts[1].startswith("I can't see videos here")
    assert "send them alone" in cinema.ann.texts[1]
    clip = recording(silence(0.3), spoken(SENTENCE), form=FORMS[2])
    await cinema.ann.ask("And?", attachments=[cinema.film(clip, name="f3")])
    assert "can't see" not in cinema.ann.texts[2]
    assert len(cinema.asked) == 2


async def test_a_film_that_cannot_be_heard_is_seen_with_a_remark(open_stage: OpenStage) -> None:
    """And the model knows that words are missing."""
    refusal = HttpError(status=451, body={"code": 20021, "message": "no"})
    cinema = Cinema(await open_stage(seeing_models=(WATCHER,)), said=refusal)
    await cinema.ann.ask("What happens?", attachments=[cinema.film(talking_film())])
    (body,) = cinema.asked
    assert len(clips(body)) == 1
    assert "could not be heard" in words(body)
    (text,) = cinema.ann.texts
    assert text.startswith("It is red.")
    assert "does not let its models listen" in text


async def test_a_film_whose_pictures_cannot_be_had_is_heard_with_a_remark(
    cinema: Cinema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of too many pixels, say; a torn one, that cannot be heard either, gets one sentence."""
    torn = talking_film()[: len(talking_film()) // 2]
    await cinema.ann.ask("", attachments=[cinema.film(torn)])
    assert "damaged" in cinema.ann.texts[0]
    assert cinema.asked == []
    monkeypatch.setattr(film_reel, "_MOST_PIXELS", 1_000)
    await cinema.ann.ask("And?", attachments=[cinema.film(talking_film(), name="f2")])
    (body,) = cinema.asked
    assert SPOKEN in words(body)
    assert "This video is too large to look at" in cinema.ann.texts[1]


async def test_the_group_decides_about_the_words_of_a_film_and_not_about_its_pictures(cinema: Cinema) -> None:
    """Where no recordings are heard, a film that is for the bot is watched."""
    await cinema.stage.set_chat("-5", "voice", "off")
    team = cinema.stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("What is it?", attachments=[cinema.film(talking_film())])
    (body,) = cinema.asked
    assert len(clips(body)) == 1
    assert cinema.heard == 0
    assert "In this group I listen to no recordings" in team.texts[0]


async def test_a_group_that_has_its_messages_written_down_gets_only_that(cinema: Cinema) -> None:
    """A round video message among people is theirs; nobody asked what it shows."""
    await cinema.stage.set_chat("-5", "voice", "all")
    team = cinema.stage.talk("-5", kind=ChatKind.GROUP)
    note = cinema.film(talking_film(), KIND.VIDEO_NOTE, duration_seconds=5.0)
    await team.ask("", attachments=[note], addressed=False)
    assert SPOKEN in team.texts[0]
    assert cinema.stage.requests == []


async def test_the_film_that_a_question_answers_is_watched(cinema: Cinema) -> None:
    """Somebody else's."""
    quoted = Quoted(how="reply", message_id="9", author_name="Ben", attachments=(cinema.film(silent_film()),))
    team = cinema.stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("What is it?", quoted=quoted)
    assert clips(cinema.asked[0]) == ["rrbb"]


async def test_films_of_one_question_share_what_looking_costs(cinema: Cinema) -> None:
    """As pictures do."""
    films = [cinema.film(silent_film(), name=f"f{number}") for number in range(4)]
    await cinema.ann.ask("Compare them", attachments=films)
    parts = cinema.asked[0]["messages"][-1]["content"]
    assert [part["video_url"]["max_frames"] for part in parts if part["type"] == "video_url"] == [4] * 4


async def test_an_old_film_is_known_by_what_it_showed_and_its_bytes_are_gone(open_stage: OpenStage) -> None:
    """Clip and stills alike."""
    cinema = Cinema(await open_stage(models=(WATCHER,)))
    cinema.caption = Reply(text="Red turns blue.")
    for number in range(PICTURED_EXCHANGES + 1):
        await cinema.ann.ask(f"Number {number}?", attachments=[cinema.film(silent_film(), name=f"f{number}")])
        await cinema.settled()
    assert await cinema.stored() == [
        ("Red turns blue.", False),
        *[("Red turns blue.", True)] * PICTURED_EXCHANGES,
    ]
    await cinema.ann.ask("And now?")
    body = cinema.asked[-1]
    spoken_at = [at for at, message in enumerate(body["messages"]) if message["role"] == "user"]
    assert [len(clips(body, at=at)) for at in spoken_at] == [0, 1, 1, 1, 0]
    assert words(body, at=spoken_at[0]) == "[A video: Red turns blue.]\n\nNumber 0?"
    glance = cinema.captioned[0]["messages"][-1]["content"][0]["video_url"]
    assert glance["detail"] == "low"


async def test_a_deleted_film_is_gone_and_a_forgotten_person_leaves_none(cinema: Cinema) -> None:
    """With everything that was made of it."""
    message = await cinema.ann.ask("What is it?", attachments=[cinema.film(silent_film())])
    await cinema.settled()
    cinema.ann.delete(message)
    await cinema.stage.quiet()
    assert await cinema.stored() == []
    await cinema.ann.ask("And this?", attachments=[cinema.film(silent_film(), name="f2")])
    await cinema.settled()
    await cinema.ann.ask("/forget")
    cinema.ann.press("Delete everything")
    await cinema.stage.quiet()
    assert await cinema.stored() == []


async def test_an_interrupted_turn_keeps_its_film(cinema: Cinema) -> None:
    """After a restart the question is asked with it; it is neither fetched nor heard again."""
    cinema.answer = Reply.tokens(400, tokens_per_second=20)
    cinema.ann.say("What happens?", attachments=[cinema.film(talking_film())])
    await cinema.stage.until(lambda: bool(cinema.ann.texts))
    cinema.stage.platform.files.clear()
    await cinema.stage.end()
    cinema.answer = Reply(text="It is red.")
    await cinema.stage.begin()
    await cinema.stage.quiet()
    assert len(clips(cinema.asked[-1], at=1)) == 1
    assert cinema.heard == 1
    assert len(cinema.ann.texts) == 1


async def test_what_a_film_costs_is_counted(cinema: Cinema) -> None:
    """Its pictures each, as a clip or as stills, whichever is more; an old one its caption."""
    await cinema.ann.ask("What is it?", attachments=[cinema.film(silent_film())])
    await cinema.settled()
    row = await cinema.stage.database.read(lambda conn: conn.execute(select(pictures)).one())
    assert row.mime == "video/mp4"
    still = Picture(data=b"x", mime="image/jpeg", width=640, height=360)
    watched = Picture(data=b"x", mime="video/mp4", width=640, height=360, frames=(still,) * 8)
    assert 4_000 < picture_tokens(watched) < 6_000
    assert picture_tokens(watched.without_data()) < 10
