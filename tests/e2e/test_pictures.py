"""People show pictures on Telegram and Slack; the model gets them upright, small and without metadata."""

from __future__ import annotations

import asyncio
import base64
import io
import zipfile
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image, ImageDraw

from bot.media import LONGEST_SIDE
from bot.sandbox import Reply, Sandbox
from tests.e2e.conftest import Stage
from tests.e2e.slack_stage import SlackStage, answered, open_slack_stage
from tests.fakes.telegram.errors import bad_gateway

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

RED, GREEN, BLUE = (255, 0, 0), (0, 128, 0), (0, 0, 255)
ORIENTATION, MAKER, PLACE = 0x0112, 0x010F, 0x8825


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def slack_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SlackStage]:
    """One service on Slack; every test brings its own people."""
    async with open_slack_stage(tmp_path_factory.mktemp("pictures")) as stage:
        yield stage


def photo(colour: tuple[int, int, int] = RED, *, size: tuple[int, int] = (3000, 2000)) -> bytes:
    """As a phone held upright stores it: turned, with its place and maker; a green bar along the top."""
    image = Image.new("RGB", size, colour)
    ImageDraw.Draw(image).rectangle((0, 0, size[0], size[1] // 4), fill=GREEN)
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = 6, "SecretPhone"
    exif.get_ifd(PLACE)[1] = "N"
    buffer = io.BytesIO()
    image.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif)
    assert b"SecretPhone" in buffer.getvalue()
    return buffer.getvalue()


def shown(provider: Sandbox, words: str) -> list[Image.Image]:
    """The pictures in the question with these words, checked as far as all have to be alike."""
    return [_opened(url) for url in _urls(_question(provider, words))]


def _question(provider: Sandbox, words: str) -> dict[str, Any]:
    bodies = [record.body for record in provider.chats]
    found: list[dict[str, Any]] = [body for body in bodies if words in _words(body)]
    assert found, f"nobody asked {words!r}: {[_words(body) for body in bodies]}"
    return found[0]


def _words(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


def _urls(body: dict[str, Any]) -> list[str]:
    content = body["messages"][-1]["content"]
    parts = content if isinstance(content, list) else []
    return [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]


def _opened(url: str) -> Image.Image:
    head, _, data = url.partition(",")
    raw = base64.b64decode(data, validate=True)
    image = Image.open(io.BytesIO(raw))
    image.load()
    assert head == f"data:{Image.MIME[image.format or '']};base64"
    assert not image.getexif()
    assert b"SecretPhone" not in raw
    assert b"Exif" not in raw
    assert max(image.size) <= LONGEST_SIDE
    assert len(raw) < 2_000_000
    return image


def seen(image: Image.Image) -> tuple[tuple[int, int], str, str]:
    """Its size, and the colours at its top and in its middle."""
    top, middle = (_colour(image, share) for share in (0.1, 0.6))
    return image.size, top, middle


def _colour(image: Image.Image, share: float) -> str:
    pixel = image.convert("RGB").getpixel((image.width // 2, int(image.height * share)))
    assert isinstance(pixel, tuple)
    return ("red", "green", "blue")[pixel.index(max(pixel))]


CAPTIONED = "select 1 from pictures where caption = 'A bike at a wall.'"
FULL = (LONGEST_SIDE, LONGEST_SIDE * 2 // 3)


async def test_a_photo_is_described(stage: Stage) -> None:
    """Sent as people send one, without a word; a model that sees gets it upright."""
    chat = stage.telegram.private(stage.telegram.person("Ann"))
    stage.brain.teach("without a word", Reply(text="A red wall. What about it?"))
    await chat.send_photo(photo())
    await stage.telegram.until(lambda: chat.texts == ["A red wall. What about it?"], seconds=60)
    (image,) = shown(stage.provider, "without a word")
    assert seen(image) == (FULL, "green", "red")
    assert _question(stage.provider, "without a word")["model"] == "Qwen/Qwen3-VL-32B-Instruct"


async def test_an_album_in_a_group_is_one_question_with_all_its_pictures(stage: Stage) -> None:
    """Only its first piece mentions the bot; one answer comes, to all three."""
    ann, ben = stage.telegram.person("Ann"), stage.telegram.person("Ben")
    group = stage.telegram.group("Team", [ann, ben])
    group.promote_bot()
    stage.brain.teach("Compare these", Reply(text="Red, green and blue."))
    files = [photo(colour, size=(1200, 800)) for colour in (RED, GREEN, BLUE)]
    name = stage.telegram.world.bot["username"]
    await group.by(ann).send_album(files, caption=f"@{name} Compare these")
    await stage.telegram.until(lambda: group.texts == ["Red, green and blue."], seconds=60)
    await stage.service.settled()
    images = shown(stage.provider, "Compare these")
    assert [seen(image) for image in images] == [
        ((1200, 800), "green", middle) for middle in ("red", "green", "blue")
    ]
    assert len(group.texts) == 1


async def test_a_picture_sent_as_a_file_is_seen(stage: Stage) -> None:
    """Uncompressed, as people do to keep its quality; its place does not reach the model."""
    chat = stage.telegram.private(stage.telegram.person("Cleo"))
    stage.brain.teach("in full quality", Reply(text="Blue."))
    await chat.send_document(photo(BLUE), name="IMG_1.JPG", mime_type="image/jpeg", caption="in full quality")
    await stage.telegram.until(lambda: chat.texts == ["Blue."], seconds=60)
    (image,) = shown(stage.provider, "in full quality")
    assert seen(image) == (FULL, "green", "blue")


async def test_a_question_in_reply_to_a_photo_is_about_the_photo(stage: Stage) -> None:
    """Somebody else's, in a group, that was not for the bot when it was sent."""
    ann, ben = stage.telegram.person("Ann"), stage.telegram.person("Ben")
    group = stage.telegram.group("Garden", [ann, ben])
    group.promote_bot()
    stage.brain.teach("Which plant", Reply(text="Ivy."))
    message = await group.by(ann).send_photo(photo(BLUE, size=(900, 600)))
    name = stage.telegram.world.bot["username"]
    await group.by(ben).say(f"@{name} Which plant is it?", reply_to=message)
    await stage.telegram.until(lambda: group.texts == ["Ivy."], seconds=60)
    (image,) = shown(stage.provider, "Which plant")
    assert seen(image) == ((900, 600), "green", "blue")


async def test_a_sticker_is_seen(stage: Stage) -> None:
    """A still one, WebP with a clear ground."""
    chat = stage.telegram.private(stage.telegram.person("Dan"))
    stage.brain.teach("stands for 👍", Reply(text="Thanks!"))
    buffer = io.BytesIO()
    sticker = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    ImageDraw.Draw(sticker).rectangle((0, 256, 511, 511), fill=(*BLUE, 255))
    sticker.save(buffer, "WEBP", lossless=True)
    await chat.send_sticker(buffer.getvalue())
    await stage.telegram.until(lambda: chat.texts == ["Thanks!"], seconds=60)
    (image,) = shown(stage.provider, "stands for 👍")
    assert image.convert("RGB").getpixel((256, 60)) == (255, 255, 255)
    assert _colour(image, 0.8) == "blue"


async def test_a_damaged_picture_gets_a_sentence_and_the_talk_goes_on(stage: Stage) -> None:
    """Half a photo is not described as if it were whole."""
    chat = stage.telegram.private(stage.telegram.person("Eve"))
    data = photo()
    await chat.send_document(data[: len(data) // 2], name="half.jpg", mime_type="image/jpeg")
    await stage.telegram.until(lambda: len(chat.texts) == 1, seconds=60)
    assert chat.texts[0].startswith("This picture is damaged")
    await chat.say("Never mind")
    await stage.telegram.until(lambda: chat.texts[1:] == ["You said: Never mind"], seconds=60)


async def test_what_a_picture_showed_is_kept_in_words(stage: Stage) -> None:
    """A caption is written after the answer, and a chain that is blind reads it with the next question."""
    chat = stage.telegram.private(stage.telegram.person("Fay"))
    stage.brain.teach("my new bike", Reply(text="Nice."))
    stage.brain.teach("What does it show?", Reply(text="A bike at a wall."))
    await chat.send_photo(photo(), caption="my new bike")
    await stage.telegram.until(lambda: chat.texts == ["Nice."], seconds=60)
    async with asyncio.timeout(60):
        while not stage.service.rows(CAPTIONED):  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.05)
    await chat.say("Which brand?")
    await stage.telegram.until(lambda: len(chat.texts) == 2, seconds=60)
    body = _question(stage.provider, "Which brand?")
    assert "[A picture: A bike at a wall.]" in str(body["messages"])
    assert "image_url" not in str(body["messages"])


async def test_a_picture_comes_although_telegram_stumbles(stage: Stage) -> None:
    """Its file server fails once; nobody notices."""
    chat = stage.telegram.private(stage.telegram.person("Gus"))
    stage.brain.teach("after a stumble", Reply(text="Still red."))
    stage.telegram.fail("getFile", bad_gateway(), times=1)
    await chat.send_photo(photo(size=(900, 600)), caption="after a stumble")
    await stage.telegram.until(lambda: chat.texts == ["Still red."], seconds=60)
    assert [seen(image)[2] for image in shown(stage.provider, "after a stumble")] == ["red"]


async def test_a_picture_larger_than_bots_may_fetch_gets_a_sentence(stage: Stage) -> None:
    """Telegram's limit for files is 20 MB; the words beside it are answered."""
    chat = stage.telegram.private(stage.telegram.person("Hal"))
    stage.brain.teach("how large", Reply(text="Very."))
    await chat.send_document(
        photo(), name="big.jpg", mime_type="image/jpeg", size=25_000_000, caption="how large"
    )
    await stage.telegram.until(lambda: "too large for bots" in "".join(chat.texts), seconds=60)
    (text,) = chat.texts
    assert text.startswith("Very.")


async def test_a_changed_caption_is_answered_anew_with_the_picture(stage: Stage) -> None:
    """The answer changes in its place."""
    chat = stage.telegram.private(stage.telegram.person("Ida"))
    stage.brain.teach("first words", Reply(text="One."))
    stage.brain.teach("other words", Reply(text="Two."))
    message = await chat.send_photo(photo(BLUE, size=(900, 600)), caption="first words")
    await stage.telegram.until(lambda: chat.texts == ["One."], seconds=60)
    await chat.edit(message, "other words")
    await stage.telegram.until(lambda: chat.texts == ["Two."], seconds=60)
    assert [seen(image)[2] for image in shown(stage.provider, "other words")] == ["blue"]


async def test_on_slack_a_picture_and_its_question_are_answered(slack_stage: SlackStage) -> None:
    """Uploaded with a text, in a channel, with a mention."""
    slack = slack_stage.slack
    ann = slack.person("Ann")
    channel = slack.channel("garden", [ann])
    slack_stage.brain.teach("Which plant", Reply(text="Ivy."))
    message = await channel.upload(
        ann, photo(BLUE), name="IMG_1.JPG", mime_type="image/jpeg", text=f"{slack.mention} Which plant is it?"
    )
    await answered(slack, channel.thread(message), "Ivy.")
    (image,) = shown(slack_stage.provider, "Which plant")
    assert seen(image) == (FULL, "green", "blue")


async def test_on_slack_a_picture_in_a_thread_is_seen_without_a_word(slack_stage: SlackStage) -> None:
    """A direct message, then another picture below it."""
    dm = slack_stage.slack.dm(slack_stage.slack.person("Bea"))
    slack_stage.brain.teach("without a word", Reply(text="A wall."))
    message = await dm.upload(photo(size=(600, 400)), name="a.jpg", mime_type="image/jpeg")
    await answered(slack_stage.slack, dm.thread(message), "A wall.")
    (image,) = shown(slack_stage.provider, "without a word")
    assert seen(image) == ((600, 400), "green", "red")


async def test_nothing_was_refused_or_malformed(stage: Stage, slack_stage: SlackStage) -> None:
    """Over all the stories above, on both platforms."""
    assert [call for call in stage.telegram.rejected if call.method != "getFile"] == []
    assert stage.telegram.violations == []
    assert slack_stage.slack.rejected == []
    assert slack_stage.slack.violations == []


async def test_pictures_are_handed_out_and_forgotten(stage: Stage) -> None:
    """In an archive with the document; then neither name nor words lie in the database's files."""
    chat = stage.telegram.private(stage.telegram.person("Zoe-Moehre7"))
    stage.brain.teach("Moehre7 at the wall", Reply(text="A bike of Moehre7."))
    await chat.send_photo(photo(), caption="Moehre7 at the wall")
    await stage.telegram.until(lambda: chat.texts == ["A bike of Moehre7."], seconds=60)
    await chat.say("/export")
    await stage.telegram.until(lambda: chat.bot_messages[-1].file is not None, seconds=60)
    file = chat.bot_messages[-1].file
    assert file is not None
    with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
        document, picture = sorted(archive.namelist())
        assert "Moehre7 at the wall" in archive.read(document).decode()
        assert Image.open(io.BytesIO(archive.read(picture))).size == FULL
    await chat.say("/forget")
    await stage.telegram.until(lambda: "Delete everything" in chat.last.buttons, seconds=60)
    await chat.press(chat.last, "Delete everything")
    await stage.telegram.until(lambda: "pictures: 1" in chat.texts[-1], seconds=60)
    await stage.service.settled()
    for path in stage.service.folder.glob("parley.db*"):
        assert b"Moehre7" not in path.read_bytes(), path.name
