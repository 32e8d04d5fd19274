"""The command line: which command runs with which settings, and what a shell hears of how it ended."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bot.cli_access import add_access_commands
from bot.errors import BotError, ConfigurationError

if TYPE_CHECKING:
    from bot.settings import Settings

__all__ = ["main"]

LOG_FILE: Final = "parley.log"

_EPILOG: Final = """\
examples:
  python -m bot                       serve; without a token: a page in your browser
  python -m bot chat                  talk to the bot right here
  python -m bot admit CODE            let in who was given the code
  echo "What is 2+2?" | python -m bot chat
  python -m bot doctor                what is wrong here, and what mends it
  TELEGRAM_BOT_TOKEN=… SILICONFLOW_API_KEY=… python -m bot

settings come from the environment, then .env, then parley.toml (.env.example lists them all):
  TELEGRAM_BOT_TOKEN     from @BotFather; turns Telegram on
  SILICONFLOW_API_KEY    without it a small local model answers
  SLACK_BOT_TOKEN        with SLACK_APP_TOKEN or SLACK_SIGNING_SECRET; turns Slack on
  PARLEY_ADMINS          who lets others in, e.g. telegram:12345678 (PARLEY_ACCESS=open: no need)
  DATABASE_URL           default sqlite+aiosqlite:///data/parley.db

exit codes: 0 ended as asked (SIGTERM, Ctrl-C, end of input), 1 failed, 2 a wrong setting or option
"""

_SERVE: Final = """\
Receive messages and answer them until SIGTERM or Ctrl-C. Running answers are brought to an orderly end;
a second Ctrl-C ends at once. Health: GET /healthz and /readyz on PARLEY_HTTP__HOST:PARLEY_HTTP__PORT.

With no platform token set it serves a page to chat in and prints the link that opens it; PARLEY_WEB=on serves
the page beside the platforms. With PARLEY_WEB=off, no token and a person at the terminal, it is a chat there.
"""

_CHAT: Final = """\
Talk to the bot in this terminal. Enter sends; pasted lines go as one message. Ctrl-C stops an answer, at an
empty prompt it leaves, as Ctrl-D does. /help lists the commands; :1 takes the choice marked [1].

With input from a pipe or file, lines that come together are one message, and the chat ends after the last
answer. The log goes to parley.log beside the database. NO_COLOR=1 turns colours off.
"""

_MIGRATE: Final = """\
Bring the database of DATABASE_URL to this version's form and leave. `serve` and `chat` do it too, before they
start; run it by itself to see that it works, or to separate it from the start.
"""

_SANDBOX: Final = """\
Run a stand-in for the SiliconFlow API on this machine, for trying things without a key:

  python -m bot sandbox --port 8899
  SILICONFLOW_BASE_URL=http://127.0.0.1:8899/v1 SILICONFLOW_API_KEY=anything python -m bot chat
"""


_DOCTOR: Final = """\
Look at everything and say what is wrong and what mends it: settings, SiliconFlow (key, models, balance),
Telegram, Slack, database, HTTP port, clock. Nothing is changed and nothing is received; it may run beside the
service. It takes some seconds, at most half a minute.

