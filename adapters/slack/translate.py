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
    TranscriptWanted,
)

from .attachments import attachments_of
from .identity import Identity, chat_kind
from .mrkdwn import Names, mentioned_users, message_text
from .people import Person
from .wire import Payload, map_in, moment, text_in

__all__ = [
    "EVENTS",
    "Scene",
    "people_in",
    "translate_event",
    "translate_message",
]

log = structlog.get_logger(__name__)

_WRITTEN = ("", "file_share", "thread_broadcast", "me_message")
_WRITE_DOWN = frozenset({"ear", "memo", "pencil", "pencil2", "writing_hand"})
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


def _reaction(event: Payload, scene: Scene) -> TranscriptWanted:
    """Some signs ask for a recording in writing. Slack adds the tone of a skin behind two colons."""
    item, user = map_in(event, "item"), text_in(event, "user")
    channel, ts = text_in(item, "channel"), text_in(item, "ts")
    sign = text_in(event, "reaction").partition("::")[0]
    if sign not in _WRITE_DOWN or text_in(item, "type") != "message" or not (channel and ts):
        raise _Dropped("a reaction that asks for nothing")
    _check_author(event, scene)
    author = scene.author(user)
    if author.is_bot:
        raise _Dropped("a bot's reaction")
    return TranscriptWanted(
        event_id=f"reaction:{channel}:{ts}:{user}:{text_in(event, 'event_ts')}",
        key=scene.me.key(channel),
        chat_kind=chat_kind(channel),
        author=author,
        message_id=ts,
    )


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
        "reaction_added": _reaction,
        "app_home_opened": _home_opened,
        "app_context_changed": _unserved,
        "app_uninstalled": _unserved,
        "tokens_revoked": _unserved,
        "user_change": _unserved,
    }
)
"""What each kind of event becomes. The manifest subscribes to no others."""


def translate_message(message: Payload, channel: str, scene: Scene) -> Incoming | None:
    """A message as the Web API shows it, as it would come in; None for one that nobody wrote to be read."""
    try:
        return _written(message, {"channel": channel}, scene)
    except _Dropped as exc:
        log.debug("slack_event_dropped", kind="message", why=str(exc))
        return None
