"""Finds the weights of the local speech models inside their packages, and trusts no byte unseen.

The packages are re-uploads by single authors, so each file is compared with the hash we know.
"""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.refusals import SandboxError

__all__ = ["WeightFile", "check_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFile:
    """A file in an installed package, by its SHA-256."""

    package: str
    name: str
    sha256: str


def check_weights(file: WeightFile) -> Path:
    """Where ``file`` is, once every byte is checked; found without importing its package. Blocking.

    Raises SandboxError when it is missing or another.
    """
    spec = importlib.util.find_spec(file.package)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / file.name
        if path.is_file():
            _compare(path, file)
            return path
    raise SandboxError(f"the speech model's {file.name!r} is not installed: run `make setup`")


def _compare(path: Path, file: WeightFile) -> None:
    with path.open("rb") as content:
        found = hashlib.file_digest(content, "sha256").hexdigest()
    if found != file.sha256:
        raise SandboxError(
            f"the speech model's {file.name!r} is damaged or another version (sha256 {found[:12]}…, expected "
            f"{file.sha256[:12]}…): run `make setup`"
        )
