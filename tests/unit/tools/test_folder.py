"""A folder of tools: what works is loaded, what does not is named, and nothing there ends the service."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from bot.errors import ToolFailed
from bot.tools import LoadedTools, Toolbox, load_tools, run_calls
from bot.tools import folder as folder_module
from tests.unit.tools.support import a_call, a_context, use

GOOD = '''
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.tools import ToolContext, tool
from bot.tools.builtin import calculate


@dataclass
class Greeting:
    text: str


@tool
async def greet(context: ToolContext, name: Annotated[str, "Whom"]) -> str:
    """Greet somebody."""
    return Greeting(f"Hello {name}").text


@tool(name="part", side_effects=True)
async def say_goodbye(name: str) -> str:
    """Say goodbye."""
    return f"Bye {name}"


also_greet = greet
'''


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """An empty folder of tools."""
    folder = tmp_path / "tools"
    folder.mkdir(mode=0o755)
    return folder


def put(folder: Path, name: str, text: str | bytes, *, mode: int = 0o644) -> Path:
    """A file in the folder."""
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def one_tool(name: str, *, body: str = "return 'done'") -> str:
    """A file with one tool."""
    head = "import sys\nfrom bot.tools import tool\n"
    return f'{head}@tool\nasync def {name}() -> str:\n    """Do it."""\n    {body}\n'


def names(loaded: LoadedTools) -> list[str]:
    """What was loaded."""
    return [one.name for one in loaded.tools]


async def test_a_file_gives_the_tools_it_defines(tools: Path) -> None:
    """In the order of the file, each once, and without what it only imports."""
    put(tools, "greetings.py", GOOD)
    loaded = load_tools(tools)
    assert names(loaded) == ["greet", "part"]
    assert loaded.faults == ()
    assert await use(loaded.tools[0], a_context(), name="Ada") == "Hello Ada"
    assert [one.side_effects for one in loaded.tools] == [False, True]


def test_the_example_in_the_documentation_works(tools: Path) -> None:
    """As an operator would copy it."""
    lines = (folder_module.__doc__ or "").splitlines()
    put(tools, "dice.py", "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    ")))
    loaded = load_tools(tools)
    assert (names(loaded), loaded.faults) == (["roll_dice"], ())


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = 1\ndef f(:\n", 2, "it is not valid Python"),
        ("x = 1\nraise RuntimeError('no\\nluck')\n", 2, "it cannot be run (RuntimeError: no luck)."),
        ("import sys\n\nsys.exit(3)\n", 3, "it ends the program"),
        (
            "import no_such_package.inner\n",
            1,
            "it needs the package 'no_such_package', which is not installed.",
        ),
        ("from bot.tools import no_such_name\n", 1, "it cannot be run (ImportError"),
        ("class Odd(BaseException): ...\n\nraise Odd('x')\n", 3, "it cannot be run (Odd: x)."),
        ("from bot.tools import tool\n\n@tool\ndef f(): ...\n", 3, "a tool is an async function"),
        ("from bot.tools import tool\n\n@tool\nasync def f(): ...\n", 3, "a tool needs a docstring"),
        (
            "from bot.tools import tool\n\n\n@tool(name='a b')\nasync def f():\n    'x'\n",
            4,
            "tool name 'a b'",
        ),
        ("x = 1\n", 0, "it defines no tool"),
        ("from bot.tools.builtin import calculate\n", 0, "it defines no tool"),
        ("", 0, "it defines no tool"),
        (b"\xff\xfe\x00", 0, "it is not valid Python"),
        (b"x = '\x00'", 0, "it is not valid Python"),
        ("x = " + "(" * 5000, 1, "it is not valid Python"),
        ("def f():\n    return f()\nf()\n", 2, "it cannot be run (RecursionError"),
    ],
)
def test_a_file_that_does_not_load_is_named_and_the_others_load(
    tools: Path, text: str | bytes, line: int, reason: str
) -> None:
    """With its line, where there is one, and a reason."""
    path = put(tools, "bad.py", text)
    put(tools, "good.py", one_tool("fine"))
    loaded = load_tools(tools)
    assert names(loaded) == ["fine"]
    (fault,) = loaded.faults
    assert fault.path == path
    assert reason in fault.reason
    assert fault.line == line or isinstance(text, bytes)
    assert "\n" not in str(fault)
    assert str(fault).startswith(f"{path}")
    assert "parley_folder_tools.bad" not in sys.modules


def test_a_name_that_is_taken_costs_only_that_tool(tools: Path) -> None:
    """Files come in the order of their names; ours come first."""
    put(tools, "a.py", one_tool("paint"))
    put(tools, "b.py", one_tool("paint") + one_tool("sing"))
    put(tools, "c.py", one_tool("calculate"))
    loaded = load_tools(tools, taken=["calculate"])
    assert names(loaded) == ["paint", "sing"]
    assert [(fault.path.name, fault.line) for fault in loaded.faults] == [("b.py", 4), ("c.py", 4)]
    assert "taken by one in a.py" in loaded.faults[0].reason
    assert "taken by one of Parley's own tools" in loaded.faults[1].reason


def test_other_files_are_left_alone(tools: Path) -> None:
    """Helpers, caches, notes and folders."""
    put(tools, "_helper.py", "raise RuntimeError")
    put(tools, "notes.txt", "raise RuntimeError")
    put(tools, ".py", "raise RuntimeError")
    (tools / "inner").mkdir()
    put(tools / "inner", "deep.py", "raise RuntimeError")
    assert load_tools(tools) == LoadedTools()


def test_a_folder_by_the_name_of_a_file_is_a_fault(tools: Path) -> None:
    """And so is a pipe, which would block who opens it."""
    (tools / "odd.py").mkdir()
    os.mkfifo(tools / "pipe.py")
    assert [fault.reason for fault in load_tools(tools).faults] == ["it is not a file."] * 2


def test_a_file_that_everybody_may_write_is_refused(tools: Path) -> None:
    """It is not run at all."""
    put(tools, "open.py", "raise SystemError", mode=0o666)
    put(tools, "good.py", one_tool("fine"))
    loaded = load_tools(tools)
    assert names(loaded) == ["fine"]
    assert [(fault.path.name, "chmod o-w" in fault.reason) for fault in loaded.faults] == [("open.py", True)]


def test_the_rights_of_a_linked_file_count(tools: Path, tmp_path: Path) -> None:
    """A link does not hide them."""
    target = put(tmp_path, "elsewhere.py", one_tool("fine"), mode=0o646)
    (tools / "link.py").symlink_to(target)
    (tools / "nowhere.py").symlink_to(tmp_path / "gone.py")
    loaded = load_tools(tools)
    assert loaded.tools == ()
    assert [fault.path.name for fault in loaded.faults] == ["link.py", "nowhere.py"]


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_everybody_may_write_to_is_refused(tools: Path, mode: int) -> None:
    """Anybody could add a file, also where they cannot replace one."""
    put(tools, "good.py", one_tool("fine"))
    tools.chmod(mode)
    loaded = load_tools(tools)
    assert loaded.tools == ()
    assert [fault.path for fault in loaded.faults] == [tools]


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    """Not an error: the service starts without it."""
    (fault,) = load_tools(tmp_path / "none").faults
    assert "cannot be read" in str(fault)
    (fault,) = load_tools(put(tmp_path, "file", "")).faults
    assert "cannot be read" in str(fault)


def test_nothing_is_left_behind_in_the_folder(tools: Path) -> None:
    """No compiled files, which somebody could replace."""
    put(tools, "good.py", one_tool("fine"))
    load_tools(tools)
    assert [path.name for path in tools.iterdir()] == ["good.py"]


def test_a_file_is_run_as_it_is_now(tools: Path) -> None:
    """Not as it was when it was read before."""
    put(tools, "good.py", one_tool("early"))
    assert names(load_tools(tools)) == ["early"]
    put(tools, "good.py", one_tool("later"))
    assert names(load_tools(tools)) == ["later"]


def test_who_stops_the_service_while_it_loads_is_heard(tools: Path) -> None:
    """Ctrl-C belongs to the operator."""
    put(tools, "slow.py", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load_tools(tools)


async def test_a_tool_that_ends_the_program_when_called_only_fails(tools: Path) -> None:
    """The service goes on."""
    put(tools, "leave.py", one_tool("leave", body="sys.exit(1)"))
    (leave,) = load_tools(tools).tools
    (message,) = await run_calls(Toolbox([leave]), [a_call("leave")], a_context())
    assert message.text == "leave failed: it tried to end the program."
    with pytest.raises(ToolFailed):
        await use(leave)
