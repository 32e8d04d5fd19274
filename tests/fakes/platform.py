"""A messaging platform in memory that misbehaves on purpose: busy, silent, forgetful, picky."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.errors import (
    ChatClosed,
    ChatMoved,
    MessageGone,
    PartRejected,
    PlatformBusy,
    PlatformUnclear,
    StorageError,
    VoiceForbidden,
)
from bot.messages import Attachment, ChatKind, ConversationKey, Inbound
from bot.ports import Button, Capabilities, Fidelity, OutgoingFile, OutgoingVoice, Pace, Rendered, Submit
from bot.rendering import Document, flatten, split
from bot.storage.ledger import Delivery

__all__ = ["FakeClock", "FakeLedger", "FakePlatform", "FilelessPlatform", "Shown"]

Buttons = tuple[tuple[Button, ...], ...]


@dataclass(slots=True)
class Shown:
    """A message of the bot as people see it now; ``history`` is every text it has shown."""

    text: str
    buttons: Buttons
    reply_to: str
    key: ConversationKey
    history: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FilelessPlatform:
    """An Adapter over a dictionary. ``mood`` is asked before each call and names what goes wrong, or "".

    busy: refused, nothing done · lost: refused silently, nothing done · unclear: done, but no answer ·
    gone: the message edited is deleted first · picky: formatted content is refused · closed: nobody can be
    reached · moved: the chat has the id "moved" now · defect: an error that no adapter should raise ·
    no voice: voice notes are forbidden, audio is not · no sound: both are.
    """

    limit: int = 200
    mood: Callable[[str], str] = lambda _: ""
    messages: dict[str, Shown] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    name: str = "fake"
    next_id: int = 100
    files: dict[str, bytes] = field(default_factory=dict)
    answered_buttons: dict[str, str] = field(default_factory=dict)
    arriving: asyncio.Queue[Inbound] = field(default_factory=asyncio.Queue)

    @property
    def capabilities(self) -> Capabilities:
        pace = Pace(interval_seconds=0.0005, burst=3)
        return Capabilities(max_text_units=self.limit, pace=dict.fromkeys(ChatKind, pace))

    def new_id(self) -> str:
        """An id that no message has yet."""
        self.next_id += 1
        return str(self.next_id)

    def texts(self, chat: str) -> list[str]:
        """What the bot's messages in a chat show, from above."""
        return [shown.text for shown in self.messages.values() if shown.key.chat == chat]

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        ready()
        while True:
            await self._hand_in(await self.arriving.get(), submit)
            self.arriving.task_done()

    @staticmethod
    async def _hand_in(event: Inbound, submit: Submit) -> None:
        while True:
            try:
                await submit(event)
            except StorageError:
                await asyncio.sleep(0.001)
            else:
                return

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        whole = flatten(document)
        parts = split(whole, limit=self.limit) or (whole,)
        formatted = fidelity > Fidelity.PLAIN
        return [Rendered(text=part.text, payload=part.spans if formatted else None) for part in parts]

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> str:
        mood = await self._called("send", content)
        message_id = self.new_id()
        self.messages[message_id] = Shown(
            content.text, tuple(map(tuple, buttons)), reply_to, key, [content.text]
        )
        if mood == "unclear":
            raise PlatformUnclear("the answer did not arrive")
        return message_id

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> None:
        mood = await self._called("edit", content)
        if mood == "gone":
            self.messages.pop(message_id, None)
        if message_id not in self.messages:
            raise MessageGone("message to edit not found")
        self._change(message_id, content, tuple(map(tuple, buttons)))
        if mood == "unclear":
            raise PlatformUnclear("the answer did not arrive")

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        for message_id in message_ids:
            self.messages.pop(message_id, None)

    async def reclaim(
        self, key: ConversationKey, content: Rendered, *, after: str, taken: Collection[tuple[str, str]]
    ) -> str | None:
        mine = [int(message_id) for message_id, shown in self.messages.items() if shown.key.peer == key.peer]
        newer = [number for number in mine if number > int(after or 0)]
        if not newer:
            return None
        found = str(min(newer))
        self._change(found, content, ())
        return found

    def _change(self, message_id: str, content: Rendered, buttons: Buttons) -> None:
        shown = self.messages[message_id]
        shown.buttons = buttons
        if shown.text != content.text:
            shown.text = content.text
            shown.history.append(content.text)

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        self.answered_buttons[answer_id] = text

    async def typing(self, key: ConversationKey) -> None:
        self.calls.append("typing")

    @asynccontextmanager
    async def fetch(self, attachment: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        if attachment.file_id not in self.files:
            raise MessageGone(f"there is no file {attachment.file_id!r}")

        async def whole() -> AsyncIterator[bytes]:
            yield self.files[attachment.file_id]

        yield whole()

    async def _called(self, call: str, content: Rendered) -> str:
        await asyncio.sleep(0)
        self.calls.append(call)
        mood = self.mood(call)
        if mood == "busy":
            raise PlatformBusy("Too Many Requests", retry_after_seconds=0.001)
        if mood == "lost":
            raise PlatformUnclear("the connection broke")
        if mood == "closed":
            raise ChatClosed("bot was blocked by the user")
        if mood == "moved":
            raise ChatMoved("the group was upgraded", new_chat="moved")
        if mood == "defect":
            raise RuntimeError("a defect of the adapter")
        if mood == "picky" and content.payload is not None:
            raise PartRejected("can't parse entities")
        return mood


@dataclass(slots=True)
class FakePlatform(FilelessPlatform):
    """The same with files and voice notes: the bot's are kept in ``sent_files`` and ``sent_voices``."""

    sent_files: list[OutgoingFile] = field(default_factory=list)
    sent_voices: list[OutgoingVoice] = field(default_factory=list)
    pictures: dict[str, tuple[OutgoingFile, ...]] = field(default_factory=dict)
    voice_mime: str = "audio/ogg"

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        mood = await self._called("send_file", Rendered(text=caption))
        self.sent_files.append(file)
        message_id = self.new_id()
        self.messages[message_id] = Shown(caption, (), reply_to, key, [caption])
        if mood == "unclear":
            raise PlatformUnclear("the answer did not arrive")
        return message_id

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        mood = await self._called("send_voice", Rendered(text=caption))
        if mood == "no voice" and note.mime == "audio/ogg":
            raise VoiceForbidden("VOICE_MESSAGES_FORBIDDEN")
        if mood == "no sound":
            raise VoiceForbidden("CHAT_SEND_AUDIOS_FORBIDDEN")
        self.sent_voices.append(note)
        message_id = self.new_id()
        self.messages[message_id] = Shown(caption, (), reply_to, key, [caption])
        if mood == "unclear":
            raise PlatformUnclear("the answer did not arrive")
        return message_id

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
        """One takes the place of the line, several are a message below it; both are kept in ``pictures``."""
        mood = await self._called("show_media", Rendered(text=caption))
        if mood == "gone":
            self.messages.pop(message_id, None)
        if mood == "no media":
            raise PartRejected("media are not taken here")
        if message_id not in self.messages:
            raise MessageGone("message to edit not found")
        self._change(message_id, Rendered(text=caption), tuple(map(tuple, buttons)))
        shown = message_id
        if len(media) > 1:
            sent = (number for number in self.pictures if maybe_sent and int(number) > int(message_id))
            shown = next(sent, "") or self.new_id()
            self.messages.setdefault(shown, Shown("", (), message_id, key))
        self.pictures[shown] = tuple(media)
        if mood == "unclear":
            raise PlatformUnclear("the answer did not arrive")
        return () if shown == message_id else (shown,)


class FakeLedger:
    """A ledger in memory that outlives the drafts written with it."""

    def __init__(self) -> None:
        self.rows: dict[int, str] = {}

    @property
    def known(self) -> Sequence[Delivery]:
        return [Delivery(part=part, message_id=self.rows[part]) for part in sorted(self.rows)]

    async def before_showing(self, *, new_part: int | None) -> None:
        await asyncio.sleep(0)
        if new_part is not None:
            self.rows[new_part] = ""

    async def taken(self) -> Collection[tuple[str, str]]:
        """Messages of other chats: there are none."""
        return ()

    def unsent(self, part: int) -> None:
        """Nothing to note: every intention is written."""

    async def sent(self, part: int, message_id: str) -> None:
        await asyncio.sleep(0)
        self.rows[part] = message_id

    async def forget(self, first: int) -> None:
        for part in [part for part in self.rows if part >= first]:
            del self.rows[part]


class FakeClock:
    """A clock moved by hand; sleeping on it only yields."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
