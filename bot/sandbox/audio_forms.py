"""Reads forms that carry a file, in pieces and onto disk: a large one never stands in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aiohttp import BodyPartReader, web

from bot.sandbox.refusals import Refusal, Refused, invalid_parameter, json_refusal

__all__ = ["AudioForm", "read_form", "too_large"]

_MOST_FIELD_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioForm:
    """A form's fields and its file, if it had one; ``path`` goes with the form."""

    fields: dict[str, str]
    file_name: str
    path: Path | None
    size: int

    def describe(self) -> dict[str, object]:
        """What a test may want to know of it."""
        return {**self.fields, "file": {"name": self.file_name, "size": self.size}}

    def need(self, name: str) -> str:
        """A field's value. Raises Refused when it is missing."""
        value = self.fields.get(name, "")
        if not value:
            raise invalid_parameter(f"Field required: {name}")
        return value

    def need_file(self) -> Path:
        """Where the file is. Raises Refused when there was none."""
        if self.path is None:
            raise invalid_parameter("Field required: file")
        return self.path


def too_large(code: int, limit_bytes: int, *, status: int = 413) -> Refusal:
    """The answer to a file beyond ``limit_bytes``."""
    message = f"The audio file must not exceed {limit_bytes // 1024 // 1024} MB."
    return json_refusal(status, {"code": code, "message": message, "data": None})


@asynccontextmanager
async def read_form(request: web.Request, *, most_bytes: int, refusal: Refusal) -> AsyncIterator[AudioForm]:
    """The form in ``request``. Raises Refused, with ``refusal`` for a file beyond ``most_bytes``."""
    if not request.content_type.startswith("multipart/"):
        raise invalid_parameter("The request must be multipart/form-data.")
    with TemporaryDirectory(prefix="parley-standin-") as folder:
        yield await _read(request, Path(folder) / "upload", most_bytes, refusal)


async def _read(request: web.Request, path: Path, most_bytes: int, refusal: Refusal) -> AudioForm:
    fields: dict[str, str] = {}
    file_name, size, saved = "", 0, False
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                raise invalid_parameter("A part must not hold parts.")
            if part.name == "file":
                file_name, saved = part.filename or "", True
                size = await _save(part, path, most_bytes, refusal)
            else:
                fields[part.name or ""] = await _read_field(part)
    except ValueError as exc:
        raise invalid_parameter(f"The form is broken: {exc}") from exc
    return AudioForm(fields=fields, file_name=file_name, path=path if saved else None, size=size)


async def _save(part: BodyPartReader, path: Path, most_bytes: int, refusal: Refusal) -> int:
    size = 0
    with path.open("wb") as file:
        while chunk := await part.read_chunk(64 * 1024):
            size += len(chunk)
            if size > most_bytes:
                raise Refused(refusal)
            file.write(chunk)
    return size


async def _read_field(part: BodyPartReader) -> str:
    value = bytearray()
    while chunk := await part.read_chunk():
        value += chunk
        if len(value) > _MOST_FIELD_BYTES:
            raise invalid_parameter(f"{part.name} is too long")
    return value.decode(errors="replace")
