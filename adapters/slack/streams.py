"""Shows a growing answer by Slack's native streams, and knows when a message has to be edited instead.

A stream only grows, dies after about five minutes whatever is done, and cannot be edited while it lives
(facts: Slack native streaming). Whatever happens to one, the message is still there: ``chat.update`` with the
whole content repairs it, so nothing is ever lost with a stream. The state is in memory: after a restart
messages are edited, and one that still streams is stopped when Slack says so.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import structlog

from bot.errors import DeliveryError, PlatformBusy, PlatformUnclear
from bot.messages import ConversationKey
from bot.ports import Clock

from .blocks import Block
from .budget import Budget
from .client import ApiClient
from .errors import Refused, delivery_error
from .rendering import Markdown

__all__ = ["Growing", "Streams"]

log = structlog.get_logger(__name__)

_OLDEST_SECONDS = 240.0  # they die at about 300
_OFF_SECONDS = 3600.0
_APPEND_SECONDS_EACH = 0.65  # 100 appends a minute for all streams together
_MOST_KEPT = 10_000
_NOT_HERE = frozenset(
    {
        "channel_type_not_supported",
        "missing_recipient_user_id",
        "missing_recipient_team_id",
        "invalid_recipient",
        "recipient_not_found",
        "messages_tab_disabled",
        "not_supported_in_channel",
    }
)
_NOWHERE = frozenset(
    {
        "unknown_method",
        "method_deprecated",
        "feature_disabled",
        "feature_not_enabled",
        "not_allowed",
        "not_agent_app",
        "missing_scope",
    }
)
_ENDED = frozenset({"message_not_in_streaming_state", "stopped_by_user", "message_not_found"})
_TASK = "thinking"


@dataclass(slots=True, kw_only=True)
class Growing:
    """A message of which more will follow. ``streams`` turns False for good when it has to be edited."""

    key: ConversationKey
    ts: str
    streams: bool
    opened_at: float
    shown: str = ""
    called_at: float = 0.0
    chunked: bool = False
    thinking: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recipient:
    user: str
    team: str


class Streams:
    """The growing messages of one workspace."""

    def __init__(self, *, client: ApiClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._starts = Budget(method="chat.startStream", per_minute=14, burst=6, clock=clock)
        self._appends = Budget(method="chat.appendStream", per_minute=85, burst=15, clock=clock)
        self._growing: OrderedDict[tuple[str, str], Growing] = OrderedDict()
        self._recipients: OrderedDict[tuple[str, str], _Recipient] = OrderedDict()
        self._off: dict[str, float] = {}
        self._tasks_taken = True

    # --- what is known ----------------------------------------------------------------------------------

    def remember_asker(self, key: ConversationKey, user: str, team: str) -> None:
        """Whom the next answer in this thread is for: streams in channels have to name somebody."""
        _keep(self._recipients, (key.chat, key.thread), _Recipient(user=user, team=team))

    def asker(self, key: ConversationKey) -> str:
        """Whom answers in this thread are for; empty when nobody has asked since the start."""
        recipient = self._recipients.get((key.chat, key.thread))
        return recipient.user if recipient else ""

    def find(self, channel: str, ts: str) -> Growing | None:
        """The growing message, if it is one that began in this process."""
        return self._growing.get((channel, ts))

    def follow(self, key: ConversationKey, ts: str) -> None:
        """A message that grows by edits."""
        growing = Growing(key=key, ts=ts, streams=False, opened_at=self._clock.monotonic())
        _keep(self._growing, (key.chat, ts), growing)

    @property
    def edited(self) -> int:
        """How many messages grow by edits."""
        return sum(1 for growing in self._growing.values() if not growing.streams)

    def forget(self, growing: Growing) -> None:
        """It has got its final form."""
        self._growing.pop((growing.key.chat, growing.ts), None)

    def end(self, channel: str, ts: str) -> None:
        """Slack has stopped this stream by itself."""
        growing = self.find(channel, ts)
        if growing is not None:
            growing.streams = False

    # --- opening ----------------------------------------------------------------------------------------

    async def open(self, key: ConversationKey, payload: Markdown) -> str | None:
        """Begin a message as a stream; its ts, or None where it has to be sent in another way.

        Raises PlatformUnclear when it may have begun although nobody said so.
        """
        if not self._may_open(key) or not self._starts.spare():
            return None
        chunked = bool(payload.thinking) and self._tasks_taken
        try:
            answer = await self._client.call("chat.startStream", self._opening(key, payload, chunked))
        except Refused as exc:
            self._learn(key, exc, chunked=chunked)
            return None
        except PlatformBusy:
            return None
        ts = answer.get("ts")
        if not isinstance(ts, str):
            raise PlatformUnclear("chat.startStream: the answer holds no ts")
        now = self._clock.monotonic()
        growing = Growing(
            key=key,
            ts=ts,
            streams=True,
            opened_at=now,
            called_at=now,
            shown=payload.growing,
            chunked=chunked,
            thinking=payload.thinking if chunked and not payload.growing else "",
        )
        _keep(self._growing, (key.chat, ts), growing)
        return ts

    def _may_open(self, key: ConversationKey) -> bool:
        now = self._clock.monotonic()
        if not key.thread or any(now < self._off.get(where, 0.0) for where in ("", key.chat)):
            return False
        return key.chat.startswith("D") or bool(self.asker(key))

    def _opening(self, key: ConversationKey, payload: Markdown, chunked: bool) -> dict[str, Any]:
        params: dict[str, Any] = {"channel": key.chat, "thread_ts": key.thread}
        recipient = self._recipients.get((key.chat, key.thread))
        if recipient is not None:
            params |= {"recipient_user_id": recipient.user, "recipient_team_id": recipient.team}
        if chunked:
            task = _task(payload.thinking, is_done=bool(payload.growing))
            params["chunks"] = [task, *_text_chunks(payload.growing)]
        elif payload.growing:
            params["markdown_text"] = payload.growing
        return params

    def _learn(self, key: ConversationKey, refused: Refused, *, chunked: bool) -> None:
        if refused.is_rate_limited:
            self._starts.close_for(refused.pause_seconds)
        elif refused.error in _NOT_HERE | _NOWHERE:
            where = key.chat if refused.error in _NOT_HERE else ""
            self._off[where] = self._clock.monotonic() + _OFF_SECONDS
            log.info("slack_streams_off", channel=where or "everywhere", reason=str(refused))
        elif chunked:
            self._tasks_taken = False
            log.info("slack_tasks_off", reason=str(refused))
        else:
            log.info("slack_stream_refused", channel=key.chat, reason=str(refused))

    # --- growing ----------------------------------------------------------------------------------------

    async def grow(self, growing: Growing, payload: Markdown) -> bool:
        """Show more of a stream, or leave it for the next time; False when it has to be edited instead.

        Raises PlatformUnclear.
        """
        is_old = self._clock.monotonic() - growing.opened_at > _OLDEST_SECONDS
        if is_old or not payload.growing.startswith(growing.shown):
            await self.stop(growing)
            return False
        more = payload.growing[len(growing.shown) :]
        if not more or not self._is_due(growing) or not self._appends.spare():
            return True
        try:
            await self._client.call("chat.appendStream", {**_place(growing), **_portion(growing, more)})
        except Refused as exc:
            return await self._not_appended(growing, exc)
        except PlatformBusy:
            return True
        except DeliveryError:
            growing.streams = False
            raise
        growing.shown, growing.thinking = payload.growing, ""
        growing.called_at = self._clock.monotonic()
        return True

    async def _not_appended(self, growing: Growing, refused: Refused) -> bool:
        if refused.is_rate_limited:
            self._appends.close_for(refused.pause_seconds)
            return True
        log.info("slack_stream_ended", channel=growing.key.chat, reason=str(refused))
        if refused.error in _ENDED:
            growing.streams = False
        else:
            await self.stop(growing)
        return False

    def _is_due(self, growing: Growing) -> bool:
        living = sum(1 for one in self._growing.values() if one.streams)
        return self._clock.monotonic() >= growing.called_at + _APPEND_SECONDS_EACH * living

    # --- ending -----------------------------------------------------------------------------------------

    async def close(
        self, growing: Growing, payload: Markdown, under: list[Block], *, session_status: str = ""
    ) -> bool:
        """End a stream with the rest of its text; False when the message has to be edited to be whole.

        ``session_status`` is what the thread's agent session, where there is one, is to be afterwards. Raises
        PlatformBusy, when nothing has changed, and PlatformUnclear.
        """
        if not payload.text.startswith(growing.shown):
            await self.stop(growing)
            return False
        rest = payload.text[len(growing.shown) :]
        params = {**_place(growing), **(_portion(growing, rest) if rest else {})}
        if under:
            params["blocks"] = under
        if session_status:
            params["session_status"] = session_status
        try:
            await self._client.call("chat.stopStream", params)
        except Refused as exc:
            if exc.is_rate_limited:
                raise delivery_error(exc) from exc
            growing.streams = False
            log.info("slack_stream_ended", channel=growing.key.chat, reason=str(exc))
            return False
        except PlatformBusy:
            raise
        except DeliveryError:
            growing.streams = False
            raise
        growing.streams = False
        return True

    async def stop(self, growing: Growing) -> None:
        """End a stream as it is; it is edited from now on. A stream that does not listen is left to Slack."""
        growing.streams = False
        await self.stop_message(growing.key.chat, growing.ts)

    async def stop_message(self, channel: str, ts: str) -> None:
        """End the stream of any message of ours, known here or not."""
        try:
            await self._client.call("chat.stopStream", {"channel": channel, "ts": ts})
        except (Refused, DeliveryError) as exc:
            log.info("slack_stream_not_stopped", channel=channel, reason=str(exc))


def _keep(store: OrderedDict[tuple[str, str], Any], name: tuple[str, str], value: object) -> None:
    store[name] = value
    store.move_to_end(name)
    if len(store) > _MOST_KEPT:
        store.popitem(last=False)


def _place(growing: Growing) -> dict[str, Any]:
    return {"channel": growing.key.chat, "ts": growing.ts}


def _portion(growing: Growing, text: str) -> dict[str, Any]:
    """Text in the mode the stream began with: Slack takes no other later."""
    if not growing.chunked:
        return {"markdown_text": text}
    done = [_task(growing.thinking, is_done=True)] if growing.thinking else []
    return {"chunks": [*done, *_text_chunks(text)]}


def _task(title: str, *, is_done: bool) -> dict[str, Any]:
    return {
        "type": "task_update",
        "id": _TASK,
        "title": title,
        "status": "complete" if is_done else "in_progress",
    }


def _text_chunks(text: str) -> list[dict[str, Any]]:
    return [{"type": "markdown_text", "text": text}] if text else []
