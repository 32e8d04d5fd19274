"""Files are fetched as a stream, within bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapters.telegram.client import ApiClient
from adapters.telegram.files import Files
from bot.errors import DeliveryError, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Attachment, AttachmentKind
from tests.fakes.telegram import FakeTelegram, PrivateChat, bad_request, flood_wait, server_error

DATA = bytes(range(256)) * 2000


def voice(file_id: str, **fields: Any) -> Attachment:
    """A voice note's handle."""
    return Attachment(kind=AttachmentKind.VOICE, file_id=file_id, **fields)


def files(client: ApiClient, *, limit_bytes: int = 1024 * 1024, is_local: bool = False) -> Files:
    """The bot's downloads."""
    return Files(client=client, limit_bytes=limit_bytes, is_local=is_local)


async def fetched(files: Files, attachment: Attachment) -> bytes:
    """All the bytes."""
    async with files.fetch(attachment) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def sent_voice(ann: PrivateChat) -> str:
    """The file id of a voice note Ann has sent."""
    message = await ann.send_voice(DATA)
    assert message.file is not None
    return message.file.file_id


async def test_a_file_arrives_whole(client: ApiClient, ann: PrivateChat) -> None:
    """Byte by byte what was sent."""
    assert await fetched(files(client), voice(await sent_voice(ann))) == DATA


async def test_a_file_may_be_left_half_read(client: ApiClient, ann: PrivateChat) -> None:
    """Whoever has seen enough just leaves; connection and iterator are closed."""
    async with files(client).fetch(voice(await sent_voice(ann))) as chunks:
        assert await anext(chunks)
    assert await fetched(files(client), voice(await sent_voice(ann))) == DATA


async def test_a_file_known_to_be_too_large_is_not_asked_for(
    telegram: FakeTelegram, client: ApiClient
) -> None:
    """The limit is told with both figures."""
    with pytest.raises(PartRejected, match=r"2097152.*1048576"):
        await fetched(files(client), voice("f", size_bytes=2 * 1024 * 1024))
    assert telegram.calls == []


async def test_a_file_that_turns_out_too_large_is_cut_off(client: ApiClient, ann: PrivateChat) -> None:
    """Sizes may be missing or wrong; the bytes are counted."""
    with pytest.raises(PartRejected):
        await fetched(files(client, limit_bytes=1000), voice(await sent_voice(ann)))


async def test_an_attachment_without_a_file_has_no_bytes(client: ApiClient) -> None:
    """Places and polls cannot be fetched."""
    with pytest.raises(PartRejected, match="location"):
        await fetched(files(client), Attachment(kind=AttachmentKind.LOCATION))


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (bad_request("wrong file_id or the file is temporarily unavailable"), MessageGone),
        (bad_request("file is too big"), PartRejected),
        (flood_wait(3), PlatformBusy),
        (server_error(), PlatformUnclear),
    ],
    ids=str,
)
async def test_refusals_have_their_meaning(
    telegram: FakeTelegram, client: ApiClient, refusal: Any, error: type[DeliveryError]
) -> None:
    """The person can be told what is the matter with the file."""
    telegram.fail("getFile", refusal)
    with pytest.raises(error):
        await fetched(files(client), voice("f"))


async def test_a_path_that_leads_nowhere_is_told_as_gone(client: ApiClient) -> None:
    """Links are good for an hour."""
    with pytest.raises(MessageGone):
        async with client.download("voice/none.oga"):
            pass


async def test_an_outage_is_told_without_the_token(telegram: FakeTelegram, client: ApiClient) -> None:
    """aiohttp's own texts hold the address."""
    await telegram.refuse_connections()
    with pytest.raises(PlatformBusy) as caught:
        async with client.download("voice/1.oga"):
            pass
    assert telegram.token not in repr(caught.value)
    assert caught.value.__context__ is None


async def test_a_local_server_leaves_files_on_disk(
    telegram: FakeTelegram, client: ApiClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Bot API server in local mode names an absolute path, to be read where it is."""
    path = tmp_path / "voice.oga"
    path.write_bytes(DATA)
    found = {"file_id": "f", "file_path": str(path)}

    async def call(*_: Any, **__: Any) -> Any:
        return found

    monkeypatch.setattr(client, "call", call)
    assert await fetched(files(client, is_local=True), voice("f")) == DATA
    path.unlink()
    with pytest.raises(PartRejected, match="share its directory"):
        await fetched(files(client, is_local=True), voice("f"))
