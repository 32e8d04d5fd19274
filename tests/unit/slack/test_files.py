"""Files arrive as their bytes; the token goes to Slack alone, and a web page is no file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from adapters.slack.client import ApiClient
from adapters.slack.files import Files
from bot.errors import DeliveryError, MessageGone, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import Attachment, AttachmentKind, Incoming
from tests.fakes.slack import FakeSlack, withdrawn
from tests.unit.slack.support import Store, adapter_for, running, until

FILE = Attachment(kind=AttachmentKind.DOCUMENT, file_id="F1")


async def fetched(files: Any, attachment: Attachment) -> bytes:
    """All of the bytes."""
    async with files.fetch(attachment) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_what_a_person_sends_is_fetched_whole(slack: FakeSlack) -> None:
    """A picture with a text, a voice clip without."""
    store, ann, data = Store(), slack.person("Ann"), bytes(range(256)) * 2000
    adapter, dm = adapter_for(slack), slack.dm(ann)
    async with running(adapter, store):
        await dm.upload(data, name="a.png", mime_type="image/png", text="look")
        await dm.send_voice(b"voice", mime_type="video/mp4")
        await until(lambda: len(store.of(Incoming)) == 2)
        picture, voice = store.of(Incoming)
        assert picture.text == "look"
        assert [item.kind for item in picture.attachments] == [AttachmentKind.IMAGE]
        assert [item.kind for item in voice.attachments] == [AttachmentKind.VOICE]
        assert await fetched(adapter, picture.attachments[0]) == data
        assert await fetched(adapter, voice.attachments[0]) == b"voice"


@asynccontextmanager
async def file_server(
    answer: Any, *, file: dict[str, Any] | None = None
) -> AsyncIterator[tuple[str, list[str]]]:
    """A Web API whose files.info points to ``answer``; gives its address and the tokens seen there."""
    tokens: list[str] = []
    application = web.Application()

    async def info(request: web.Request) -> web.Response:
        here = f"http://{request.host}"
        described = {"id": "F1", "url_private_download": f"{here}/file", **(file or {})}
        return web.json_response({"ok": True, "file": described})

    async def serve(request: web.Request) -> web.StreamResponse:
        tokens.append(request.headers.get("Authorization", ""))
        result: web.StreamResponse = await answer(request)
        return result

    application.router.add_post("/api/files.info", info)
    application.router.add_get("/{name:.*}", serve)
    runner = web.AppRunner(application, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/", tokens
    finally:
        await runner.cleanup()


def files_at(url: str, **options: Any) -> Files:
    """Downloads by a Web API at this address."""
    return Files(client=ApiClient(bot_token="xoxb-secret", api_base_url=url), **options)


def answering(**fields: Any) -> Any:
    """A handler that always answers this."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(**fields)

    return answer


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"status": 404}, MessageGone),
        ({"status": 403}, PartRejected),
        ({"status": 500}, PlatformUnclear),
        ({"status": 429, "headers": {"Retry-After": "9"}}, PlatformBusy),
        ({"text": "<html>sign in</html>", "content_type": "text/html"}, PartRejected),
        ({"body": b"  <!DOCTYPE html><html>", "content_type": "image/png"}, PartRejected),
        ({"body": b"x" * 200}, PartRejected),
        ({"status": 302, "headers": {"Location": "/file"}}, PlatformUnclear),
        ({"status": 302, "headers": {"Location": "https://example.org/x"}}, PartRejected),
        ({"status": 302, "headers": {"Location": "http://[broken"}}, PartRejected),
    ],
)
async def test_what_is_not_the_file_is_an_error(
    fields: dict[str, Any], expected: type[DeliveryError]
) -> None:
    """Gone, refused, too much, a login page, a way in circles or away from Slack."""
    async with file_server(answering(**fields)) as (url, tokens):
        with pytest.raises(expected) as caught:
            await fetched(files_at(url, limit_bytes=100), FILE)
        assert "xoxb-secret" not in repr(caught.value)
        assert set(tokens) == {"Bearer xoxb-secret"}


async def test_a_page_that_was_sent_as_a_page_is_a_file() -> None:
    """Somebody may share one."""
    page = answering(text="<html></html>", content_type="text/html")
    async with file_server(page, file={"mimetype": "text/html"}) as (url, _):
        assert await fetched(files_at(url), FILE) == b"<html></html>"


async def test_a_redirect_within_slack_is_followed() -> None:
    """With the token."""

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/file":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.Response(body=b"bytes")

    async with file_server(answer) as (url, tokens):
        assert await fetched(files_at(url), FILE) == b"bytes"
        assert tokens == ["Bearer xoxb-secret"] * 2


@pytest.mark.parametrize(
    "address",
    ["https://example.org/f", "http://files.slack.com/f", "https://evilslack.com/f", "", "http://[x", 5],
)
async def test_the_token_is_sent_to_no_other_host(address: Any) -> None:
    """Not even to one whose name ends alike, nor in the clear."""
    async with file_server(answering(body=b"x"), file={"url_private_download": address}) as (url, tokens):
        with pytest.raises(PartRejected):
            await fetched(files_at(url), FILE)
        assert tokens == []


async def test_files_slack_does_not_give_out(slack: FakeSlack) -> None:
    """No handle, too large by its own account, deleted since."""
    adapter = adapter_for(slack)
    for attachment in (
        Attachment(kind=AttachmentKind.LOCATION),
        Attachment(kind=AttachmentKind.VIDEO, file_id="F1", size_bytes=10**12),
    ):
        with pytest.raises(PartRejected):
            await fetched(adapter, attachment)
    slack.fail("files.info", withdrawn("file_not_found"))
    with pytest.raises(MessageGone):
        await fetched(adapter, FILE)
