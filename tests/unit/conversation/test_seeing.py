"""Pictures people show are looked at, talked about, and let go of when they have become old."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Connection, select

from bot.conversation.opening import PICTURED_EXCHANGES
from bot.messages import Attachment, AttachmentKind, ChatKind, Edited, Incoming, Quoted
from bot.sandbox import ChatRequest, Reply
from bot.storage.tables import pictures, readings
from tests.fakes.clock import ManualClock
from tests.unit.conversation.conftest import OpenStage
from tests.unit.conversation.recordings import hand_over, short_note
from tests.unit.conversation.stage import BEN, MODEL, Stage, Talk

SEER = "Qwen/Qwen3-VL-32B-Instruct"
BLIND = MODEL
RED, GREEN, BLUE = (200, 0, 0), (0, 120, 0), (0, 0, 200)
CAPTIONING = "Describe the picture"


def picture_file(colour: tuple[int, int, int] = RED, *, size: tuple[int, int] = (300, 200)) -> bytes:
    """A photo of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


class Eyes:
    """A stage with pictures on its platform, and a model that says what it is told to."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.caption = Reply(text="A red square.")
        self.answer = Reply(text="It is red.")
        stage.brain.answer = self._answer  # type: ignore[method-assign]

    def _answer(self, request: ChatRequest) -> Reply:
        return self.caption if _is_caption(request.body) else self.answer

    def photo(
        self,
        file_id: str = "p1",
        colour: tuple[int, int, int] = RED,
        *,
        kind: AttachmentKind = AttachmentKind.IMAGE,
        data: bytes | None = None,
        **fields: Any,
    ) -> Attachment:
        """A file on the platform, as a message carries it."""
        self.stage.platform.files[file_id] = picture_file(colour) if data is None else data
        return Attachment(kind=kind, file_id=file_id, unique_id=f"u{file_id}", **fields)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The requests for answers."""
        return [body for body in self.stage.requests if not _is_caption(body)]

    @property
    def captioned(self) -> list[dict[str, Any]]:
        """The requests for captions."""
        return [body for body in self.stage.requests if _is_caption(body)]

    async def settled(self) -> None:
        """Wait until no caption is being written."""
        await self.stage.until(lambda: not self.stage.captioning._tasks)

    async def stored(self) -> list[tuple[str, bool]]:
        """The caption of every picture in the database, and whether its bytes are there, oldest first."""

        def query(conn: Connection) -> list[tuple[str, bool]]:
            rows = conn.execute(select(pictures).order_by(pictures.c.turn_id, pictures.c.position))
            return [(row.caption, row.data is not None) for row in rows]

        return await self.stage.database.read(query)


def _is_caption(body: Any) -> bool:
    return str(body["messages"][0]["content"]).startswith(CAPTIONING)


def shown(body: dict[str, Any], *, at: int = -1) -> list[Image.Image]:
    """The pictures in one message of a request, as its reader opens them."""
    content = body["messages"][at]["content"]
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    return [Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) for url in urls]


def words(body: dict[str, Any], *, at: int = -1) -> str:
    """The text of one message of a request."""
    content = body["messages"][at]["content"]
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content if part["type"] == "text")


def colours(images: list[Image.Image]) -> list[str]:
    """Which of the three each picture is."""
    names = []
    for image in images:
        pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
        assert isinstance(pixel, tuple)
        names.append(("red", "green", "blue")[pixel.index(max(pixel))])
    return names


@pytest.fixture
async def eyes(open_stage: OpenStage) -> Eyes:
    """A blind chain, and a model that sees beside it."""
    return Eyes(await open_stage(seeing_models=(SEER,)))


async def test_a_photo_with_a_question_is_looked_at(eyes: Eyes) -> None:
    """The model that sees gets the picture and the words; the answer comes to the person."""
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    assert ann.texts == ["It is red."]
    (body,) = eyes.asked
    assert body["model"] == SEER
    assert colours(shown(body)) == ["red"]
    assert words(body) == "Which colour?"


async def test_only_the_turn_with_the_picture_is_handed_over(eyes: Eyes) -> None:
    """The next question goes to the chain again, which reads that there was a picture, and what it showed."""
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    await ann.ask("Are you sure?")
    assert [body["model"] for body in eyes.asked] == [SEER, BLIND]
    assert "[A picture: A red square.]" in words(eyes.asked[1], at=1)


async def test_a_chain_that_sees_keeps_looking(open_stage: OpenStage) -> None:
    """Its own model comes first, also for the words after the picture, which it still sees."""
    eyes = Eyes(await open_stage(models=(BLIND, SEER), seeing_models=("zai-org/GLM-4.6V",)))
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    assert [body["model"] for body in eyes.asked] == [SEER]


