"""The composition root: builds the service from its settings and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import structlog

from bot.banner import banner
from bot.conversation import (
    BUILT_IN,
    DEFAULT,
    AnswerSettings,
    Core,
    House,
    PersonaBook,
    build_core,
    menu,
    persona_from,
)
from bot.engine import EmbeddedEngine
from bot.errors import StorageError
from bot.messages import Inbound
from bot.ports import Adapter, ChatModel, Clock, Routed, SystemClock
from bot.server import HttpServer, Readiness
from bot.settings import SandboxModel, Settings, Thinking
from bot.storage import open_database
from bot.storage.migrate import migrate
from bot.tools import default_tools

if TYPE_CHECKING:
    from adapters.slack.adapter import SlackAdapter
    from adapters.telegram.adapter import TelegramAdapter
    from adapters.terminal import TerminalAdapter
    from adapters.web import WebAdapter

__all__ = ["App", "open_app"]

log = structlog.get_logger(__name__)

_STANDIN_KEY = "sk-stand-in"
_PRUNE_EVERY_SECONDS = 6 * 3600.0
_KEEP_DONE_SECONDS = 7 * 86_400.0


@runtime_checkable
class Linked(Protocol):
    """An adapter that a person reaches by a link of its own."""

    def link(self, url: str) -> str:
        """The address to open; ``url`` is the HTTP server's. A secret: for the screen, never for the log."""


@dataclass(slots=True, kw_only=True)
class App:
    """The running service. Made by ``open_app``, which also closes everything."""

    engine: EmbeddedEngine
    core: Core
    adapters: Sequence[Adapter]
    readiness: Readiness

    async def serve(self) -> None:
        """Serve until cancelled, or until the person at the terminal leaves.

        Raises what ends the service against its will: ConfigurationError, StorageError.
        """
        engine = asyncio.create_task(self.engine.serve(self.core.turns.handle), name="engine")
        pruning = asyncio.create_task(self._prune(), name="prune")
        listening = [
            asyncio.create_task(adapter.run(self._submit, self._ready(adapter.name)), name=adapter.name)
            for adapter in self.adapters
        ]
        self.readiness.ready("engine")
        _settle_memory()
        try:
            await _first_to_end(engine, pruning, *listening)
        finally:
            await _end(*listening)
            await _end(engine, pruning)

    def _ready(self, name: str) -> Callable[[], None]:
        def mark() -> None:
            self.readiness.ready(name)
            log.info("platform_ready", platform=name)

        return mark

    async def _submit(self, event: Inbound) -> None:
        try:
            await self.core.intake.submit(event)
        except StorageError as exc:
            self.readiness.wait_for("database", str(exc), optional=True)
            raise
        self.readiness.ready("database")

    async def _prune(self) -> None:
        while True:
            try:
                await self.engine.prune(older_than_seconds=_KEEP_DONE_SECONDS)
            except StorageError as exc:
                log.warning("old_turns_not_pruned", reason=str(exc))
            await asyncio.sleep(_PRUNE_EVERY_SECONDS)


@contextlib.asynccontextmanager
async def open_app(
    settings: Settings, *, terminal: bool = False, clock: Clock | None = None
) -> AsyncIterator[App]:
    """Build the service; closes what it opened. ``terminal`` adds a conversation with the person there.

    Raises ConfigurationError and StorageError with a sentence for the operator.
    """
    clock = clock or SystemClock()
    _tell(banner(settings, terminal=terminal))
    async with contextlib.AsyncExitStack() as stack:
        telegram = asyncio.create_task(_telegram(settings, clock), name="import telegram")
        slack = asyncio.create_task(_slack(settings, clock), name="import slack")
        stack.push_async_callback(_end, telegram, slack)
        await asyncio.to_thread(migrate, settings.database_url)
        database = await stack.enter_async_context(open_database(settings.database_url))
        engine = EmbeddedEngine(database=database, clock=clock)
        page = _page(settings, clock) if settings.serves_page and not terminal else None
        adapters = [
            adapter
            for adapter in (await telegram, await slack, page, _terminal(engine) if terminal else None)
            if adapter is not None
        ]
        readiness = await _serve_http(settings, stack, adapters, terminal=terminal)
        mind = await _open_mind(settings, stack, clock)
        core = build_core(
            House(
                engine=engine,
                database=database,
                adapters={adapter.name: adapter for adapter in adapters},
                model=mind.model,
                toolbox=default_tools(),
                personas=_personas(settings),
                answers=mind.answers,
                access=settings.access,
                admins=settings.admins,
                allowed=settings.allowed,
                language=settings.language,
                thinking_shown=settings.thinking is Thinking.SHOWN,
                clock=clock,
            )
        )
        stack.push_async_callback(core.folding.aclose)
        yield App(engine=engine, core=core, adapters=adapters, readiness=readiness)


def _personas(settings: Settings) -> PersonaBook:
    own = (persona_from(name, persona) for name, persona in settings.personas.items())
    return PersonaBook((*BUILT_IN, *own), default=settings.persona or DEFAULT)


