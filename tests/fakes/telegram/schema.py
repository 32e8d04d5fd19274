"""The Bot API schema that aiogram's source distribution ships, kept in a cache outside the repository.

``python -m tests.fakes.telegram.schema`` fetches it once with pip, its hash checked, into the environment's
``share`` folder. Only the test that compares the fake with the schema reads it; the fake runs without.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Field", "Schema", "cache_path", "fetch", "load"]

RELEASE = "3.31.0"  # Bot API 10.3
SDIST_SHA256 = "f2c5064fe52d88898c86af62261c405440a014216e45dd99b2c6555a5602ce30"
_MEMBER = f"aiogram-{RELEASE}/.butcher/schema/schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter of a method or a field of an object; ``kind`` is the schema's type name."""

    kind: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Methods and objects of the Bot API by name; ``variants`` are the members of the union types."""

    methods: dict[str, dict[str, Field]]
    objects: dict[str, dict[str, Field]]
    variants: dict[str, list[str]]


def cache_path() -> Path:
    """Where the schema lies once fetched."""
    return Path(sys.prefix) / "share" / "bot-api" / "schema.json"


def fetch() -> Path:
    """Fetch the schema unless it is there; raises CalledProcessError when pip cannot get the release."""
    target = cache_path()
    if target.exists():
        return target
    with tempfile.TemporaryDirectory() as folder:
        schema = _read_member(_download(Path(folder)))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(schema)
    return target


def _download(folder: Path) -> Path:
    """pip refuses an archive with another hash before it runs any of it."""
    requirement = folder / "requirements.txt"
    requirement.write_text(f"aiogram=={RELEASE} --hash=sha256:{SDIST_SHA256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary", "aiogram", "--require-hashes", "-r", str(requirement), "-d", str(folder)]
    subprocess.run(command, check=True)
    archive = folder / f"aiogram-{RELEASE}.tar.gz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SDIST_SHA256:
        raise ValueError(f"{archive.name} has the sha256 {found}, expected {SDIST_SHA256}")
    return archive


def _read_member(archive: Path) -> bytes:
    with tarfile.open(archive) as tar:
        member = tar.extractfile(_MEMBER)
        if member is None:
            raise ValueError(f"{archive.name} holds no {_MEMBER}")
        return member.read()


def load() -> Schema:
    """Read the cached schema; raises FileNotFoundError with the command that fetches it."""
    path = cache_path()
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: run python -m tests.fakes.telegram.schema")
    entries = [child for item in json.loads(path.read_bytes())["items"] for child in item["children"]]
    methods = {entry["name"]: _fields(entry) for entry in entries if entry["category"] == "methods"}
    types = [entry for entry in entries if entry["category"] == "types"]
    objects = {entry["name"]: _fields(entry) for entry in types}
    variants = {entry["name"]: _variants(entry, objects) for entry in types if not entry["annotations"]}
    return Schema(methods=methods, objects=objects, variants=variants)


def _fields(entry: dict[str, Any]) -> dict[str, Field]:
    return {
        field["name"]: Field(kind=field["type"], required=bool(field.get("required")))
        for field in entry["annotations"]
    }


def _variants(entry: dict[str, Any], objects: dict[str, Any]) -> list[str]:
    """The members of a union are a list in its description."""
    words = entry["description"].replace("- ", "\n").split("\n")
    return [word.strip() for word in words if word.strip() in objects]


if __name__ == "__main__":
    sys.stdout.write(f"{fetch()}\n")
