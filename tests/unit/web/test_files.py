"""People send files: whole or not at all, served so that no browser runs them, gone with their chat."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.web import uploads
from bot.errors import MessageGone, PlatformBusy
from bot.messages import Attachment, AttachmentKind, Author, Edited, Incoming
from tests.unit.web.support import Browser, Service, holders, new_id, open_browser, open_service

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
WEBM = b"\x1aE\xdf\xa3" + bytes(range(256)) * 8
MEGABYTE = 1024 * 1024


def kept(folder: Path) -> list[str]:
    """The names of the files whose bytes are on the disk."""
    shelf = folder / "page-files"
    return sorted(path.name for path in shelf.iterdir()) if shelf.exists() else []


async def fetched(service: Service, attachment: Attachment) -> bytes:
    """What the core reads of an attachment."""
    async with service.adapter.fetch(attachment) as pieces:
        return b"".join([piece async for piece in pieces])


def newest(service: Service) -> Incoming:
    """The newest message that the core got."""
    event = service.events[-1]
    assert isinstance(event, Incoming)
    return event


async def test_a_message_brings_its_files_to_the_core_in_their_order(
    service: Service, browser: Browser
) -> None:
    """What each is, the bytes say; text is optional; a repeated request is one message."""
    chat, nonce = await browser.new_chat(), new_id()
    sent: list[tuple[bytes, dict[str, Any]]] = [
        (PNG, {"name": "a photo.jpg", "mime": "image/jpeg"}),
        (WEBM, {"name": "voice.webm", "mime": "audio/webm;codecs=opus", "voice": True, "seconds": 3.5}),
        (b"%PDF-1.7", {"name": "../../lease.pdf", "mime": "application/pdf"}),
    ]
    files = [{"id": (await browser.upload(data)).data["id"], **said} for data, said in sent]
    for _ in range(2):
        path = f"/chat/api/chats/{chat}/messages"
        assert (await browser.post(path, {"text": "", "nonce": nonce, "files": files})).status == 200
    first, second = service.events
    assert first.event_id == second.event_id
    message = newest(service)
    assert message.parts == message.attachments
    assert [(one.kind, one.name, one.mime) for one in message.attachments] == [
        (AttachmentKind.IMAGE, "a photo.jpg", "image/png"),
        (AttachmentKind.VOICE, "voice.webm", "audio/webm"),
        (AttachmentKind.DOCUMENT, "lease.pdf", "application/pdf"),
    ]
    assert message.attachments[1].duration_seconds == 3.5
    assert [one.size_bytes for one in message.attachments] == [len(data) for data, _ in sent]
    assert [await fetched(service, one) for one in message.attachments] == [data for data, _ in sent]
    (shown,) = await browser.messages(chat)
    assert [(file["kind"], file["name"]) for file in shown["files"]] == [
        ("picture", "a photo.jpg"),
        ("voice", "voice.webm"),
        ("file", "lease.pdf"),
    ]


async def test_the_same_recording_is_known_again(service: Service, browser: Browser) -> None:
    """Sent twice it has two handles and one name, so that it is written down once."""
    chat = await browser.new_chat()
    found: list[Attachment] = []
    for data in (WEBM, WEBM, WEBM + b"more"):
        await browser.attach(chat, data, voice=True)
        found += newest(service).attachments
    assert len({one.file_id for one in found}) == 3
    assert found[0].unique_id == found[1].unique_id != found[2].unique_id


async def test_an_edited_message_keeps_its_files(service: Service, browser: Browser) -> None:
    """Its words may go as long as there are files; the core gets both forms with them."""
    chat = await browser.new_chat()
    shown = await browser.attach(chat, PNG, text="what is this?", name="x.png")
    before = newest(service)
    path = f"/chat/api/chats/{chat}/messages/{shown['id']}"
    for text in ("what is THIS?", ""):
        assert (await browser.post(path, {"text": text, "nonce": new_id()})).status == 200
        event = service.events[-1]
        assert isinstance(event, Edited)
        assert (event.message.text, event.message.attachments) == (text, before.attachments)
    (after,) = await browser.messages(chat)
    assert after["files"] == shown["files"]


# --- hostile ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\notes.txt", "notes.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\r\nSet-Cookie: x=1\x00.txt", "a Set-Cookie: x=1\ufffd.txt"),
        ("x" * 500 + ".pdf", "x" * 195 + "….pdf"),
        ('"><script>alert(1)</script>.png', "script>.png"),
        ("", ""),
    ],
)
async def test_a_hostile_name_is_only_a_name(browser: Browser, name: str, shown: str) -> None:
    """It leads to no other folder, breaks no header, and hides no ending."""
    chat = await browser.new_chat()
    (file,) = (await browser.attach(chat, b"data", name=name))["files"]
    assert file["name"] == shown
    answer = await browser.get(file["address"])
    assert answer.body == b"data"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/svg+xml"),
        (b"<!doctype html><script>alert(1)</script>", "image/png"),
        (b"%PDF-1.7 <script>", "text/html"),
        (b"GIF88a<script>", "image/gif"),
    ],
)
async def test_what_only_calls_itself_a_picture_is_never_shown(
    browser: Browser, data: bytes, mime: str
) -> None:
    """It is saved, as nothing in particular; and what is shown can do nothing."""
    chat = await browser.new_chat()
    (file,) = (await browser.attach(chat, data, name="x.png", mime=mime))["files"]
    assert file["kind"] == "file"
    answer = await browser.get(file["address"])
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    (file,) = (await browser.attach(chat, PNG, name="x.html", mime="text/html"))["files"]
    answer = await browser.get(file["address"])
    assert answer.headers["Content-Type"] == "image/png"
    for name, value in {
        "Content-Security-Policy": "default-src 'none'; style-src 'none'; frame-ancestors 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }.items():
        assert answer.headers[name] == value


async def test_an_upload_of_a_stranger_is_refused(service: Service, browser: Browser, tmp_path: Path) -> None:
    """Without the key, from another origin, or as something that a form elsewhere could send."""
    async with open_browser(service.url) as stranger:
        assert (await stranger.upload(PNG)).status == 401
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Encoding": "gzip"}, 415),
    ):
        assert (await browser.upload(b"x", **headers)).status == status, headers
    assert kept(tmp_path) == []
    chat = await browser.new_chat()
    (file,) = (await browser.attach(chat, PNG))["files"]
    async with open_browser(service.url) as stranger:
        assert (await stranger.get(file["address"])).status == 401
        assert (await stranger.head(file["address"])).status == 401


async def test_an_empty_or_giant_file_is_refused(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what it says of its size, and by what comes if it says nothing; nothing stays behind."""
    assert (await browser.upload(b"")).data == {"error": "file_empty"}
    monkeypatch.setattr(uploads, "LARGEST_FILE_BYTES", MEGABYTE)

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield bytes(64 * 1024)

    for body in (bytes(MEGABYTE + 1), endless()):
        answer = await browser.upload(body)
        assert (answer.status, answer.data) == (413, {"error": "file_too_large"})
    assert (await browser.upload(bytes(MEGABYTE))).status == 200
    assert len(kept(tmp_path)) == 1