exit codes: 0 no errors (warnings allowed), 1 errors, 2 settings that cannot be used
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit code: 0 done, 1 failed, 2 a wrong setting or option."""
    options = _parser(arguments).parse_args(arguments)
    try:
        return int(options.run(options))
    except ConfigurationError as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    except BotError as exc:
        sys.stderr.write(f"parley: {_one_line(exc)}\n")
        return 1


# --- options ------------------------------------------------------------------------------------------


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Parley, a chat bot service for Telegram and Slack on SiliconFlow's models.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"parley {_version()}")
    parser.set_defaults(run=_serve)
    names = "{serve,chat,admit,block,unblock,admins,doctor,migrate,sandbox}"
    commands = parser.add_subparsers(title="commands", metavar=names)
    _add(commands, "serve", _serve, "receive and answer messages (the default)", _SERVE)
    _add(commands, "chat", _chat, "talk to the bot in this terminal", _CHAT)
    doctor = _add(commands, "doctor", _doctor, "say what is wrong here and what mends it", _DOCTOR)
    doctor.add_argument("--json", action="store_true", help="write one JSON object instead of text")
    add_access_commands(commands, _add)
    _add(commands, "migrate", _migrate, "bring the database to this version's form", _MIGRATE)
    sandbox = _add(commands, "sandbox", _sandbox, "run a local stand-in for the SiliconFlow API", _SANDBOX)
    if "sandbox" in arguments:
        from bot.sandbox import add_sandbox_flags

        add_sandbox_flags(sandbox)
    return parser


def _add(
    commands: Any, name: str, run: Callable[[argparse.Namespace], int], summary: str, text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.set_defaults(run=run)
    return parser


def _version() -> str:
    """The version of the checkout, which is run without being installed."""
    with suppress(PackageNotFoundError):
        return version("parley")
    import tomllib

    project = Path(__file__).resolve().parent.parent / "pyproject.toml"
    with suppress(OSError, KeyError, tomllib.TOMLDecodeError):
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return "of unknown version"


# --- commands -----------------------------------------------------------------------------------------


def _serve(_: argparse.Namespace) -> int:
    from bot.settings import load_settings

    settings = load_settings()
    nowhere = not settings.has_platform and not settings.serves_page
    return _run_app(settings, terminal=nowhere and _at_terminal())


def _chat(_: argparse.Namespace) -> int:
    from bot.settings import load_settings

    return _run_app(load_settings(), terminal=True)


def _doctor(options: argparse.Namespace) -> int:
    from bot.doctor import run_doctor

    return run_doctor(json=options.json)


def _migrate(_: argparse.Namespace) -> int:
    from bot.settings import load_settings
    from bot.storage.migrate import migrate

    settings = load_settings()
    _set_up_logs(settings, terminal=False)
    changed = migrate(settings.database_url)
    sys.stdout.write("The database was brought up to date.\n" if changed else "The database is up to date.\n")
    return 0


def _sandbox(options: argparse.Namespace) -> int:
    from bot.sandbox import serve_sandbox

    flags = {name: value for name, value in vars(options).items() if name != "run"}
    _run_loop(
        serve_sandbox(
            **flags,
            on_progress=_say,
            on_ready=lambda url: _say(f"The stand-in serves: SILICONFLOW_BASE_URL={url}\nCtrl-C ends it."),
        )
    )
    return 0


def _run_app(settings: Settings, *, terminal: bool) -> int:
    _set_up_logs(settings, terminal=terminal)
    for warning in settings.warnings():
        sys.stderr.write(f"note: {warning}\n")

    from bot.app import open_app

    async def serve() -> None:
        async with open_app(settings, terminal=terminal) as app:
            await app.serve()

    _run_loop(serve())
    return 0


def _set_up_logs(settings: Settings, *, terminal: bool) -> None:
    """A chat's log goes to a file, so that nothing but the conversation is on the screen."""
    from bot.logs import set_up_logs

    file = settings.data_folder / LOG_FILE if terminal else None
    try:
        set_up_logs(settings.log, secrets=settings.secrets(), file=file)
    except OSError as exc:
        raise ConfigurationError(
            f"DATABASE_URL: {settings.data_folder} cannot be written to ({exc.strerror}); "
            "for example DATABASE_URL=sqlite+aiosqlite:///data/parley.db"
        ) from exc


# --- the loop -----------------------------------------------------------------------------------------


def _run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Run ``work`` to its end; SIGTERM or SIGINT cancels it, a second SIGINT ends the process at once."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signalled(work))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


async def _until_signalled(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.create_task(work, name="parley")
    signals = _Signals(task)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, signals.take, number)
    try:
        await task
    except asyncio.CancelledError:
        if not signals.taken:
            raise


class _Signals:
    """Turns the first signal into cancellation, and a repeated SIGINT into an end without ceremony."""

    def __init__(self, task: asyncio.Task[Any]) -> None:
        self._task = task
        self.taken = False

    def take(self, number: signal.Signals) -> None:
        if self.taken and number is signal.SIGINT:
            os._exit(130)
        if not self.taken:
            self.taken = True
            self._task.cancel()


def _at_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__
