"""The terminal as a platform: one private chat with the person who started the program."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog

from adapters.terminal.console import Console
from adapters.terminal.editor import Key, Line, LineEditor
from adapters.terminal.saved import delete_saved, save
from adapters.terminal.screen import LiveScreen, PlainScreen, Screen, choices
from bot.errors import BotError, DeliveryError, MessageGone, PartRejected
from bot.messages import (
    Attachment,
    Author,
    ButtonPressed,
    ChatKind,
    ConversationKey,
    Inbound,
    Incoming,
    StopPressed,
    TextPart,
)
from bot.ports import Button, Capabilities, Fidelity, OutgoingFile, OutgoingVoice, Pace, Rendered, Submit
from bot.rendering import Document, FormattedText, flatten

__all__ = ["TERMINAL_KEY", "TerminalAdapter"]

TERMINAL_KEY: Final = ConversationKey(platform="terminal", account="local", chat="local")

TOGETHER_SECONDS: Final = 0.05
"""Lines that come within this time of each other are one message: a paste."""
CHECK_SECONDS: Final = 0.05
LARGEST_TEXT: Final = 1_000_000

_log = structlog.get_logger(__name__)


class TerminalAdapter:
    """Talks with one person over a Console.

    ``busy`` tells whether work is left for the chat: the prompt waits for it, and so does the end of piped
    input. ``greeting`` is said once at the start.
    Files are saved in ``folder``. ``run`` returns when the person leaves or the input ends.
    """

    name = "terminal"
    capabilities = Capabilities(
        max_text_units=LARGEST_TEXT,
        pace={kind: Pace(interval_seconds=0.05, burst=20) for kind in ChatKind},
    )

    def __init__(
        self,
        *,
        busy: Callable[[], Awaitable[bool]],
        greeting: str = "",
        console: Console | None = None,
        folder: Path = Path(),
    ) -> None:
        self._console = console or Console.standard()
        self._screen: Screen = (LiveScreen if self._console.interactive else PlainScreen)(self._console)
        self._busy = busy
        self._greeting = greeting
        self._folder = folder
        self._editor = LineEditor()
        self._author = Author(
            id="local", name=_user_name(), language=_language(), vouched=True, is_operator=True
        )
        self._events: asyncio.Queue[Line | Key] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()
        self._stop_asked = False
        self._held: list[str] = []
        self._texts: dict[str, str] = {}
        self._current = ""
        self._choices: tuple[str, list[Button]] = ("", [])

    @property
    def _waiting(self) -> bool:
        """Whether an answer is being made."""
        return not self._idle.is_set()

    # --- what the person does -------------------------------------------------------------------------

    async def run(self, submit: Submit, ready: Callable[[], None]) -> None:
        """Chat until the person leaves, or the piped input has ended and is answered."""
        if self._greeting and self._console.prompts:
            self._screen.note(self._greeting)
        with self._console.reading(self._take):
            ready()
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._watch(), name="terminal-prompt")
                try:
                    await self._converse(submit)
                finally:
                    watching.cancel()
                    self._leave()

    def _take(self, data: bytes) -> None:
        """Take in bytes from the input; none mean its end."""
        events = self._editor.feed(data) if data else self._end_of_input()
        for event in events:
            self._events.put_nowait(event)
        if not self._waiting and self._console.interactive and not any(isinstance(e, Line) for e in events):
            self._screen.prompt(self._editor)

    def _end_of_input(self) -> list[Line | Key]:
        """An unfinished last line of a file counts too."""
        rest, self._editor.text = self._editor.text, ""
        return [Line(rest), Key.LEAVE] if rest.strip() and not self._console.interactive else [Key.LEAVE]

    async def _converse(self, submit: Submit) -> None:
        while True:
            match await self._events.get():
                case Line(text=text) if self._must_wait(text):
                    self._held.append(text)
                case Line(text=text):
                    await self._say(await self._whole(text), submit)
                case Key.INTERRUPT if self._waiting and not self._stop_asked:
                    self._stop_asked = True
                    await self._submit(submit, _stop(self._author))
                case Key.INTERRUPT if self._editor.text and not self._waiting:
                    self._editor.clear()
                    self._screen.prompt(self._editor)
                case Key.REDRAW:
                    self._console.write("\x1b[2J\x1b[H")
                case Key.INTERRUPT | Key.LEAVE:
                    break
        if not self._console.interactive:
            await self._idle.wait()

    def _must_wait(self, text: str) -> bool:
        """On the screen a message follows the answer before it; commands and piped lines go at once."""
        return self._waiting and self._console.interactive and not text.startswith("/")

    async def _whole(self, first: str) -> str:
        """``first`` and the lines that come right after it."""
        lines = [first]
        with contextlib.suppress(TimeoutError):
            while True:
                event = await asyncio.wait_for(self._events.get(), TOGETHER_SECONDS)
                if not isinstance(event, Line):
                    self._events.put_nowait(event)
                    break
                lines.append(event.text)
        return "\n".join(lines)

    async def _say(self, text: str, submit: Submit) -> None:
        self._screen.entered(text)
        text = text.strip()
        if not text:
            self._prompt()
        elif text[0] == ":" and text[1:].isdecimal():
            await self._choose(int(text[1:]), submit)
        else:
            await self._submit(submit, _message(self._author, text))

    async def _choose(self, number: int, submit: Submit) -> None:
        message_id, buttons = self._choices
        if 1 <= number <= len(buttons):
            await self._submit(submit, _press(self._author, message_id, buttons[number - 1]))
        else:
            self._screen.note(f"There is no choice [{number}] to take.")
            self._prompt()

    async def _submit(self, submit: Submit, event: Inbound) -> None:
        self._idle.clear()
        try:
            await submit(event)
        except BotError as exc:
            _log.warning("terminal_submit_failed", exc_info=True)
            self._screen.note(f"That could not be taken in: {exc}")

    # --- what the person sees -------------------------------------------------------------------------

    def render(self, document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
        """Always one message: a terminal has no limit."""
        formatted = flatten(document)
        if fidelity is Fidelity.PLAIN:
            formatted = FormattedText(text=formatted.text)
        return (Rendered(text=formatted.text, payload=formatted),)

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> str:
        """Show a new message below what is there."""
        self._screen.settle()
        self._current = uuid.uuid4().hex
        self._show(self._current, content, buttons)
        return self._current

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
        live: bool = False,
    ) -> None:
        """Change the last message in place, an earlier one by showing it again.

        Raises MessageGone for a message of an earlier run.
        """
        if message_id not in self._texts:
            raise MessageGone(f"message {message_id!r} is not on this screen")
        if message_id == self._current:
            self._show(message_id, content, buttons)
        elif content.text != self._texts[message_id] or buttons:
            self._screen.settle()
            self._screen.note("── an earlier message, changed ──")
            self._show(message_id, content, buttons)
            self._current = message_id
        elif self._choices[0] == message_id:
            self._choices = ("", [])

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Save a file in the folder for files and say where it is. Raises PartRejected when it can't be."""
        try:
            path = await asyncio.to_thread(save, self._folder, file)
        except OSError as exc:
            raise PartRejected(f"the file can't be saved in {self._folder}: {exc.strerror}") from exc
        text = f"{caption}\n{path}".strip()
        return await self.send(key, Rendered(text=text, payload=FormattedText(text=text)))

    @property
    def voice_mime(self) -> str:
        """What every player takes."""
        return "audio/mpeg"

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, reply_to: str = "", caption: str = ""
    ) -> str:
        """Save a recording like a file. Raises PartRejected when it can't be."""
        return await self.send_file(key, note.as_file("voice"), caption=caption)

    async def forget(self, key: ConversationKey, author: Author) -> None:
        """Delete the files that were saved, exports too, and say so. Raises DeliveryError when they stay."""
        try:
            deleted = await asyncio.to_thread(delete_saved, self._folder)
        except OSError as exc:
            raise DeliveryError(f"the files in {self._folder} can't be deleted: {exc.strerror}") from exc
        if deleted:
            self._screen.note(f"Saved files deleted from {self._folder}: {deleted}.")

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """Say the line for the person who took a choice, if there is one."""
        if text:
            self._screen.note(text)

    async def typing(self, key: ConversationKey) -> None:
        """Show that an answer is being made."""
        self._screen.work()

    def fetch(self, attachment: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Raises DeliveryError on entry: nobody can attach anything here."""
        return _NoAttachment()

    def _show(self, message_id: str, content: Rendered, buttons: Sequence[Sequence[Button]]) -> None:
        self._texts[message_id] = content.text
        if buttons:
            self._choices = (message_id, choices(buttons))
        elif self._choices[0] == message_id:
            self._choices = ("", [])
        payload = content.payload
        formatted = payload if isinstance(payload, FormattedText) else FormattedText(text=content.text)
        self._screen.show(formatted, buttons)

    # --- the prompt -----------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Bring the prompt back whenever an answer is complete."""
        self._prompt()
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            if self._waiting and not await self._busy():
                self._prompt()

    def _prompt(self) -> None:
        self._stop_asked = False
        self._screen.settle()
        self._current = ""
        self._idle.set()
        self._screen.prompt(self._editor)
        if self._held:
            self._events.put_nowait(Line(self._held.pop(0)))

    def _leave(self) -> None:
        self._screen.settle()
        if self._console.interactive:
            self._console.write("\n")


# --- events -------------------------------------------------------------------------------------------


def _message(author: Author, text: str) -> Incoming:
    return Incoming(
        event_id=uuid.uuid4().hex,
        key=TERMINAL_KEY,
        chat_kind=ChatKind.PRIVATE,
        author=author,
        message_id=uuid.uuid4().hex,
        parts=(TextPart(text=text),),
        sent_at=datetime.now(UTC),
        addressed=True,
    )


def _press(author: Author, message_id: str, button: Button) -> ButtonPressed:
    event_id = uuid.uuid4().hex
    return ButtonPressed(
        event_id=event_id,
        key=TERMINAL_KEY,
        chat_kind=ChatKind.PRIVATE,
        author=author,
        message_id=message_id,
        data=button.data,
        answer_id=event_id,
    )


def _stop(author: Author) -> StopPressed:
    return StopPressed(event_id=uuid.uuid4().hex, key=TERMINAL_KEY, author=author)


class _NoAttachment(AbstractAsyncContextManager[AsyncIterator[bytes]]):
    """Fails on entry."""

    async def __aenter__(self) -> AsyncIterator[bytes]:
        raise DeliveryError("nobody can attach anything in a terminal")

    async def __aexit__(self, *_: object) -> None:
        return None


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "you"


def _language() -> str:
    """The language of the person's environment, as a platform would tell it."""
    words = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    code = next((word for word in words if word), "").partition(".")[0].partition("_")[0].lower()
    return "" if code in ("", "c", "posix") else code
