"""Loads the tools that an operator keeps in a folder; whatever is wrong there costs that file only.

Each ``*.py`` file in the folder whose name does not begin with ``_`` contributes the tools it defines:

    import random
    from typing import Annotated

    from bot.tools import tool

    @tool
    async def roll_dice(sides: Annotated[int, "How many sides, 2 to 1000"] = 6) -> str:
        \"\"\"Roll one die.\"\"\"
        return str(random.randint(1, sides))

The docstring tells the model what the tool is for, and the type hints what it takes; with
``@tool(side_effects=True)`` the person is asked before each call. The files run as part of the service, with
all its rights, so a file or folder that everybody on the machine may write to is refused. Each file stands
for itself: files of the folder cannot import one another.
"""

from __future__ import annotations

import ast
import os
import stat
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from bot.tools.tool import Tool

__all__ = ["LoadedTools", "ToolFault", "load_tools"]

_MODULE_PREFIX: Final = "parley_folder_tools."
_MOST_REASON_CHARACTERS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFault:
    """Why a file, or one tool in it, was left out. ``line`` is 0 where no line is to blame."""

    path: Path
    line: int = 0
    reason: str

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        return f"{self.path}{where}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedTools:
    """What a folder gave: tools under names of their own, by file name, and what was left out and why."""

    tools: tuple[Tool, ...] = ()
    faults: tuple[ToolFault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    tool: Tool
    path: Path
    line: int


class _Refused(Exception):
    """A file contributes nothing."""

    def __init__(self, path: Path, reason: str, *, line: int = 0) -> None:
        super().__init__(reason)
        self.fault = ToolFault(path=path, line=line, reason=reason)


def load_tools(folder: Path, *, taken: Iterable[str] = ()) -> LoadedTools:
    """Run the folder's files and gather their tools. Raises nothing for what is wrong in the folder.

    A name in ``taken``, or of a tool in an earlier file, is a fault. Runs the files in this process, once
    for each call; call it at the start, as it blocks.
    """
    found: list[_Found] = []
    faults: list[ToolFault] = []
    try:
        files = _files(folder)
    except _Refused as refused:
        return LoadedTools(faults=(refused.fault,))
    for path in files:
        try:
            found.extend(_tools_of(path))
        except _Refused as refused:
            sys.modules.pop(_module_name(path), None)
            faults.append(refused.fault)
    tools, repeated = _without_repeats(found, taken)
    return LoadedTools(tools=tools, faults=(*faults, *repeated))


def _files(folder: Path) -> list[Path]:
    try:
        _check_mode(folder, folder.stat().st_mode)
        return sorted(path for path in folder.iterdir() if path.suffix == ".py" and path.name[0] != "_")
    except OSError as exc:
        raise _Refused(folder, f"the folder cannot be read ({exc.strerror or exc}).") from exc


def _check_mode(path: Path, mode: int) -> None:
    if os.name == "posix" and mode & stat.S_IWOTH:
        raise _Refused(path, "everybody on this machine may write to it; take that right away (chmod o-w).")


def _tools_of(path: Path) -> list[_Found]:
    """The tools of one file, in the order of their lines. Raises _Refused when it gives none."""
    source = _source(path)
    tree = _parsed(source, path)
    members = _run(compile(tree, str(path), "exec", dont_inherit=True), path)
    lines = _lines_by_name(tree)
    tools: dict[int, _Found] = {}
    for name, value in members.items():
        if isinstance(value, Tool) and name in lines:
            tools.setdefault(id(value), _Found(tool=value, path=path, line=lines[name]))
    if not tools:
        raise _Refused(path, "it defines no tool: put @tool above an async function.")
    return sorted(tools.values(), key=lambda found: found.line)


def _source(path: Path) -> bytes:
    """What is checked is what is read: the rights are those of the open file."""
    try:
        if not path.is_file():
            raise _Refused(path, "it is not a file.")
        with path.open("rb") as file:
            _check_mode(path, os.fstat(file.fileno()).st_mode)
            return file.read()
    except OSError as exc:
        raise _Refused(path, f"it cannot be read ({exc.strerror or exc}).") from exc


def _parsed(source: bytes, path: Path) -> ast.Module:
    try:
        return ast.parse(source, str(path))
    except SyntaxError as exc:
        raise _Refused(path, f"it is not valid Python ({exc.msg}).", line=exc.lineno or 0) from exc
    except (ValueError, RecursionError, MemoryError) as exc:
        raise _Refused(path, f"it is not valid Python ({exc}).") from exc


def _run(code: CodeType, path: Path) -> Mapping[str, object]:
    """The names the file defines. It is registered as a module, as dataclasses and type hints need that."""
    module = ModuleType(_module_name(path))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - the operator put the file there to be run
    except KeyboardInterrupt:
        raise
    except BaseException as exc:  # a boundary: not even sys.exit() in a file may end the service
        raise _Refused(path, _reason(exc), line=_line_in(path, exc)) from exc
    return module.__dict__


def _module_name(path: Path) -> str:
    return f"{_MODULE_PREFIX}{path.stem}"


def _reason(exc: BaseException) -> str:
    match exc:
        case ModuleNotFoundError(name=str(name)):
            return f"it needs the package {name.partition('.')[0]!r}, which is not installed."
        case SystemExit():
            return "it ends the program (sys.exit) instead of defining tools."
        case _:
            return f"it cannot be run ({type(exc).__name__}: {_one_line(exc)})."


def _one_line(exc: BaseException) -> str:
    return " ".join(str(exc).split())[:_MOST_REASON_CHARACTERS]


def _line_in(path: Path, exc: BaseException) -> int:
    """The last line of the file that was being run; 0 when there is none."""
    frames = traceback.walk_tb(exc.__traceback__)
    return next((line for frame, line in reversed(list(frames)) if frame.f_code.co_filename == str(path)), 0)


def _lines_by_name(tree: ast.Module) -> dict[str, int]:
    """Where the file itself gives a name its value; what it only imports has no line."""
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                lines[name] = node.lineno
    return lines


def _without_repeats(
    found: Iterable[_Found], taken: Iterable[str]
) -> tuple[tuple[Tool, ...], tuple[ToolFault, ...]]:
    owners = dict.fromkeys(taken, "of Parley's own tools")
    tools: list[Tool] = []
    faults: list[ToolFault] = []
    for one in found:
        name = one.tool.name
        if name in owners:
            reason = f"the name {name!r} is taken by one {owners[name]}; give the tool another name."
            faults.append(ToolFault(path=one.path, line=one.line, reason=reason))
        else:
            owners[name] = f"in {one.path.name}"
            tools.append(one.tool)
    return tuple(tools), tuple(faults)
