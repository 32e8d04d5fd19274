"""The whole core on a database file, with the real engine and provider client, between two stand-ins."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from bot.conversation import BUILT_IN, AnswerSettings, House, Making, PersonaBook, Senses, build_core
from bot.conversation.intake import Intake
from bot.conversation.perceiving.perceiving import Reader
from bot.engine import EmbeddedEngine
from bot.events import ModelEvent
from bot.exchange import Exchange
from bot.media import Audio
from bot.messages import (
    Attachment,
    AttachmentKind,
    Author,
    ButtonPressed,
    ChatKind,
    ChatLeft,
    ChatMigrated,
    ConversationKey,
    Deleted,
    Edited,
    Inbound,
    Incoming,
    Quoted,
    StopPressed,
    TextPart,
    TranscriptWanted,
)
from bot.ports import ChatModel, ChatRequest, Clock, SystemClock
from bot.providers import (
    DRAWING_MODELS,
    FILMING_MODELS,
    AccountCatalogue,
    Calls,
    SiliconFlowFilmmaker,
    SiliconFlowPainter,
    SiliconFlowSpeaker,
    SiliconFlowTranscriber,
    SiliconFlowVoices,
    open_siliconflow,
)
from bot.sandbox import HEARING_MODELS, SPEAKING_MODELS, Reply, Sandbox, Stall
from bot.settings import Access
from bot.storage import Database, history, open_database
from bot.storage.chats import set_chat_setting
from bot.storage.migrate import migrate
from bot.storage.tables import exchanges
from bot.tools import Toolbox, default_tools
from tests.e2e.brain import Brain
from tests.fakes.platform import FakePlatform, Shown
from tests.unit.providers.support import FakeClock as HastyClock

__all__ = ["ANN", "BEN", "MODEL", "THINKER", "Stage", "Talk", "stalled"]

MODEL = "Qwen/Qwen2.5-7B-Instruct"
THINKER = "Qwen/Qwen3-8B"
ANN = Author(id="1", name="Ann", language="en")
BEN = Author(id="2", name="Ben", language="en")
WAIT_SECONDS = 15.0
MOMENT = datetime(2026, 11, 22, tzinfo=UTC)


def stalled(text: str, *, after_tokens: int = 3, **more: Any) -> Reply:
    """A reply that gives its first tokens, then nothing while the connection stays open."""
    return Reply(text=text, fault=Stall(after_tokens=after_tokens), **more)


class SwiftClock(SystemClock):
    """Real time, except that waits are a hundredth as long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


