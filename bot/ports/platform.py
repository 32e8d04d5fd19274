"""What the core needs from a messaging platform, and what a platform can do beyond that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from bot.messages import Attachment, Author, ChatKind, ConversationKey, Inbound, Incoming

if TYPE_CHECKING:
    from bot.rendering import Document

__all__ = [
    "Adapter",
    "AnswersButtons",
    "Badge",
    "Button",
    "Capabilities",
    "Deletes",
    "Fidelity",
    "Forgets",
    "HearsItself",
    "MenuCommand",
    "Moderates",
    "Named",
    "OutgoingFile",
    "OutgoingVoice",
    "Pace",
    "Previews",
    "Reclaims",
    "Rendered",
    "Routed",
    "SendsFiles",
    "SendsVoice",
    "ShowsAgain",
    "ShowsHome",
    "ShowsMedia",
    "Submit",
]


class Fidelity(IntEnum):
    """How much of a document's form a rendering keeps; delivery falls back from high to low."""

    PLAIN = 0
    FORMATTED = 1
    RICH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one chat bears: a call every ``interval_seconds``, and ``burst`` calls at once after a pause."""

    interval_seconds: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform can do, as data. ``max_text_units`` counts in the platform's own unit.

    ``live_messages`` says that it wants to know which messages still grow, and when one has stopped growing.
    ``account_pace`` bounds new messages over all chats together. ``max_file_bytes`` bounds one file we send.
    """

    max_text_units: int
    pace: Mapping[ChatKind, Pace]
    best_fidelity: Fidelity = Fidelity.FORMATTED
    edits: bool = True
    buttons: bool = True
    max_button_data_bytes: int = 64
    threads: bool = False
    live_messages: bool = False
    account_pace: Pace | None = None
    max_file_bytes: int = 45_000_000  # Bot API sendDocument takes 50 MB, the least of all platforms


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One message's worth of a document. ``text`` is what a person reads, without its markup.

    ``payload`` belongs to the adapter that rendered it; equal renderings show the same on the platform.
    """

    text: str
    payload: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message; ``data`` comes back in ButtonPressed."""

    label: str
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuCommand:
    """A command as the platform's menu shows it; ``descriptions`` by language code, English under "en"."""

    name: str
    descriptions: Mapping[str, str]
    in_groups: bool = True
    in_private: bool = True


Submit = Callable[[Inbound], Awaitable[None]]
"""Take an event in. Returns once it is stored (or known already); raises StorageError when it is not."""


class Adapter(Protocol):
    """A messaging platform. Methods that call it raise DeliveryError's subclasses and nothing else."""

    @property
    def name(self) -> str:
        """The platform's name, as in ConversationKey.platform."""

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can do."""

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Receive until cancelled. Calls ``ready`` once messages arrive; closes what it opened."""

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """The document as messages that each fit; never empty, deterministic, stable while the text grows."""

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> str:
        """Send a new message; its id. ``live`` says that edits will follow at once, until one is not live."""

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> None:
        """Make an own message show ``content``; unchanged content is a success."""

    async def typing(self, key: ConversationKey) -> None:
        """Show for a few seconds that the bot is at work."""

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The attachment's bytes, as they come."""


@runtime_checkable
class Deletes(Protocol):
    """The platform lets us take back our own messages."""

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete own messages; those already gone are fine."""


@runtime_checkable
class AnswersButtons(Protocol):
    """The platform waits for an answer to a pressed button."""

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """End the button's wait, with a short line for the person who pressed it. Too late is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """What people of a platform know the bot by: its name, and the handle that mentions it ("@parley_bot").

    ``hears_all`` says that in groups it gets to read what is not addressed to it.
    """

    name: str
    handle: str = ""
    hears_all: bool = True


@runtime_checkable
class Named(Protocol):
    """The platform gives the bot a name."""

    @property
    def badge(self) -> Badge | None:
        """What the bot is known by; None until the platform has told."""


@runtime_checkable
class ShowsAgain(Protocol):
    """The platform lets us look at a message that is in a chat already, if seldom."""

    async def show_again(self, key: ConversationKey, message_id: str) -> Incoming | None:
        """What a person wrote there, as it would come in now; None for no message, or one of a bot.

        Raises DeliveryError's subclasses: PlatformBusy where we have looked too often.
        """


@runtime_checkable
class ShowsHome(Protocol):
    """The platform has a page of the bot's own for each person.

    Opening it comes as ButtonPressed with the data "home"; neither that nor a button there names a message.
    """

    async def show_home(
        self,
        key: ConversationKey,
        author: Author,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]],
        answer_id: str = "",
    ) -> None:
        """Show somebody this part of their page. Raises DeliveryError's subclasses.

        ``answer_id`` is that of the press which asked for it.
        """


@runtime_checkable
class HearsItself(Protocol):
    """The platform listens to recordings too."""

    async def heard_itself(self, attachment: Attachment) -> str:
        """The beginning of what it has heard, as plain text; empty until it has.

        Raises DeliveryError's subclasses.
        """


@runtime_checkable
class Moderates(Protocol):
    """The platform knows who runs a chat."""

    async def moderates(self, key: ConversationKey, author: Author) -> bool:
        """Whether somebody is an owner or admin of a group. Raises DeliveryError's subclasses."""


