"""What is stored about one person, as values: each kind of thing that people say, send, make or set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import orjson

__all__ = [
    "AsRead",
    "Decision",
    "Kept",
    "KeptVoice",
    "Kind",
    "Made",
    "Ordered",
    "Overheard",
    "Pointable",
    "Received",
    "Recording",
    "Said",
    "SentDocument",
    "SentPicture",
    "SetForChat",
    "Summary",
    "Vote",
    "Waiting",
]


class Kind(StrEnum):
    """What a person can have stored, in the order in which it is told; each has its ``kept_`` text."""

    QUESTIONS = "questions"
    CONVERSATIONS = "conversations"
    PICTURES = "pictures"
    DOCUMENTS = "documents"
    RECORDINGS = "recordings"
    DRAWINGS = "drawings"
    FILMS = "films"
    VOICES = "voices"
    PERSONAS = "personas"
    OVERHEARD = "overheard"
    VOTES = "votes"
    SETTINGS = "settings"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One question of a person and its answer. ``steps`` (tool rounds) and ``usage`` are JSON text.

    ``follows`` is the turn that it continues from.
    """

    turn: int
    follows: int | None
    conversation: str
    at: float
    name: str
    message_id: str
    question: str
    answer: str
    thinking: str
    steps: str
    model: str
    outcome: str
    usage: str
    vote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AsRead:
    """What was made of something attached to the messages of a turn, in words."""

    turn: int
    position: int
    text: str
    shown: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPicture:
    """A picture as the model was shown it. ``size_bytes`` is 0 once only its caption is left."""

    turn: int
    position: int
    mime: str
    width: int
    height: int
    caption: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentDocument:
    """A document, of which the words are stored: ``size_bytes`` of them."""

    turn: int
    position: int
    conversation: str
    unique_id: str
    name: str
    kind: str
    pages: int
    cut: bool
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording somebody sent, and what was heard in it; the sound itself is not stored.

    ``attachment`` is the platform's handle of it as JSON text, ``passages`` are (second, text).
    """

    turn: int
    conversation: str
    message_id: str
    at: float
    speaker: str
    attachment: str
    unique_id: str
    model: str
    seconds: float
    complete: bool
    summary: str
    passages: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointable:
    """A message with recordings in a group, kept a week for who points at it; the handles as JSON text."""

    conversation: str
    message_id: str
    at: float
    name: str
    attachments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A picture or a film that somebody ordered; ``wish`` holds its options as JSON text.

    ``made`` is what came out, as (position, MIME type, bytes), while it is stored: until it is shown.
    """

    turn: int
    conversation: str
    at: float
    kind: str
    prompt: str
    wish: str
    model: str
    places: int
    stage: str
    seed: int | None
    message_id: str
    provider_id: str
    made: tuple[tuple[int, str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptVoice:
    """A voice somebody made of their own; ``uri`` is what the provider knows it by."""

    at: float
    name: str
    model: str
    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A persona that a person made for a chat; ``definition`` is JSON text."""

    peer: str
    at: float
    name: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overheard:
    """Something a person wrote in a group, to others than the bot."""

    conversation: str
    message_id: str
    at: float
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """What a person thought of an answer, their own or another's; ``model`` is set where several answered."""

    turn: int
    at: float
    vote: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetForChat:
    """What is set for a private chat, as JSON text."""

    peer: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What stands for the older part of a conversation that is the person's alone."""

    turn: int
    conversation: str
    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an admin decided about the person; an empty ``account`` means on every account of the bot."""

    account: str
    standing: str
    name: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The person has asked to be let in, and can be until then."""

    conversation: str
    name: str
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An event as it was taken in (JSON text), kept for a week to be known again; ``told`` is our answer."""

    conversation: str
    at: float
    event: str
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Everything that is stored about a person, at one moment; each kind oldest first."""

    questions: tuple[Said, ...] = ()
    summaries: tuple[Summary, ...] = ()
    attachments: tuple[AsRead, ...] = ()
    pictures: tuple[SentPicture, ...] = ()
    documents: tuple[SentDocument, ...] = ()
    recordings: tuple[Recording, ...] = ()
    pointable: tuple[Pointable, ...] = ()
    orders: tuple[Ordered, ...] = ()
    voices: tuple[KeptVoice, ...] = ()
    personas: tuple[Made, ...] = ()
    overheard: tuple[Overheard, ...] = ()
    votes: tuple[Vote, ...] = ()
    settings: tuple[SetForChat, ...] = ()
    decisions: tuple[Decision, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    received: tuple[Received, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not any(getattr(self, name) for name in self.__slots__)

    @property
    def counts(self) -> dict[Kind, int]:
        """How much there is of each kind that people know by a name."""
        return {
            Kind.QUESTIONS: len(self.questions),
            Kind.PICTURES: len(self.pictures),
            Kind.DOCUMENTS: len(self.documents),
            Kind.RECORDINGS: len(self.recordings),
            Kind.DRAWINGS: sum(order.kind == "picture" for order in self.orders),
            Kind.FILMS: sum(order.kind == "film" for order in self.orders),
            Kind.VOICES: len(self.voices),
            Kind.PERSONAS: len(self.personas),
            Kind.OVERHEARD: len(self.overheard),
            Kind.VOTES: len(self.votes),
            Kind.SETTINGS: sum(len(orjson.loads(one.settings)) for one in self.settings),
            Kind.RECEIVED: len(self.received) + len(self.pointable),
        }
