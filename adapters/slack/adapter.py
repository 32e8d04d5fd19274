"""Slack as the core's Adapter."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, Final

import structlog

from bot.errors import ConfigurationError, DeliveryError, MessageGone
from bot.messages import Attachment, Author, ChatKind, ConversationKey, Incoming
from bot.ports import (
    Badge,
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
)
from bot.rendering import Document

from .attachments import speech_preview
from .backoff import Backoff
from .blocks import MAX_BUTTON_DATA_BYTES
from .bolt import Gate
from .client import ApiClient
from .commands import Commands
from .errors import Refused
from .files import Files
from .home import Home
from .identity import Identity
from .lookups import Lookups
from .outbound import Outbound
from .people import People
from .presence import Presence
from .receiver import Receiver
from .rendering import MAX_TEXT_UNITS, render
from .replies import Replies
from .requests import PATH, Requests
from .responses import Responses
from .sockets import Sockets
from .streams import Streams
from .uploads import Uploads

__all__ = ["SlackAdapter"]

log = structlog.get_logger(__name__)

# chat.postMessage bears about one message a second in a channel, with short bursts (Slack, "Rate limits").
_PACE = Pace(interval_seconds=1.1, burst=4)
_CAPABILITIES: Final = Capabilities(
    max_text_units=MAX_TEXT_UNITS,
    pace=MappingProxyType(dict.fromkeys(ChatKind, _PACE)),
    best_fidelity=Fidelity.FORMATTED,
    max_button_data_bytes=MAX_BUTTON_DATA_BYTES,
    threads=True,
    live_messages=True,
)


class SlackAdapter:
    """One app in one workspace.

    With ``app_token`` it receives by Socket Mode, over ``sockets`` connections; else by the HTTP requests
    that ``routes`` serves, whose signatures ``signing_secret`` proves. ``api_base_url`` names a Web API other
    than Slack's own. Connections are open while ``run`` runs or a call is under way: nothing to close.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        clock: Clock,
        app_token: str | None = None,
        signing_secret: str | None = None,
        api_base_url: str | None = None,
        menu: Sequence[MenuCommand] = (),
        sockets: int = 2,
        rng: random.Random | None = None,
    ) -> None:
        """Raises ConfigurationError for tokens that are none, and when there is no way to receive."""
        _check_tokens(bot_token, app_token or "", signing_secret or "")
        self._clock = clock
        self._rng = rng or random.Random()
        self._client = ApiClient(bot_token=bot_token, app_token=app_token or "", api_base_url=api_base_url)
        self._outbound = Outbound(client=self._client, clock=clock)
        self._streams = Streams(client=self._client, clock=clock)
        self._presence = Presence(client=self._client, clock=clock)
        self._replies = Replies(outbound=self._outbound, streams=self._streams, presence=self._presence)
        self._files = Files(client=self._client)
        self._uploads = Uploads(client=self._client)
        self._menu = tuple(menu)
        self._home = Home(client=self._client, menu=self._menu)
        self._requests: Requests | None = None
        if not app_token:
            self._requests = Requests(signing_secret=signing_secret or "", clock=clock)
        self._socket_count = sockets
        self._me: Identity | None = None
        self._receiver: Receiver | None = None

    @property
    def name(self) -> str:
        """``ConversationKey.platform`` of everything here."""
        return "slack"

    @property
    def badge(self) -> Badge | None:
        """What the bot is called in the workspace; it hears every message of the channels it is in."""
        return Badge(name=self._me.name, handle=f"@{self._me.name}") if self._me and self._me.name else None

    @property
    def capabilities(self) -> Capabilities:
        """What Slack can do."""
        return _CAPABILITIES

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Receive until cancelled. Raises ConfigurationError when Slack does not take a token."""
        async with self._client.in_use():
            me = self._me = await self._identify()
            self._home.name = me.name or self._home.name
            people = People(client=self._client, clock=self._clock, rng=self._rng)
            receiver = self._receiver = self._make_receiver(me, submit, people)
            try:
                gate = Gate(client=self._client, me=me, take=receiver.take)
                await self._receive(gate, _once(ready))
            finally:
                self._receiver = None
                await receiver.close()
                await people.close()

    async def show_home(
        self,
        key: ConversationKey,
        author: Author,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]],
        answer_id: str = "",
    ) -> None:
        """Show this part of somebody's Home tab; not worth a second try."""
        await self._home.show(author, key.chat, content, buttons)

    def _make_receiver(self, me: Identity, submit: Submit, people: People) -> Receiver:
        return Receiver(
            me=me,
            submit=submit,
            people=people,
            streams=self._streams,
            commands=Commands(outbound=self._outbound, menu=self._menu),
            home=self._home,
            lookups=Lookups(client=self._client, clock=self._clock),
            responses=Responses(client=self._client),
            tell=self.answer_button,
            clock=self._clock,
        )

    async def _receive(self, gate: Gate, ready: Callable[[], None]) -> None:
        if self._requests is not None:
            await self._requests.run(gate, ready)
            return
        sockets = Sockets(client=self._client, clock=self._clock, rng=self._rng, count=self._socket_count)
        await sockets.run(gate, ready)

    async def _identify(self) -> Identity:
        """Who the bot is; asks until Slack is there."""
        backoff = Backoff(rng=self._rng)
        while True:
            at_least = 0.0
            try:
                return self._identity(await self._client.call("auth.test", {}))
            except Refused as exc:
                if exc.is_token_rejected:
                    raise ConfigurationError(
                        f"Slack does not take the bot token ({exc.error}): set SLACK_BOT_TOKEN to the bot "
                        "user OAuth token that the app shows once it is installed, like xoxb-…"
                    ) from None
                at_least = exc.pause_seconds if exc.is_rate_limited else 0.0
                log.warning("slack_not_reached", error=str(exc))
            except DeliveryError as exc:
                log.warning("slack_not_reached", error=str(exc))
            await self._clock.sleep(backoff.next_seconds(at_least=at_least))

    def _identity(self, answer: dict[str, Any]) -> Identity:
        me = Identity.from_auth(answer)
        if me is None:
            raise DeliveryError("auth.test: the answer names no bot in a workspace")
        log.info(
            "slack_connected", team=me.team_id, user=me.user_id, by="http" if self._requests else "socket"
        )
        return me

    def routes(self) -> Sequence[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """The path of events, buttons and slash commands; none in Socket Mode."""
        return [("POST", PATH, self._requests.handle)] if self._requests is not None else []

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """The document as messages, in Slack's standard Markdown or in plain text."""
        return render(document, fidelity=fidelity)

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> str:
        """Send a new message into the conversation's thread; its ts. A live one is a native stream if it can
        be, which shows no buttons before its end."""
        return await self._replies.send(key, content, buttons, live=live)

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> None:
        """Make an own message show ``content``; a live edit may wait for the next one."""
        await self._replies.edit(key, message_id, content, buttons, live=live)

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Share a file in the conversation's thread; the file's id."""
        return await self._uploads.send(key, file, caption=caption)

    async def show_media(
        self,
        key: ConversationKey,
        message_id: str,
        media: Sequence[OutgoingFile],
        *,
        caption: str,
        buttons: Sequence[Sequence[Button]] = (),
        maybe_sent: bool = False,
        taken: Collection[tuple[str, str]] = (),
    ) -> tuple[str, ...]:
        """Share the files in one message below the line, which gets the caption and the buttons.

        A share that may have been made is looked for in the thread; without a thread it may be made twice.
        """
        found = None
        if maybe_sent and key.thread and self._me is not None:
            found = await self._outbound.own_message_after(key, message_id, self._me.user_id, taken=taken)
        if found is None:
            await self._uploads.share(key, media)
        line = Rendered(text=caption)
        try:
            await self._replies.edit(key, message_id, line, buttons, live=False)
        except MessageGone:  # the files are there already: another line, not another share
            await self.send(key, line, buttons=buttons)
        return (found,) if found is not None else ()

    @property
    def voice_mime(self) -> str:
        """Bots have no voice clips here; people can play MP3 (facts: Slack files and voice)."""
        return "audio/mpeg"

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        """Share a recording in the conversation's thread; the file's id."""
        return await self._uploads.send(key, note.as_file("voice"), caption=caption)

    async def typing(self, key: ConversationKey) -> None:
        """Show a status in the thread until the next message, for two minutes at most."""
        await self._presence.thinking(key, asker=self._streams.asker(key))

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete own messages; those already gone are fine."""
        await self._outbound.delete(key, message_ids)

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """Say a line to the person who pressed: beside the message, or on the Home tab."""
        where, channel, thread, user = [*answer_id.split(":"), "", "", "", ""][:4]
        if where == "home" and self._receiver is not None:
            await self._receiver.tell_at_home(user, channel, text)
        elif text and channel and user:
            await self._outbound.whisper(channel, thread, user, text)

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """Our first unknown message in the thread that is newer than ``after``, made to show ``content``."""
        if self._me is None:
            return None
        bot_user = self._me.user_id
        return await self._replies.reclaim(key, content, after=after, taken=taken, bot_user=bot_user)

    async def show_again(self, key: ConversationKey, message_id: str) -> Incoming | None:
        """A message that is there already; not until the bot receives, and not often."""
        return await self._receiver.show_again(key.chat, message_id) if self._receiver is not None else None

    async def heard_itself(self, attachment: Attachment) -> str:
        """What Slack has heard in a clip, once it has listened."""
        return speech_preview(await self._files.look(attachment)) if attachment.file_id else ""

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come."""
        return self._files.fetch(attachment)


def _check_tokens(bot_token: str, app_token: str, signing_secret: str) -> None:
    """The texts show nothing of a token: they go to the log."""
    if not bot_token.startswith("xoxb-"):
        raise ConfigurationError("SLACK_BOT_TOKEN is not a bot token: it looks like xoxb-…")
    if app_token and not app_token.startswith("xapp-"):
        raise ConfigurationError("SLACK_APP_TOKEN is not an app-level token: it looks like xapp-…")
    if not app_token and not signing_secret.strip():
        raise ConfigurationError(
            "Slack needs SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP events)"
        )


def _once(ready: Callable[[], None]) -> Callable[[], None]:
    """Every new connection says hello; the core is told of the first."""
    told = asyncio.Event()

    def tell() -> None:
        if not told.is_set():
            told.set()
            ready()

    return tell
