"""Turns a valid payload into the core's event, or into nothing when it is none of the bot's business."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import structlog

from bot.messages import (
    Author,
    ButtonPressed,
    ChatJoined,
    ChatKind,
    ChatLeft,
    Deleted,
    Edited,
    Inbound,
    Incoming,
    Part,
    StopPressed,
    TextPart,
)

from .attachments import attachments_of
from .identity import Identity, chat_kind
from .mrkdwn import Names, mentioned_users, message_text
from .people import Person
from .wire import Payload, as_map, list_of, map_in, moment, text_in

__all__ = ["EVENTS", "Scene", "people_in", "translate_button", "translate_event"]

log = structlog.get_logger(__name__)

_WRITTEN = ("", "file_share", "thread_broadcast", "me_message")
_MOST_DATA_BYTES = 255
# A client refuses to send much more than this at once, and cuts a paste there (facts: chat.postMessage).
_FULL_CHARACTERS = 3990


class _Dropped(Exception):
    """The event is none of the bot's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Who the bot is, and the people it has been told of.

    ``team`` is whose everybody is who writes here, where that is one workspace.
    """

    me: Identity
    people: Mapping[str, Person] = field(default_factory=dict)
    team: str = ""

    @property
    def names(self) -> Names:
        """What the people of the scene are called, and the bot."""
        known = {person.id: person.name for person in self.people.values() if person.name}
        return Names(own=self.me.user_id, people={**known, self.me.user_id: self.me.name})

    def author(self, user_id: str, team_id: str = "") -> Author:
        """Somebody who wrote; never vouched for when sent by another workspace.

        Of whom Slack could not be asked counts what the event tells: its workspace, whose guests it does not
        tell from its members. A guest may so pass for a while; a member is not turned away.
        """
        person = self.people.get(user_id, Person(id=user_id, is_told=False))
        team = team_id or self.team
        is_foreign = bool(team) and team not in (self.me.team_id, self.me.enterprise_id)
        if not person.is_told:
            return replace(person, vouched=bool(team) and not is_foreign, is_guest=is_foreign).author()
        if is_foreign and not person.vouched:
            return Author(id=user_id, name=person.name or user_id, is_guest=True, is_bot=person.is_bot)
        return person.author()


def people_in(event: Payload) -> tuple[str, ...]:
    """The people an event is about: who wrote or pressed, who invited, then who is mentioned."""
    message = map_in(event, "message") or event
    return (text_in(message, "user"), text_in(event, "inviter"), *sorted(mentioned_users(message)))


def translate_event(event: Payload, scene: Scene) -> Inbound | None:
    """The core's event; None when nobody meant the bot to see it (logged at debug level)."""
    kind = text_in(event, "type")
    try:
        return EVENTS.get(kind, _unserved)(event, scene)
    except _Dropped as exc:
        log.debug("slack_event_dropped", kind=kind, why=str(exc))
        return None


def _message(event: Payload, scene: Scene) -> Inbound:
    match text_in(event, "subtype"):
        case "message_changed":
            return _changed(event, scene)
        case "message_deleted":
            return _deleted(event, scene)
        case _:
            return _written(event, event, scene)


def _written(message: Payload, event: Payload, scene: Scene) -> Incoming:
    """``event`` names the channel; the message itself lies in it when it was changed."""
    channel, ts, user = text_in(event, "channel"), text_in(message, "ts"), text_in(message, "user")
    _check_author(message, scene)
    if text_in(message, "subtype") not in _WRITTEN or message.get("hidden") is True:
        raise _Dropped("a message nobody wrote")
    if not (channel and ts):
        raise _Dropped("a message without a place")
    thread = text_in(message, "thread_ts") or ts
    kind = chat_kind(channel, text_in(event, "channel_type"))
    text = text_in(message, "text")
    author = scene.author(user, text_in(message, "user_team", "source_team", "team"))
    is_mentioned = scene.me.user_id in mentioned_users(message)
    if author.is_bot:
        raise _Dropped("written by a bot")
    return Incoming(
        event_id=f"message:{channel}:{ts}",
        key=scene.me.key(channel, thread),
        chat_kind=kind,
        author=author,
        message_id=ts,
        parts=_parts(message, scene.names),
        sent_at=moment(ts),
        addressed=kind is ChatKind.PRIVATE or is_mentioned,
        mentioned=is_mentioned,
        fills_limit=len(text) >= _FULL_CHARACTERS,
        follows_up=thread != ts,
    )


