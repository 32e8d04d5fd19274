"""What a test orders Slack to do: refuse, stall, cut connections, change its mind, send strange events."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson

from tests.fakes.faults import Matches

from . import events
from .accounts import APP_ID, Wire
from .delivery import Delivery
from .errors import ApiError, withdrawn
from .http_events import HttpEvents
from .sockets import SocketMode
from .state import Message
from .tiers import Mode
from .world import World

__all__ = ["Steering"]


class Steering:
    """The levers of a workspace. It starts with Socket Mode as the way to the app."""

    def __init__(self, world: World, signing_secret: str) -> None:
        self.world = world
        self.signing_secret = signing_secret
        self.sockets = SocketMode(APP_ID, on_change=world.changes.ring)
        world.courier.transport = self.sockets
        self._http: HttpEvents | None = None

    # Trouble

    def fail(
        self, method: str, error: ApiError | str, *, times: int | None = 1, where: Matches | None = None
    ) -> None:
        """Refuse the next calls of a method (``*`` for any), for ever with ``times=None``."""
        refusal = withdrawn(error) if isinstance(error, str) else error
        self.world.faults.fail(method, refusal, times=times, where=where)

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

    def kill_sockets(self) -> None:
        """Cut every websocket, as when the network goes."""
        self.sockets.kill()

    def silence_sockets(self) -> None:
        """Let every websocket die without a sign."""
        self.sockets.silence()

    def expire_stream(self, message: Message) -> None:
        """End a native stream now, as Slack does when its lifetime is over."""
        self.world.expire_stream(message)

    def uninstall(self) -> None:
        """Remove the app from the workspace: it is told, and its token is worth nothing any more."""
        tokens = {"oauth": [], "bot": [self.world.bot.id]}
        self.world.publish({"type": "tokens_revoked", "tokens": tokens, "event_ts": self.world.new_ts()})
        self.world.publish({"type": "app_uninstalled", "event_ts": self.world.new_ts()})
        self.world.app.revoked = True

    @property
    def tiers(self) -> Mode:
        """Whether the rate limits are on."""
        return self.world.tiers.mode

    @tiers.setter
    def tiers(self, mode: Mode) -> None:
        self.world.tiers.mode = mode

    @property
    def native_streams(self) -> bool:
        """Whether the workspace has native streams; without, chat.startStream says ``feature_disabled``."""
        return self.world.app.native_streams

    @native_streams.setter
    def native_streams(self, on: bool) -> None:
        self.world.app.native_streams = on

    @property
    def time_scale(self) -> float:
        """Factor on the platform's own waits: acknowledgement, retries, streams, statuses."""
        return self.world.time_scale

    @time_scale.setter
    def time_scale(self, factor: float) -> None:
        self.world.time_scale = factor

    # Events

    async def set_request_url(self, url: str) -> None:
        """Send everything to this URL by HTTP now.

        Raises AssertionError unless it passes the challenge, aiohttp.ClientError when nobody answers.
        """
        http = HttpEvents(url, self.signing_secret)
        try:
            await self._verify(http)
        except BaseException:
            await http.close()
            raise
        await self.close_http()
        self._http = self.world.courier.transport = http

    async def _verify(self, http: HttpEvents) -> None:
        challenge = uuid4().hex
        answer = await http.verify(challenge, self.world.courier.ack_seconds * max(self.time_scale, 1.0))
        if answer.status != 200 or challenge not in answer.body:
            raise AssertionError(f"{http.url} answered the challenge with {answer.status}: {answer.body!r}")

    @property
    def http(self) -> HttpEvents:
        """The way to the request URL, to post forged requests by hand."""
        assert self._http is not None, "call set_request_url first"
        return self._http

    def push_event(self, event: Any, *, shared: bool = False) -> Delivery:
        """Tell the app of an event as it stands, known to Slack or not, in an ordinary body."""
        return self.push_raw(events.wrap(event, bot=self.world.bot, external=shared))

    def push_raw(self, body: Any) -> Delivery:
        """Tell the app of a body as it stands, malformed or not."""
        return self.world.courier.send_event(body)

    def replay(self, delivery: Delivery) -> Delivery:
        """Deliver an event once more under its old event_id."""
        return self.world.courier.send_event(delivery.payload)

    async def push_frame(self, frame: str | Wire) -> None:
        """Send one websocket a frame as it stands."""
        await self.sockets.send_raw(frame if isinstance(frame, str) else orjson.dumps(frame).decode())

    async def close_http(self) -> None:
        """End the session that posts to the request URL."""
        if self._http is not None:
            await self._http.close()
