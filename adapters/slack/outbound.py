"""Carries the bot's own messages to Slack: posts, updates, deletions, words for one person only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.errors import MessageGone, PlatformUnclear
from bot.messages import ConversationKey
from bot.ports import Button, Clock, Rendered

from .blocks import content_of, mrkdwn
from .budget import Budget
from .client import CALL_SECONDS, ApiClient
from .errors import Refused, delivery_error

__all__ = ["Outbound"]

_UPDATE_WAIT_SECONDS = 5.0
_FOR_FINALS = 5.0  # updates a minute's budget keeps for messages that get their final form
_STILL_STREAMS = "streaming_state_conflict"
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class Outbound:
    """The calls of one bot. Each raises DeliveryError's subclasses and nothing else."""

    def __init__(self, *, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._updates = Budget(method="chat.update", per_minute=38, burst=12, clock=clock)

    async def call(
        self, method: str, params: Mapping[str, Any], *, timeout_seconds: float = CALL_SECONDS
    ) -> dict[str, Any]:
        """A method's answer, refusals translated."""
        try:
            return await self._client.call(method, params, timeout_seconds=timeout_seconds)
        except Refused as exc:
            raise delivery_error(exc) from exc

    async def post(
        self,
        key: ConversationKey,
        content: Rendered,
        buttons: Sequence[Sequence[Button]] = (),
        *,
        feedback: bool = False,
    ) -> str:
        """Send a message into the thread; its ts."""
        params = {"channel": key.chat, **_QUIET, **content_of(content, buttons, feedback=feedback)}
        if key.thread:
            params["thread_ts"] = key.thread
        answer = await self.call("chat.postMessage", params)
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise PlatformUnclear("chat.postMessage: the answer holds no ts")
        return ts

    async def post_line(self, channel: str, text: str, *, timeout_seconds: float = CALL_SECONDS) -> str:
        """Send mrkdwn to a channel as a message of its own; its ts."""
        params = {"channel": channel, "text": text, **_QUIET}
        answer = await self.call("chat.postMessage", params, timeout_seconds=timeout_seconds)
        return str(answer.get("ts", ""))

    def may_begin(self, growing: int) -> bool:
        """Whether one more message may grow by updates: each that does will need one for its final form."""
        return self._updates.holds(growing + 1.0 + _FOR_FINALS)

    def may_refresh(self) -> bool:
        """Whether a growing message may be updated now; counted when it may. Final forms need not ask."""
        return self._updates.spare(reserve=_FOR_FINALS)

    async def refresh(
        self, key: ConversationKey, ts: str, content: Rendered, buttons: Sequence[Sequence[Button]]
    ) -> None:
        """Update a growing message, ``may_refresh`` having allowed it."""
        await self._update(key, ts, content_of(content, buttons))

    async def update(
        self,
        key: ConversationKey,
        ts: str,
        content: Rendered,
        buttons: Sequence[Sequence[Button]],
        *,
        feedback: bool,
    ) -> None:
        """Make a message show ``content``, in its turn; that it does already is fine."""
        if not ts:
            raise MessageGone("there is no message to update")
        await self._updates.slot(longest_seconds=_UPDATE_WAIT_SECONDS)
        await self._update(key, ts, content_of(content, buttons, feedback=feedback))

    async def _update(self, key: ConversationKey, ts: str, content: Mapping[str, Any]) -> None:
        params = {"channel": key.chat, "ts": ts, **content}
        try:
            await self._client.call("chat.update", params)
        except Refused as exc:
            if exc.is_rate_limited:
                self._updates.close_for(exc.pause_seconds)
            if exc.error != _STILL_STREAMS:
                raise delivery_error(exc) from exc
            await self._end_stream(key, ts)
            await self.call("chat.update", params)

    async def _end_stream(self, key: ConversationKey, ts: str) -> None:
        """A stream of an earlier process, or one whose end we missed."""
        try:
            await self._client.call("chat.stopStream", {"channel": key.chat, "ts": ts})
        except Refused as exc:
            if exc.is_rate_limited:
                raise delivery_error(exc) from exc

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete messages; those already gone are fine."""
        for ts in message_ids:
            try:
                await self._client.call("chat.delete", {"channel": key.chat, "ts": ts})
            except Refused as exc:
                if exc.error == _STILL_STREAMS:
                    await self._end_stream(key, ts)
                    await self.call("chat.delete", {"channel": key.chat, "ts": ts})
                elif exc.error != "message_not_found":
                    raise delivery_error(exc) from exc

    async def whisper(self, channel: str, thread: str, user: str, text: str) -> None:
        """Show a line to one person only; it is gone when they reload."""
        params = {"channel": channel, "user": user, "text": mrkdwn(text)}
        if thread:
            params["thread_ts"] = thread
        await self.call("chat.postEphemeral", params)

    async def own_message_after(
        self, key: ConversationKey, after: str, bot_user: str, *, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """The first message of ours in the thread that is newer than ``after`` and not one of ``taken``.

        conversations.replies is one call a minute for some apps (facts: Slack rate limits), which is why
        nothing on the way of an ordinary message asks it.
        """
        params = {"channel": key.chat, "ts": key.thread, "oldest": after, "limit": "15", "inclusive": "false"}
        answer = await self.call("conversations.replies", params)
        for message in answer.get("messages") or ():
            ts = message.get("ts", "") if isinstance(message, dict) else ""
            is_ours = bool(ts) and message.get("user") == bot_user and (key.chat, ts) not in taken
            if is_ours and _is_after(ts, after):
                return str(ts)
        return None


def _is_after(ts: str, after: str) -> bool:
    try:
        return float(ts) > float(after)
    except ValueError:
        return False
