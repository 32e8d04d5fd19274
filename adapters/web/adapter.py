"""The local page as a platform: private chats between the bot and whoever holds the key of the page."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.web.api import Api
from adapters.web.feed import Feed
from adapters.web.guard import Guard
from adapters.web.html import clean, file_link, media_view, plain_html, sound_player, to_html
from adapters.web.kinds import sniffed, told_apart
from adapters.web.pagelog import Message, PageLog, Shown
from adapters.web.views import file_address, home_view, message_view
from bot.errors import ChatClosed, MessageGone, PlatformBusy, StorageError
from bot.messages import Attachment, Author, ChatKind, ConversationKey
from bot.ports import (
    Button,
    Capabilities,
    Clock,
    Fidelity,
    MenuCommand,
    OutgoingFile,
    OutgoingVoice,
    Pace,
    Rendered,
    Submit,
    SystemClock,
)
from bot.rendering import Document, flatten

__all__ = ["WebAdapter"]

LARGEST_TEXT: Final = 1_000_000
RETRY_SECONDS: Final = 1.0

T = TypeVar("T")
Rows = Sequence[Sequence[Button]]


class WebAdapter:
    """Serves the page on the service's HTTP server and keeps what it shows in ``folder``.

    ``host`` is the address that server listens on; ``menu`` is offered while a command is written.
    """

    name = "web"
    capabilities = Capabilities(
        max_text_units=LARGEST_TEXT,
        pace={kind: Pace(interval_seconds=0.1, burst=20) for kind in ChatKind},
        live_messages=True,
    )

    def __init__(
        self,
        *,
        folder: Path,
        host: str = "127.0.0.1",
        menu: Sequence[MenuCommand] = (),
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._log = PageLog(folder)
        self._feed = Feed()
        self._guard = Guard(host=host, session=self._session)
        self._session_secret = ""
        self._growing: set[str] = set()
        self._api = Api(
            guard=self._guard,
            log=self._log,
            feed=self._feed,
            menu=menu,
            clock=self._clock,
            growing=self._growing,
        )

    def link(self, url: str) -> str:
        """The address that opens the page in a new browser; ``url`` is the HTTP server's. A secret."""
        return f"{url}/?key={self._guard.key}"

    def routes(self) -> Sequence[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """The page, its files and its interface."""
        return self._api.routes()

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Take in what people do on the page until cancelled; open pages are then let go."""
        await self._log.open(now=self._now())
        try:
            self._feed.open()
            self._api.submit = submit
            ready()
            await asyncio.Event().wait()
        finally:
            self._api.submit = None
            self._feed.close()
            await self._log.close()

    # --- what the person sees -------------------------------------------------------------------------

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """Always one message: a page has no limit."""
        payload = document if fidelity > Fidelity.PLAIN else None
        return (Rendered(text=flatten(document).text, payload=payload),)

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Rows = (),
        live: bool = False,
    ) -> str:
        """Show a new message. Raises ChatClosed when the chat was deleted, PlatformBusy."""
        shown = await _shown(content, buttons, live=live)
        message = await _kept(self._log.messages.show(key.chat, shown, reply_to=reply_to, now=self._now()))
        if message is None:
            raise ChatClosed(f"chat {key.chat!r} was deleted")
        self._tell(message)
        return message.id

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Rows = (),
        live: bool = False,
    ) -> None:
        """Let a message show something else. Raises MessageGone, PlatformBusy."""
        shown = await _shown(content, buttons, live=live)
        message = await _kept(self._log.messages.reshow(key.chat, message_id, shown))
        if message is None:
            self._growing.discard(message_id)
            raise MessageGone(f"message {message_id!r} is not in chat {key.chat!r}")
        self._tell(message)

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Show a link that saves a file. Raises ChatClosed when the chat was deleted, PlatformBusy."""
        return await self._show_file(key, file, caption, reply_to, player=lambda _: "")

    voice_mime: Final = "audio/mpeg"

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        """Show a recording that can be played and saved. Raises as ``send_file``."""
        return await self._show_file(key, note.as_file("voice"), caption, reply_to, player=sound_player)

    async def _show_file(
        self,
        key: ConversationKey,
        file: OutgoingFile,
        caption: str,
        reply_to: str,
        *,
        player: Callable[[str], str],
    ) -> str:
        address = await self._keep_file(key, file)
        shown = Shown(
            text=clean(f"{caption}\n{file.name}".strip()),
            html=(plain_html(caption) if caption else "") + player(address) + file_link(address, file.name),
        )
        message = await _kept(self._log.messages.show(key.chat, shown, reply_to=reply_to, now=self._now()))
        if message is None:
            raise ChatClosed(f"chat {key.chat!r} was deleted")
        self._tell(message)
        return message.id

    async def show_media(
        self,
        key: ConversationKey,
        message_id: str,
        media: Sequence[OutgoingFile],
        *,
        caption: str,
        buttons: Rows = (),
        maybe_sent: bool = False,
        taken: Collection[tuple[str, str]] = (),
    ) -> tuple[str, ...]:
        """Pictures and films take the place of the line. Raises MessageGone, ChatClosed, PlatformBusy."""
        views = []
        for file in media:
            address = await self._keep_file(key, file)
            views.append(media_view(address, file.mime, caption) + file_link(address, file.name))
        shown = Shown(
            text=clean(caption),
            html="".join(views) + plain_html(caption),
            buttons=tuple(tuple(row) for row in buttons),
        )
        message = await _kept(self._log.messages.reshow(key.chat, message_id, shown))
        if message is None:
            raise MessageGone(f"message {message_id!r} is not in chat {key.chat!r}")
        self._tell(message)
        return ()

    async def forget(self, key: ConversationKey, author: Author) -> None:
        """Delete what the page shows, all of it its one person's; the chat stays, with our last word."""
        chats, messages = await _kept(self._log.chats.empty(keep=key.chat))
        await _kept(self._log.files.sweep(now=self._now()))
        for chat in chats:
            self._feed.tell("chat_gone", f"chat {chat}", {"id": chat})
        for message_id in messages:
            self._feed.tell("message_gone", f"message {message_id}", {"id": message_id, "chat": key.chat})

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Take messages away. Raises PlatformBusy."""
        await _kept(self._log.messages.remove(key.chat, message_ids))
        await _kept(self._log.files.sweep(now=self._now()))
        for message_id in message_ids:
            self._growing.discard(message_id)
            self._feed.tell("message_gone", f"message {message_id}", {"id": message_id, "chat": key.chat})

    async def typing(self, key: ConversationKey) -> None:
        """Show that an answer is being made."""
        self._feed.tell("typing", f"typing {key.chat}", {"chat": key.chat})

    async def show_home(
        self,
        key: ConversationKey,
        author: Author,
        content: Rendered,
        *,
        buttons: Rows,
        answer_id: str = "",
    ) -> None:
        """Tell the page that asked. Nothing is kept: a page asks anew for what holds when it is opened."""
        shown = await _shown(content, buttons, live=False)
        self._feed.tell("home", f"home {answer_id}", home_view(shown, chat=key.chat, nonce=answer_id))

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """Tell the page whose button was pressed."""
        self._feed.tell("answer", f"answer {answer_id}", {"nonce": answer_id, "text": clean(text)})

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """The message of ours after ``after`` that nobody knows of; it shows ``content`` now.

        It still grows as far as the page knows, or it is whole and shows just this. Raises PlatformBusy.
        """
        place = int(after) if after.isdecimal() else 0
        candidates = await _kept(self._log.messages.unfinished(key.chat, clean(content.text), after=place))
        found = next((one for one in candidates if (key.chat, one) not in taken), None)
        if found is not None:
            await self.edit(key, found, content)
        return found

    @asynccontextmanager
    async def fetch(self, attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """The bytes of a file that somebody sent. Raises MessageGone when it is gone, PlatformBusy."""
        file = await _kept(self._log.files.get(attachment.file_id))
        if file is None:
            raise MessageGone(f"file {attachment.file_id!r} is not kept any more")
        async with AsyncExitStack() as stack:
            pieces = await _kept(stack.enter_async_context(self._log.files.read(file)))
            yield _readable(pieces)

    async def _keep_file(self, key: ConversationKey, file: OutgoingFile) -> str:
        """Keep a file of ours; the address it is served under. Raises ChatClosed, PlatformBusy."""
        kind, mime = told_apart(sniffed(file.data[:64]), file.mime, voice=False)
        tidy = replace(file, name=clean(file.name), mime=mime)
        file_id = await _kept(self._log.files.add(key.chat, tidy, kind=kind, now=self._now()))
        if file_id is None:
            raise ChatClosed(f"chat {key.chat!r} was deleted")
        return file_address(file_id)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _tell(self, message: Message) -> None:
        (self._growing.add if message.shown.live else self._growing.discard)(message.id)
        self._feed.tell("message", f"message {message.id}", message_view(message))

    async def _session(self) -> str:
        if not self._session_secret:
            self._session_secret = await self._log.secret("session")
        return self._session_secret


async def _shown(content: Rendered, buttons: Rows, *, live: bool) -> Shown:
    """The content as the page shows it; made beside the loop, which long answers would hold up."""
    rows = tuple(tuple(row) for row in buttons)
    text = clean(content.text)
    if isinstance(content.payload, Document):
        html = await asyncio.to_thread(to_html, content.payload, growing=live)
    else:
        html = plain_html(text)
    return Shown(text=text, html=html, buttons=rows, live=live)


async def _readable(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same pieces. Raises PlatformBusy when the next one cannot be read."""
    with _as_pause():
        async for piece in pieces:
            yield piece


async def _kept(change: Awaitable[T]) -> T:
    """The result of a change of the log. Raises PlatformBusy when it could not be made."""
    with _as_pause():
        return await change


@contextmanager
def _as_pause() -> Iterator[None]:
    """A log that cannot be read or written is something to try again. Raises PlatformBusy."""
    try:
        yield
    except (sqlite3.Error, StorageError) as exc:
        raise PlatformBusy(f"the page's log: {exc}", retry_after_seconds=RETRY_SECONDS) from exc
