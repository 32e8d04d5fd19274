"""Pictures and films take the place of their line, albums follow it, and neither is ever shown twice."""

from __future__ import annotations

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.media import Media
from adapters.telegram.outbound import Outbound
from bot.errors import MessageGone, PlatformBusy, PlatformUnclear
from bot.ports import Button, OutgoingFile, Rendered
from tests.fakes.telegram import FakeTelegram, PrivateChat, bad_request, flood_wait

from .support import key

PHOTO = OutgoingFile(name="picture-1-1.png", mime="image/png", data=b"\x89PNG one")
OTHER = OutgoingFile(name="picture-1-2.png", mime="image/png", data=b"\x89PNG two")
FILM = OutgoingFile(name="film-1-1.mp4", mime="video/mp4", data=b"\x00\x00\x00\x18ftypmp42")
AGAIN = ((Button(label="Again", data="draw:again:1"),),)


class Shop:
    """Ann's chat with a line of the bot's in it."""

    def __init__(self, client: ApiClient, ann: PrivateChat) -> None:
        self.outbound = Outbound(client=client)
        self.media = Media(client=client, outbound=self.outbound)
        self.ann = ann
        self.line = ""

    async def begin(self) -> None:
        self.line = await self.outbound.send(key(self.ann.id), Rendered(text="Drawing …"))

    async def show(
        self, *files: OutgoingFile, maybe_sent: bool = False, caption: str = "a fox"
    ) -> tuple[str, ...]:
        return await self.media.show(
            key(self.ann.id),
            self.line,
            files,
            caption=caption,
            buttons=AGAIN,
            maybe_sent=maybe_sent,
            taken={(str(self.ann.id), self.line)},
        )


@pytest.fixture
async def shop(client: ApiClient, ann: PrivateChat) -> Shop:
    """A line of the bot's."""
    opened = Shop(client, ann)
    await opened.begin()
    return opened


@pytest.mark.parametrize(("file", "kind"), [(PHOTO, "photo"), (FILM, "video")])
async def test_one_takes_the_place_of_its_line_however_often(
    telegram: FakeTelegram, shop: Shop, file: OutgoingFile, kind: str
) -> None:
    """With caption and buttons; done again nothing changes."""
    for _ in range(2):
        assert await shop.show(file) == ()
    (message,) = shop.ann.bot_messages
    assert (message.kind, message.text, message.buttons) == (kind, "a fox", ["Again"])
    assert message.file is not None
    assert message.file.data == file.data
    assert telegram.violations == []


async def test_several_follow_the_line_as_an_album(telegram: FakeTelegram, shop: Shop) -> None:
    """The line keeps the caption and the buttons, which albums can't have."""
    ids = await shop.show(PHOTO, OTHER)
    line, *album = shop.ann.bot_messages
    assert (line.text, line.buttons) == ("a fox", ["Again"])
    assert [message.file.data for message in album if message.file] == [PHOTO.data, OTHER.data]
    assert ids == tuple(str(message.message_id) for message in album)
    assert telegram.violations == []


async def test_an_album_whose_answer_was_lost_is_found_again(telegram: FakeTelegram, shop: Shop) -> None:
    """Rather than sent a second time."""
    telegram.drop_answer("sendMediaGroup")
    with pytest.raises(PlatformUnclear):
        await shop.show(PHOTO, OTHER)
    ids = await shop.show(PHOTO, OTHER, maybe_sent=True)
    _, *album = shop.ann.bot_messages
    assert ids == tuple(str(message.message_id) for message in album)
    assert len(album) == 2


async def test_other_messages_are_not_taken_for_the_album(shop: Shop) -> None:
    """Neither a person's photo nor a text of ours; then it was never sent."""
    await shop.ann.send_photo(b"\xff\xd8\xff theirs")
    await shop.outbound.send(key(shop.ann.id), Rendered(text="something else"))
    await shop.show(PHOTO, OTHER, maybe_sent=True)
    assert [message.text for message in shop.ann.bot_messages if message.kind == "text"] == [
        "a fox",
        "something else",
    ]
    assert [message.kind for message in shop.ann.bot_messages].count("photo") == 2


async def test_what_is_no_photo_to_telegram_is_carried_as_a_file(telegram: FakeTelegram, shop: Shop) -> None:
    """Too long and thin, or too large."""
    telegram.fail("editMessageMedia", bad_request("PHOTO_INVALID_DIMENSIONS"))
    await shop.show(PHOTO)
    assert shop.ann.last.kind == "document"
    await shop.begin()
    await shop.show(OutgoingFile(name="p.png", mime="image/png", data=bytes(11 * 1024 * 1024)))
    assert shop.ann.last.kind == "document"


async def test_a_long_caption_is_cut_where_telegram_counts(telegram: FakeTelegram, shop: Shop) -> None:
    """1,024 UTF-16 units, and no half character."""
    await shop.show(PHOTO, caption="🦊" * 900)
    assert shop.ann.last.text == "🦊" * 512
    assert telegram.violations == []


async def test_a_line_that_is_gone_is_told_so(shop: Shop) -> None:
    """Whoever deleted it."""
    await shop.outbound.delete(key(shop.ann.id), [shop.line])
    with pytest.raises(MessageGone):
        await shop.show(PHOTO)
    assert shop.ann.bot_messages == []


async def test_an_album_without_its_line_gets_another_line(shop: Shop) -> None:
    """Not another album."""
    await shop.outbound.delete(key(shop.ann.id), [shop.line])
    await shop.show(PHOTO, OTHER)
    assert [message.kind for message in shop.ann.bot_messages] == ["photo", "photo", "text"]
    assert shop.ann.last.buttons == ["Again"]


async def test_a_flood_wait_is_passed_on(telegram: FakeTelegram, shop: Shop) -> None:
    """The core waits."""
    telegram.fail("editMessageMedia", flood_wait(3))
    with pytest.raises(PlatformBusy) as caught:
        await shop.show(PHOTO)
    assert caught.value.retry_after_seconds == 3
