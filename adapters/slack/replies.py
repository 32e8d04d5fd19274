"""Sends and edits messages in the way that serves each: a native stream, an update, or a plain post."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.errors import PlatformBusy
from bot.messages import ConversationKey
from bot.ports import Button, Rendered

from .blocks import below
from .outbound import Outbound
from .presence import Presence
from .rendering import Markdown
from .streams import Growing, Streams

__all__ = ["Replies"]

Rows = Sequence[Sequence[Button]]


class Replies:
    """The replies of one bot. Every method raises DeliveryError's subclasses and nothing else."""

    def __init__(self, *, outbound: Outbound, streams: Streams, presence: Presence) -> None:
        self._outbound = outbound
        self._streams = streams
        self._presence = presence
        self._beginning = 0

    async def send(self, key: ConversationKey, content: Rendered, buttons: Rows, *, live: bool) -> str:
        """Send a message; its ts. A live one is a stream where Slack serves one.

        Raises PlatformBusy for a live one when more of them grow by edits than the workspace's budget bears.
        """
        if not live:
            ts = await self._outbound.post(key, content, buttons)
            await self._presence.idle(key)
            return ts
        opened = None
        if isinstance(content.payload, Markdown):
            opened = await self._streams.open(key, content.payload)
        if opened is None:
            opened = await self._begin_editing(key, content, buttons)
        await self._presence.at_work(key, asker=self._streams.asker(key))
        return opened

    async def _begin_editing(self, key: ConversationKey, content: Rendered, buttons: Rows) -> str:
        """Those that are just being sent count: many begin in the same moment."""
        if not self._outbound.may_begin(self._streams.edited + self._beginning):
            # Its final form would stand in a queue for minutes: better a status now and the whole later.
            # The chat is not to blame, so it is given no pause.
            raise PlatformBusy("too many messages grow at once", retry_after_seconds=0.0)
        self._beginning += 1
        try:
            ts = await self._outbound.post(key, content, buttons)
        finally:
            self._beginning -= 1
        self._streams.follow(key, ts)
        return ts

    async def edit(
        self, key: ConversationKey, ts: str, content: Rendered, buttons: Rows, *, live: bool
    ) -> None:
        """Make a message show ``content``.

        A live one may be left as it is when the workspace's budget is short: the next edit, or the final
        one, brings what was left out.
        """
        growing = self._streams.find(key.chat, ts)
        if live:
            await self._refresh(key, ts, content, buttons, growing)
            return
        is_last = not isinstance(content.payload, Markdown) or content.payload.is_last
        # An answer gets its thumbs with its final form; pages and notices, which never grew, get none.
        feedback = growing is not None and is_last
        if await self._is_closed(growing, content, buttons, feedback=feedback, is_last=is_last):
            if is_last:
                self._presence.ended(key)
        else:
            await self._outbound.update(key, ts, content, buttons, feedback=feedback)
        if growing is not None:
            self._streams.forget(growing)
        if is_last:
            await self._presence.idle(key, taken_up="" if growing is not None else ts)

    async def _refresh(
        self, key: ConversationKey, ts: str, content: Rendered, buttons: Rows, growing: Growing | None
    ) -> None:
        payload = content.payload
        if growing is None:
            # Begun by an earlier process; from here on it is like any other that grows by edits.
            self._streams.follow(key, ts)
            await self._presence.at_work(key, asker=self._streams.asker(key))
        if growing is not None and growing.streams and isinstance(payload, Markdown):
            is_shown = await self._streams.grow(growing, payload)
        else:
            is_shown = False
        if not is_shown and self._outbound.may_refresh():
            await self._outbound.refresh(key, ts, content, buttons)

    async def _is_closed(
        self, growing: Growing | None, content: Rendered, buttons: Rows, *, feedback: bool, is_last: bool
    ) -> bool:
        """Whether the end of its stream has made the message whole."""
        if growing is None or not growing.streams:
            return False
        if isinstance(content.payload, Markdown):
            return await self._streams.close(
                growing,
                content.payload,
                below(buttons, feedback=feedback),
                session_status=self._presence.session_after(growing.key, is_last=is_last),
            )
        await self._streams.stop(growing)
        return False

    async def reclaim(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        after: str,
        taken: Collection[tuple[str, str]],
        bot_user: str,
    ) -> str | None:
        """The ts of a lost message in the thread, which now shows ``content``; None when there is none.

        Turns of a thread run one at a time, so the first unknown message of ours after ``after`` is it.
        """
        if not key.thread:
            return None
        found = await self._outbound.own_message_after(key, after, bot_user, taken=taken)
        if found is not None:
            await self._outbound.update(key, found, content, (), feedback=False)
        return found
