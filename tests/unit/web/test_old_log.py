"""A page's log of an earlier version opens, and shows what it showed."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from adapters.web.pagelog.database import _SCHEMAS
from tests.unit.web.support import open_browser, open_service

CHAT = "c" * 32
NOTES, PHOTO, VOICE = "1" * 32, "2" * 32, "3" * 32
LARGE = bytes(range(256)) * 20_000


def write_old_log(folder: Path, version: int) -> None:
    """A chat with a question, its answer, a command and its reply; from version 2 on with files of ours."""
    with contextlib.closing(sqlite3.connect(folder / "page.db")) as log:
        for schema in _SCHEMAS[:version]:
            log.executescript(schema)
        log.execute(f"pragma user_version = {version}")
        log.execute("insert into secrets values ('session', 'an old secret')")
        log.execute("insert into chats values (?, 'Old chat', 1, 5.0)", (CHAT,))
        for who, text, buttons in (
            ("person", "a question", "[]"),
            ("bot", "an answer", "[]"),
            ("person", "/settings", "[]"),
            ("bot", "a page", '[[["Close", "close"]]]'),
            ("bot", "a file", "[]"),
        ):
            log.execute(
                "insert into messages (chat, who, text, html, buttons, reply_to, at) "
                "values (?, ?, ?, ?, ?, '', 6.0)",
                (CHAT, who, text, f"<p>{text}</p>" if who == "bot" else "", buttons),
            )
        if version > 1:
            for row in (
                (NOTES, "notes.md", "text/markdown", b"# Notes"),
                (PHOTO, "a.png", "image/png", LARGE),
                (VOICE, "a.mp3", "audio/mpeg", b"ID3"),
            ):
                log.execute("insert into files values (?, ?, ?, ?, ?)", (row[0], CHAT, *row[1:]))
        log.commit()


@pytest.mark.parametrize("version", [1, 2])
async def test_an_older_log_opens_with_everything_in_it(tmp_path: Path, version: int) -> None:
    """Twice: what was brought up to date once is not done again. Only the answer can be voted on."""
    write_old_log(tmp_path, version)
    for _ in range(2):
        async with open_service(tmp_path) as service, open_browser(service.url) as browser:
            await browser.sign_in(service.link)
            start = (await browser.get("/chat/api/start")).data
            assert [chat["title"] for chat in start["chats"]] == ["Old chat"]
            messages = await browser.messages(CHAT)
            assert [shown["text"] for shown in messages] == [
                "a question",
                "an answer",
                "/settings",
                "a page",
                "a file",
            ]
            assert [shown["votes"] for shown in messages] == [False, True, False, False, False]
            assert await service.adapter._log.secret("session") == "an old secret"


async def test_files_of_an_older_log_are_served_from_the_disk(tmp_path: Path) -> None:
    """Byte for byte and in ranges; they go with their chat as new ones do."""
    write_old_log(tmp_path, 2)
    async with open_service(tmp_path) as service, open_browser(service.url) as browser:
        await browser.sign_in(service.link)
        for file_id, mime, data in (
            (NOTES, "application/octet-stream", b"# Notes"),
            (PHOTO, "image/png", LARGE),
            (VOICE, "audio/mpeg", b"ID3"),
        ):
            answer = await browser.get(f"/chat/api/files/{file_id}")
            assert (answer.headers["Content-Type"], answer.body) == (mime, data)
        assert (await browser.get(f"/chat/api/files/{PHOTO}", Range="bytes=5-6")).body == LARGE[5:7]
        assert {path.stat().st_mode & 0o077 for path in (tmp_path / "page-files").iterdir()} == {0}
        await browser.post(f"/chat/api/chats/{CHAT}/delete")
        assert list((tmp_path / "page-files").iterdir()) == []
