"""Gives a slash command a place: a message of the channel, in whose thread it is answered.

Slack shows a slash command to nobody and serves none in threads, so the command itself has no message that
a conversation could hang on. Where the bot may not write, the answer goes to the person's direct messages.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

import structlog

from bot.errors import ChatClosed, DeliveryError
from bot.messages import Author, Incoming, TextPart
from bot.ports import MenuCommand

from .blocks import mrkdwn
from .identity import Identity, chat_kind
from .mrkdwn import Names, message_text
from .outbound import Outbound
from .rendering import neutral
from .wire import Payload, moment, text_in
from .words import word

__all__ = ["Commands"]

log = structlog.get_logger(__name__)

_SECONDS = 1.2  # for each of at most two calls; Slack waits three seconds in all
_LONGEST_ECHO = 300
_COMMAND: Final = "/parley"
_LIKENESS: Final = 0.75
"""Of a slip to the word that was meant: "hlep" is help, "hello" is not."""


class Commands:
    """The slash commands of one bot. ``menu`` are the words that mean a command of the core's."""

    def __init__(self, *, outbound: Outbound, menu: Sequence[MenuCommand]) -> None:
        self._outbound = outbound
        self._orders = frozenset(command.name for command in menu) | {"start", "help"}

    async def begin(self, body: Payload, author: Author, me: Identity) -> tuple[Incoming | None, str]:
        """The message a command stands for, or None; and a line for the person alone."""
        channel, text = text_in(body, "channel_id"), self._text(body, me)
        if not (channel and author.id):
            return None, self.sorry(author)
        nearest = self._meant(text)
        if nearest is not None:
            return None, word(
                "did_you_mean",
                author.language,
                command=text_in(body, "command") or _COMMAND,
                written=text.strip(),
                nearest=nearest,
            )
        name = "ordered" if text.startswith("/") else "asked"
        echo = word(name, author.language, user=author.id, text=neutral(mrkdwn(text[:_LONGEST_ECHO])))
        told = ""
        try:
            try:
                ts = await self._outbound.post_line(channel, echo, timeout_seconds=_SECONDS)
            except ChatClosed:
                channel, told = await self._direct(author.id), word("not_here", author.language)
                ts = await self._outbound.post_line(channel, echo, timeout_seconds=_SECONDS)
        except DeliveryError as exc:
            log.info("slack_command_without_place", reason=str(exc))
            return None, self.sorry(author)
        return self._incoming(channel, ts, text, author, me), told

    def sorry(self, author: Author) -> str:
        """What the person is told when a command was not taken in."""
        return word("try_again", author.language)

    def _text(self, body: Payload, me: Identity) -> str:
        """``new`` after the command means /new; without anything, /help is meant."""
        text = message_text(
            {"text": text_in(body, "text")}, Names(own=me.user_id, people={me.user_id: me.name})
        )
        first = text.split(maxsplit=1)[0].lower() if text.strip() else "help"
        if first in self._orders:
            return f"/{text.strip() or 'help'}"
        return text

    def _meant(self, text: str) -> str | None:
        """The command that a single word is most like; None for one of them, and for what is a question."""
        written = text.strip().lower()
        if not written.isalnum():
            return None
        return next(iter(get_close_matches(written, sorted(self._orders), n=1, cutoff=_LIKENESS)), None)

    async def _direct(self, user: str) -> str:
        answer = await self._outbound.call("conversations.open", {"users": user}, timeout_seconds=_SECONDS)
        channel = answer.get("channel")
        return str(channel.get("id", "")) if isinstance(channel, dict) else ""

    @staticmethod
    def _incoming(channel: str, ts: str, text: str, author: Author, me: Identity) -> Incoming:
        return Incoming(
            event_id=f"command:{channel}:{ts}",
            key=me.key(channel, ts),
            chat_kind=chat_kind(channel),
            author=author,
            message_id=ts,
            parts=(TextPart(text=text),),
            sent_at=moment(ts),
            addressed=True,
        )