class FaultyModel:
    """The real model client, except that each of ``defects`` is raised once in place of an answer."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self.defects: list[Exception] = []
        self.asked: list[ChatRequest] = []

    def stream(self, request: ChatRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        self.asked.append(request)
        if self.defects:
            raise self.defects.pop(0)
        return self._model.stream(request)

    def sees(self, model: str) -> bool:
        return self._model.sees(model)

    def context_tokens(self, model: str) -> int:
        return self._model.context_tokens(model)


@dataclass(kw_only=True)
class Stage:
    """The core, running. ``clock`` is the engine's and the intake's; the model's waits take no time."""

    path: Path
    clock: Clock = field(default_factory=SystemClock)
    platform: FakePlatform = field(default_factory=lambda: FakePlatform(limit=2000))
    brain: Brain = field(default_factory=Brain)
    readers: Mapping[AttachmentKind, Reader] = field(default_factory=dict)
    real_name_verified: bool = True
    toolbox: Toolbox = field(default_factory=default_tools)
    models: tuple[str, ...] = (MODEL,)
    seeing_models: tuple[str, ...] = ()
    context_tokens: int = 24_000
    max_tokens: int = 2048
    thinking_shown: bool = True
    turn_timeout_seconds: float = 600.0
    retry_delays_seconds: Sequence[float] = (0.01, 0.01)
    admins: Sequence[str] = ()
    allowed: Sequence[str] = ()
    names: Sequence[str] = ("Parley",)
    personas: PersonaBook = field(default_factory=lambda: PersonaBook(BUILT_IN))
    access: Access = Access.OPEN
    person_per_minute: int = 0
    chat_per_minute: int = 0
    platforms: Sequence[str] = ("fake",)
    drawing_models: tuple[str, ...] = tuple(model.id for model in DRAWING_MODELS)
    filming_models: tuple[str, ...] = tuple(model.id for model in FILMING_MODELS)
    dialogue_models: tuple[str, ...] = ()
    minute_seconds: float = 1.0

    async def __aenter__(self) -> Stage:
        self.sandbox = Sandbox(script=self.brain, real_name_verified=self.real_name_verified)
        await self.sandbox.start()
        await self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()
        await self.sandbox.close()

    # --- the life of the process ------------------------------------------------------------------------

    async def begin(self) -> None:
        """Start the service on the database as it is."""
        await self._open()
        self._tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(self.engine.serve(self.turns.handle), name="engine"),
            asyncio.create_task(self.platform.run(self.intake.submit, lambda: None), name="platform"),
            asyncio.create_task(self.door.watch(), name="door"),
        ]

    async def _open(self) -> None:
        self._stack = AsyncExitStack()
        url = f"sqlite+aiosqlite:///{self.path}"
        self.database: Database = await self._stack.enter_async_context(open_database(url))
        hasty = HastyClock()
        chat = await self._stack.enter_async_context(
            open_siliconflow(api_key="sk-test", base_url=self.sandbox.url, clock=hasty, random=lambda: 0.5)
        )
        self.model = FaultyModel(chat)
        self.catalogue = AccountCatalogue(api=chat.api, clock=hasty, configured=self.models)
        self._stack.push_async_callback(self.catalogue.aclose)
        calls = Calls(clock=hasty)
        self.senses = Senses(
            audio=await self._stack.enter_async_context(Audio()),
            hearing=SiliconFlowTranscriber(api=chat.api, calls=calls),
            hearing_models=HEARING_MODELS,
            speaking=SiliconFlowSpeaker(api=chat.api, calls=calls),
            speaking_models=SPEAKING_MODELS,
            dialogue_models=self.dialogue_models,
            voices=SiliconFlowVoices(api=chat.api, calls=calls),
        )
        self.making = Making(
            painter=SiliconFlowPainter(api=chat.api),
            drawing_models=self.drawing_models,
            filmmaker=SiliconFlowFilmmaker(api=chat.api),
            filming_models=self.filming_models,
            minute_seconds=self.minute_seconds,
            poll_seconds=0.05,
            again_seconds=0.05,
        )
        self.engine = EmbeddedEngine(
            database=self.database,
            clock=self.clock,
            retry_delays_seconds=self.retry_delays_seconds,
            shutdown_grace_seconds=3.0,
        )
        core = build_core(self._house())
        self.folding, self.turns, self.door = core.folding, core.turns, core.door
        # Pastes and albums are told by the test's clock, like the engine's holds.
        self.intake = Intake(engine=self.engine, overhearing=core.overhearing, clock=self.clock)
        self._stack.push_async_callback(self.folding.aclose)
        self.captioning = core.captioning
        self._stack.push_async_callback(self.captioning.aclose)
        self._stack.push_async_callback(core.rehearsals.aclose)  # type: ignore[union-attr]  # it has senses

    async def begin_idle(self) -> None:
        """Open what a new process opens, but do no work: for looking at what the last one left."""
        await self._open()
        self._tasks = []

    def _house(self) -> House:
        return House(
            engine=self.engine,
            database=self.database,
            adapters=dict.fromkeys(self.platforms, self.platform),
            model=self.model,
            catalogue=self.catalogue,
            toolbox=self.toolbox,
            personas=self.personas,
            readers=self.readers,
            senses=self.senses,
            making=self.making,
            answers=AnswerSettings(
                models=self.models,
                seeing_models=self.seeing_models,
                max_tokens=self.max_tokens,
                context_tokens=self.context_tokens,
                turn_timeout_seconds=self.turn_timeout_seconds,
            ),
            access=self.access,
            admins=self.admins,
            allowed=self.allowed,
            names=self.names,
            clock=SwiftClock(),
            thinking_shown=self.thinking_shown,
            person_per_minute=self.person_per_minute,
            chat_per_minute=self.chat_per_minute,
        )

    async def end(self) -> None:
        """Shut down as at the end of the process; what is stored stays."""
        for task in self._tasks:
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        await self._stack.aclose()

    async def restart(self) -> None:
        """End the process and start another on the same database and platform."""
        await self.end()
        await self.begin()

    # --- what can be seen -------------------------------------------------------------------------------

    def talk(self, chat: str = "7", *, kind: ChatKind = ChatKind.PRIVATE) -> Talk:
        """A chat with the people in it."""
        return Talk(stage=self, key=self.key(chat), kind=kind)

    @staticmethod
    def key(chat: str) -> ConversationKey:
        return ConversationKey(platform="fake", account="1", chat=chat)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What the model was asked, as JSON, in order."""
        return [record.body for record in self.sandbox.chats]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until it holds. Raises AssertionError with what the platform shows when it never does."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not condition():  # noqa: ASYNC110 - the platform in memory rings no bell
                    await asyncio.sleep(0.002)
        except TimeoutError:
            raise AssertionError(f"waited in vain; shown: {list(self.platform.messages.values())}") from None

    async def quiet(self) -> None:
        """Wait until no turn is open."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                await self.platform.arriving.join()
                stats = await self.engine.stats()
                if not (stats.queued or stats.running or stats.held):
                    return
                await asyncio.sleep(0.002)

    async def exchanges(self, chat: str = "7") -> list[Exchange]:
        """Everything the database holds of a chat, oldest first."""

        def query(conn: Connection) -> list[Exchange]:
            mine = exchanges.c.conversation == str(self.key(chat))
            ids = conn.execute(select(exchanges.c.turn_id).where(mine).order_by(exchanges.c.turn_id))
            found = (history.exchange_of(conn, turn_id) for turn_id in ids.scalars().all())
            return [exchange for exchange in found if exchange is not None]

        return await self.database.read(query)

    async def set_chat(self, chat: str, name: str, value: object) -> None:
        """Set one of a chat's own settings."""
        await self.database.write(lambda conn: set_chat_setting(conn, self.key(chat).peer, name, value))


