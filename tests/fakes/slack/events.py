"""The events an app is told: their bodies as Slack writes them, and which subscription each belongs to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

from .accounts import APP_ID, Person, Wire
from .state import Channel, Message

__all__ = ["SUBSCRIPTIONS", "changed", "deleted", "heard", "rich_text", "subscription_of", "wrap"]

SUBSCRIPTIONS = frozenset(
    (
        "app_mention",
        "message.im",
        "message.mpim",
        "message.channels",
        "message.groups",
        "app_home_opened",
        "app_context_changed",
        "agent_session_stopped",
        "agent_session_title_changed",
        "reaction_added",
        "reaction_removed",
        "file_shared",
        "member_joined_channel",
        "member_left_channel",
        "app_uninstalled",
        "tokens_revoked",
    )
)
_MESSAGES = {
    "im": "message.im",
    "mpim": "message.mpim",
    "channel": "message.channels",
    "group": "message.groups",
}
_event_numbers = count(1)


def subscription_of(event: Wire) -> str:
    """The subscription that brings this event."""
    kind = str(event.get("type", ""))
    return _MESSAGES.get(str(event.get("channel_type", "")), kind) if kind == "message" else kind


def wrap(event: Any, *, bot: Person, external: bool) -> Wire:
    """The body that carries an event, under an event_id of its own."""
    number = next(_event_numbers)
    authorization = {"enterprise_id": None, "team_id": bot.team_id, "user_id": bot.id, "is_bot": True}
    return {
        "token": "unused-verification-token",
        "team_id": bot.team_id,
        "context_team_id": bot.team_id,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{number:010d}",
        "event_time": int(time.time()),
        "authorizations": [{**authorization, "is_enterprise_install": False}],
        "is_ext_shared_channel": external,
        "event_context": f"4-{number:032x}",
    }


def heard(message: Message) -> Iterator[Wire]:
    """The events of a new message: the message itself, and beside it the mention when it names the bot."""
    wire = _with_origin(message.wire(), message)
    place = {"channel": message.channel.id, "event_ts": message.ts}
    yield {**wire, **place, "channel_type": message.channel.kind}
    if f"<@{message.channel.bot.id}>" in message.source and not message.from_bot:
        hidden = ("subtype", "reactions")
        mention = {name: value for name, value in wire.items() if name not in hidden}
        yield {**mention, **place, "type": "app_mention"}


def changed(message: Message, before: Wire, ts: str) -> Wire:
    """message_changed: the message as it was and as it is, hidden from people."""
    nested = _with_origin(message.wire(), message)
    return _hidden(message.channel, "message_changed", ts, message=nested, previous_message=before)


def deleted(message: Message, before: Wire, ts: str) -> Wire:
    """message_deleted; a root with replies is replaced by a tombstone instead."""
    if message.thread_ts is None and message.channel.replies_to(message.ts):
        tombstone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
        nested = {**tombstone, "ts": message.ts, "thread_ts": message.ts, "text": "This message was deleted."}
        return _hidden(message.channel, "message_changed", ts, message=nested, previous_message=before)
    return _hidden(message.channel, "message_deleted", ts, deleted_ts=message.ts, previous_message=before)


def _hidden(channel: Channel, subtype: str, ts: str, **content: Any) -> Wire:
    place = {"channel": channel.id, "hidden": True, "ts": ts, "event_ts": ts, "channel_type": channel.kind}
    return {"type": "message", "subtype": subtype, **content, **place}


def _with_origin(wire: Wire, message: Message) -> Wire:
    """People of another workspace are told apart by these two fields."""
    if message.sender.stranger:
        wire |= {"user_team": message.sender.team_id, "source_team": message.sender.team_id}
    return wire


def rich_text(text: str) -> list[Wire]:
    """The block a client sends along with what was typed."""
    section = {"type": "rich_text_section", "elements": list(_inline(text))}
    return [{"type": "rich_text", "block_id": f"r{next(_event_numbers):04d}", "elements": [section]}]


def _inline(text: str) -> Iterator[Wire]:
    for index, piece in enumerate(text.split("<@")):
        user, closed, rest = piece.partition(">")
        if index and closed:
            yield {"type": "user", "user_id": user}
            piece = rest
        if piece:
            yield {"type": "text", "text": piece}
