"""FakeTelegram: the Bot API on the loopback interface for the bot, and a group of people for the test."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Literal, Self

from aiohttp import web

from tests.fakes.excerpt import excerpt
from tests.fakes.faults import Matches
from tests.fakes.ports import hold_port

from .call import Upload
from .calls import ApiCall
from .errors import ApiError
from .files import MAX_DOWNLOAD_BYTES, StoredFile
from .gateway import Gateway
from .people import Person
from .rooms import Group, PrivateChat
from .state import Wire
from .updates import Update
from .world import BOT_ID, World

__all__ = ["FakeTelegram"]

SHUTDOWN_SECONDS = 0.5
# How long a test waits for what a slow machine does late.
PATIENCE_SECONDS = 60.0
MAX_REQUEST_BYTES = 64 * 1024 * 1024


class FakeTelegram:
    """A Telegram to test a bot against. Use as an async context manager, or ``start`` and ``close``.

    The platform outlives the bot: messages, unconfirmed updates and penalties stay when the bot dies.
    ``clock`` drives flood control and the times in ``calls``. A Bot API server that somebody runs themselves
    hands out larger files than Telegram's.
    """

    def __init__(
        self,
        *,
        bot_username: str = "parley_bot",
        bot_name: str = "Parley",
        token: str = "600000001:AAFakeTokenForTestsOnly-0123456789abcd",
        flood: Literal["real", "off"] = "real",
        reads_all_group_messages: bool = False,
        private_topics: bool = False,
        draft_seconds: float = 30.0,
        largest_download_bytes: int = MAX_DOWNLOAD_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.token = token
        bot: Wire = {
            "id": BOT_ID,
            "is_bot": True,
            "first_name": bot_name,
            "username": bot_username,
        }
        powers: Wire = {
            "can_join_groups": True,
            "can_read_all_group_messages": reads_all_group_messages,
            "supports_inline_queries": False,
            "has_topics_enabled": private_topics,
        }
        self.world = World(bot=bot, powers=powers, flood=flood, draft_seconds=draft_seconds, clock=clock)
        self.world.files.largest_download_bytes = largest_download_bytes
        self.port = 0
        self._gateway = Gateway(self.world, token)
        self._private: dict[int, PrivateChat] = {}
        self._groups: list[Group] = []
        self._runner: web.ServerRunner | None = None
        self._server: web.Server | None = None
        self._held: socket.socket | None = None

    # Life

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 picks a free one. Close when done."""
        self._server = web.Server(self._gateway.handle, request_factory=_make_request)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening, end what is under way and deliver nothing more."""
        if self.world.webhook is not None:
            await self.world.webhook.close()
            self.world.webhook = None
        await self.refuse_connections()
        self._let_go()
        self.world.close()

    async def refuse_connections(self) -> None:
        """Drop every connection and refuse new ones, as in an outage. The state stays."""
        self.world.updates.end_poll()
        runner, self._runner = self._runner, None
        if runner is None or self._server is None:
            return
        for site in list(runner.sites):
            await site.stop()
        self._held = hold_port(self.port)
        for connection in list(self._server.connections):
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()

    async def accept_connections(self) -> None:
        """End an outage: listen again on the same port."""
        await self.start(self.port)
        self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """What goes into TELEGRAM_API_BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    # People

    def person(self, name: str, *, language: str = "en", username: str = "") -> Person:
        """Somebody new on Telegram."""
        return Person(user=self.world.add_person(name, language, username))

    def private(self, person: Person) -> PrivateChat:
        """The private chat of a person with the bot, opened by the person."""
        if person.id not in self._private:
            chat = self.world.add_private(person.user)
            self._private[person.id] = PrivateChat(self.world, chat, person)
        return self._private[person.id]

    def group(
        self, title: str, people: list[Person], *, forum: bool = False, supergroup: bool = False
    ) -> Group:
        """A group that has had the bot in it for a while; forums are supergroups."""
        assert people, "a group needs somebody to own it"
        members = [person.user for person in people]
        room = Group(self.world, self.world.add_group(title, members, supergroup=supergroup, forum=forum))
        self._groups.append(room)
        return room

    # What the bot did

    @property
    def calls(self) -> list[ApiCall]:
        """Every call in order."""
        return self._gateway.calls

    def calls_of(self, method: str) -> list[ApiCall]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    @property
    def rejected(self) -> list[ApiCall]:
        """Calls the bot earned a 400 for; those a test ordered are not among them."""
        return self._gateway.rejected

    @property
    def violations(self) -> list[str]:
        """What Telegram lets pass though the API has no such thing: unknown parameters, lost markup."""
        return self.world.violations

    @property
    def flooded(self) -> int:
        """How many calls flood control refused."""
        return self.world.flood.flooded

    def commands(self, scope: str = "default", language: str = "") -> list[Wire]:
        """The command menu people see in a scope and language."""
        return self.world.commands.get((scope, language), [])

    def file(self, file_id: str) -> StoredFile:
        """A stored file with its bytes."""
        return self.world.files.get(file_id)

    def serve_on_the_web(self, url: str, data: bytes, *, mime_type: str = "application/octet-stream") -> None:
        """Put a file on the web, for the bot to send by URL; other URLs lead nowhere."""
        name = url.rpartition("/")[2]
        self.world.files.web[url] = Upload(filename=name, content_type=mime_type, data=data)

    # Trouble

    def fail(
        self, method: str, error: ApiError, *, times: int | None = 1, where: Matches | None = None
    ) -> None:
        """Refuse the next calls of a method (``*`` for any), for ever with ``times=None``."""
        self.world.faults.fail(method, error, times=times, where=where)

    def delay(
        self, method: str, seconds: float, *, times: int | None = 1, where: Matches | None = None
    ) -> None:
        """Carry out the next calls of a method only after a while."""
        self.world.faults.delay(method, seconds, times=times, where=where)

    def drop_answer(self, method: str, *, times: int | None = 1, where: Matches | None = None) -> None:
        """Carry out the next calls of a method but cut the connection instead of answering."""
        self.world.faults.drop_answer(method, times=times, where=where)

    def clear_faults(self) -> None:
        """Take back every ordered trouble."""
        self.world.faults.clear()

    @property
    def flood(self) -> Literal["real", "off"]:
        """Whether flood control is on."""
        return self.world.flood.mode

    @flood.setter
    def flood(self, mode: Literal["real", "off"]) -> None:
        self.world.flood.mode = mode

    @property
    def time_scale(self) -> float:
        """Factor on the waits between webhook deliveries; 0.01 turns a second into 10 ms."""
        return self.world.time_scale

    @time_scale.setter
    def time_scale(self, factor: float) -> None:
        self.world.time_scale = factor

    # Updates

    @property
    def updates(self) -> list[Update]:
        """Every update that was queued, in order."""
        return self.world.updates.pushed

    @property
    def unconfirmed(self) -> int:
        """How many updates the bot has not confirmed."""
        webhook = self.world.webhook
        return len(webhook.pending) if webhook is not None else self.world.updates.pending

    def push_raw(self, update: Update, *, chat_id: int = 0) -> Update:
        """Queue an update as it stands, malformed or not; without an ``update_id`` it is given the next."""
        return self.world.updates.push_raw(update, chat_id)

    def replay(self, update: Update, *, chat_id: int = 0) -> None:
        """Hand out an update once more under its old id."""
        self.world.updates.replay(update, chat_id)

    # Waiting

    async def until(self, condition: Callable[[], Any], *, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until a condition on the platform holds; it is looked at after every change.

        Raises AssertionError with what the chats show when it does not come true within ``seconds``.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            left = deadline - loop.time()
            if left <= 0 or not await self.world.changes.wait(left):
                if condition():
                    return
                raise AssertionError(f"waited {seconds} s in vain\n{excerpt(self.describe())}")

    def describe(self) -> str:
        """What every chat shows, the last calls, and what was wrong with them."""
        lines = [room.describe() for room in (*self._private.values(), *self._groups)]
        lines += ["last calls:", *(f"  {call}" for call in self.calls[-12:])]
        if self.violations:
            lines += ["violations:", *(f"  {violation}" for violation in self.violations[-12:])]
        return "\n".join(lines)


def _make_request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_REQUEST_BYTES)
