"""One log for everything: ours through structlog, the libraries' through logging, every line scrubbed."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any, Final, TextIO

import orjson
import structlog
from structlog.typing import Processor

from bot.scrubbing import Scrubber
from bot.settings import LogFormat, LogLevel, LogSettings

__all__ = ["set_up_logs"]

OUR_LOGGERS: Final = ("bot", "adapters")
FILE_BYTES: Final = 5_000_000

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_LINES: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def set_up_logs(
    settings: LogSettings,
    *,
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
    file: Path | None = None,
) -> None:
    """Send all logging to ``file`` (kept below 10 MB in two files), else to ``stream`` (default: stderr).

    May be called again; the newest call decides. Raises OSError when the file cannot be written.
    """
    handler = _file_handler(file) if file else logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_ScrubbingFormatter(Scrubber(secrets), _renderers(settings.format, handler)))
    _replace_handlers(handler)
    _set_levels(settings.level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


_SHARED: Final[tuple[Processor, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class _ScrubbingFormatter(structlog.stdlib.ProcessorFormatter):
    """Scrubs the finished line, so that no value, message or traceback can slip past."""

    def __init__(self, scrubber: Scrubber, renderers: list[Processor]) -> None:
        super().__init__(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
        )
        self._scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        return self._scrubber.scrub(super().format(record))


def _renderers(log_format: LogFormat, handler: logging.Handler) -> list[Processor]:
    on_terminal = isinstance(handler, logging.StreamHandler) and handler.stream.isatty()
    in_file = isinstance(handler, logging.FileHandler)
    if log_format is LogFormat.JSON or (log_format is LogFormat.AUTO and not (on_terminal or in_file)):
        return [structlog.processors.format_exc_info, _render_json]
    return [
        structlog.processors.format_exc_info,
        _neutralise,
        structlog.dev.ConsoleRenderer(
            colors=on_terminal, exception_formatter=structlog.dev.plain_traceback, pad_event_to=28
        ),
    ]


def _render_json(_: Any, __: str, event: Mapping[str, Any]) -> str:
    return orjson.dumps(event, default=repr, option=orjson.OPT_NON_STR_KEYS).decode()


def _neutralise(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Show control characters instead of sending them to the operator's terminal."""
    for key, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            controls = _CONTROLS_BUT_LINES if key == "exception" else _CONTROLS
            event[key] = controls.sub(lambda found: repr(found[0])[1:-1], value)
    return event


def _file_handler(path: Path) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    return RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=1, encoding="utf-8")


def _replace_handlers(handler: logging.Handler) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, _ScrubbingFormatter):
            root.removeHandler(old)
            if isinstance(old, logging.FileHandler):
                old.close()
    root.addHandler(handler)
    logging.captureWarnings(True)


def _set_levels(level: LogLevel) -> None:
    """Libraries tell us about every request at INFO; from them we want warnings, or all when debugging."""
    ours = logging.getLevelName(level.upper())
    logging.getLogger().setLevel(ours if level is LogLevel.DEBUG else max(ours, logging.WARNING))
    for name in OUR_LOGGERS:
        logging.getLogger(name).setLevel(ours)
    # At DEBUG these write out what people and models said.
    for name in ("aiosqlite", "markdown_it"):
        logging.getLogger(name).setLevel(logging.WARNING)
