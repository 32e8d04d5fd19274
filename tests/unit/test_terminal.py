"""The terminal adapter: a chat over a pipe and over a real pseudo-terminal."""

from __future__ import annotations

import asyncio
import os
import re
import termios
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.terminal import TERMINAL_KEY, Console, TerminalAdapter
from adapters.terminal.canvas import Canvas
from adapters.terminal.editor import Key, Line, LineEditor, view
from adapters.terminal.layout import lay_out, neutralise, text_width
from bot.errors import DeliveryError, MessageGone, StorageError
from bot.messages import Attachment, AttachmentKind, Author, ButtonPressed, Inbound, Incoming, StopPressed
from bot.ports import Adapter, Button, Fidelity, OutgoingFile, Rendered
from bot.rendering import FormattedText, parse

CONTROL = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Emulator:
    """As much of a terminal as the adapter uses: it keeps the rows a person sees, scrolled ones included."""

    def __init__(self, *, height: int = 1000) -> None:
        self.rows = [""]
        self.row = 0
        self.column = 0
        self.height = height

    def write(self, text: str) -> None:
        """Take what the adapter wrote."""
        place = 0
        while place < len(text):
            if found := CONTROL.match(text, place):
                self._control(found[3], int(found[2] or 1) if found[2].isdecimal() or not found[2] else 0)
                place = found.end()
                continue
            self._character(text[place])
            place += 1

    def _control(self, letter: str, count: int) -> None:
        top = max(len(self.rows) - self.height, 0)
        if letter == "A":
            self.row = max(self.row - count, top)
        elif letter == "B":
            self.row = min(self.row + count, len(self.rows) - 1)
        elif letter == "C":
            self.column += count
        elif letter == "J":
            self.rows[self.row :] = [self.rows[self.row][: self.column]]

    def _character(self, character: str) -> None:
        if character == "\n":
            self.row, self.column = self.row + 1, 0
            if self.row == len(self.rows):
                self.rows.append("")
        elif character == "\r":
            self.column = 0
        else:
            row = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
            self.column += 1

    @property
    def text(self) -> str:
        """What is on the screen, blanks at the end of a row aside."""
        return "\n".join(row.rstrip() for row in self.rows)


@dataclass
class Chat:
    """A bot that answers with the person's words in three steps, and the record of what it was told."""

    steps: Sequence[str] = ("You ", "You said **", "You said **{}**")
    buttons: Sequence[Sequence[Button]] = ()
    events: list[Inbound] = field(default_factory=list)
    hold: asyncio.Event | None = None
    failure: Exception | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    adapter: TerminalAdapter = field(init=False)

    async def hears(self, text: str) -> None:
        """Wait until a message with this text came."""
        while text not in self.said:
            self.heard.clear()
            await self.heard.wait()

    async def submit(self, event: Inbound) -> None:
        """Take the event and answer beside it."""
        self.events.append(event)
        self.heard.set()
        if self.failure is not None:
            raise self.failure
        if isinstance(event, StopPressed):
            assert self.hold is not None
            self.hold.set()
            return
        task = asyncio.create_task(self._answer(event), name="answer")
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def busy(self) -> bool:
        """Whether an answer is being made."""
        return bool(self.tasks)

    async def _answer(self, event: Inbound) -> None:
        words = event.text if isinstance(event, Incoming) else getattr(event, "data", "")
        await self.adapter.typing(TERMINAL_KEY)
        message = ""
        for step in self.steps:
            content = rendered(self.adapter, step.format(words))
            if not message:
                message = await self.adapter.send(TERMINAL_KEY, content)
                if self.hold is not None:
                    await self.hold.wait()
            last = step is self.steps[-1]
            await self.adapter.edit(TERMINAL_KEY, message, content, buttons=self.buttons if last else ())

    @property
    def said(self) -> list[str]:
        """The texts of the messages that came."""
        return [event.text for event in self.events if isinstance(event, Incoming)]