@runtime_checkable
class Previews(Protocol):
    """The platform shows a reply while it grows, outside the chat's history."""

    def can_preview(self, key: ConversationKey, chat_kind: ChatKind) -> bool:
        """Whether this chat can show previews, as far as is known."""

    async def preview(self, key: ConversationKey, preview_id: int, content: Rendered) -> None:
        """Show ``content`` as the growing reply ``preview_id``; it vanishes when a real message is sent."""


@runtime_checkable
class Reclaims(Protocol):
    """The platform lets us find a message whose sending was interrupted before its id was stored."""

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        """The id of an own message sent shortly after message ``after`` and not known to us, made to show
        ``content``; None when there is none. ``taken`` are messages that are known: (chat, message id)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingFile:
    """A file for a person. ``name`` is what it is saved under, with its ending."""

    name: str
    mime: str
    data: bytes


@runtime_checkable
class SendsFiles(Protocol):
    """The platform carries files to people."""

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Send a file with a line of plain text; an id for it. Raises DeliveryError's subclasses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingVoice:
    """A voice note for people: one recording, OGG with Opus (audio/ogg) or MP3 (audio/mpeg)."""

    data: bytes
    mime: str
    seconds: float

    def as_file(self, name: str) -> OutgoingFile:
        """The same as a file; ``name`` is without its ending."""
        ending = "ogg" if self.mime == "audio/ogg" else "mp3"
        return OutgoingFile(name=f"{name}.{ending}", mime=self.mime, data=self.data)


@runtime_checkable
class SendsVoice(Protocol):
    """The platform carries recordings that people hear in the chat."""

    @property
    def voice_mime(self) -> str:
        """What a voice note is there: audio/ogg or audio/mpeg. The latter is always taken."""

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        """Send a recording with a line of plain text; an id for it. Raises DeliveryError's subclasses.

        VoiceForbidden says that the chat does not take it in this form.
        """


@runtime_checkable
class ShowsMedia(Protocol):
    """The platform shows pictures and films in the conversation, not only as files to be saved."""

    async def show_media(
        self,
        key: ConversationKey,
        message_id: str,
        media: Sequence[OutgoingFile],
        *,
        caption: str,
        buttons: Sequence[Sequence[Button]] = (),
        maybe_sent: bool = False,
        taken: Collection[tuple[str, str]] = (),
    ) -> tuple[str, ...]:
        """Let our message ``message_id``, a line of text so far, show pictures or a film; the ids of messages
        sent beside it.

        Where they don't go into that message, they are sent, and the line gets the caption (plain text) and
        the buttons. ``maybe_sent`` says that an earlier call may have been carried out: then what it sent is
        looked for first, among the messages that are not ``taken``: (chat, message id) of those known.
        Raises MessageGone when the line is gone, and DeliveryError's other subclasses.
        """


@runtime_checkable
class Forgets(Protocol):
    """The platform's adapter keeps something of what people said."""

    async def forget(self, key: ConversationKey, author: Author) -> None:
        """Delete what is kept about somebody; ``key`` is where they asked for it. Raises DeliveryError."""


@runtime_checkable
class Routed(Protocol):
    """The adapter serves HTTP paths on the service's own server."""

    def routes(self) -> Sequence[tuple[str, str, Callable[[Any], Awaitable[Any]]]]:
        """(method, path, handler) in the HTTP server's own types."""
