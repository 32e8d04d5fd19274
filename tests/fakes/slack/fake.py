"""FakeSlack: a workspace on the loopback interface for the app, and a group of people for the test."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, cast

from aiohttp import web

from tests.fakes.excerpt import excerpt
from tests.fakes.ports import hold_port

from . import events
from .accounts import TEAM_ID, Person
from .calls import ApiCall
from .delivery import ACK_SECONDS, RETRY_AFTER_SECONDS, Delivery
from .files import StoredFile
from .gateway import Gateway
from .people import press_view, submit_view
from .rooms import DirectMessages, Room
from .state import ChannelKind, View
from .steering import Steering
from .tiers import Mode, Tiers
from .world import Installation, World

__all__ = ["FakeSlack"]

SHUTDOWN_SECONDS = 0.5
MAX_REQUEST_BYTES = 64 * 1024 * 1024


class FakeSlack(Steering):
    """A Slack to test an app against. Use as an async context manager, or ``start`` and ``close``.

    The platform outlives the app: messages, unacknowledged events and used-up budgets stay when the app dies.
    Events go out by Socket Mode until ``set_request_url`` is called. ``clock`` drives the rate limits and the
    times in ``calls``; ``time_scale`` shortens the platform's own waits. ``ack_seconds`` is how long it waits
    for an acknowledgement, ``press_seconds`` for one of what people do: longer than Slack where a test is not
    about it, lest a slow machine fail.
    """

    def __init__(
        self,
        *,
        bot_name: str = "Parley",
        bot_token: str = "xoxb-0000-fake-token-for-tests-only",
        app_token: str = "xapp-1-A0PARLEY01-0000-fake-token-for-tests-only",
        signing_secret: str = "fake-signing-secret-for-tests-only",
        tiers: Mode = "real",
        agent: bool = True,
        native_streams: bool = True,
        marketplace: bool = False,
        subscriptions: frozenset[str] = events.SUBSCRIPTIONS,
        time_scale: float = 1.0,
        ack_seconds: float = ACK_SECONDS,
        press_seconds: float | None = None,
        retry_after_seconds: tuple[float, ...] = RETRY_AFTER_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.port = 0
        installation = Installation(
            agent=agent, native_streams=native_streams, listed=marketplace, subscriptions=subscriptions
        )
        bot = Person(id="U0PARLEYBOT", name=bot_name, team_id=TEAM_ID, bot_id="B0PARLEY01")
        world = World(
            bot=bot,
            app=installation,
            tiers=Tiers(mode=tiers, listed=marketplace, clock=clock),
            clock=clock,
            time_scale=time_scale,
        )
        world.courier.ack_seconds, world.courier.retry_after_seconds = ack_seconds, retry_after_seconds
        world.courier.press_seconds = ack_seconds if press_seconds is None else press_seconds
        super().__init__(world, signing_secret)
        self._gateway = Gateway(world, sockets=self.sockets, bot_token=bot_token, app_token=app_token)
        self._dms: dict[str, DirectMessages] = {}
        self._rooms: list[Room] = []
        self._runner: web.ServerRunner | None = None
        self._held: socket.socket | None = None
        self._server: web.Server | None = None

    # Life

    async def start(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; port 0 picks a free one. Close when done."""
        self._server = web.Server(self._gateway.handle, request_factory=_make_request)
        self._runner = web.ServerRunner(self._server, shutdown_timeout=SHUTDOWN_SECONDS)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port, reuse_address=True)
        await site.start()
        self.port = int(self._runner.addresses[0][1])
        self.world.base_url = self.world.files.base_url = f"http://127.0.0.1:{self.port}"

    async def close(self) -> None:
        """Stop listening, end what is under way and deliver nothing more."""
        await self.world.courier.close()
        await self.refuse_connections()
        self._let_go()
        await self.close_http()
        self.world.close()

    async def refuse_connections(self) -> None:
        """Drop every connection and refuse new ones, as in an outage. The state stays."""
        self.sockets.kill()
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
        """What goes into SLACK_API_BASE_URL."""
        return f"http://127.0.0.1:{self.port}/api/"

    # People and places

    @property
    def bot(self) -> Person:
        """The app's bot user."""
        return self.world.bot

    @property
    def bot_user_id(self) -> str:
        """The id of the app's bot user."""
        return self.world.bot.id

    @property
    def team_id(self) -> str:
        """The id of the workspace."""
        return self.world.bot.team_id

    @property
    def mention(self) -> str:
        """What people type to address the bot."""
        return f"<@{self.bot_user_id}>"

    def person(self, name: str, *, locale: str = "en-US") -> Person:
        """A member of the workspace."""
        return self._add(name, locale=locale)

    def guest(self, name: str, *, locale: str = "en-US") -> Person:
        """A guest of the workspace, restricted to some channels."""
        return self._add(name, locale=locale, guest=True)

    def stranger(self, name: str, *, team: str = "T0OTHER001", locale: str = "en-US") -> Person:
        """Somebody of another workspace, met by Slack Connect."""
        return self._add(name, locale=locale, team_id=team, stranger=True)

    def other_bot(self, name: str) -> Person:
        """The bot of some other app in the workspace."""
        return self._add(name, bot_id=self.world.new_id("B"))

    def _add(self, name: str, *, team_id: str = TEAM_ID, **details: Any) -> Person:
        person = Person(id=self.world.new_id("U"), name=name, team_id=team_id, **details)
        self.world.people[person.id] = person
        return person

    def dm(self, person: Person) -> DirectMessages:
        """The direct messages of a person with the bot."""
        if person.id not in self._dms:
            self._dms[person.id] = DirectMessages(self.world, self.world.dm_of(person), person)
        return self._dms[person.id]

    def channel(
        self,
        name: str,
        people: list[Person],
        *,
        private: bool = False,
        group_dm: bool = False,
        bot: bool = True,
    ) -> Room:
        """A channel that has had the bot in it for a while, unless ``bot`` is False."""
        assert people, "a channel needs somebody in it"
        kind: ChannelKind = "mpim" if group_dm else "group" if private else "channel"
        room = Room(self.world, self.world.add_channel(kind, name, list(people), bot_in=bot))
        self._rooms.append(room)
        return room

    # Home tabs and modals

    async def open_home(self, person: Person) -> None:
        """Let a person open the app's home tab: the app is told."""
        event = {"type": "app_home_opened", "user": person.id, "channel": self.dm(person).id, "tab": "home"}
        home = self.world.homes.get(person.id)
        if home is not None:
            event["view"] = cast("Any", home.wire(self.team_id, self.bot.bot_id))
        self.world.publish({**event, "event_ts": self.world.new_ts()})

    def home(self, person: Person) -> View:
        """The home tab a person sees. Raises AssertionError when the app has published none."""
        assert person.id in self.world.homes, f"nothing was published to the home of {person.name}"
        return self.world.homes[person.id]

    def modal(self, person: Person) -> View:
        """The modal in front of a person. Raises AssertionError when there is none."""
        assert person.id in self.world.modals, f"there is no modal in front of {person.name}"
        return self.world.modals[person.id]

    async def press(self, view: View, button: str) -> None:
        """Press something in a home tab or a modal and wait for the acknowledgement."""
        await press_view(self.world, view, button)

    async def submit(self, view: View, **filled: str) -> None:
        """Submit a modal, its fields filled in by action_id; ``view.errors`` tells the app's objections."""
        await submit_view(self.world, view, filled)

    # What the app did

    @property
    def calls(self) -> list[ApiCall]:
        """Every call in order."""
        return self._gateway.calls

    def calls_of(self, method: str) -> list[ApiCall]:
        """The calls of one method."""
        return [call for call in self.calls if call.method == method]

    @property
    def rejected(self) -> list[ApiCall]:
        """Refused calls the app earned; not those a test ordered, a limit met, or a person or Slack ended."""
        return self._gateway.rejected

    @property
    def violations(self) -> list[str]:
        """What Slack lets pass though the API has no such thing, such as unknown parameters."""
        return self.world.violations

    @property
    def flooded(self) -> int:
        """How many calls the rate limits refused."""
        return self.world.tiers.flooded

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything the app was told or will be, with each attempt."""
        return self.world.courier.deliveries

    @property
    def unacknowledged(self) -> list[Delivery]:
        """The events the app has not acknowledged."""
        return [d for d in self.deliveries if d.kind == "events_api" and not d.acked]

    def file(self, file_id: str) -> StoredFile:
        """A stored file with its bytes."""
        stored = self.world.files.get(file_id)
        assert stored is not None, f"there is no file {file_id}"
        return stored

    # Waiting

    async def until(self, condition: Callable[[], Any], *, seconds: float = 60.0) -> None:
        """Wait until a condition on the platform holds; it is looked at after every change.

        Raises AssertionError with what the channels show when it does not come true within ``seconds``.
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
        """What every channel shows, the last calls and events, and what was wrong with them."""
        lines = [room.describe() for room in (*self._dms.values(), *self._rooms)]
        lines += ["last calls:", *(f"  {call}" for call in self.calls[-12:])]
        lines += ["last deliveries:", *(f"  {delivery}" for delivery in self.deliveries[-12:])]
        if self.violations:
            lines += ["violations:", *(f"  {violation}" for violation in self.violations[-12:])]
        return "\n".join(lines)


def _make_request(
    message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]
) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MAX_REQUEST_BYTES)