async def test_an_upload_that_is_cut_leaves_nothing(
    service: Service, browser: Browser, tmp_path: Path
) -> None:
    """The page sends it again, under the same name."""
    (cookie,) = browser.http.cookie_jar
    file_id = new_id()
    host = urlsplit(service.url).netloc
    head = (
        f"POST /chat/api/uploads/{file_id} HTTP/1.1\r\nHost: {host}\r\nOrigin: {service.url}\r\n"
        f"Cookie: {cookie.key}={cookie.value}\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: 100000\r\n\r\n"
    )
    _, writer = await asyncio.open_connection(*host.split(":"))
    writer.write(head.encode() + bytes(50_000))
    await writer.drain()
    async with asyncio.timeout(60):
        while not kept(tmp_path):  # noqa: ASYNC110 - a folder rings no bell
            await asyncio.sleep(0.01)
        writer.close()
        while kept(tmp_path):  # noqa: ASYNC110 - a folder rings no bell
            await asyncio.sleep(0.01)
    assert (await browser.upload(PNG, file_id)).status == 200
    assert kept(tmp_path) == [file_id]


async def test_a_message_names_only_files_that_wait_for_it(service: Service, browser: Browser) -> None:
    """Not one that never came, not another message's, none twice, and not too many; then nothing is sent."""
    chat = await browser.new_chat()
    await browser.attach(chat, PNG)
    taken = newest(service).attachments[0].file_id
    waits = (await browser.upload(PNG)).data["id"]
    path = f"/chat/api/chats/{chat}/messages"
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        ([{"id": new_id()}], "file_gone"),
        ([{"id": taken}], "file_gone"),
        ([{"id": waits}, {"id": waits}], "file_gone"),
        ([{"id": waits}] * 11, "too_many_files"),
        ([{"id": "../page.db"}], "not_understood"),
        ([{"id": waits, "seconds": -1}], "not_understood"),
        ([{"id": waits, "kind": "picture"}], "not_understood"),
    ]
    for files, reason in wrong:
        answer = await browser.post(path, {"text": "x", "nonce": new_id(), "files": files})
        assert answer.data == {"error": reason}, files
    assert (await browser.upload(b"other bytes", taken)).data == {"error": "file_taken"}
    assert len(service.events) == 1
    assert (await browser.post(path, {"text": "", "nonce": new_id(), "files": [{"id": waits}]})).status == 200