async def test_a_picture_without_a_word_is_told_of_and_asked_about(eyes: Eyes) -> None:
    """In a private chat; the model knows that nothing was said."""
    ann = eyes.stage.talk()
    await ann.ask("", attachments=[eyes.photo()])
    assert ann.texts == ["It is red."]
    assert "without a word" in words(eyes.asked[0])
    assert colours(shown(eyes.asked[0])) == ["red"]


async def test_in_a_group_a_picture_that_is_not_for_the_bot_is_left_alone(eyes: Eyes) -> None:
    """Nothing is fetched, nothing asked."""
    team = eyes.stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("", attachments=[eyes.photo()], addressed=False)
    assert (team.texts, eyes.stage.requests) == ([], [])


async def test_the_picture_that_a_question_answers_is_looked_at(eyes: Eyes) -> None:
    """Ben asks about Ann's photo by replying to it."""
    team = eyes.stage.talk("-5", kind=ChatKind.GROUP)
    quoted = Quoted(how="reply", message_id="9", author_name="Ann", attachments=(eyes.photo(colour=BLUE),))
    await team.ask("What is it?", author=BEN, quoted=quoted)
    assert colours(shown(eyes.asked[0])) == ["blue"]
    assert words(eyes.asked[0]) == "Ben: What is it?"


async def test_an_album_in_a_group_is_one_question_with_all_pictures_in_order(open_stage: OpenStage) -> None:
    """The mention stands in the caption of one piece; the others came before and after it."""
    clock = ManualClock()
    eyes = Eyes(await open_stage(seeing_models=(SEER,), clock=clock))
    team = eyes.stage.talk("-5", kind=ChatKind.GROUP)
    pieces = [
        team.message("", attachments=[eyes.photo("p1", RED, album="a1")], addressed=False),
        team.message("What are these?", attachments=[eyes.photo("p2", GREEN, album="a1")]),
        team.message("", attachments=[eyes.photo("p3", BLUE, album="a1")], addressed=False),
    ]
    for piece in pieces:
        await eyes.stage.intake.submit(piece)
    clock.advance(1)
    await eyes.stage.quiet()
    (body,) = eyes.asked
    assert colours(shown(body)) == ["red", "green", "blue"]
    assert words(body) == "Ann: What are these?"
    assert len(team.texts) == 1


async def test_an_album_for_others_stays_theirs(open_stage: OpenStage) -> None:
    """So do pictures that come when the album has long been answered, and those of somebody else."""
    clock = ManualClock()
    eyes = Eyes(await open_stage(seeing_models=(SEER,), clock=clock))
    team = eyes.stage.talk("-5", kind=ChatKind.GROUP)
    early = team.message("", attachments=[eyes.photo("p1", album="a1")], addressed=False)
    await eyes.stage.intake.submit(early)
    clock.advance(5)
    await eyes.stage.intake.submit(
        team.message("And this?", attachments=[eyes.photo("p2", BLUE, album="a1")])
    )
    ben = team.message("", author=BEN, attachments=[eyes.photo("p3", album="a1")], addressed=False)
    await eyes.stage.intake.submit(ben)
    clock.advance(5)
    late = team.message("", attachments=[eyes.photo("p4", album="a1")], addressed=False)
    await eyes.stage.intake.submit(late)
    await eyes.stage.quiet()
    (body,) = eyes.asked
    assert colours(shown(body)) == ["blue"]


async def test_a_file_that_is_a_picture_is_looked_at_whatever_it_is_called(eyes: Eyes) -> None:
    """Its bytes decide; a text that is called a picture is not one."""
    ann = eyes.stage.talk()
    named = eyes.photo("f1", kind=AttachmentKind.DOCUMENT, name="notes.txt", mime="text/plain")
    await ann.ask("Which colour?", attachments=[named])
    assert colours(shown(eyes.asked[0])) == ["red"]
    wrong = eyes.photo("f2", data=b"only words", name="photo.jpg", mime="image/jpeg")
    await ann.ask("", attachments=[wrong])
    assert ann.texts[1].startswith("I don't know this kind of picture.")
    other = eyes.photo("f3", kind=AttachmentKind.DOCUMENT, data=b"\x7fELF" + bytes(60), name="photo.png")
    await ann.ask("", attachments=[other])
    assert ann.texts[2].startswith("I can't read this kind of file")
    assert len(eyes.asked) == 1