async def _serve_http(
    settings: Settings, stack: contextlib.AsyncExitStack, adapters: Sequence[Adapter], *, terminal: bool
) -> Readiness:
    readiness = Readiness()
    for part in ("engine", *(adapter.name for adapter in adapters)):
        readiness.wait_for(part)
    # Nobody asks a chat in the terminal for its health: it must not fail over a port in use.
    port = 0 if terminal and not settings.has_platform else settings.http.port
    routes = [route for adapter in adapters if isinstance(adapter, Routed) for route in adapter.routes()]
    server = HttpServer(host=settings.http.host, port=port, readiness=readiness, routes=routes)
    await server.start()
    stack.push_async_callback(server.close)
    if settings.http.port == 0 and not terminal:
        _tell(f"Health at {server.url}/healthz.")
    for adapter in adapters:
        if isinstance(adapter, Linked):
            _tell(f"Open {adapter.link(server.url)} in your browser.")
    return readiness


async def _telegram(settings: Settings, clock: Clock) -> TelegramAdapter | None:
    if settings.telegram_bot_token is None:
        return None
    module = await asyncio.to_thread(_import_telegram)
    secret = settings.telegram.webhook_secret
    return module(
        token=settings.telegram_bot_token.get_secret_value(),
        api_base_url=settings.telegram_api_base_url,
        mode=settings.telegram.mode.value,
        sends_per_second=settings.telegram.sends_per_second,
        webhook_url=settings.telegram.webhook_url or "",
        webhook_secret=secret.get_secret_value() if secret else "",
        menu=menu(),
        clock=clock,
    )


async def _slack(settings: Settings, clock: Clock) -> SlackAdapter | None:
    if not settings.serves_slack or settings.slack_bot_token is None:
        return None
    module = await asyncio.to_thread(_import_slack)
    app_token, secret = settings.slack_app_token, settings.slack_signing_secret
    return module(
        bot_token=settings.slack_bot_token.get_secret_value(),
        app_token=app_token.get_secret_value() if app_token else None,
        signing_secret=secret.get_secret_value() if secret else None,
        api_base_url=settings.slack_api_base_url,
        menu=menu(),
        clock=clock,
    )


def _import_slack() -> type[SlackAdapter]:
    from adapters.slack.adapter import SlackAdapter

    return SlackAdapter


def _page(settings: Settings, clock: Clock) -> WebAdapter:
    from adapters.web import WebAdapter

    return WebAdapter(folder=settings.data_folder, host=settings.http.host, menu=menu(), clock=clock)


def _import_telegram() -> type[TelegramAdapter]:
    # Its framework takes seconds to import: only where it is switched on, and beside everything else.
    from adapters.telegram.adapter import TelegramAdapter

    return TelegramAdapter


def _terminal(engine: EmbeddedEngine) -> TerminalAdapter:
    from adapters.terminal import TerminalAdapter

    async def busy() -> bool:
        stats = await engine.stats()
        return stats.queued + stats.running + stats.held > 0

    return TerminalAdapter(busy=busy, greeting="Write a message; /help lists commands, Ctrl-D leaves.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mind:
    """The model that answers, and what may be asked of it."""

    model: ChatModel
    answers: AnswerSettings


async def _open_mind(settings: Settings, stack: contextlib.AsyncExitStack, clock: Clock) -> _Mind:
    from bot.providers import open_siliconflow

    answers = AnswerSettings(
        models=settings.models,
        max_tokens=settings.max_tokens,
        context_tokens=settings.context_tokens,
        turn_timeout_seconds=settings.turn_timeout_seconds,
    )
    if settings.siliconflow_api_key is not None:
        key, base_url = settings.siliconflow_api_key.get_secret_value(), settings.siliconflow_base_url
    else:
        key = _STANDIN_KEY
        base_url, answers = await _open_standin(settings, answers, stack)
    model = await stack.enter_async_context(open_siliconflow(api_key=key, base_url=base_url, clock=clock))
    return _Mind(model=model, answers=answers)


async def _open_standin(
    settings: Settings, answers: AnswerSettings, stack: contextlib.AsyncExitStack
) -> tuple[str, AnswerSettings]:
    from bot.sandbox import CATALOGUE, SMOLLM2, EchoScript, Sandbox, open_real_model

    if settings.sandbox.model is SandboxModel.REAL:
        chat = await stack.enter_async_context(await open_real_model(on_progress=_tell))
        sandbox = Sandbox(chat=chat, models=(SMOLLM2, *CATALOGUE), keep_requests=False)
        answers = replace(
            answers,
            models=(SMOLLM2.id,),
            max_tokens=min(answers.max_tokens, SMOLLM2.max_answer_tokens // 2),
            context_tokens=min(answers.context_tokens, SMOLLM2.context_tokens // 2),
        )
    else:
        sandbox = Sandbox(script=EchoScript(), keep_requests=False)
    await stack.enter_async_context(sandbox)
    return sandbox.url, answers


def _tell(text: str) -> None:
    """For the person who started the service."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _settle_memory() -> None:
    """What was made at the start stays for good: keep the collector from walking over it again and again.

    Its full rounds over some 260,000 objects stopped every chat for up to 0.2 s.
    """
    gc.collect()
    gc.freeze()


async def _first_to_end(*tasks: asyncio.Task[None]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