def _check_author(message: Payload, scene: Scene) -> None:
    user = text_in(message, "user")
    if text_in(message, "bot_id") or map_in(message, "bot_profile"):
        raise _Dropped("written by a bot")
    if not user or user in (scene.me.user_id, "USLACKBOT"):
        raise _Dropped("written by nobody, or by ourselves")


def _parts(message: Payload, names: Names) -> tuple[Part, ...]:
    """Text first, then what came with it; nothing for a message of the bot's bare name."""
    text = message_text(message, names)
    attachments = attachments_of(message)
    return (TextPart(text=text), *attachments) if text else attachments


def _changed(event: Payload, scene: Scene) -> Edited | Deleted:
    """Only a person's change of the words counts: Slack also tells when it has unfolded a link."""
    message, before = map_in(event, "message"), map_in(event, "previous_message")
    channel, ts = text_in(event, "channel"), text_in(message, "ts")
    if text_in(message, "subtype") == "tombstone":
        return _gone(channel, ts, before, scene)
    incoming = _written(message, event, scene)
    edited = text_in(map_in(message, "edited"), "ts")
    if not edited or (before and text_in(before, "text") == text_in(message, "text")):
        raise _Dropped("a change that is not of words")
    return Edited(event_id=f"edited:{channel}:{ts}:{edited}", key=incoming.key, message=incoming)


def _deleted(event: Payload, scene: Scene) -> Deleted:
    ts = text_in(event, "deleted_ts")
    return _gone(text_in(event, "channel"), ts, map_in(event, "previous_message"), scene)


def _gone(channel: str, ts: str, before: Payload, scene: Scene) -> Deleted:
    if not (channel and ts):
        raise _Dropped("a deletion without a place")
    if before:
        _check_author(before, scene)
    key = scene.me.key(channel, text_in(before, "thread_ts") or ts)
    return Deleted(event_id=f"deleted:{channel}:{ts}", key=key, message_ids=(ts,))


def _stopped(event: Payload, scene: Scene) -> StopPressed:
    channel, thread = text_in(event, "channel", "channel_id"), text_in(event, "thread_ts")
    if not (channel and thread):
        raise _Dropped("a stop without a place")
    user = text_in(event, "user", "user_id")
    when = text_in(event, "event_ts") or ",".join(str(ts) for ts in _listed(event, "streaming_message_ts"))
    return StopPressed(
        event_id=f"stop:{channel}:{thread}:{when}",
        key=scene.me.key(channel, thread),
        author=scene.author(user) if user else None,
    )


def _listed(event: Payload, name: str) -> list[object]:
    value = event.get(name)
    return value if isinstance(value, list) else []


def _membership(event: Payload, scene: Scene) -> ChatJoined | ChatLeft:
    channel, kind = text_in(event, "channel"), text_in(event, "type")
    if text_in(event, "user") != scene.me.user_id or not channel:
        raise _Dropped("somebody else came or went")
    event_id, key = f"{kind}:{channel}:{text_in(event, 'event_ts')}", scene.me.key(channel)
    if kind == "member_left_channel":
        return ChatLeft(event_id=event_id, key=key)
    inviter = text_in(event, "inviter")
    return ChatJoined(
        event_id=event_id,
        key=key,
        chat_kind=chat_kind(channel, text_in(event, "channel_type")),
        # Slack names no inviter when a workspace's settings bring the bot in: that is its own people's doing.
        author=scene.author(inviter) if inviter else Author(id="", name="", vouched=True),
    )


def _home_opened(event: Payload, scene: Scene) -> ButtonPressed:
    """The core is asked for its part of the tab as by a button there."""
    user, channel = text_in(event, "user"), text_in(event, "channel")
    if text_in(event, "tab") not in ("", "home") or not (user and channel):
        raise _Dropped("another tab, or one that belongs to no chat")
    return ButtonPressed(
        event_id=f"home:{user}:{text_in(event, 'event_ts')}",
        key=scene.me.key(channel),
        chat_kind=ChatKind.PRIVATE,
        author=scene.author(user),
        message_id="",
        data="home",
    )


def _unserved(event: Payload, scene: Scene) -> Inbound:
    raise _Dropped("served elsewhere, or told to the log only")


EVENTS: Mapping[str, Callable[[Payload, Scene], Inbound]] = MappingProxyType(
    {
        "message": _message,
        "app_mention": lambda event, scene: _written(event, event, scene),
        "agent_session_stopped": _stopped,
        "member_joined_channel": _membership,
        "member_left_channel": _membership,
        "app_home_opened": _home_opened,
        "app_context_changed": _unserved,
        "app_uninstalled": _unserved,
        "tokens_revoked": _unserved,
        "user_change": _unserved,
    }
)
"""What each kind of event becomes. The manifest subscribes to no others."""


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