def rendered(adapter: TerminalAdapter, markdown: str) -> Rendered:
    """One message of Markdown."""
    (content,) = adapter.render(parse(markdown), fidelity=Fidelity.FORMATTED)
    return content


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with a capable terminal."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Keyboard:
    """The person's side of a pseudo-terminal."""

    def __init__(self, *, columns: int = 60, rows: int = 200) -> None:
        self.master, self.slave = os.openpty()
        termios.tcsetwinsize(self.slave, (rows, columns))
        os.set_blocking(self.master, False)
        self.raw = ""
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        try:
            self.raw += os.read(self.master, 65536).decode("utf-8", "replace").replace("\r\n", "\n")
        except OSError:
            asyncio.get_running_loop().remove_reader(self.master)
        self._changed.set()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self.master, text.encode())

    @property
    def screen(self) -> str:
        """What the person sees."""
        emulator = Emulator()
        emulator.write(self.raw)
        return emulator.text

    async def sees(self, pattern: str) -> None:
        """Wait until the screen matches."""
        async with asyncio.timeout(20):
            while not re.search(pattern, self.screen):
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        """Put it away."""
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self.slave)


async def with_keyboard(chat: Chat, use: Callable[[Keyboard], Awaitable[None]], **size: int) -> Keyboard:
    """Run the adapter on a pseudo-terminal while ``use`` types; it must leave by itself."""
    keyboard = Keyboard(**size)
    before = termios.tcgetattr(keyboard.slave)
    chat.adapter = TerminalAdapter(
        busy=chat.busy, greeting="Welcome", console=Console.over(keyboard.slave, keyboard.slave)
    )
    ready: list[bool] = []
    try:
        async with asyncio.timeout(30):
            running = asyncio.create_task(
                chat.adapter.run(chat.submit, lambda: ready.append(True)), name="adapter"
            )
            await keyboard.sees("›$")
            await use(keyboard)
            await running
        assert ready == [True]
        assert termios.tcgetattr(keyboard.slave) == before
    finally:
        keyboard.close()
    return keyboard


async def over_pipe(chat: Chat, *pieces: bytes) -> str:
    """What the chat prints for piped input."""
    input_read, input_write = os.pipe()
    output_read, output_write = os.pipe()
    chat.adapter = TerminalAdapter(
        busy=chat.busy, greeting="Welcome", console=Console.over(input_read, output_write)
    )
    try:
        async with asyncio.timeout(30):
            running = asyncio.create_task(chat.adapter.run(chat.submit, lambda: None), name="adapter")
            for piece in pieces:
                os.write(input_write, piece)
                if piece is not pieces[-1]:
                    await chat.hears(piece.decode().strip())
            os.close(input_write)
            await running
        os.close(output_write)
        return os.read(output_read, 1_000_000).decode()
    finally:
        os.close(input_read)
        os.close(output_read)


# --- pipes --------------------------------------------------------------------------------------------


async def test_a_pipe_gets_the_finished_answer_and_nothing_else() -> None:
    """No prompt, no colours, no half answers; the chat ends by itself."""
    chat = Chat()
    assert await over_pipe(chat, b"hello\nthere") == "You said hello\nthere\n"
    assert chat.said == ["hello\nthere"]


async def test_piped_lines_with_a_pause_are_messages_of_their_own() -> None:
    """Each gets its answer before the chat ends."""
    chat = Chat()
    assert await over_pipe(chat, b"one\n", b"two\n") == "You said one\nYou said two\n"


async def test_empty_input_ends_the_chat_without_a_message() -> None:
    """Nothing is sent for nothing."""
    chat = Chat()
    assert await over_pipe(chat) == ""
    assert chat.events == []


async def test_choices_are_listed_in_a_pipe_too() -> None:
    """As text."""
    chat = Chat(buttons=[[Button(label="Again", data="a"), Button(label="More", data="b")]])
    assert await over_pipe(chat, b"x\n") == "You said x\n[1] Again   [2] More\n"


