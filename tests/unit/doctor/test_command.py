"""The command as a whole: exit codes, both forms of output, and no secret in either."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest

from bot import cli
from bot.doctor import command
from bot.doctor.command import run_doctor, style_for

KEY = "sk-0123456789abcdefghijkl"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a free 8080 nor an installed model is for these tests to know; logging stays as it is."""
    monkeypatch.setenv("PARLEY_HTTP__PORT", "0")
    monkeypatch.setenv("PARLEY_SANDBOX__MODEL", "scripted")
    monkeypatch.setattr(command, "set_up_logs", lambda settings, *, secrets: None)


def test_without_any_key_everything_is_off_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    """A first start would serve; nothing is made by looking."""
    assert cli.main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert text.count("Off: ") == 3
    assert text.endswith("Everything is in order.\n")
    assert list(Path().iterdir()) == []


def test_json_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """With the same findings."""
    assert cli.main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is True
    assert [one["code"] for one in told["findings"]][:4] == [
        "settings.read",
        "siliconflow.off",
        "telegram.off",
        "slack.off",
    ]


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--json"]])
def test_settings_that_cannot_be_used_end_with_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every fault is told, on stdout, in the form that was asked for."""
    monkeypatch.setenv("PARLEY_ACESS", "open")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "123 not a token at all")
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert "Did you mean PARLEY_ACCESS?" in out
    assert "TELEGRAM_BOT_TOKEN" in out
    assert "not a token at all" not in out
    assert err == ""
    if "--json" in arguments:
        assert json.loads(out)["ok"] is False


def test_errors_end_with_1_and_show_no_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Here: nobody listens where the models should be."""
    monkeypatch.setenv("SILICONFLOW_API_KEY", KEY)
    monkeypatch.setenv("SILICONFLOW_BASE_URL", "http://127.0.0.1:1/v1")
    assert run_doctor(json=False) == 1
    text = capsys.readouterr().out
    assert "✗ siliconflow  127.0.0.1:1 refuses the connection" in text
    assert "1 error: see what is marked ✗." in text
    assert KEY not in text


def test_an_address_with_a_login_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No request would go out with it."""
    monkeypatch.setenv("SILICONFLOW_BASE_URL", f"http://{KEY}:{KEY}@127.0.0.1:1/v1")
    assert run_doctor(json=False) == 2
    text = capsys.readouterr().out
    assert "SILICONFLOW_BASE_URL" in text
    assert KEY not in text


def test_a_thread_that_never_comes_back_does_not_keep_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As with a name server that does not answer: what was found is told, then the process is left."""
    release, left = threading.Event(), list[int]()
    monkeypatch.setattr(command, "CHECK_SECONDS", 0.5)
    monkeypatch.setattr("bot.doctor.database._look", lambda *_: release.wait(60) and [])
    try:
        assert run_doctor(json=True, leave=left.append) == 1
    finally:
        release.set()
    assert left == [1]
    told = json.loads(capsys.readouterr().out)
    assert "database.no_answer" in [one["code"] for one in told["findings"]]
    assert "settings.read" in [one["code"] for one in told["findings"]]


class Terminal(io.TextIOWrapper):
    """A stream that says what it is."""

    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("encoding", "terminal", "variables", "colours", "ascii_only"),
    [
        ("utf-8", True, {}, True, False),
        ("UTF-8", False, {}, False, False),
        ("utf-8", True, {"NO_COLOR": "1"}, False, False),
        ("utf-8", True, {"TERM": "dumb"}, False, False),
        ("ascii", True, {}, True, True),
        ("iso8859-1", False, {}, False, True),
    ],
)
def test_the_stream_decides_how_it_looks(
    monkeypatch: pytest.MonkeyPatch,
    encoding: str,
    terminal: bool,
    variables: dict[str, str],
    colours: bool,
    ascii_only: bool,
) -> None:
    """Colours for terminals, marks for UTF-8, lines broken only where somebody reads them."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    style = style_for(Terminal(encoding, terminal=terminal))
    assert (style.colours, style.ascii_only) == (colours, ascii_only)
    assert bool(style.width) is terminal


def test_help_says_what_is_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    """And how it ends."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["doctor", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert "--json" in text
    assert "exit codes: 0" in text
    assert max(map(len, text.splitlines())) <= 112
