"""The composition root: builds the service from its settings and runs it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from bot.banner import banner
from bot.conversation import Admission, Answering, AnswerSettings, Folding, Intake, Turns, menu
from bot.delivery import Governor
from bot.engine import EmbeddedEngine
from bot.ports import Adapter, ChatModel, Clock, Routed, SystemClock
from bot.server import HttpServer, Readiness
from bot.settings import SandboxModel, Settings, Thinking
from bot.storage import open_database
from bot.storage.migrate import migrate
from bot.tools import default_tools

if TYPE_CHECKING:
    from adapters.telegram.adapter import TelegramAdapter
    from adapters.terminal import TerminalAdapter

__all__ = ["App", "open_app"]

log = structlog.get_logger(__name__)

_STANDIN_KEY = "sk-stand-in"
_PRUNE_EVERY_SECONDS = 6 * 3600.0
_KEEP_DONE_SECONDS = 7 * 86_400.0


@dataclass(slots=True, kw_only=True)
class App:
    """The running service. Made by ``open_app``, which also closes everything."""

    engine: EmbeddedEngine
    intake: Intake
    turns: Turns
    adapters: Sequence[Adapter]
    readiness: Readiness

    async def serve(self) -> None:
        """Serve until cancelled, or until the person at the terminal leaves.

        Raises what ends the service against its will: ConfigurationError, StorageError.
        """
        engine = asyncio.create_task(self.engine.serve(self.turns.handle), name="engine")
        pruning = asyncio.create_task(self._prune(), name="prune")
        listening = [
            asyncio.create_task(adapter.run(self.intake.submit, self._ready(adapter.name)), name=adapter.name)
            for adapter in self.adapters
        ]
        self.readiness.ready("engine")
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

    async def _prune(self) -> None:
        while True:
            await self.engine.prune(older_than_seconds=_KEEP_DONE_SECONDS)
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
        stack.push_async_callback(_end, telegram)
        await asyncio.to_thread(migrate, settings.database_url)
        database = await stack.enter_async_context(open_database(settings.database_url))
        model, models = await _open_model(settings, stack, clock)
        engine = EmbeddedEngine(database=database, clock=clock)
        folding = Folding(model=model, database=database, models=models, clock=clock)
        stack.push_async_callback(folding.aclose)
        adapters: list[Adapter] = [
            adapter
            for adapter in (await telegram, _terminal(engine) if terminal else None)
            if adapter is not None
        ]
        governor = Governor(clock=clock)
        answering = Answering(
            model=model,
            governor=governor,
            toolbox=default_tools(),
            folds=folding,
            settings=_answer_settings(settings, models),
            clock=clock,
        )
        turns = Turns(
            engine=engine,
            adapters={adapter.name: adapter for adapter in adapters},
            answering=answering,
            admission=Admission(access=settings.access, admins=settings.admins, clock=clock),
            governor=governor,
            language=settings.language,
            clock=clock,
            thinking_shown=settings.thinking is Thinking.SHOWN,
        )
        readiness = Readiness()
        for part in ("engine", *(adapter.name for adapter in adapters)):
            readiness.wait_for(part)
        server = HttpServer(
            host=settings.http.host,
            port=settings.http.port,
            readiness=readiness,
            routes=[
                route for adapter in adapters if isinstance(adapter, Routed) for route in adapter.routes()
            ],
        )
        await server.start()
        stack.push_async_callback(server.close)
        if settings.http.port == 0:
            _tell(f"Health at {server.url}/healthz.")
        yield App(
            engine=engine,
            intake=Intake(engine=engine, clock=clock),
            turns=turns,
            adapters=adapters,
            readiness=readiness,
        )


async def _telegram(settings: Settings, clock: Clock) -> TelegramAdapter | None:
    if settings.telegram_bot_token is None:
        return None
    module = await asyncio.to_thread(_import_telegram)
    secret = settings.telegram.webhook_secret
    return module(
        token=settings.telegram_bot_token.get_secret_value(),
        api_base_url=settings.telegram_api_base_url,
        mode=settings.telegram.mode.value,
        webhook_url=settings.telegram.webhook_url or "",
        webhook_secret=secret.get_secret_value() if secret else "",
        menu=menu(),
        clock=clock,
    )


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


async def _open_model(
    settings: Settings, stack: contextlib.AsyncExitStack, clock: Clock
) -> tuple[ChatModel, tuple[str, ...]]:
    from bot.providers import open_siliconflow

    if settings.siliconflow_api_key is not None:
        key = settings.siliconflow_api_key.get_secret_value()
        base_url, models = settings.siliconflow_base_url, settings.models
    else:
        key = _STANDIN_KEY
        base_url, models = await _open_standin(settings, stack)
    model = await stack.enter_async_context(open_siliconflow(api_key=key, base_url=base_url, clock=clock))
    return model, models


async def _open_standin(settings: Settings, stack: contextlib.AsyncExitStack) -> tuple[str, tuple[str, ...]]:
    from bot.sandbox import CATALOGUE, SMOLLM2, EchoScript, Sandbox, open_real_model

    if settings.sandbox.model is SandboxModel.REAL:
        chat = await stack.enter_async_context(await open_real_model(on_progress=_tell))
        sandbox = Sandbox(chat=chat, models=(SMOLLM2, *CATALOGUE), keep_requests=False)
        models: tuple[str, ...] = (SMOLLM2.id,)
    else:
        sandbox, models = Sandbox(script=EchoScript(), keep_requests=False), settings.models
    await stack.enter_async_context(sandbox)
    return sandbox.url, models


def _tell(text: str) -> None:
    """For the person who started the service."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _answer_settings(settings: Settings, models: tuple[str, ...]) -> AnswerSettings:
    return AnswerSettings(
        models=models,
        max_tokens=settings.max_tokens,
        context_tokens=settings.context_tokens,
        thinking_shown=settings.thinking is Thinking.SHOWN,
        turn_timeout_seconds=settings.turn_timeout_seconds,
    )


async def _first_to_end(*tasks: asyncio.Task[None]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
