"""One request of the bot, read from any encoding the Bot API takes: query, urlencoded, JSON or multipart."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

from .errors import NOT_UTF8, bad_request
from .parameters import SIGNATURES

__all__ = ["Call", "Upload", "read_call"]

MAX_UPLOAD_BYTES = 50 * 1024 * 1024  # Bot API: files of other types, up to 50 MB
_ATTACH = "attach://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that came with the request."""

    filename: str
    content_type: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class Call:
    """A method with its parameters; the accessors raise the refusal Telegram gives for a wrong type."""

    method: str
    params: dict[str, Any]
    files: dict[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A string, empty when absent."""
        value = self.params.get(name, "")
        return value if isinstance(value, str) else str(value)

    def integer(self, name: str, default: int = 0) -> int:
        """A whole number; a word where a number belongs counts as absent, as it does for Telegram."""
        value = self.params.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            return default

    def flag(self, name: str) -> bool:
        """True for every spelling of true that Telegram takes."""
        return str(self.params.get(name, "")).lower() in ("true", "yes", "1")

    def json(self, name: str) -> Any:
        """A JSON-serialized value, or None when absent."""
        value = self.params.get(name)
        if not isinstance(value, str):
            return value
        return parse_json(value, name) if value else None

    def upload(self, value: str) -> Upload | None:
        """The file that ``attach://name`` (or a part named like the parameter) stands for."""
        return self.files.get(value.removeprefix(_ATTACH))


def parse_json(value: str | bytes, name: str = "object") -> Any:
    """Parse JSON as the Bot API server does: lone surrogates are refused with the text it uses for them."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as exc:
        raise bad_request(_json_fault(value, name)) from exc


def _json_fault(value: str | bytes, name: str) -> str:
    try:
        parsed = json.loads(value)
    except ValueError:
        return f"can't parse {name} JSON object"
    return NOT_UTF8 if _has_surrogate(parsed) else f"can't parse {name} JSON object"


def _has_surrogate(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:
        return True
    return False


async def read_call(request: web.BaseRequest, method: str) -> Call:
    """Read the parameters of a request.

    Raises ApiError (400) for text that is not UTF-8 and for JSON that is none.
    """
    params = _parse_form(request.rel_url.raw_query_string) if request.rel_url.raw_query_string else {}
    content_type = request.content_type
    if request.method == "GET":
        return Call(method=method, params=params)
    if content_type.startswith("multipart/"):
        call = Call(method=method, params=params)
        await _read_parts(request, call)
        return call
    body = await request.read()
    if content_type == "application/json":
        params.update(_json_parameters(body))
    elif body:
        params.update(_parse_form(body.decode("ascii", "surrogateescape")))
    return Call(method=method, params=params)


def _json_parameters(body: bytes) -> dict[str, Any]:
    parsed = parse_json(body) if body else {}
    if not isinstance(parsed, dict):
        raise bad_request("can't parse object JSON object")
    return {name: value for name, value in parsed.items() if value is not None}


def _parse_form(text: str) -> dict[str, Any]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeError as exc:
        raise bad_request(NOT_UTF8) from exc


async def _read_parts(request: web.BaseRequest, call: Call) -> None:
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name:
            await _read_part(part, part.name, call)


async def _read_part(part: BodyPartReader, name: str, call: Call) -> None:
    data = bytes(await part.read())
    if part.filename is None:
        call.params[name] = _decode(data)
        return
    call.files[name] = Upload(
        filename=part.filename,
        content_type=part.headers.get("Content-Type", "application/octet-stream"),
        data=data,
    )
    signature = SIGNATURES.get(call.method)
    if signature is not None and name in signature.names:
        call.params[name] = f"{_ATTACH}{name}"


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise bad_request(NOT_UTF8) from exc