@dataclass(kw_only=True)
class Talk:
    """One chat: what people do in it, and what they see of the bot."""

    stage: Stage
    key: ConversationKey
    kind: ChatKind

    @property
    def shown(self) -> list[Shown]:
        """The bot's messages as they are now."""
        return [shown for shown in self.stage.platform.messages.values() if shown.key.chat == self.key.chat]

    @property
    def texts(self) -> list[str]:
        """Their texts."""
        return self.stage.platform.texts(self.key.chat)

    async def sees(self, *texts: str) -> None:
        """Wait until the bot's messages are exactly these."""
        await self.stage.until(lambda: self.texts == list(texts))

    async def sees_begin(self, beginning: str) -> None:
        """Wait until the newest message of the bot begins like this."""
        await self.stage.until(lambda: bool(self.texts) and self.texts[-1].startswith(beginning))

    def arrives(self, event: Inbound) -> None:
        """Something happens on the platform."""
        self.stage.platform.arriving.put_nowait(event)

    def say(self, text: str, **fields: Any) -> Incoming:
        """Somebody writes; Ann, unless another ``author`` is named."""
        message = self.message(text, **fields)
        self.arrives(message)
        return message

    async def ask(self, text: str, **fields: Any) -> Incoming:
        """Somebody writes, and everything that follows is over on return."""
        message = self.say(text, **fields)
        await self.stage.quiet()
        return message

    def message(
        self,
        text: str,
        *,
        author: Author = ANN,
        message_id: str = "",
        attachments: Sequence[Attachment] = (),
        addressed: bool = True,
        quoted: Quoted | None = None,
        fills_limit: bool = False,
    ) -> Incoming:
        """A message as the adapter would hand it in."""
        number = message_id or self.stage.platform.new_id()
        return Incoming(
            event_id=f"m{number}",
            key=self.key,
            chat_kind=self.kind,
            author=author,
            message_id=number,
            parts=(*((TextPart(text=text),) if text else ()), *attachments),
            sent_at=MOMENT,
            addressed=addressed,
            quoted=quoted,
            fills_limit=fills_limit,
        )

    def edit(self, message: Incoming, text: str) -> None:
        """The author changes a message."""
        changed = self.message(text, author=message.author, message_id=message.message_id)
        self.arrives(Edited(event_id=self._event_id(), key=self.key, message=changed))

    def delete(self, *messages: Incoming) -> None:
        """Somebody deletes messages."""
        ids = tuple(message.message_id for message in messages)
        self.arrives(Deleted(event_id=self._event_id(), key=self.key, message_ids=ids))

    def press(self, label: str, *, author: Author = ANN) -> str:
        """Press the newest button with this label; the id under which the press will be answered."""
        message_id, data = next(
            (message_id, button.data)
            for message_id, shown in reversed(list(self.stage.platform.messages.items()))
            if shown.key.chat == self.key.chat
            for row in shown.buttons
            for button in row
            if button.label == label
        )
        return self.press_data(data, message_id=message_id, author=author)

    def press_data(self, data: str, *, message_id: str = "0", author: Author = ANN) -> str:
        """A press as it comes over the wire, forged or not."""
        event_id = self._event_id()
        self.arrives(
            ButtonPressed(
                event_id=event_id,
                key=self.key,
                chat_kind=self.kind,
                author=author,
                message_id=message_id,
                data=data,
                answer_id=event_id,
            )
        )
        return event_id

    def point_at(
        self, message_id: str, *, author: Author = BEN, message: Incoming | None = None, waits: bool = False
    ) -> str:
        """Somebody wants a recording in writing; the id under which they are told something, if they wait."""
        event_id = self._event_id()
        self.arrives(
            TranscriptWanted(
                event_id=event_id,
                key=self.key,
                chat_kind=self.kind,
                author=author,
                message_id=message_id,
                message=message,
                answer_id=event_id if waits else "",
            )
        )
        return event_id

    def press_native_stop(self) -> None:
        """The platform's own stop control."""
        self.arrives(StopPressed(event_id=self._event_id(), key=self.key))

    def leave(self, *, back: bool = False) -> None:
        """The bot is blocked or removed, or may write again."""
        self.arrives(ChatLeft(event_id=self._event_id(), key=self.key, back=back))

    def migrate(self, new_chat: str) -> None:
        """The chat gets another id."""
        self.arrives(ChatMigrated(event_id=self._event_id(), key=self.key, new_chat=new_chat))

    def _event_id(self) -> str:
        return f"e{self.stage.platform.new_id()}"


@asynccontextmanager
async def on_stage(path: Path, **more: Any) -> AsyncIterator[Stage]:
    """A running core on a new database at ``path``."""
    shutil.copy(_empty_database(path.parent), path)
    async with Stage(path=path, **more) as stage:
        yield stage


def _empty_database(folder: Path) -> Path:
    """A migrated database, made once in a test run's folder of folders."""
    template = folder.parent / "empty.db"
    if not template.exists():
        migrate(f"sqlite+aiosqlite:///{template}")
    return template
