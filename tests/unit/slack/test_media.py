"""Pictures and films are shared once, in one message below their line, which gets caption and buttons."""

from __future__ import annotations

import pytest

from bot.errors import DeliveryError
from bot.ports import Button, OutgoingFile, ShowsMedia
from tests.unit.slack.conftest import Stage

PHOTOS = tuple(OutgoingFile(name=f"picture-1-{n}.png", mime="image/png", data=b"\x89PNG" * n) for n in (1, 2))
AGAIN = ((Button(label="Again", data="draw:again:1"),),)


async def test_files_are_shared_in_one_message_and_the_line_gets_the_buttons(stage: Stage) -> None:
    """Byte for byte, in the thread."""
    assert isinstance(stage.adapter, ShowsMedia)
    line = await stage.adapter.send(stage.key, stage.content("Drawing …"))
    await stage.adapter.show_media(stage.key, line, PHOTOS, caption="a fox", buttons=AGAIN)
    shares = [message for message in stage.room.messages if message.files]
    assert [[file.data for file in message.files] for message in shares] == [[one.data for one in PHOTOS]]
    assert stage.message(line).text == "a fox"


async def test_a_share_whose_answer_was_lost_is_found_again(stage: Stage) -> None:
    """Rather than made a second time."""
    line = await stage.adapter.send(stage.key, stage.content("Drawing …"))
    stage.slack.drop_answer("files.completeUploadExternal")
    with pytest.raises(DeliveryError):
        await stage.adapter.show_media(stage.key, line, PHOTOS, caption="a fox", buttons=AGAIN)
    ids = await stage.adapter.show_media(
        stage.key, line, PHOTOS, caption="a fox", buttons=AGAIN, maybe_sent=True
    )
    (share,) = [message for message in stage.room.messages if message.files]
    assert ids == (share.ts,)
