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
    OWN_TOOLS,
    AnswerSettings,
    Core,
    House,
    Making,
    PersonaBook,
    Senses,
    build_core,
    menu,
    missing_models,
    open_book,
)
from bot.engine import EmbeddedEngine
from bot.errors import StorageError
from bot.messages import Inbound
from bot.ports import Adapter, Catalogue, ChatModel, Clock, Routed, SystemClock
from bot.server import HttpServer, Readiness
from bot.settings import SandboxModel, Settings, Thinking
from bot.storage import open_database
from bot.storage.migrate import migrate
from bot.tools import Toolbox, default_tools, load_tools

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
        door = asyncio.create_task(self.core.door.watch(), name="door")
        listening = [
            asyncio.create_task(adapter.run(self._submit, self._ready(adapter.name)), name=adapter.name)
            for adapter in self.adapters
        ]
        self.readiness.ready("engine")
        _settle_memory()
        try:
            await _first_to_end(engine, pruning, door, *listening)
        finally:
            await _end(*listening)
            await _end(engine, pruning, door)

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
                await self.core.overhearing.prune()
                if self.core.own_voices is not None:
                    await self.core.own_voices.sweep()
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
    toolbox = _toolbox(settings)
    personas = _personas(settings, toolbox)
    _tell(banner(settings, terminal=terminal))
    async with contextlib.AsyncExitStack() as stack:
        telegram = asyncio.create_task(_telegram(settings, clock), name="import telegram")
        slack = asyncio.create_task(_slack(settings, clock), name="import slack")
        stack.push_async_callback(_end, telegram, slack)
        await asyncio.to_thread(migrate, settings.database_url)
        database = await stack.enter_async_context(open_database(settings.database_url))
        engine = EmbeddedEngine(database=database, clock=clock)
        page = _page(settings, clock) if settings.serves_page and not terminal else None
        console = _terminal(engine, settings) if terminal else None
        adapters = [
            adapter for adapter in (await telegram, await slack, page, console) if adapter is not None
        ]
        readiness = await _serve_http(settings, stack, adapters, terminal=terminal)
        mind = await _open_mind(settings, stack, clock)
        core = build_core(
            House(
                engine=engine,
                database=database,
                adapters={adapter.name: adapter for adapter in adapters},
                model=mind.model,
                catalogue=mind.catalogue,
                toolbox=toolbox,
                personas=personas,
                answers=mind.answers,
                access=settings.access,
                admins=settings.admins,
                allowed=settings.allowed,
                names=settings.names,
                language=settings.language,
                thinking_shown=settings.thinking is Thinking.SHOWN,
                person_per_minute=settings.limits.person_per_minute,
                chat_per_minute=settings.limits.chat_per_minute,
                senses=mind.senses,
                making=mind.making,
                clock=clock,
            )
        )
        stack.push_async_callback(core.folding.aclose)
        stack.push_async_callback(core.captioning.aclose)
        if core.rehearsals is not None:
            stack.push_async_callback(core.rehearsals.aclose)
        checking = _check_models(mind, personas, tell=not terminal)
        stack.push_async_callback(_end, asyncio.create_task(checking, name="check models"))
        yield App(engine=engine, core=core, adapters=adapters, readiness=readiness)


def _toolbox(settings: Settings) -> Toolbox:
    """The built-in tools and those of the operator's folder; a file that does not serve is told of."""
    tools = default_tools()
    if settings.tools_folder is None:
        return tools
    loaded = load_tools(settings.tools_folder, taken=(*tools.names, *OWN_TOOLS))
    for fault in loaded.faults:
        log.warning("tool_not_loaded", file=fault.path.name, line=fault.line, reason=fault.reason)
        _tell(f"note: {fault}")
    return Toolbox((*tools, *loaded.tools))


def _personas(settings: Settings, toolbox: Toolbox) -> PersonaBook:
    return open_book(settings.personas, default=settings.persona, tools=(*toolbox.names, *OWN_TOOLS))


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

    private = [entry for entry in menu() if entry.in_private]
    return WebAdapter(folder=settings.data_folder, host=settings.http.host, menu=private, clock=clock)


