"""A Telegram to test bots against: the Bot API on the wire, people with clients in the test."""

from .calls import ApiCall
from .errors import (
    ApiError,
    bad_gateway,
    bad_request,
    blocked,
    conflict,
    deactivated,
    flood_wait,
    forbidden,
    kicked,
    migrated,
    server_error,
)
from .fake import FakeTelegram
from .people import ChannelOrigin, Participant, Person
from .rooms import Group, GroupTopic, PrivateChat, PrivateTopic
from .state import CallbackAnswer, Draft, Message, Shown

__all__ = [
    "ApiCall",
    "ApiError",
    "CallbackAnswer",
    "ChannelOrigin",
    "Draft",
    "FakeTelegram",
    "Group",
    "GroupTopic",
    "Message",
    "Participant",
    "Person",
    "PrivateChat",
    "PrivateTopic",
    "Shown",
    "bad_gateway",
    "bad_request",
    "blocked",
    "conflict",
    "deactivated",
    "flood_wait",
    "forbidden",
    "kicked",
    "migrated",
    "server_error",
]
