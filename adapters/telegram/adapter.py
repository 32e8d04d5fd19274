"""Telegram as the core's Adapter."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Literal

import structlog

import adapters.telegram.lean  # isort: skip  # noqa: F401  before anything of aiogram's
from aiogram.utils.token import TokenValidationError, extract_bot_id

from bot.errors import ConfigurationError, DeliveryError
from bot.messages import Attachment, Author, ChatKind, ConversationKey
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

from .addressing import Identity
from .backoff import Backoff
from .client import ApiClient
from .errors import Refused
from .files import CLOUD_LIMIT_BYTES, Files
from .media import Media
from .menus import Menus
from .moderators import Moderators
from .outbound import VOICE_MIME, Outbound
from .polling import Poller
from .previews import Previews
from .reclaim import Reclaiming
from .rendering import MAX_TEXT_UNITS, render
from .webhook import Webhook

__all__ = ["TelegramAdapter"]

log = structlog.get_logger(__name__)

_OWN_SERVER_LIMIT_BYTES = 2000 * 1024 * 1024  # what a Bot API server of one's own hands out
# Just slower than a message a second, and than twenty a minute in groups (Telegram's bot FAQ).
_PRIVATE_PACE = Pace(interval_seconds=1.05, burst=3)
_GROUP_PACE = Pace(interval_seconds=3.1, burst=4)
_CAPABILITIES: Final = Capabilities(
    max_text_units=MAX_TEXT_UNITS,
    pace=MappingProxyType(
        {ChatKind.PRIVATE: _PRIVATE_PACE, ChatKind.GROUP: _GROUP_PACE, ChatKind.CHANNEL: _GROUP_PACE}
    ),
    best_fidelity=Fidelity.RICH,
    max_button_data_bytes=64,
    threads=True,
)


class TelegramAdapter:
    """One bot on Telegram.

    ``api_base_url`` names a Bot API server other than Telegram's own; ``proxy`` is an HTTP proxy for all
    calls. Connections are open while ``run`` runs or a call is under way; nothing has to be closed.
    """

    def __init__(
        self,
        *,
        token: str,
        clock: Clock,
        menu: Sequence[MenuCommand] = (),
        api_base_url: str | None = None,
        proxy: str | None = None,
        mode: Literal["polling", "webhook"] = "polling",
        webhook_url: str = "",
        webhook_secret: str = "",
        sends_per_second: int = 20,
        rng: random.Random | None = None,
    ) -> None:
        """Raises ConfigurationError for a token that is none, or a webhook without https URL and secret."""
        self._account = _bot_id(token)
        # Half a second's worth at once: within any second stays below Telegram's 30 (its bot FAQ).
        account_pace = Pace(interval_seconds=1 / sends_per_second, burst=max(1, sends_per_second // 2))
        self._capabilities = replace(_CAPABILITIES, account_pace=account_pace)
        self._clock = clock
        self._rng = rng or random.Random()
        self._client = ApiClient(token=token, api_base_url=api_base_url, proxy=proxy)
        self._badge: Badge | None = None
        self._outbound = Outbound(client=self._client)
        self._moderators = Moderators(outbound=self._outbound, clock=clock)
        self._reclaiming = Reclaiming(outbound=self._outbound)
        self._media = Media(client=self._client, outbound=self._outbound)
        self._previews = Previews(client=self._client)
        self._files = Files(
            client=self._client,
            limit_bytes=_OWN_SERVER_LIMIT_BYTES if api_base_url else CLOUD_LIMIT_BYTES,
            is_local=bool(api_base_url),
        )
        self._menus = Menus(client=self._client, commands=menu, clock=clock, backoff=self._backoff())
        self._webhook = self._make_webhook(webhook_url, webhook_secret) if mode == "webhook" else None

    def _make_webhook(self, url: str, secret: str) -> Webhook:
        return Webhook(
            client=self._client, url=url, secret=secret, clock=self._clock, backoff=self._backoff()
        )

    def _backoff(self) -> Backoff:
        return Backoff(rng=self._rng)

    @property
    def name(self) -> str:
        """``ConversationKey.platform`` of everything here."""
        return "telegram"

    @property
    def account(self) -> str:
        """``ConversationKey.account`` of everything here: the bot's numeric id, from its token."""
        return self._account

    @property
    def capabilities(self) -> Capabilities:
        """What Telegram can do."""
        return self._capabilities

    @property
    def badge(self) -> Badge | None:
        """The bot's name and handle; whether it hears all holds for groups it is no administrator of."""
        return self._badge

    async def moderates(self, key: ConversationKey, author: Author) -> bool:
        """Whether somebody is owner or administrator of a group, as known for five minutes at most."""
        return await self._moderators.moderates(key, author)

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Receive until cancelled. Raises ConfigurationError when Telegram knows no such token or refuses
        the webhook's URL."""
        async with self._client.in_use():
            me = await self._identify()
            menus = asyncio.create_task(self._menus.publish(), name="telegram-menus")
            try:
                await self._receive(me, submit, ready)
            finally:
                menus.cancel()
                await asyncio.gather(menus, return_exceptions=True)

    async def _receive(self, me: Identity, submit: Submit, ready: Callable[[], None]) -> None:
        if self._webhook is not None:
            await self._webhook.run(me, submit, ready)
            return
        poller = Poller(client=self._client, me=me, clock=self._clock, backoff=self._backoff())
        await poller.run(submit, ready)

    async def _identify(self) -> Identity:
        """Who the bot is; asks until the server is there."""
        backoff = self._backoff()
        while True:
            at_least = 0.0
            try:
                return self._identity(await self._client.call("getMe", {}))
            except Refused as exc:
                if exc.is_token_rejected:
                    raise ConfigurationError(
                        f"Telegram does not know this bot ({exc}): set TELEGRAM_BOT_TOKEN to the token that "
                        "@BotFather shows, like 123456:ABC-DEF"
                    ) from exc
                at_least = exc.retry_after_seconds or 0.0
                log.warning("telegram_not_reached", error=str(exc))
            except DeliveryError as exc:
                log.warning("telegram_not_reached", error=str(exc))
            await self._clock.sleep(backoff.next_seconds(at_least=at_least))

    def _identity(self, me: Any) -> Identity:
        if not isinstance(me, dict) or not isinstance(me.get("id"), int):
            raise DeliveryError("getMe: the answer is not a user")
        username = str(me.get("username", ""))
        log.info(
            "telegram_connected",
            username=username,
            private_topics=bool(me.get("has_topics_enabled")),
            reads_all_group_messages=bool(me.get("can_read_all_group_messages")),
        )
        hears_all = bool(me.get("can_read_all_group_messages"))
        name = " ".join(str(me.get("first_name", "")).split())
        handle = f"@{username}" if username else ""
        self._badge = Badge(name=name or username, handle=handle, hears_all=hears_all)
        return Identity(id=me["id"], username=username, name=name, hears_all=hears_all)

    def routes(self) -> Sequence[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """The webhook's path, in webhook mode."""
        return [("POST", self._webhook.path, self._webhook.handle)] if self._webhook is not None else []

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """The document as messages. RICH is one message, or FORMATTED where it would be too large for one."""
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
        """Send a new message; its id. A reply or topic that is gone is left out."""
        return await self._outbound.send(key, content, reply_to=reply_to, buttons=buttons)

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> None:
        """Make an own message show ``content``; unchanged content is a success."""
        await self._outbound.edit(key, message_id, content, buttons=buttons)

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Send a file as a document; its message's id."""
        return await self._outbound.send_file(key, file, caption=caption, reply_to=reply_to)

    @property
    def voice_mime(self) -> str:
        """Telegram's voice messages are OGG with Opus."""
        return VOICE_MIME

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        """Send a voice message, or MP3 as music; its message's id."""
        return await self._outbound.send_voice(key, note, caption=caption, reply_to=reply_to)

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
        """Pictures or a film; see Media."""
        return await self._media.show(
            key,
            message_id,
            media,
            caption=caption,
            buttons=buttons,
            maybe_sent=maybe_sent,
            taken=taken,
        )

    async def typing(self, key: ConversationKey) -> None:
        """Show for five seconds that the bot is at work."""
        await self._outbound.typing(key)

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete own messages; those already gone are fine."""
        await self._outbound.delete(key, message_ids)

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """End a pressed button's wait. Too late is fine."""
        await self._outbound.answer_button(answer_id, text)

    def can_preview(self, key: ConversationKey, chat_kind: ChatKind) -> bool:
        """Private chats, until one refuses."""
        return self._previews.can_preview(key, chat_kind)

    async def preview(self, key: ConversationKey, preview_id: int, content: Rendered) -> None:
        """Show a draft with a stop button; clients drop it after 30 seconds or with the next real message."""
        await self._previews.preview(key, preview_id, content)

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """A message of ours soon after ``after``, made to show ``content``; see Reclaiming."""
        return await self._reclaiming.reclaim(key, content, after=after, taken=taken)

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come."""
        return self._files.fetch(attachment)


def _bot_id(token: str) -> str:
    try:
        return str(extract_bot_id(token))
    except TokenValidationError:
        # Without the cause: nothing of the token belongs in a log.
        raise ConfigurationError(
            "TELEGRAM_BOT_TOKEN is not a bot token: it looks like 123456:ABC-DEF"
        ) from None