def _import_telegram() -> type[TelegramAdapter]:
    # Its framework takes seconds to import: only where it is switched on, and beside everything else.
    from adapters.telegram.adapter import TelegramAdapter

    return TelegramAdapter


def _terminal(engine: EmbeddedEngine, settings: Settings) -> TerminalAdapter:
    from adapters.terminal import TerminalAdapter

    async def busy() -> bool:
        stats = await engine.stats()
        return stats.queued + stats.running + stats.held > 0

    return TerminalAdapter(
        busy=busy,
        greeting="Write a message; /help lists commands, Ctrl-D leaves.",
        folder=settings.data_folder / "files",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mind:
    """The model that answers, and what may be asked of it."""

    model: ChatModel
    catalogue: Catalogue
    answers: AnswerSettings
    senses: Senses
    making: Making


async def _open_mind(settings: Settings, stack: contextlib.AsyncExitStack, clock: Clock) -> _Mind:
    from bot.media import Audio
    from bot.providers import (
        AccountCatalogue,
        Calls,
        SiliconFlowFilmmaker,
        SiliconFlowPainter,
        SiliconFlowSpeaker,
        SiliconFlowTranscriber,
        SiliconFlowVoices,
        open_siliconflow,
    )

    answers = AnswerSettings(
        models=settings.models,
        max_tokens=settings.max_tokens,
        context_tokens=settings.context_tokens,
        seeing_models=settings.seeing_models,
        turn_timeout_seconds=settings.turn_timeout_seconds,
    )
    if settings.siliconflow_api_key is not None:
        key, base_url = settings.siliconflow_api_key.get_secret_value(), settings.siliconflow_base_url
    else:
        key = _STANDIN_KEY
        base_url, answers = await _open_standin(settings, answers, stack)
    model = await stack.enter_async_context(open_siliconflow(api_key=key, base_url=base_url, clock=clock))
    catalogue = AccountCatalogue(api=model.api, clock=clock, configured=answers.models)
    stack.push_async_callback(catalogue.aclose)
    calls = Calls(clock=clock)
    senses = Senses(
        audio=await stack.enter_async_context(Audio()),
        hearing=SiliconFlowTranscriber(api=model.api, calls=calls),
        hearing_models=settings.hearing_models,
        speaking=SiliconFlowSpeaker(api=model.api, calls=calls),
        speaking_models=settings.speaking_models,
        dialogue_models=settings.dialogue_models,
        voices=SiliconFlowVoices(api=model.api, calls=calls),
    )
    making = Making(
        painter=SiliconFlowPainter(api=model.api),
        drawing_models=settings.drawing_models,
        filmmaker=SiliconFlowFilmmaker(api=model.api),
        filming_models=settings.filming_models,
    )
    return _Mind(model=model, catalogue=catalogue, answers=answers, senses=senses, making=making)


async def _check_models(mind: _Mind, personas: PersonaBook, *, tell: bool) -> None:
    """Warn of models that the settings name and the provider does not have; nothing waits for it."""
    missing = await missing_models(
        mind.catalogue,
        service=mind.answers.models,
        hearing=mind.senses.hearing_models,
        personas=personas,
    )
    for line in missing:
        log.warning("configured_model_missing", reason=line)
        if tell:
            _tell(f"Note: {line}")


async def _open_standin(
    settings: Settings, answers: AnswerSettings, stack: contextlib.AsyncExitStack
) -> tuple[str, AnswerSettings]:
    from bot.sandbox import CATALOGUE, SMOLLM2, EchoScript, RealAudio, Sandbox, open_real_model

    if settings.sandbox.model is SandboxModel.REAL:
        chat = await stack.enter_async_context(await open_real_model(on_progress=_tell))
        audio = await stack.enter_async_context(RealAudio(on_progress=_tell))
        sandbox = Sandbox(chat=chat, audio=audio, models=(SMOLLM2, *CATALOGUE), keep_requests=False)
        answers = replace(
            answers,
            models=(SMOLLM2.id,),
            seeing_models=(),  # the small model is blind, whatever name it is asked by
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
