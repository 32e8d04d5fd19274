"""What an operator meets: wrong settings, a disk that is full or locked, strangers at the door."""

from __future__ import annotations

import asyncio
import re
import resource
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from bot.sandbox import HttpError, Reply, Sandbox, Script
from tests.e2e.conftest import Stage, settings_for
from tests.e2e.hostile import all_answered, lines_of, open_stage
from tests.e2e.service import Service
from tests.fakes.telegram import FakeTelegram, Person

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]

TOKEN = "600000001:AAFakeTokenForTestsOnly-0123456789abcd"
KEY = "sk-a-secret-of-the-operator"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """A service of this module's own; every test brings its own people."""
    async with open_stage(tmp_path_factory.mktemp("operator")) as opened:
        yield opened


# --- storage ----------------------------------------------------------------------------------------------


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the database for writing, as a backup gone wrong does."""
    with sqlite3.connect(database, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


@contextmanager
def no_space(service: Service) -> Iterator[None]:
    """No file of the service can grow beyond what its log needs, as on a disk without space."""
    assert service.process is not None
    _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
    limit = service.log.stat().st_size + 40_000
    resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


async def test_what_cannot_be_stored_is_left_with_telegram(stage: Stage) -> None:
    """While the database is locked nothing is confirmed; when it is free all is answered, once."""
    chats = [stage.telegram.private(stage.telegram.person(f"Ann {number}")) for number in range(3)]
    with locked(stage.service.database):
        for chat in chats:
            await chat.say("before")
            await chat.say("after")
        await told(stage.service, "is locked by another process")
        assert stage.telegram.unconfirmed == 6
        assert stage.service.status("/healthz") == 200
    await stage.telegram.until(
        lambda: [chat.texts for chat in chats] == [["You said: before", "You said: after"]] * 3
    )
    assert lines_of(stage.service, "telegram_update_not_stored") > 0
    assert stage.service.status("/readyz") == 200


async def test_a_full_disk_loses_and_repeats_nothing(stage: Stage) -> None:
    """Space runs out between messages and in the middle of answers; when there is some again all is there."""
    stage.brain.teach("for the full disk", Reply(text="It was all kept. " * 60, tokens_per_second=100))
    chats = [stage.telegram.private(stage.telegram.person(f"Ben {number}")) for number in range(6)]
    for chat in chats[:3]:
        await chat.say("for the full disk")
    await stage.telegram.until(lambda: all(chat.texts for chat in chats[:3]))
    with no_space(stage.service):
        for chat in chats[3:]:
            await chat.say("for the full disk")
        await told(stage.service, "the disk")
    await all_answered(stage.service, chats)
    assert [chat.texts for chat in chats] == [[("It was all kept. " * 60).strip()]] * 6
    assert stage.service.rows("select error from turns where state = 'dead'") == []


async def told(service: Service, sentence: str) -> None:
    """Wait until the log holds a sentence and /readyz says that something is amiss."""
    async with asyncio.timeout(60):
        # A file rings no bell.
        while sentence not in service.log.read_text(encoding="utf-8"):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        while await asyncio.to_thread(service.status, "/readyz") != 503:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


# --- settings ---------------------------------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, str], dict[str, str], str]] = {
    "a typo in .env": ({".env": "TELEGRAM_BOT_TOKN=1\n"}, {}, "TELEGRAM_BOT_TOKEN"),
    "a typo in parley.toml": ({"parley.toml": 'acess = "open"\n'}, {}, "access"),
    "a syntax error in parley.toml": ({"parley.toml": 'access = "open\n'}, {}, "parley.toml"),
    "a token of a wrong shape": ({}, {"TELEGRAM_BOT_TOKEN": "my-own-bot-token"}, "TELEGRAM_BOT_TOKEN"),
    "a port of letters": ({}, {"PARLEY_HTTP__PORT": "eighty"}, "PARLEY_HTTP__PORT"),
    "an access of its own": ({}, {"PARLEY_ACCESS": "evrybody"}, "PARLEY_ACCESS"),
    "a webhook without a secret": (
        {},
        {"PARLEY_TELEGRAM__MODE": "webhook", "PARLEY_TELEGRAM__WEBHOOK_URL": "https://x.example/telegram"},
        "PARLEY_TELEGRAM__WEBHOOK_SECRET",
    ),
    "a database of another kind": ({}, {"DATABASE_URL": "mysql://root:hunter22@db/x"}, "DATABASE_URL"),
}


async def ended(folder: Path, files: dict[str, str], settings: dict[str, str]) -> tuple[int, str]:
    """The exit code and the output of a service that has these files in its folder."""
    folder.mkdir()  # noqa: ASYNC240
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    service = Service(folder, {"TELEGRAM_BOT_TOKEN": TOKEN, "SILICONFLOW_API_KEY": KEY, **settings})
    try:
        await service.start(wait=False)
        assert service.process is not None
        code = await asyncio.wait_for(service.process.wait(), 60)
    finally:
        await service.aclose()
    return code, service.log.read_text(encoding="utf-8")


async def test_wrong_settings_end_in_exit_code_2_and_the_lines_that_help(tmp_path: Path) -> None:
    """Every fault is named, in at most three lines, without a trace and without a secret."""
    busy = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = str(busy.sockets[0].getsockname()[1])
    cases = {**WRONG, "a taken port": ({}, {"PARLEY_HTTP__PORT": port}, "PARLEY_HTTP__PORT")}
    async with busy:
        results = {
            name: await ended(tmp_path / name.replace(" ", "-"), files, settings)
            for name, (files, settings, _) in cases.items()
        }
    for name, (code, output) in results.items():
        assert code == 2, f"{name}: {output}"
        said = [line for line in output.splitlines() if not line.startswith("{")]
        assert any(cases[name][2] in line for line in said), f"{name}: {output}"
        assert len(said) <= 3, f"{name}: {output}"
        assert "Traceback" not in output
        assert not any(secret in output for secret in (TOKEN, KEY, "my-own-bot-token", "hunter22"))


async def test_a_database_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    """No database at all, and one of a newer version: a sentence and an exit code, no trace, no harm."""
    (tmp_path / "notes.db").write_text("these are my notes, and no database\n" * 100, encoding="utf-8")
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        newer.execute("INSERT INTO alembic_version VALUES ('9999')")
    expected = {"notes": (1, "is not a SQLite database"), "newer": (2, "was written by a newer Parley")}
    for name, (code, sentence) in expected.items():
        url = {"DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / name}.db"}
        ended_with, output = await ended(tmp_path / name, {}, url)
        assert (ended_with, sentence in output, "Traceback" in output) == (code, True, False), output
    assert (tmp_path / "notes.db").read_text(encoding="utf-8").startswith("these are my notes")


# --- strangers --------------------------------------------------------------------------------------------


async def test_strangers_learn_how_to_be_let_in_and_nothing_else(tmp_path: Path) -> None:
    """The admin is served. A stranger reads one sentence an hour and chat, the code only in private."""
    telegram, script = (
        FakeTelegram(),
        Script(answer=lambda request: Reply(text=f"For {request.last_user_text}")),
    )
    await telegram.start()
    admin, eve = telegram.person("Admin"), telegram.person("Eve")
    async with Sandbox(script=script) as provider:
        # A folder that is not there yet is made.
        settings = {
            **settings_for(telegram, provider),
            "PARLEY_ACCESS": "pairing",
            "PARLEY_ADMINS": f"telegram:{admin.id}",
            "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/not/yet/there.db",
        }
        service = Service(tmp_path, settings)
        try:
            await service.start()
            await _visit(telegram, provider, admin, eve)
        finally:
            await service.aclose()
            await telegram.close()
    assert (tmp_path / "not" / "yet" / "there.db").exists()


async def _visit(telegram: FakeTelegram, provider: Sandbox, admin: Person, eve: Person) -> None:
    served, strange = telegram.private(admin), telegram.private(eve)
    team = telegram.group("Team", [admin, eve])
    question = await strange.say("let me in")
    await strange.say("let me in, I say")
    await strange.edit(question, "let me in now")
    await strange.say("/new")
    provider.script.enqueue(Reply(fault=HttpError(status=401, body="Api key is invalid")))
    await team.say(admin, "@parley_bot hello")
    await telegram.until(lambda: bool(team.texts) and team.last.buttons == ["Try again"])
    answer = await team.press(eve, team.last, "Try again")
    assert answer.text == "This button does not work here."
    asked = await team.say(eve, "@parley_bot what did Admin say?")
    await team.edit(asked, "@parley_bot tell me what Admin said")
    await served.say("and me?")
    await telegram.until(lambda: served.texts == ["For and me?"])
    await telegram.until(lambda: len(team.texts) == 2 and bool(strange.texts))
    assert len(strange.texts) == 1
    code = re.search(r"/admit (\w{8})", strange.texts[0])
    assert code is not None
    assert code[1] not in team.texts[1]
    assert "hello" not in team.texts[1]
    assert not any("let me in" in str(request.body) for request in provider.requests)
    assert not any("what did Admin say" in str(request.body) for request in provider.requests)
