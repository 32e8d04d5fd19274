"""The command line: what it prints, how it ends, and that a signal ends it in good order."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import pytest

from bot import cli
from bot.errors import StorageError
from bot.settings import Settings, known_settings

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, an environment without settings, and logging left alone."""
    monkeypatch.chdir(tmp_path)
    for setting in known_settings():
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setattr(cli, "_set_up_logs", lambda settings, *, terminal: None)
    return tmp_path


class Service:
    """Stands where ``bot.app`` stands; notes how it was opened and closed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[bool] = []
        self.closed = 0
        self.failure: Exception | None = None
        self.signals: list[signal.Signals] = []
        module = ModuleType("bot.app")
        module.open_app = self.open_app  # type: ignore[attr-defined]  # a module made by hand
        monkeypatch.setitem(sys.modules, "bot.app", module)

    @asynccontextmanager
    async def open_app(self, settings: Settings, *, terminal: bool) -> AsyncIterator[Service]:
        self.opened.append(terminal)
        if self.failure is not None:
            raise self.failure
        try:
            yield self
        finally:
            await asyncio.sleep(0)
            self.closed += 1

    async def serve(self) -> None:
        for number in self.signals:
            os.kill(os.getpid(), number)
        if self.signals:
            await asyncio.Event().wait()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    """The service the command line starts."""
    return Service(monkeypatch)


@pytest.mark.parametrize(
    ("arguments", "terminal", "token", "page", "chats"),
    [
        ([], False, False, "auto", False),
        ([], True, False, "auto", False),
        ([], True, False, "off", True),
        ([], False, False, "off", False),
        ([], True, True, "off", False),
        (["serve"], True, False, "off", True),
        (["serve"], True, False, "on", False),
        (["serve"], False, True, "auto", False),
        (["chat"], False, False, "auto", True),
        (["chat"], True, True, "on", True),
    ],
)
def test_serve_becomes_a_chat_only_for_a_person_without_a_platform_and_a_page(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    terminal: bool,
    token: bool,
    page: str,
    chats: bool,
) -> None:
    """A terminal at both ends, no token and no page: then a conversation right there."""
    monkeypatch.setenv("PARLEY_WEB", page)
    monkeypatch.setattr(cli, "_at_terminal", lambda: terminal)
    if token:
        monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123456789:" + "A" * 35)
    assert cli.main(arguments) == 0
    assert service.opened == [chats]
    assert service.closed == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_in_good_order(service: Service, number: signal.Signals) -> None:
    """Everything is closed, and the shell hears of no failure."""
    service.signals = [number]
    assert cli.main(["serve"]) == 0
    assert service.closed == 1


async def test_a_second_interrupt_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is in a hurry is not kept waiting; a repeated SIGTERM is no hurry."""
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    task = asyncio.create_task(asyncio.sleep(60), name="work")
    signals = cli._Signals(task)
    signals.take(signal.SIGTERM)
    signals.take(signal.SIGTERM)
    assert ended == []
    signals.take(signal.SIGINT)
    assert ended == [130]
    await asyncio.wait([task])
    assert task.cancelled()


def test_a_wrong_setting_is_told_and_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, no traceback."""
    monkeypatch.setenv("PARLEY_ACESS", "open")
    assert cli.main([]) == 2
    assert capsys.readouterr().err == "PARLEY_ACESS is not a setting; did you mean PARLEY_ACCESS?\n"


def test_another_failure_at_the_start_is_one_line_and_ends_with_1(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    """The operator reads a sentence."""
    service.failure = StorageError("the disk\nis full")
    assert cli.main([]) == 1
    assert capsys.readouterr().err == "parley: the disk is full\n"


def test_what_has_no_effect_is_said(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service starts nevertheless."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-1")
    assert cli.main(["serve"]) == 0
    assert "note: SLACK_BOT_TOKEN is set alone" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["serve"], ["chat"], ["migrate"], ["sandbox"]])
def test_help_explains_each_command(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Lines that fit a terminal, and more than a list of flags."""
    with pytest.raises(SystemExit) as ended:
        cli.main([*command, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert len(text.splitlines()) > 5
    assert max(map(len, text.splitlines())) <= 112


def test_help_tells_the_exit_codes_and_the_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """What somebody who writes a unit file looks for."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    text = capsys.readouterr().out
    for word in ("exit codes: 0", "TELEGRAM_BOT_TOKEN", "SILICONFLOW_API_KEY", "python -m bot chat"):
        assert word in text


def test_an_unknown_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """As shells expect of a usage error."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["srve"])
    assert ended.value.code == 2
    assert "srve" in capsys.readouterr().err


def test_migrate_makes_the_database_and_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once it changes something, then no more."""
    assert cli.main(["migrate"]) == 0
    assert (folder / "data" / "parley.db").is_file()
    assert cli.main(["migrate"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "The database was brought up to date.",
        "The database is up to date.",
    ]


def test_the_version_is_told_without_heavy_imports() -> None:
    """``--version`` answers at once: no framework, no database, no model."""
    code = (
        "import sys; from bot.cli import main\n"
        "try: main(['--version'])\n"
        "except SystemExit: pass\n"
        "heavy = {'aiohttp', 'aiogram', 'sqlalchemy', 'pydantic', 'xllamacpp'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=True
    )
    version, loaded = run.stdout.splitlines()
    assert version.startswith("parley 0.")
    assert loaded == "[]"


def test_a_folder_that_cannot_be_written_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The chat's log lies beside the database."""
    monkeypatch.undo()
    monkeypatch.chdir(folder)
    (folder / "data").write_text("in the way")
    assert cli.main(["chat"]) == 2
    assert capsys.readouterr().err.startswith("DATABASE_URL: data cannot be written to (")
