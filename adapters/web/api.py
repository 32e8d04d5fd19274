"""The page's HTTP interface: reads what is shown, takes in what the person does, streams what changes."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Awaitable, Callable, Container, Sequence
from typing import Any, Final

import structlog
from aiohttp import web

from adapters.web.feed import Feed
from adapters.web.files import file_handlers
from adapters.web.guard import Guard, Handler, Refused, refuse, secured
from adapters.web.html import clean
from adapters.web.inbound import (
    LONGEST_TEXT,
    MOST_FILES,
    Empty,
    Press,
    Rename,
    Rewrite,
    Write,
    attached,
    deleted,
    edited,
    local_person,
    pressed,
    read_body,
    said,
    stopped,
)
from adapters.web.pagelog import Attached, FileGone, Message, PageLog
from adapters.web.uploads import LARGEST_FILE_BYTES, Uploads
from adapters.web.views import chat_view, message_view
from bot.errors import StorageError
from bot.messages import Inbound
from bot.ports import Clock, MenuCommand, Submit

__all__ = ["Api"]

log = structlog.get_logger(__name__)

PAGE_MESSAGES: Final = 100

Route = tuple[str, str, Callable[[Any], Awaitable[Any]]]


class Api:
    """``submit`` is set while events can be taken in; without it every wish is refused for the moment.

    ``growing`` holds the messages that are being written now: a crash may have left others half-way.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        log: PageLog,
        feed: Feed,
        menu: Sequence[MenuCommand],
        clock: Clock,
        growing: Container[str],
    ) -> None:
        self._guard = guard
        self._log = log
        self._feed = feed
        self._menu = [{"name": entry.name, "descriptions": dict(entry.descriptions)} for entry in menu]
        self._clock = clock
        self._growing = growing
        self._uploads = Uploads(log=log, clock=clock)
        self.submit: Submit | None = None

    def routes(self) -> list[Route]:
        """(method, path, handler); every answer carries the headers that secure the page."""
        chat, file = "/chat/api/chats/{chat:[0-9a-f]{32}}", "/chat/api/files/{file:[0-9a-f]{32}}"
        return [
            ("GET", "/", self._open(self._guard.sign_in)),
            ("GET", "/chat", self._open(self._guard.sign_in)),
            *(("GET", path, self._open(handler)) for path, handler in file_handlers().items()),
            ("GET", "/chat/events", self._closed(self._events)),
            ("GET", "/chat/api/start", self._closed(self._start)),
            *((method, file, self._closed(self._uploads.give)) for method in ("GET", "HEAD")),
            ("POST", "/chat/api/uploads/{file:[0-9a-f]{32}}", self._bytes(self._upload)),
            ("POST", "/chat/api/chats", self._closed(self._add_chat)),
            ("GET", f"{chat}/messages", self._closed(self._messages)),
            ("POST", f"{chat}/messages", self._closed(self._write)),
            ("POST", f"{chat}/messages/{{message:[0-9]{{1,18}}}}", self._closed(self._rewrite)),
            ("POST", f"{chat}/press", self._closed(self._press)),
            ("POST", f"{chat}/stop", self._closed(self._stop)),
            ("POST", f"{chat}/title", self._closed(self._name_chat)),
            ("POST", f"{chat}/delete", self._closed(self._delete_chat)),
        ]

    # --- who may --------------------------------------------------------------------------------------

    def _open(self, handler: Handler) -> Handler:
        """For what holds no secret: the page's files and the way in."""

        async def check(request: web.Request) -> None:
            self._guard.check_host(request)

        return _checked(check, handler)

    def _closed(self, handler: Handler) -> Handler:
        return _checked(self._guard.check_person, handler)

    def _bytes(self, handler: Handler) -> Handler:
        """For a body that is a file."""

        async def check(request: web.Request) -> None:
            await self._guard.check_person(request, takes="application/octet-stream")

        return _checked(check, handler)

    # --- reading --------------------------------------------------------------------------------------

    async def _start(self, _: web.Request) -> web.Response:
        chats = [chat_view(chat) for chat in await self._log.chats.all()]
        limits = {
            "longest_text": LONGEST_TEXT,
            "largest_file": LARGEST_FILE_BYTES,
            "most_files": MOST_FILES,
        }
        return web.json_response({"chats": chats, "commands": self._menu, **limits})

    async def _messages(self, request: web.Request) -> web.Response:
        chat, before = request.match_info["chat"], request.query.get("before", "")
        if await self._log.chats.get(chat) is None:
            raise Refused(404, "gone")
        found = await self._log.messages.newest(
            chat, before=int(before[:18]) if before.isdecimal() else None, limit=PAGE_MESSAGES + 1
        )
        shown = [
            message_view(message, growing=message.id in self._growing) for message in found[-PAGE_MESSAGES:]
        ]
        return web.json_response({"messages": shown, "more": len(found) > PAGE_MESSAGES})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.submit is None:
            raise Refused(503, "starting")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        secured(response)
        with self._feed.subscribe() as page:
            await response.prepare(request)
            try:
                async for chunk in page.chunks():
                    await response.write(chunk)
            except ConnectionError:
                pass  # the page was closed
        return response

    # --- chats ----------------------------------------------------------------------------------------

    async def _add_chat(self, request: web.Request) -> web.Response:
        await read_body(request, Empty)
        chat = await self._log.chats.add(uuid.uuid4().hex, now=self._now())
        self._feed.tell("chat", f"chat {chat.id}", chat_view(chat))
        return web.json_response(chat_view(chat))

    async def _name_chat(self, request: web.Request) -> web.Response:
        body = await read_body(request, Rename)
        chat = await self._log.chats.name(request.match_info["chat"], clean(body.title))
        if chat is None:
            raise Refused(404, "gone")
        self._feed.tell("chat", f"chat {chat.id}", chat_view(chat))
        return web.json_response(chat_view(chat))

    async def _delete_chat(self, request: web.Request) -> web.Response:
        await read_body(request, Empty)
        chat = request.match_info["chat"]
        ids = await self._log.messages.ids(chat)
        if ids:
            # The core forgets first: what it could not forget stays to be seen, and can be deleted again.
            await self._submit(deleted(chat, ids, nonce=uuid.uuid4().hex))
        await self._log.chats.remove(chat)
        await self._log.files.sweep(now=self._now())
        self._feed.tell("chat_gone", f"chat {chat}", {"id": chat})
        return web.json_response({})

    # --- messages -------------------------------------------------------------------------------------

    async def _write(self, request: web.Request) -> web.Response:
        body = await read_body(request, Write)
        self._require_service()
        message = await self._keep(request.match_info["chat"], body)
        await self._submit(said(message, local_person(request), nonce=body.nonce))
        await self._log.messages.take(message)
        await self._tell_written(message)
        return web.json_response({"id": message.id})

    async def _keep(self, chat: str, body: Write) -> Message:
        """Note a message with its files, before the core hears of it. Raises Refused."""
        text = clean(body.text)
        try:
            files = await self._attached(body)
            message = await self._log.messages.write(
                chat, text, files=files, nonce=body.nonce, now=self._now()
            )
        except FileGone:
            raise Refused(409, "file_gone") from None
        if message is None:
            raise Refused(404, "gone")
        return message

    async def _attached(self, body: Write) -> list[Attached]:
        found = []
        for file in body.files:
            kept = await self._log.files.get(file.id)
            if kept is None:
                raise FileGone(file.id)
            found.append(attached(file, kept))
        return found

    async def _upload(self, request: web.Request) -> web.Response:
        self._require_service()
        return await self._uploads.take(request)

    async def _tell_written(self, message: Message) -> None:
        self._feed.tell("message", f"message {message.id}", message_view(message))
        chat = await self._log.chats.get(message.chat)
        if chat is not None:
            self._feed.tell("chat", f"chat {chat.id}", chat_view(chat))

    async def _rewrite(self, request: web.Request) -> web.Response:
        body = await read_body(request, Rewrite)
        self._require_service()
        chat, message_id = request.match_info["chat"], request.match_info["message"]
        before = await self._log.messages.get(chat, message_id)
        if before is not None and not body.text.strip() and not before.files:
            raise Refused(400, "empty")
        message = await self._log.messages.rewrite(chat, message_id, clean(body.text))
        if before is None or message is None:
            raise Refused(404, "gone")
        try:
            await self._submit(edited(message, local_person(request), nonce=body.nonce))
        except Refused:
            await self._log.messages.rewrite(chat, message_id, before.shown.text)
            raise
        self._feed.tell("message", f"message {message.id}", message_view(message))
        return web.json_response({"id": message.id})

    async def _press(self, request: web.Request) -> web.Response:
        body = await read_body(request, Press)
        chat = request.match_info["chat"]
        if not await self._is_there(chat, body):
            raise Refused(404, "gone")
        await self._submit(pressed(chat, body, local_person(request)))
        return web.json_response({})

    async def _is_there(self, chat: str, press: Press) -> bool:
        """Whether there is such a button. Of those beside a chat nothing is kept: the core knows its own."""
        if not press.message:
            return await self._log.chats.get(chat) is not None
        message = await self._log.messages.get(chat, press.message)
        return message is not None and (_offers(message, press.data) or _is_vote(message, press.data))

    async def _stop(self, request: web.Request) -> web.Response:
        await read_body(request, Empty)
        await self._submit(stopped(request.match_info["chat"], local_person(request), nonce=uuid.uuid4().hex))
        return web.json_response({})

    # --- the core -------------------------------------------------------------------------------------

    def _require_service(self) -> Submit:
        if self.submit is None:
            raise Refused(503, "starting")
        return self.submit

    async def _submit(self, event: Inbound) -> None:
        submit = self._require_service()
        try:
            await submit(event)
        except StorageError as exc:
            log.warning("page_event_not_stored", event_id=event.event_id, reason=str(exc))
            raise Refused(503, "not_stored") from exc

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _is_vote(message: Message, data: str) -> bool:
    """Whether it says what somebody thinks of an answer, which can be said below each."""
    return message.is_answer and data in ("feedback:up", "feedback:down")


def _checked(check: Callable[[web.Request], Awaitable[None]], handler: Handler) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            await check(request)
            response = await handler(request)
        except Refused as exc:
            log.info("page_request_refused", reason=exc.reason, path=request.path)
            response = refuse(exc)
        except (sqlite3.Error, StorageError) as exc:
            log.warning("page_log_failed", reason=str(exc))
            response = refuse(Refused(503, "not_stored"))
        if not response.prepared:
            secured(response)
        return response

    return answer


def _offers(message: Message, data: str) -> bool:
    """Whether there is such a button under the message now."""
    return any(button.data == data for row in message.shown.buttons for button in row)