async def test_a_sticker_is_seen_or_at_least_understood(eyes: Eyes) -> None:
    """A still one is a picture; one that moves is known by the emoji it stands for."""
    ann = eyes.stage.talk()
    still = eyes.photo("s1", kind=AttachmentKind.STICKER, name="👍")
    await ann.ask("", attachments=[still])
    assert colours(shown(eyes.asked[0])) == ["red"]
    moving = eyes.photo("s2", kind=AttachmentKind.STICKER, name="🎉", data=b"\x1f\x8b" + bytes(40))
    await ann.ask("", attachments=[moving])
    assert "🎉" in words(eyes.asked[1])
    nameless = eyes.photo("s3", kind=AttachmentKind.STICKER, data=b"\x1f\x8b" + bytes(40))
    await ann.ask("", attachments=[nameless])
    assert ann.texts[-1].startswith("I only see still pictures here")


@pytest.mark.parametrize(
    ("data", "size_bytes", "sentence"),
    [
        (picture_file()[:300], None, "This picture is damaged"),
        (picture_file(), 40_000_000, "This picture is too large"),
        (None, None, "I could not get the file"),
    ],
    ids=["cut off", "too large", "gone"],
)
async def test_a_picture_that_cannot_be_seen_gets_a_sentence(
    eyes: Eyes, data: bytes | None, size_bytes: int | None, sentence: str
) -> None:
    """Alone it is the answer; beside words it stands below the answer to them."""
    ann = eyes.stage.talk()
    photo = eyes.photo(data=data or b"", size_bytes=size_bytes)
    if data is None:
        eyes.stage.platform.files.clear()
    await ann.ask("", attachments=[photo])
    assert ann.texts[0].startswith(sentence)
    assert eyes.asked == []
    await ann.ask("What is a red square?", attachments=[photo])
    assert ann.texts[1].startswith("It is red.")
    assert sentence in ann.texts[1]
    assert eyes.asked[0]["model"] == BLIND


@pytest.mark.parametrize(
    "question", ["", "What's on this photo?", "Which one? " * 60], ids=["", "short", "long"]
)
async def test_where_nobody_sees_people_are_told_so_and_no_model_is_asked(
    open_stage: OpenStage, question: str
) -> None:
    """However the words are put: a blind model makes up what they may be about. Alone they are answered."""
    eyes = Eyes(await open_stage(seeing_models=()))
    ann = eyes.stage.talk()
    await ann.ask(question, attachments=[eyes.photo()])
    assert ann.texts[0].startswith("I can't see pictures here")
    assert ("send them alone" in ann.texts[0]) is bool(question)
    assert eyes.stage.requests == []
    await ann.ask("What is two and two?")
    assert ann.texts[1:] == ["It is red."]


async def test_a_spoken_question_about_a_picture_that_nobody_sees_is_not_guessed_at(
    open_stage: OpenStage,
) -> None:
    """It is a question like a written one."""
    eyes = Eyes(await open_stage(seeing_models=()))
    note = hand_over(eyes.stage, short_note())
    await eyes.stage.talk().ask("", attachments=[note, eyes.photo()])
    (text,) = eyes.stage.talk().texts
    assert text.startswith("I can't see pictures here")
    assert eyes.stage.requests == []


async def test_beside_a_file_that_was_read_the_unseen_picture_is_told_of(open_stage: OpenStage) -> None:
    """The model reads that nothing is known of it, and so do people."""
    eyes = Eyes(await open_stage(seeing_models=()))
    text_file = eyes.photo(
        "f1", kind=AttachmentKind.DOCUMENT, data=b"The plan is simple.", name="plan.txt", mime="text/plain"
    )
    await eyes.stage.talk().ask("Sum it up", attachments=[text_file, eyes.photo()])
    (text,) = eyes.stage.talk().texts
    assert text.startswith("It is red.")
    assert "I can't see pictures here" in text
    assert "nobody here could see" in words(eyes.asked[0])


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (400, 20040, "The model would not take the picture."),
        (400, 20042, "The model would not take the picture."),
        (400, 20041, "I can't see pictures here"),
        (400, 20012, "I can't see pictures here"),
        (413, 20043, "The model would not take the picture."),
    ],
)
async def test_a_picture_that_the_provider_refuses_gets_a_sentence(
    eyes: Eyes, status: int, code: int, sentence: str
) -> None:
    """One that says what to do about it."""
    eyes.answer = Reply.error(status, {"code": code, "message": "no", "data": None})
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    assert ann.texts[0].startswith(sentence)


async def test_fewer_pictures_are_asked_for_only_where_there_were_several(eyes: Eyes) -> None:
    """When the body is too large for the provider."""
    eyes.answer = Reply.error(413, "too large", form="text")
    ann = eyes.stage.talk()
    await ann.ask("Which colours?", attachments=[eyes.photo(), eyes.photo()])
    assert ann.texts[0].startswith("That is more than the model can look at")


