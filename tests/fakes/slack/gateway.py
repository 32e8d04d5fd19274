"""The HTTP side: methods, tokens, private files, uploads, response URLs and the door to Socket Mode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from . import bot_agents, bot_conversations, bot_files, bot_messages, bot_streams, bot_views
from .call import Call, read_call
from .calls import ApiCall
from .errors import ApiError, refused
from .files import LOGIN_PAGE, FileStore
from .parameters import SIGNATURES
from .response_urls import answer_response_url
from .sockets import SocketMode
from .world import World

__all__ = ["METHODS", "Gateway"]

METHODS: dict[str, Callable[[World, Call], dict[str, Any]]] = {
    **bot_agents.METHODS,
    **bot_conversations.METHODS,
    **bot_files.METHODS,
    **bot_messages.METHODS,
    **bot_streams.METHODS,
    **bot_views.METHODS,
}
OPEN_SOCKET = "apps.connections.open"
_SCOPES = {"X-OAuth-Scopes": "app_mentions:read,assistant:write,chat:write,files:read,files:write,users:read"}
_JSON = "application/json"
_EVERYWHERE = frozenset(("team_id",))  # bolt sends it with every call it makes for an event


class Gateway:
    """Answers requests against the world and keeps a record of each call."""

    def __init__(self, world: World, *, sockets: SocketMode, bot_token: str, app_token: str) -> None:
        self.world = world
        self.calls: list[ApiCall] = []
        self.rejected: list[ApiCall] = []
        self._sockets = sockets
        self._bot_token = bot_token
        self._app_token = app_token

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        _, _, door, *rest = f"/{request.path}".split("/")
        match door:
            case "api":
                return await self._serve(request, "/".join(rest))
            case "socket":
                return await self._sockets.serve(request)
            case "files-pri":
                return self._download(request)
            case "upload":
                return await self._upload(request, rest[-1])
            case "response":
                return answer_response_url(self.world, rest[-1], await request.read())
            case _:
                return web.Response(status=404, text="Not Found")

    # Files

    def _download(self, request: web.BaseRequest) -> web.Response:
        """A private file; without the app's token the login page, and that with 200."""
        if not FileStore.may_read(request.headers.get("Authorization", ""), self._bot_token):
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        stored = self.world.files.at_path(request.path)
        if stored is None:
            return web.Response(status=404, text="Not Found")
        if stored.id in self.world.files.locked:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        return web.Response(body=stored.data, content_type=stored.mime_type)

    async def _upload(self, request: web.BaseRequest, ticket_id: str) -> web.Response:
        ticket = self.world.files.tickets.get(ticket_id)
        data = await request.read()
        if ticket is None:
            return web.Response(status=404, text="Not Found")
        if len(data) != ticket.length:
            self.world.report(
                f"{ticket.name} was announced with {ticket.length} bytes and came with {len(data)}"
            )
        ticket.data = data
        return web.Response(text=f"OK - {len(data)}")

    # Methods

    async def _serve(self, request: web.BaseRequest, method: str) -> web.Response:
        record = ApiCall(at=self.world.clock(), method=method, params={})
        self.calls.append(record)
        self.world.changes.ring()
        try:
            call = await read_call(request, method)
            record.params = call.params
            answer = await self._perform(call, record)
        except ApiError as refusal:
            self._note_refusal(record, refusal)
            answer = _refusal(refusal)
        record.duration_seconds = self.world.clock() - record.at
        self.world.changes.ring()
        if self.world.faults.drops(method, record.params):
            record.answered = False
            if request.transport is not None:
                request.transport.abort()
        return answer

    async def _perform(self, call: Call, record: ApiCall) -> web.Response:
        if call.method not in SIGNATURES:
            self.world.report(f"the method {call.method!r} is not one this platform carries")
            raise refused("unknown_method", req_method=call.method)
        delay = self.world.faults.delay_for(call.method, call.params)
        if delay:
            await asyncio.sleep(delay)
        ordered = self.world.faults.error_for(call.method, call.params)
        if ordered is not None:
            record.injected = True
            raise ordered
        self._check_token(call)
        self._check_names(call)
        self.world.tiers.charge(call.method, record.channel)
        result = self._open_socket() if call.method == OPEN_SOCKET else METHODS[call.method](self.world, call)
        record.status = 200
        return web.Response(body=orjson.dumps({"ok": True, **result}), content_type=_JSON, headers=_SCOPES)

    def _open_socket(self) -> dict[str, Any]:
        base = self.world.base_url.replace("http", "ws", 1)
        return {"url": f"{base}/socket?ticket={self._sockets.issue_ticket()}"}

    def _check_token(self, call: Call) -> None:
        if not call.token:
            raise refused("not_authed")
        if call.token not in (self._bot_token, self._app_token):
            raise refused("invalid_auth")
        if (call.token == self._app_token) is not (call.method == OPEN_SOCKET):
            raise refused("not_allowed_token_type")
        if self.world.app.revoked:
            raise ApiError("account_inactive", earned=False)

    def _check_names(self, call: Call) -> None:
        signature = SIGNATURES[call.method]
        for name in call.params.keys() - signature.names - _EVERYWHERE:
            self.world.report(f"{call.method} has no parameter {name!r}")
        missing = sorted(signature.required - call.params.keys())
        if missing:
            raise refused(
                "invalid_arguments", *(f"[ERROR] missing required field: {name}" for name in missing)
            )

    def _note_refusal(self, record: ApiCall, refusal: ApiError) -> None:
        record.status, record.error, record.messages = refusal.status, refusal.error, refusal.messages
        if refusal.earned and not record.injected:
            self.rejected.append(record)


def _refusal(refusal: ApiError) -> web.Response:
    if refusal.html is not None:
        return web.Response(status=refusal.status, text=refusal.html, content_type="text/html")
    headers = dict(_SCOPES)
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    body = orjson.dumps(refusal.wire())
    return web.Response(status=refusal.status, body=body, content_type=_JSON, headers=headers)
