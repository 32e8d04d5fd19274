"""The log: one form for everything, no secret in any of it."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import set_up_logs
from bot.scrubbing import MASK, SHORTEST_SECRET, Scrubber
from bot.settings import LogFormat, LogLevel, LogSettings

TOKEN = "123456789:AAE" + "x" * 32
WORD = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGH0123456789", min_size=1)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Put logging and structlog back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("bot", "adapters")
    levels = [logging.getLogger(name).level for name in names]
    yield
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    for name, before in zip(names, levels, strict=True):
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def set_up(
    stream: io.StringIO,
    *,
    level: LogLevel = LogLevel.INFO,
    form: LogFormat = LogFormat.AUTO,
    secret: str = "",
) -> None:
    """Log to ``stream``."""
    set_up_logs(LogSettings(level=level, format=form), secrets=[secret] if secret else [], stream=stream)


def fail(words: str) -> None:
    """Raise."""
    raise ValueError(words)


def test_without_a_terminal_each_event_is_a_json_line() -> None:
    """What a log collector reads."""
    stream = io.StringIO()
    set_up(stream)
    structlog.get_logger("bot.turns").info("turn_finished", turn_id=7, path=Path("x"))
    event = json.loads(stream.getvalue())
    assert event["event"] == "turn_finished"
    assert event["level"] == "info"
    assert event["logger"] == "bot.turns"
    assert event["turn_id"] == 7
    assert event["timestamp"].endswith("Z")


def test_on_a_terminal_it_is_coloured_text() -> None:
    """What a person reads."""
    stream = Terminal()
    set_up(stream)
    structlog.get_logger("bot.turns").info("turn_finished", turn_id=7)
    assert "\x1b[" in stream.getvalue()
    assert "turn_finished" in stream.getvalue()


def test_libraries_come_through_in_the_same_form() -> None:
    """One log, whoever writes; their chatter stays out."""
    stream = io.StringIO()
    set_up(stream)
    logging.getLogger("aiogram").warning("retry in %s s", 3)
    logging.getLogger("httpx").info("HTTP Request")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["event"] == "retry in 3 s"


@pytest.mark.parametrize(("level", "count"), [(LogLevel.DEBUG, 3), (LogLevel.INFO, 1), (LogLevel.ERROR, 0)])
def test_the_level_decides_what_is_logged(level: LogLevel, count: int) -> None:
    """Debug opens the libraries too; error closes all below."""
    stream = io.StringIO()
    set_up(stream, level=level)
    structlog.get_logger("bot.x").info("ours")
    structlog.get_logger("adapters.x").debug("ours_debug")
    logging.getLogger("httpx").info("theirs")
    assert len(stream.getvalue().splitlines()) == count


@pytest.mark.parametrize("form", [LogFormat.TEXT, LogFormat.JSON])
def test_no_secret_survives_in_values_messages_or_tracebacks(form: LogFormat) -> None:
    """The whole finished line is scrubbed."""
    stream = io.StringIO()
    secret = 'pass"word\\1é'
    set_up(stream, form=form, secret=secret)
    log = structlog.get_logger("bot.x")
    log.info("downloaded", url=f"https://api.telegram.org/file/bot{TOKEN}/a.oga", key=secret)
    logging.getLogger("aiogram").error("failed for %s", TOKEN)
    words = f"Bearer sk-{'k' * 48} and {secret}"
    try:
        fail(words)
    except ValueError:
        log.exception("broke")
        logging.getLogger("lib").exception("broke too")
    text = stream.getvalue()
    assert "AAExxx" not in text
    assert "kkkk" not in text
    assert "pass" not in text
    assert f"123456789:{MASK}" in text
    assert text.count("Traceback") == 2


def test_control_characters_do_not_reach_the_operators_terminal() -> None:
    """A name or an error text cannot repaint the screen."""
    stream = io.StringIO()
    set_up(stream, form=LogFormat.TEXT)
    try:
        fail("a\x1b[2Jb")
    except ValueError:
        structlog.get_logger("bot.x").exception("ev\x1b[1m", name="x\ny\x07")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", stream.getvalue())
    assert "\\x1b[2J" in stream.getvalue()


def test_a_chat_logs_to_a_file(tmp_path: Path) -> None:
    """The folder is made; the lines are text without colours; a second call leaves no handler behind."""
    file = tmp_path / "data" / "parley.log"
    set_up_logs(LogSettings(), file=file)
    structlog.get_logger("bot.x").info("started")
    set_up_logs(LogSettings(), stream=io.StringIO())
    structlog.get_logger("bot.x").info("elsewhere")
    text = file.read_text(encoding="utf-8")
    assert "started" in text
    assert "elsewhere" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("text", "scrubbed"),
    [
        (f"GET /bot{TOKEN}/getMe", f"GET /bot123456789:{MASK}/getMe"),
        (f"bot123456789%3AAAE{'x' * 32}", f"bot123456789%3A{MASK}"),
        ("xoxb-12-34-abc failed", f"xoxb-{MASK} failed"),
        ("xoxe.xoxp-1-abcdef", f"xoxe.xoxp-{MASK}"),
        ("'xapp-1-A0-abc'", f"'xapp-{MASK}'"),
        (f"key=sk-{'a' * 48}", f"key=sk-{MASK}"),
        ("Authorization: Bearer abc.def", f"Authorization: Bearer {MASK}"),
        ('{"authorization": "Basic dTpw"}', f'{{"authorization": "Basic {MASK}"}}'),
        ("{'Authorization': 'plain'}", f"{{'Authorization': '{MASK}'}}"),
        ("(b'authorization', b'Bearer abc')", f"(b'authorization', b'Bearer {MASK}')"),
        ("sent BEARER abc==", f"sent BEARER {MASK}"),
    ],
)
def test_what_is_shaped_like_a_secret_is_masked(text: str, scrubbed: str) -> None:
    """Also secrets nobody configured."""
    assert Scrubber().scrub(text) == scrubbed


@pytest.mark.parametrize(
    "text",
    [
        "task-force-of-many-people",
        "12:30:45 turn_finished",
        "risk-averse-and-long-winded",
        "model Qwen/Qwen3-8B",
    ],
)
def test_ordinary_text_stays_the_same_object(text: str) -> None:
    """Nothing is masked for nothing, and nothing is copied."""
    assert Scrubber(["other"]).scrub(text) is text


@given(
    secrets=st.lists(
        st.text(min_size=SHORTEST_SECRET, max_size=40).filter(lambda s: MASK[0] not in s), max_size=3
    ),
    words=st.lists(st.text(max_size=20), max_size=4),
    data=st.data(),
)
def test_no_configured_secret_is_ever_left(secrets: list[str], words: list[str], data: st.DataObject) -> None:
    """Wherever a secret stands in a text, it is gone afterwards, in JSON and in a repr as well."""
    text = "".join(data.draw(st.permutations([*secrets, *words])))
    scrubber = Scrubber(secrets)
    encodable = [s for s in secrets if s.isprintable()]
    assert not [s for s in encodable if s in scrubber.scrub(text)]
    assert not [s for s in encodable if json.dumps(s, ensure_ascii=False)[1:-1] in scrubber.scrub(repr(text))]


@given(number=st.integers(10_000, 10**12), rest=st.text(st.sampled_from("aZ9_-"), min_size=35, max_size=35))
def test_no_telegram_token_is_ever_left(number: int, rest: str) -> None:
    """Whatever stands around it."""
    for text in (f"{number}:{rest}", f"https://h/bot{number}:{rest}/x", f"{{'t': '{number}:{rest}'}}"):
        assert rest not in Scrubber().scrub(text)


@given(words=st.lists(WORD, max_size=6))
def test_scrubbing_twice_changes_nothing_more(words: list[str]) -> None:
    """A masked line is stable."""
    text = " ".join([*words, TOKEN, "Authorization: Bearer abc", "xoxb-1234", "sk-" + "a" * 40])
    once = Scrubber().scrub(text)
    assert Scrubber().scrub(once) == once
