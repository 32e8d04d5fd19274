"""Turns what people press, or choose from the menu of a message, into the core's events."""

from __future__ import annotations

import structlog

from bot.messages import ButtonPressed, TranscriptWanted

from .identity import chat_kind
from .translate import Scene, translate_message
from .wire import Payload, as_map, list_of, map_in, text_in

__all__ = ["TRANSCRIBE", "translate_button", "translate_shortcut"]

log = structlog.get_logger(__name__)

TRANSCRIBE = "transcribe"
"""The callback id of the shortcut in a message's menu."""

_MOST_DATA_BYTES = 255


def translate_button(body: Payload, scene: Scene) -> ButtonPressed | None:
    """The event of a pressed button; None for one without data or a place."""
    action = next(list_of(body, "actions"), as_map(None))
    user, data = text_in(map_in(body, "user"), "id"), text_in(action, "value")
    channel, message_id, thread = _pressed_place(body)
    if not (user and data and channel):
        log.debug("slack_event_dropped", kind="block_actions", why="a button without a place or data")
        return None
    pressed_at = text_in(action, "action_ts") or text_in(body, "trigger_id")
    return ButtonPressed(
        event_id=f"button:{channel}:{message_id}:{user}:{pressed_at}",
        key=scene.me.key(channel, thread),
        chat_kind=chat_kind(channel),
        author=scene.author(user, text_in(map_in(body, "user"), "team_id")),
        message_id=message_id,
        data=data.encode("utf-8", "replace")[:_MOST_DATA_BYTES].decode(errors="ignore"),
        answer_id=f"{'' if message_id else 'home'}:{channel}:{thread}:{user}",
    )


def translate_shortcut(body: Payload, scene: Scene) -> TranscriptWanted | None:
    """The event of a message's menu; None for another entry than ours, or without a place."""
    user, message = map_in(body, "user"), map_in(body, "message")
    channel, ts = text_in(map_in(body, "channel"), "id"), text_in(message, "ts")
    asker = text_in(user, "id")
    if text_in(body, "callback_id") != TRANSCRIBE or not (asker and channel and ts):
        log.debug("slack_event_dropped", kind="message_action", why="not our shortcut, or without a place")
        return None
    thread = text_in(message, "thread_ts") or ts
    when = text_in(body, "action_ts") or text_in(body, "trigger_id")
    return TranscriptWanted(
        event_id=f"shortcut:{channel}:{ts}:{asker}:{when}",
        key=scene.me.key(channel, thread),
        chat_kind=chat_kind(channel),
        author=scene.author(asker, text_in(user, "team_id")),
        message_id=ts,
        message=translate_message(message, channel, scene),
        answer_id=f":{channel}:{thread}:{asker}",
    )


def _pressed_place(body: Payload) -> tuple[str, str, str]:
    """Channel, message and thread. The Home tab names its chat itself: it is in none."""
    view = map_in(body, "view")
    if text_in(view, "type") == "home":
        return text_in(view, "private_metadata"), "", ""
    container, message = map_in(body, "container"), map_in(body, "message")
    channel = text_in(map_in(body, "channel"), "id") or text_in(container, "channel_id")
    ts = text_in(container, "message_ts") or text_in(message, "ts")
    thread = text_in(message, "thread_ts") or text_in(container, "thread_ts") or ts
    return channel, ts, thread
