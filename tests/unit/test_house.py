"""The house in order: import rules, public names, module sizes, nothing of anybody's machine."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
SOURCE = sorted(path for folder in ("bot", "adapters") for path in (CHECKOUT / folder).rglob("*.py"))
LONGEST_MODULE = 400

# Spelled in pieces, so that this file passes its own test.
FOREIGN = re.compile(
    r"|".join(
        [
            "pypi" + r"\.org",
            "python" + r"hosted\.org",
            r"--(extra-)?index" + "-url",
            "registry" + r"\.npmjs",
            r"(?<![\w.}])/(?:home|Users|root|work)" + r"/[a-z]",
        ]
    )
)


def _name(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def _only_re_exports(path: Path) -> bool:
    """Whether it is an ``__init__`` of imports, ``__all__`` and a docstring."""
    if path.name != "__init__.py":
        return False
    _, *rest = ast.parse(path.read_text(encoding="utf-8")).body or [ast.Pass()]
    return bool(rest) and all(isinstance(node, (ast.ImportFrom, ast.Assign)) for node in rest)


def test_the_import_rules_hold() -> None:
    """The contracts of pyproject.toml."""
    command = "from importlinter.cli import lint_imports_command as check; check()"
    run = subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("path", SOURCE, ids=_name)
def test_public_names_are_listed_in_order(path: Path) -> None:
    """``__all__`` is sorted as ruff sorts it, names each thing once, and only what is there."""
    names = _exported(path)
    assert names == sorted(set(names), key=_reading_order)
    assert set(names) <= _defined(path)


@pytest.mark.parametrize("path", [path for path in SOURCE if _only_re_exports(path)], ids=_name)
def test_a_package_lists_what_it_offers(path: Path) -> None:
    """An ``__init__`` that only imports exports all of it."""
    assert set(_exported(path)) == {name for name in _defined(path) if not name.startswith("_")} - {
        "annotations"
    }


@pytest.mark.parametrize("path", SOURCE, ids=_name)
def test_a_module_says_its_promise_and_keeps_to_it(path: Path) -> None:
    """A docstring, and not more than 400 lines that are not blank."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no docstring"
    assert sum(not line.isspace() for line in text.splitlines(keepends=True)) <= LONGEST_MODULE


def test_no_committed_file_names_a_registry_or_a_machines_folder() -> None:
    """A clone works anywhere."""
    found = [
        f"{_name(path)}:{number}: {line.strip()[:120]}"
        for path in _committed()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


def _committed() -> list[Path]:
    """The files git knows or would take; without git, those of our folders."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    names = listing.stdout.splitlines() or [_name(path) for path in SOURCE]
    return [path for name in names if (path := CHECKOUT / name).is_file()]


def _reading_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions (ruff RUF022, isort style)."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name)


def _exported(path: Path) -> list[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def _defined(path: Path) -> set[str]:
    """The names a module binds at its top."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                names.add(node.name)
            case ast.ImportFrom() | ast.Import():
                names.update(alias.asname or alias.name for alias in node.names)
            case ast.Assign():
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name() as target):
                names.add(target.id)
            case _:
                pass
    return names
