"""The HTTP side: paths, tokens, encodings and answers of the Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from . import bot_chats, bot_media, bot_messages, bot_profile
from .call import Call, read_call
from .calls import ApiCall
from .errors import ApiError, bad_request
from .flood import DRAFT_METHODS, EDIT_METHODS, SEND_METHODS
from .parameters import SIGNATURES
from .world import World

__all__ = ["ASYNC_METHODS", "SYNC_METHODS", "Gateway"]

SYNC_METHODS: dict[str, Callable[[World, Call], Any]] = {
    **bot_messages.METHODS,
    **bot_media.METHODS,
    **bot_chats.METHODS,
    **bot_profile.METHODS,
}
ASYNC_METHODS: dict[str, Callable[[World, Call], Awaitable[Any]]] = {
    "getUpdates": bot_profile.get_updates,
    "setWebhook": bot_profile.set_webhook,
    "deleteWebhook": bot_profile.delete_webhook,
}
_METERED = SEND_METHODS | EDIT_METHODS | DRAFT_METHODS
_BY_LOWER = {method.lower(): method for method in SIGNATURES}
_JSON = "application/json"


class Gateway:
    """Answers requests against the world and keeps a record of each."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.calls: list[ApiCall] = []
        self.rejected: list[ApiCall] = []
        self._bot_prefix = f"/bot{token}/"
        self._file_prefix = f"/file/bot{token}/"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one request."""
        path = request.path
        if path.startswith(self._bot_prefix):
            return await self._serve(request, path[len(self._bot_prefix) :])
        if path.startswith(self._file_prefix):
            return self._download(path[len(self._file_prefix) :])
        if path.startswith(("/bot", "/file/bot")):
            return _refusal(ApiError(401, "Unauthorized"))
        return _refusal(ApiError(404, "Not Found"))

    def _download(self, path: str) -> web.Response:
        stored = self.world.files.at_path(path)
        if stored is None:
            return _refusal(ApiError(404, "Not Found"))
        return web.Response(body=stored.data, content_type="application/octet-stream")

    async def _serve(self, request: web.BaseRequest, word: str) -> web.Response:
        method = _BY_LOWER.get(word.lower())
        if method is None:
            self.world.report(f"the method {word!r} is not one this platform carries")
            return _refusal(ApiError(404, "Not Found"))
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
            _cut(request)
        return answer

    async def _perform(self, call: Call, record: ApiCall) -> web.Response:
        self._check_names(call)
        delay = self.world.faults.delay_for(call.method, call.params)
        if delay:
            await asyncio.sleep(delay)
        ordered = self.world.faults.error_for(call.method, call.params)
        if ordered is not None:
            record.injected = True
            raise ordered
        if call.method in _METERED:
            self._charge(call)
        if call.method in ASYNC_METHODS:
            result = await ASYNC_METHODS[call.method](self.world, call)
        else:
            result = SYNC_METHODS[call.method](self.world, call)
        record.status = 200
        return web.Response(body=orjson.dumps({"ok": True, "result": result}), content_type=_JSON)

    def _check_names(self, call: Call) -> None:
        signature = SIGNATURES[call.method]
        for name in call.params.keys() - signature.names:
            self.world.report(f"{call.method} has no parameter {name!r}")
        for name in signature.required - call.params.keys():
            if (call.method, name) != ("setWebhook", "url"):
                self.world.report(f"{call.method} needs the parameter {name!r}")

    def _charge(self, call: Call) -> None:
        chat = self.world.chats.get(call.integer("chat_id"))
        if chat is None or chat.moved_to is not None:
            return
        messages = len(call.json("media") or ()) if call.method == "sendMediaGroup" else 1
        private = chat.kind == "private"
        self.world.flood.charge(call.method, chat.id, private=private, messages=messages)

    def _note_refusal(self, record: ApiCall, refusal: ApiError) -> None:
        record.status, record.description = refusal.code, refusal.description
        if refusal.code == bad_request("").code and not record.injected:
            self.rejected.append(record)


def _refusal(refusal: ApiError) -> web.Response:
    if refusal.html is not None:
        return web.Response(status=refusal.code, text=refusal.html, content_type="text/html")
    headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else None
    body = orjson.dumps(refusal.wire())
    return web.Response(status=refusal.code, body=body, content_type=_JSON, headers=headers)


def _cut(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.abort()