async def test_a_store_that_refuses_keeps_the_file_for_another_try(
    service: Service, browser: Browser
) -> None:
    """The same request goes through when the store is well again."""
    chat, nonce = await browser.new_chat(), new_id()
    body = {"text": "", "nonce": nonce, "files": [{"id": (await browser.upload(PNG)).data["id"]}]}
    service.refusing = True
    assert (await browser.post(f"/chat/api/chats/{chat}/messages", body)).status == 503
    service.refusing = False
    assert (await browser.post(f"/chat/api/chats/{chat}/messages", body)).status == 200
    assert len((await browser.messages(chat))[0]["files"]) == 1


# --- sizes --------------------------------------------------------------------------------------------------


async def test_fifty_megabytes_pass_in_little_memory(service: Service, browser: Browser) -> None:
    """Taken in, handed to the core, and given out again."""
    piece = bytes(range(256)) * 256

    async def film() -> AsyncIterator[bytes]:
        yield b"\x1aE\xdf\xa3"
        for _ in range(50 * MEGABYTE // len(piece)):
            yield piece

    chat = await browser.new_chat()
    tracemalloc.start()
    try:
        uploaded = (await browser.upload(film())).data
        body = {"text": "", "nonce": new_id(), "files": [{"id": uploaded["id"], "mime": "video/webm"}]}
        await browser.post(f"/chat/api/chats/{chat}/messages", body)
        (attachment,) = newest(service).attachments
        size = 0
        async with service.adapter.fetch(attachment) as pieces:
            async for one in pieces:
                size += len(one)
        async with browser.http.get(f"{service.url}/chat/api/files/{attachment.file_id}") as answer:
            given = [len(chunk) async for chunk in answer.content.iter_chunked(MEGABYTE)]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert uploaded["size"] == size == sum(given) == 50 * MEGABYTE + 4
    assert attachment.kind is AttachmentKind.VIDEO
    assert peak < 10 * MEGABYTE


async def test_a_player_gets_the_ranges_it_asks_for(browser: Browser) -> None:
    """Byte ranges as RFC 9110 has them, so that it can seek; HEAD tells the length and sends nothing."""
    chat = await browser.new_chat()
    (file,) = (await browser.attach(chat, WEBM, voice=True, mime="audio/webm"))["files"]
    path, size = file["address"], len(WEBM)
    for wanted, status, body, named in (
        ("", 200, WEBM, None),
        ("bytes=0-", 206, WEBM, f"bytes 0-{size - 1}/{size}"),
        ("bytes=0-1", 206, WEBM[:2], f"bytes 0-1/{size}"),
        ("bytes=100-199", 206, WEBM[100:200], f"bytes 100-199/{size}"),
        ("bytes=100-999999", 206, WEBM[100:], f"bytes 100-{size - 1}/{size}"),
        ("bytes=-7", 206, WEBM[-7:], f"bytes {size - 7}-{size - 1}/{size}"),
        (f"bytes={size}-", 416, b"", f"bytes */{size}"),
        ("bytes=9-3", 416, b"", f"bytes */{size}"),
        ("lines=1-2", 416, b"", f"bytes */{size}"),
    ):
        headers = {"Range": wanted} if wanted else {}
        answer = await browser.get(path, **headers)
        assert (answer.status, answer.headers.get("Content-Range")) == (status, named), wanted
        assert answer.body == body
        head = await browser.head(path, **headers)
        assert (head.status, head.body) == (status, b"")
        if status != 416:
            assert answer.headers["Accept-Ranges"] == head.headers["Accept-Ranges"] == "bytes"
            assert answer.headers["Content-Type"] == head.headers["Content-Type"] == "audio/webm"
            assert head.headers["Content-Length"] == str(len(body))
    assert (await browser.head("/chat/api/files/" + "0" * 32)).status == 404


# --- the end of it ------------------------------------------------------------------------------------------


async def test_files_go_with_their_chat(service: Service, browser: Browser, tmp_path: Path) -> None:
    """From the disk too; the core hears then that they are gone, and another chat's stay."""
    chat, other = await browser.new_chat(), await browser.new_chat()
    await browser.attach(chat, PNG, name="a secret")
    (gone,) = newest(service).attachments
    await browser.attach(other, WEBM)
    (stays,) = newest(service).attachments
    assert (await browser.post(f"/chat/api/chats/{chat}/delete")).status == 200
    assert kept(tmp_path) == [stays.file_id]
    with pytest.raises(MessageGone):
        await fetched(service, gone)
    assert (await browser.get(f"/chat/api/files/{gone.file_id}")).status == 404


async def test_what_is_forgotten_lies_in_no_file(service: Service, browser: Browser, tmp_path: Path) -> None:
    """Neither what was sent, in whichever chat, nor what was only uploaded."""
    chat, other = await browser.new_chat(), await browser.new_chat()
    await browser.attach(chat, PNG, name="a secret name")
    key = newest(service).key
    await browser.attach(other, WEBM)
    await browser.upload(b"never sent")
    await service.adapter.forget(key, Author(id="local", name="local"))
    assert kept(tmp_path) == []
    assert holders(tmp_path, b"a secret name") == []


async def test_what_lay_about_when_the_process_ended_is_cleared_away(tmp_path: Path) -> None:
    """Half a file, a whole one that nobody noted, one whose deletion was interrupted; the rest survives."""
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        chat = await browser.new_chat()
        await browser.attach(chat, PNG)
        (stays,) = newest(service).attachments
        await service.adapter._log._database.run(
            lambda conn: conn.execute("insert into dropped values (?)", ("d" * 32,))
        )
    for name in ("a" * 32 + ".1234abcd.part", "b" * 32, "d" * 32):
        (tmp_path / "page-files" / name).write_bytes(b"left behind")
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        assert kept(tmp_path) == [stays.file_id]
        (shown,) = await browser.messages(chat)
        assert (await browser.get(shown["files"][0]["address"])).body == PNG


async def test_bytes_that_somebody_took_away_are_a_pause(
    service: Service, browser: Browser, tmp_path: Path
) -> None:
    """The core tries again and then says so; the page hears that there is nothing."""
    await browser.attach(await browser.new_chat(), PNG)
    (attachment,) = newest(service).attachments
    (tmp_path / "page-files" / attachment.file_id).unlink()
    with pytest.raises(PlatformBusy):
        await fetched(service, attachment)
    assert (await browser.get(f"/chat/api/files/{attachment.file_id}")).status == 404