async def test_a_retry_shows_the_picture_again(eyes: Eyes) -> None:
    """Without fetching it a second time."""
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    eyes.stage.platform.files.clear()
    eyes.answer = Reply(text="Red, still.")
    await ann.ask("/retry")
    assert ann.texts[-1] == "Red, still."
    assert [colours(shown(body)) for body in eyes.asked] == [["red"], ["red"]]


def edit(ann: Talk, message: Incoming, text: str) -> None:
    """The author changes the caption; the picture stays."""
    changed = ann.message(text, message_id=message.message_id, attachments=message.attachments)
    ann.arrives(Edited(event_id=f"e{ann.stage.platform.new_id()}", key=ann.key, message=changed))


async def test_a_changed_caption_is_answered_with_the_picture(eyes: Eyes) -> None:
    """A change that nobody can see is not; both for a picture with words and for one without."""
    ann = eyes.stage.talk()
    message = await ann.ask("Which color?", attachments=[eyes.photo()])
    edit(ann, message, "Which color?")
    await eyes.stage.quiet()
    assert len(eyes.asked) == 1
    edit(ann, message, "Which colour?")
    await eyes.stage.quiet()
    assert [words(body) for body in eyes.asked] == ["Which color?", "Which colour?"]
    assert colours(shown(eyes.asked[1])) == ["red"]
    bare = await ann.ask("", attachments=[eyes.photo("p2", BLUE)])
    edit(ann, bare, "")
    await eyes.stage.quiet()
    assert len(eyes.asked) == 3
    edit(ann, bare, "And this?")
    await eyes.stage.quiet()
    assert colours(shown(eyes.asked[3])) == ["blue"]
    assert words(eyes.asked[3]) == "And this?"


async def test_a_changed_caption_of_an_album_is_answered_with_all_its_pictures(open_stage: OpenStage) -> None:
    """Also when it stands under the second one."""
    clock = ManualClock()
    eyes = Eyes(await open_stage(seeing_models=(SEER,), clock=clock))
    ann = eyes.stage.talk()
    first = ann.message("", attachments=[eyes.photo("p1", RED, album="a1")])
    second = ann.message("These?", attachments=[eyes.photo("p2", BLUE, album="a1")])
    for piece in (first, second):
        await eyes.stage.intake.submit(piece)
    clock.advance(1)
    await eyes.stage.quiet()
    edit(ann, second, "And these?")
    await eyes.stage.quiet()
    assert [words(body) for body in eyes.asked] == ["These?", "And these?"]
    assert colours(shown(eyes.asked[1])) == ["red", "blue"]


async def test_after_the_answer_a_caption_is_written(eyes: Eyes) -> None:
    """By a model that sees, at a glance, which costs little."""
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    (body,) = eyes.captioned
    assert body["model"] == SEER
    assert body["messages"][-1]["content"][0]["image_url"]["detail"] == "low"
    assert await eyes.stored() == [("A red square.", True)]


async def test_old_pictures_are_known_by_their_captions_and_their_bytes_are_gone(
    open_stage: OpenStage,
) -> None:
    """The newest are looked at again; what the older ones showed stands in their place."""
    eyes = Eyes(await open_stage(models=(SEER,)))
    ann = eyes.stage.talk()
    for number in range(PICTURED_EXCHANGES + 2):
        await ann.ask(f"Number {number}?", attachments=[eyes.photo(f"p{number}")])
        await eyes.settled()
    kept = [has_data for _, has_data in await eyes.stored()]
    assert kept == [False, False, *[True] * PICTURED_EXCHANGES]
    await ann.ask("And now?")
    body = eyes.asked[-1]
    spoken = [at for at, message in enumerate(body["messages"]) if message["role"] == "user"]
    seen = [len(shown(body, at=at)) for at in spoken]
    assert seen == [0, 0, *[1] * PICTURED_EXCHANGES, 0]
    assert words(body, at=spoken[0]) == "[A picture: A red square.]\n\nNumber 0?"


async def test_a_picture_without_a_caption_is_kept_until_it_has_one(open_stage: OpenStage) -> None:
    """A caption that fails harms nobody; the next answer brings it."""
    eyes = Eyes(await open_stage(models=(SEER,)))
    ann = eyes.stage.talk()
    eyes.caption = Reply.error(503, {"code": 50505, "message": "overloaded", "data": None})
    for number in range(PICTURED_EXCHANGES + 1):
        await ann.ask(f"Number {number}?", attachments=[eyes.photo(f"p{number}")])
        await eyes.settled()
    assert await eyes.stored() == [("", True)] * (PICTURED_EXCHANGES + 1)
    eyes.caption = Reply(text="A red square.")
    await ann.ask("And now?")
    await eyes.settled()
    assert await eyes.stored() == [
        ("A red square.", False),
        *[("A red square.", True)] * PICTURED_EXCHANGES,
    ]


