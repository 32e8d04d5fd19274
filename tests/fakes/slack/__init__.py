"""A Slack to test apps against: the Web API and its events on the wire, people with clients in the test."""

from .accounts import Person
from .calls import ApiCall
from .delivery import Ack, Attempt, Delivery, Refusal
from .errors import ApiError, bad_gateway, rate_limited, refused, server_error, withdrawn
from .events import SUBSCRIPTIONS
from .fake import FakeSlack
from .http_events import HttpAnswer, HttpEvents, sign
from .people import Participant
from .rooms import DirectMessages, Room
from .state import Channel, Message, Session, Shown, View
from .streams import Stream, Task
from .views import ChannelView, ThreadView

__all__ = [
    "SUBSCRIPTIONS",
    "Ack",
    "ApiCall",
    "ApiError",
    "Attempt",
    "Channel",
    "ChannelView",
    "Delivery",
    "DirectMessages",
    "FakeSlack",
    "HttpAnswer",
    "HttpEvents",
    "Message",
    "Participant",
    "Person",
    "Refusal",
    "Room",
    "Session",
    "Shown",
    "Stream",
    "Task",
    "ThreadView",
    "View",
    "bad_gateway",
    "rate_limited",
    "refused",
    "server_error",
    "sign",
    "withdrawn",
]