async def test_a_message_that_cannot_be_stored_is_said() -> None:
    """The person learns of it, and the chat ends."""
    chat = Chat(failure=StorageError("the disk is full"))
    assert await over_pipe(chat, b"x\n") == "That could not be taken in: the disk is full\n"


# --- a terminal ---------------------------------------------------------------------------------------


async def test_a_conversation_on_a_terminal(person: None) -> None:
    """Type, read the answer in place, and the prompt is back; Ctrl-D leaves."""
    chat = Chat()

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("hallo 世界\r")
        await keyboard.sees("You said hallo 世界\n\n›$")
        keyboard.type("\x04")

    keyboard = await with_keyboard(chat, use)
    assert chat.said == ["hallo 世界"]
    assert keyboard.screen.splitlines()[:5] == [
        "Welcome",
        "",
        "› hallo 世界",
        "",
        "You said hallo 世界",
    ]
    assert "\x1b[1mhallo 世界\x1b[0m" in keyboard.raw


async def test_no_color_is_respected(person: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cursor still moves, but nothing is styled."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("hi\r")
        await keyboard.sees("You said hi\n\n›$")
        keyboard.type("\x04")

    keyboard = await with_keyboard(Chat(), use)
    assert not STYLE.search(keyboard.raw)


async def test_a_dumb_terminal_gets_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """No control code reaches a terminal that understands none."""
    monkeypatch.setenv("TERM", "dumb")

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("hi\n")
        await keyboard.sees("You said hi\n›$")
        keyboard.type("\x04")

    keyboard = await with_keyboard(Chat(), use)
    assert "\x1b" not in keyboard.raw


async def test_a_paste_is_one_message(person: None) -> None:
    """Marked by the terminal, it waits for Enter; unmarked, its lines come together."""
    chat = Chat()

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("\x1b[200~one\r\ntwo\x1b[201~\r")
        await keyboard.sees("two\n\n›$")
        keyboard.type("three\rfour\r")
        await keyboard.sees("four\n\n›$")
        keyboard.type("\x04")

    await with_keyboard(chat, use)
    assert chat.said == ["one\ntwo", "three\nfour"]


async def test_ctrl_c_stops_an_answer_and_leaves_at_an_empty_prompt(person: None) -> None:
    """First the answer, then the line, then the chat."""
    chat = Chat(hold=asyncio.Event())

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("go\r")
        await keyboard.sees("You")
        keyboard.type("\x03")
        await keyboard.sees("You said go\n\n›$")
        keyboard.type("unsent")
        await keyboard.sees("› unsent$")
        keyboard.type("\x03")
        await keyboard.sees("›$")
        keyboard.type("\x03")

    await with_keyboard(chat, use)
    assert [type(event) for event in chat.events] == [Incoming, StopPressed]


async def test_a_second_ctrl_c_leaves_even_when_the_answer_does_not_stop(person: None) -> None:
    """Nobody is kept."""
    chat = Chat(hold=asyncio.Event())

    async def use(keyboard: Keyboard) -> None:
        assert chat.hold is not None
        chat.hold.set = lambda: None  # type: ignore[method-assign]  # the stop has no effect
        keyboard.type("go\r")
        await keyboard.sees("You")
        keyboard.type("\x03\x03")

    await with_keyboard(chat, use)
    for task in list(chat.tasks):
        task.cancel()
    await asyncio.gather(*chat.tasks, return_exceptions=True)


async def test_what_is_typed_during_an_answer_follows_it(person: None) -> None:
    """The next question stands below the answer before it; a command goes at once."""
    chat = Chat(hold=asyncio.Event())

    async def use(keyboard: Keyboard) -> None:
        assert chat.hold is not None
        keyboard.type("first\r")
        await keyboard.sees("You")
        keyboard.type("second\r")
        await asyncio.sleep(0.1)
        assert chat.said == ["first"]
        keyboard.type("/status\r")
        await chat.hears("/status")
        chat.hold.set()
        await keyboard.sees("You said second\n\n›$")
        keyboard.type("\x04")

    await with_keyboard(chat, use)
    assert chat.said == ["first", "/status", "second"]


async def test_a_choice_is_taken_by_its_number(person: None) -> None:
    """The button's data comes back with its message; an unknown number is said."""
    chat = Chat(buttons=[[Button(label="Again", data="again")], [Button(label="More", data="more")]])

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("x\r")
        await keyboard.sees(r"\[1\] Again\n\[2\] More\n\n›$")
        keyboard.type(":3\r")
        await keyboard.sees(r"no choice \[3\]")
        keyboard.type(":2\r")
        await keyboard.sees("You said more")
        await keyboard.sees("›$")
        keyboard.type("\x04")

    await with_keyboard(chat, use)
    pressed = chat.events[-1]
    assert isinstance(pressed, ButtonPressed)
    assert pressed.data == "more"
    assert pressed.message_id


async def test_an_answer_that_changes_beyond_the_edge_is_shown_again_whole(person: None) -> None:
    """What scrolled away cannot be repainted, so a mark says so and the whole follows."""
    body = "\n\n".join(f"line {number}" for number in range(20))
    chat = Chat(steps=(f"start\n\n{body}", f"changed\n\n{body}"))

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("x\r")
        await keyboard.sees("changed above")
        await keyboard.sees("›$")
        keyboard.type("\x04")

    keyboard = await with_keyboard(chat, use, rows=10)
    whole = keyboard.raw.partition("changed above")[2]
    assert "changed\n\nline 0\n" in STYLE.sub("", whole)


async def test_a_note_at_the_prompt_keeps_the_line_being_written(person: None) -> None:
    """A message that comes by itself stands above the prompt."""
    chat = Chat()

    async def use(keyboard: Keyboard) -> None:
        keyboard.type("half a li")
        await keyboard.sees("half a li$")
        await chat.adapter.send(TERMINAL_KEY, rendered(chat.adapter, "a reminder"))
        await keyboard.sees("a reminder\n\n› half a li$")
        keyboard.type("\x15\x04")

    await with_keyboard(chat, use)


async def test_a_closed_terminal_ends_the_chat(person: None) -> None:
    """A hang-up is an end of input."""
    chat = Chat()
    keyboard = Keyboard()
    chat.adapter = TerminalAdapter(busy=chat.busy, console=Console.over(keyboard.slave, keyboard.slave))
    running = asyncio.create_task(chat.adapter.run(chat.submit, lambda: None), name="adapter")
    await keyboard.sees("›$")
    chat.adapter._take(b"")
    async with asyncio.timeout(10):
        await running
    keyboard.close()


# --- the contract -------------------------------------------------------------------------------------


@pytest.fixture
async def adapter() -> TerminalAdapter:
    """An adapter that writes into nothing."""
    null = os.open(os.devnull, os.O_RDWR)
    return TerminalAdapter(busy=Chat().busy, console=Console.over(null, null))


async def test_it_is_an_adapter(adapter: TerminalAdapter) -> None:
    """The core sees nothing else of it."""
    core_sees: Adapter = adapter
    assert core_sees.name == TERMINAL_KEY.platform


async def test_a_message_of_an_earlier_run_is_gone(adapter: TerminalAdapter) -> None:
    """The core then sends it anew."""
    with pytest.raises(MessageGone):
        await adapter.edit(TERMINAL_KEY, "old", Rendered(text="x"))


async def test_nothing_can_be_fetched(adapter: TerminalAdapter) -> None:
    """A terminal has no attachments."""
    attachment = Attachment(kind=AttachmentKind.IMAGE, file_id="1")
    with pytest.raises(DeliveryError):
        async with adapter.fetch(attachment):
            pytest.fail("there is nothing to read")


async def test_what_was_saved_goes_with_the_person(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Exports too: the folder is the bot's. Folders and links in it are somebody else's."""
    folder, elsewhere = tmp_path / "files", tmp_path / "mine.txt"
    elsewhere.write_text("mine")
    adapter = TerminalAdapter(busy=Chat().busy, console=Console.over(0, 1), folder=folder)
    person = Author(id="local", name="Ann")
    await adapter.forget(TERMINAL_KEY, person)
    export = OutgoingFile(name="export.md", mime="text/markdown", data=b"x")
    for _ in range(2):
        await adapter.send_file(TERMINAL_KEY, export)
    (folder / "kept").mkdir()
    (folder / "link").symlink_to(elsewhere)
    await adapter.forget(TERMINAL_KEY, person)
    assert sorted(path.name for path in folder.iterdir()) == ["kept", "link"]
    assert elsewhere.read_text() == "mine"
    assert capfd.readouterr().out.count(f"Saved files deleted from {folder}: 2.") == 1


async def test_a_taken_choice_is_answered_with_a_line(capfd: pytest.CaptureFixture[str]) -> None:
    """If there is anything to say."""
    adapter = TerminalAdapter(busy=Chat().busy, console=Console.over(0, 1))
    await adapter.answer_button("1", "Saved.")
    await adapter.answer_button("2")
    assert capfd.readouterr().out == "Saved.\n"


async def test_plain_fidelity_has_no_styles(adapter: TerminalAdapter) -> None:
    """And rendering is always one message."""
    (content,) = adapter.render(parse("**a**"), fidelity=Fidelity.PLAIN)
    assert content == Rendered(text="a", payload=FormattedText(text="a"))


async def test_an_earlier_message_that_changes_is_shown_again(capfd: pytest.CaptureFixture[str]) -> None:
    """Unchanged ones are left alone."""
    adapter = TerminalAdapter(busy=Chat().busy, console=Console.over(0, 1))
    first = await adapter.send(TERMINAL_KEY, Rendered(text="one"))
    await adapter.send(TERMINAL_KEY, Rendered(text="two"))
    await adapter.edit(TERMINAL_KEY, first, Rendered(text="one"))
    await adapter.edit(TERMINAL_KEY, first, Rendered(text="uno"))
    await adapter.send(TERMINAL_KEY, Rendered(text="three"))
    assert capfd.readouterr().out == "one\ntwo\n── an earlier message, changed ──\nuno\n"


# --- properties ---------------------------------------------------------------------------------------

ROWS = st.lists(st.text("ab ", max_size=5), max_size=8)


@given(paintings=st.lists(ROWS, min_size=1, max_size=8), height=st.integers(9, 12))
def test_the_canvas_shows_what_was_painted_last(paintings: list[list[str]], height: int) -> None:
    """Whatever was there before, as long as it fits the screen."""
    emulator = Emulator(height=height)
    canvas = Canvas(emulator.write, lambda: (80, height))
    for rows in paintings:
        canvas.paint(rows)
    assert [row.rstrip() for row in emulator.rows] == [row.rstrip() for row in paintings[-1] or [""]]
    assert not canvas.stale


@given(paintings=st.lists(ROWS, min_size=1, max_size=6), line=st.text("xyz", max_size=5), data=st.data())
def test_the_canvas_keeps_the_cursor_where_it_was_put(
    paintings: list[list[str]], line: str, data: st.DataObject
) -> None:
    """Painting with a cursor in the middle is as good as without."""
    emulator = Emulator()
    canvas = Canvas(emulator.write, lambda: (80, 100))
    for rows in paintings:
        column = data.draw(st.integers(0, len(line)))
        canvas.paint([*rows, line], (len(rows), column))
        assert (emulator.row, emulator.column) == (len(rows), column)
    assert [row.rstrip() for row in emulator.rows] == [row.rstrip() for row in [*paintings[-1], line]]


@given(before=ROWS, after=ROWS, released=st.integers(0, 3))
def test_released_rows_are_never_touched(before: list[str], after: list[str], released: int) -> None:
    """What was let go stays as it was."""
    emulator = Emulator()
    canvas = Canvas(emulator.write, lambda: (80, 100))
    canvas.paint([*"kept"[:released], *before, "end"])
    canvas.release(released)
    canvas.paint(after or ["new"])
    assert [row.rstrip() for row in emulator.rows] == [
        *"kept"[:released],
        *(row.rstrip() for row in after or ["new"]),
    ]


@given(text=st.text(max_size=80))
def test_no_text_can_drive_the_terminal(text: str) -> None:
    """Whatever a model or a person writes, only our own styles are sent."""
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", neutralise(text))
    for row in lay_out(FormattedText(text=text), width=20, colour=True):
        assert "\x1b" not in STYLE.sub("", row)
        assert "\n" not in row


@given(text=st.text(st.sampled_from("ab 世é\u0301\n😀"), max_size=80), width=st.integers(3, 20))
def test_rows_fit_and_nothing_is_lost(text: str, width: int) -> None:
    """Only blanks at a break may go."""
    rows = lay_out(FormattedText(text=text), width=width, colour=False)
    assert all(text_width(row) <= width for row in rows)
    assert "".join(rows).replace(" ", "") == text.replace("\n", "").replace(" ", "")


@given(markdown=st.text(st.sampled_from("ab*_`>-#\n 1."), max_size=80), width=st.integers(4, 30))
def test_styled_rows_say_the_same_as_plain_ones(markdown: str, width: int) -> None:
    """Colour adds styles and nothing else, and each row ends without any."""
    adapter = TerminalAdapter(busy=Chat().busy, console=Console.over(0, 1))
    payload = rendered(adapter, markdown).payload
    assert isinstance(payload, FormattedText)
    styled = lay_out(payload, width=width, colour=True)
    assert [STYLE.sub("", row) for row in styled] == lay_out(payload, width=width, colour=False)
    for row in styled:
        codes = STYLE.findall(row)
        assert not codes or codes[-1] == "\x1b[0m"


@given(keys=st.lists(st.sampled_from(["a", "世", "\x7f", "\x1b[D", "\x1b[C", "\x01", "\x17", "\x1b[3~"])))
def test_a_line_edits_the_same_however_its_bytes_are_cut(keys: list[str]) -> None:
    """Byte by byte or at once; the cursor never leaves the line."""
    whole, cut = LineEditor(), LineEditor()
    data = "".join(keys).encode()
    assert whole.feed(data) == []
    for byte in data:
        cut.feed(bytes([byte]))
        assert 0 <= cut.cursor <= len(cut.text)
    assert (whole.text, whole.cursor) == (cut.text, cut.cursor)


@given(data=st.binary(max_size=60))
def test_no_bytes_break_the_editor(data: bytes) -> None:
    """Noise on the line gives lines and keys, nothing that could drive the terminal."""
    editor = LineEditor()
    for event in editor.feed(data):
        assert isinstance(event, Line | Key)
    rows, (row, column) = view(editor, "› ", width=10)
    assert 0 <= row < len(rows)
    assert column <= 10
    assert all(text_width(line) <= 10 for line in rows)
    assert neutralise("".join(rows)) == "".join(rows)


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        ("abc\x1b[D\x1b[DX", "aXbc", 2),
        ("one two\x17", "one ", 4),
        ("one\x01\x0b", "", 0),
        ("abc\x1b[H\x1b[3~", "bc", 0),
        ("abc\x1b[H\x04\x05d", "bcd", 3),
        ("old\r\x1b[A", "old", 3),
        ("old\rnew\r\x1b[A\x1b[A\x1b[B", "new", 3),
        ("\x1b[200~a\tb\x1b[31mc\nd\x1b[201~", "a    bc\nd", 9),
        ("a\x1bxb", "ab", 2),
    ],
)
def test_the_keys_do_what_people_expect(keys: str, text: str, cursor: int) -> None:
    """Motion, deletion, history and pastes."""
    editor = LineEditor()
    editor.feed(keys.encode())
    assert (editor.text, editor.cursor) == (text, cursor)