async def test_a_picture_that_nobody_may_describe_does_not_hold_up_the_others(open_stage: OpenStage) -> None:
    """The provider refuses it for good; it is not asked again and again."""
    eyes = Eyes(await open_stage(models=(SEER,)))
    ann = eyes.stage.talk()
    eyes.caption = Reply.error(451, {"code": 20021, "message": "NSFW", "data": None})
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    await ann.ask("And now?")
    await eyes.settled()
    assert len(eyes.captioned) == 1
    assert await eyes.stored() == [("nobody could say what it shows", True)]


async def test_when_the_prompt_is_too_long_older_pictures_go_first(open_stage: OpenStage) -> None:
    """The words stay, and the picture that is asked about."""
    eyes = Eyes(await open_stage(models=(SEER,)))
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    eyes.stage.brain.answer = _Overflowing(eyes)  # type: ignore[method-assign]
    await ann.ask("And this one?", attachments=[eyes.photo("p2", BLUE)])
    first, second = eyes.asked[-2:]
    assert (len(shown(first, at=1)), colours(shown(first))) == (1, ["blue"])
    assert (len(shown(second, at=1)), colours(shown(second))) == (0, ["blue"])
    assert "Which colour?" in words(second, at=1)
    assert ann.texts[-1] == "It is blue."


class _Overflowing:
    """Refuses two pictures in one request as too long."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes

    def __call__(self, request: ChatRequest) -> Reply:
        if _is_caption(request.body):
            return self.eyes.caption
        if str(request.body).count("image_url'") > 2:
            text = "length of prompt_tokens (40000) must be less than max_seq_len (32768)."
            return Reply.error(400, {"code": 20015, "message": text, "data": None})
        return Reply(text="It is blue.")


async def test_what_was_deleted_is_not_kept_as_a_picture(eyes: Eyes) -> None:
    """Neither its bytes nor what was read of it."""
    ann = eyes.stage.talk()
    message = await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    ann.delete(message)
    await eyes.stage.quiet()
    assert await eyes.stored() == []
    assert await eyes.stage.database.read(lambda conn: conn.execute(select(readings)).all()) == []


async def test_who_is_forgotten_leaves_no_pictures(eyes: Eyes) -> None:
    """Ann's go, Ben's stay."""
    team = eyes.stage.talk("-5", kind=ChatKind.GROUP)
    await team.ask("Which colour?", attachments=[eyes.photo("p1")])
    await team.ask("And this?", attachments=[eyes.photo("p2")], author=BEN)
    await eyes.settled()
    ann = eyes.stage.talk()
    await ann.ask("/forget")
    ann.press("Delete everything")
    await eyes.stage.quiet()
    assert len(await eyes.stored()) == 1


async def test_an_interrupted_turn_keeps_its_picture(eyes: Eyes) -> None:
    """After a restart the question is asked with it, without fetching it again."""
    ann = eyes.stage.talk()
    eyes.answer = Reply.tokens(400, tokens_per_second=20)
    ann.say("", attachments=[eyes.photo()])
    await eyes.stage.until(lambda: bool(ann.texts))
    eyes.stage.platform.files.clear()
    await eyes.stage.end()
    eyes.answer = Reply(text="It is red.")
    await eyes.stage.begin()
    await eyes.stage.quiet()
    assert colours(shown(eyes.asked[-1], at=1)) == ["red"]
    assert len(ann.texts) == 1


async def test_a_summary_tells_what_was_shown_and_lets_go_of_it(open_stage: OpenStage) -> None:
    """The pictures of a conversation that was folded are words in its summary."""
    eyes = Eyes(await open_stage(models=(SEER,), context_tokens=2600))
    ann = eyes.stage.talk()
    await ann.ask("Which colour?", attachments=[eyes.photo()])
    await eyes.settled()
    for number in range(12):
        await ann.ask(f"number {number} {'lorem ipsum dolor ' * 40}")
        await eyes.stage.until(lambda: not eyes.stage.folding._tasks)
    summed = [body for body in eyes.stage.requests if "notes of a conversation" in str(body["messages"][0])]
    assert "[A picture: A red square.] Which colour?" in words(summed[0])
    assert await eyes.stored() == [("A red square.", False)]
