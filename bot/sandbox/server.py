"""The stand-in's HTTP server: authorization, trace ids, records and routes under /v1.

One module per endpoint family: chat completions here through a ChatBackend, models and account in
``account``, hearing and speaking in ``audio_endpoints``, pictures in ``images``, films in ``videos``. A new
family adds its module and its lines in ``Sandbox._application``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from types import TracebackType
from typing import Final, Protocol, Self

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from bot.sandbox.account import list_models, user_info
from bot.sandbox.audio_backend import AudioBackend
from bot.sandbox.audio_endpoints import FORM_PATHS, AudioEndpoints
from bot.sandbox.audio_models import list_audio_models
from bot.sandbox.audio_script import AudioScript
from bot.sandbox.catalogue import CATALOGUE, Catalogue, ModelCard
from bot.sandbox.chat_request import ChatRequest, parse_chat_request
from bot.sandbox.exchange import TRACE_HEADER, Exchange, RecordedRequest, new_trace_id
from bot.sandbox.images import ImageEndpoints
from bot.sandbox.images_models import list_media_models
from bot.sandbox.images_shelf import ResultShelf
from bot.sandbox.pacer import Pacer
from bot.sandbox.refusals import BAD_KEY, MISSING_TOKEN, NOT_FOUND, TOO_LARGE, Refusal, Refused, SandboxError
from bot.sandbox.script import Script
from bot.sandbox.scripted import ScriptedChat
from bot.sandbox.videos import VideoEndpoints

_MAX_BODY_BYTES: Final = 500 * 1024 * 1024
_EXCHANGE: Final = web.RequestKey("exchange", Exchange)


class ChatBackend(Protocol):
    """What answers a checked chat request: a script or a real model."""

    async def answer(self, exchange: Exchange, request: ChatRequest) -> web.StreamResponse:
        """Answer ``request`` over ``exchange``; may raise ``Refused`` before anything was sent."""
        ...


class Sandbox:
    """A SiliconFlow API on this machine.

    Without ``chat`` it answers from ``script``, without ``audio`` it hears and speaks by ``audio_script``.
    ``real_name_verified`` false is an account that may not make voices, ``speaks_dialogue`` false a site
    without the model that speaks as two.
    ``painting``, ``filming`` and ``results`` make pictures and films, and hold the levers for them.
    ``requests`` keeps every request in order of arrival, unless
    ``keep_requests`` is false (a stand-in that runs for days must not grow).
    Use it under ``async with``, or call ``start`` and ``close``.
    """

    def __init__(
        self,
        *,
        script: Script | None = None,
        chat: ChatBackend | None = None,
        audio_script: AudioScript | None = None,
        audio: AudioBackend | None = None,
        models: Iterable[ModelCard] = CATALOGUE,
        invalid_keys: Collection[str] = ("sk-invalid",),
        balance: str = "88.88",
        real_name_verified: bool = True,
        speaks_dialogue: bool = True,
        keep_requests: bool = True,
    ) -> None:
        self.script = Script() if script is None else script
        self.requests: list[RecordedRequest] = []
        self._chat = ScriptedChat(self.script, pacer=Pacer()) if chat is None else chat
        self.audio_script = AudioScript() if audio_script is None else audio_script
        self._audio = AudioEndpoints(
            self.audio_script if audio is None else audio,
            real_name_verified=real_name_verified,
            speaks_dialogue=speaks_dialogue,
        )
        self.results = ResultShelf()
        self.painting = ImageEndpoints(self.results)
        self.filming = VideoEndpoints(self.results)
        self._catalogue = Catalogue(models)
        self._invalid_keys = frozenset(invalid_keys)
        self._balance = balance
        self._keep_requests = keep_requests
        self._runner: web.AppRunner | None = None
        self._port = 0
        self._host = ""
        self._closing = False
        self._serving: set[asyncio.Task[object]] = set()
        self._arrival = asyncio.Event()

    @property
    def url(self) -> str:
        """The base URL a client is given: ``http://HOST:PORT/v1``."""
        if not self._port:
            raise SandboxError("the sandbox is not started: call start() first")
        return f"http://{self._host}:{self._port}/v1"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on ``host``; port 0 takes a free one. Raises SandboxError when the port is taken."""
        self._closing = False
        runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        site = web.TCPSite(runner, host, port, backlog=1024)
        try:
            await site.start()
        except OSError as exc:
            await runner.cleanup()
            raise SandboxError(
                f"cannot listen on {host}:{port}: {exc.strerror}; choose another --port"
            ) from exc
        self._runner = runner
        self._host, self._port = host, runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening and end what is being served. Safe to call twice."""
        self._closing = True
        for task in self._serving:
            task.cancel()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
            self._port = 0

    @property
    def chats(self) -> list[RecordedRequest]:
        """The requests for chat completions among ``requests``."""
        return [record for record in self.requests if record.path.endswith("/chat/completions")]

    async def wait_for_request(self, number: int = 1) -> RecordedRequest:
        """Return the record of request ``number`` (counted from 1), waiting until it has arrived."""
        while len(self.requests) < number:
            self._arrival.clear()
            await self._arrival.wait()
        return self.requests[number - 1]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._serve], client_max_size=_MAX_BODY_BYTES)
        app.on_response_prepare.append(_add_trace_id)
        app.router.add_post("/v1/chat/completions", self._route(self._chat_completion))
        app.router.add_get("/v1/models", self._route(self._models))
        app.router.add_get("/v1/user/info", self._route(self._user_info))
        app.router.add_post("/v1/audio/transcriptions", self._route(self._audio.transcribe))
        app.router.add_post("/v1/audio/speech", self._route(self._audio.speak))
        app.router.add_post("/v1/images/generations", self._route(self.painting.generate))
        app.router.add_post("/v1/video/submit", self._route(self.filming.submit))
        app.router.add_post("/v1/video/status", self._route(self.filming.status))
        app.router.add_get("/results/{name}", self.results.serve)
        app.router.add_post("/v1/uploads/audio/voice", self._route(self._audio.add_voice))
        app.router.add_get("/v1/audio/voice/list", self._route(self._audio.list_voices))
        app.router.add_post("/v1/audio/voice/deletions", self._route(self._audio.delete_voice))
        return app

    def _route(
        self, serve: Callable[[Exchange], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Check the key, then serve; a ``Refused`` becomes its answer."""

        async def handler(request: web.Request) -> web.StreamResponse:
            exchange = request[_EXCHANGE]
            refusal = self._check_key(exchange.record.authorization)
            if refusal is not None:
                return exchange.refuse(refusal)
            try:
                return await serve(exchange)
            except Refused as refused:
                return exchange.refuse(refused.refusal)

        return handler

    def _check_key(self, authorization: str) -> Refusal | None:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            return MISSING_TOKEN
        return BAD_KEY if key.strip() in self._invalid_keys else None

    async def _chat_completion(self, exchange: Exchange) -> web.StreamResponse:
        request = parse_chat_request(exchange.record.raw_body, self._catalogue)
        return await self._chat.answer(exchange, request)

    async def _models(self, exchange: Exchange) -> web.StreamResponse:
        query = exchange.request.query
        speaking = list_audio_models(query, speaks_dialogue=self._audio.speaks_dialogue)
        listed = speaking or list_media_models(query)
        return exchange.whole(listed or list_models(self._catalogue, query))

    async def _user_info(self, exchange: Exchange) -> web.StreamResponse:
        return exchange.whole(user_info(self._balance))

    @web.middleware
    async def _serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Record the request, serve it, and note how it ended."""
        record = RecordedRequest(
            method=request.method,
            path=request.path,
            trace_id=new_trace_id(),
            authorization=request.headers.get("Authorization", ""),
        )
        if self._keep_requests:
            self.requests.append(record)
            self._arrival.set()
        exchange = request[_EXCHANGE] = Exchange(request, record)
        task = asyncio.current_task()
        if task is not None:
            self._serving.add(task)
        try:
            return await self._answer(exchange, handler)
        except (asyncio.CancelledError, ConnectionError):
            record.client_went_away = not self._closing
            raise
        finally:
            if task is not None:
                self._serving.discard(task)
            record.ended.set()

    async def _answer(self, exchange: Exchange, handler: Handler) -> web.StreamResponse:
        record = exchange.record
        try:
            if not _holds_form(exchange.request):
                record.raw_body = await exchange.request.read()
                record.body = _parse_or_none(record.raw_body)
            response = await handler(exchange.request)
        except web.HTTPRequestEntityTooLarge:
            response = exchange.refuse(TOO_LARGE)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            response = exchange.refuse(NOT_FOUND)
        record.status = response.status
        return response


async def _add_trace_id(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[TRACE_HEADER] = request[_EXCHANGE].record.trace_id


def _holds_form(request: web.Request) -> bool:
    """Whether the endpoint itself reads the body, in pieces."""
    return request.path in FORM_PATHS and request.content_type.startswith("multipart/")


def _parse_or_none(raw: bytes) -> object:
    try:
        return orjson.loads(raw) if raw else None
    except orjson.JSONDecodeError:
        return None
