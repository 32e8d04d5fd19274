"""One request of the app, read from every encoding the Web API takes: query, urlencoded, multipart, JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import BodyPartReader, web

from .errors import refused

__all__ = ["Call", "read_call"]

_BEARER = "bearer "


@dataclass(slots=True, kw_only=True)
class Call:
    """A method with its parameters; the accessors raise the refusal Slack gives for a wrong type."""

    method: str
    token: str
    params: dict[str, Any]

    def text(self, name: str) -> str:
        """A string, empty when absent."""
        value = self.params.get(name)
        return "" if value is None else str(value)

    def integer(self, name: str, default: int) -> int:
        """A whole number."""
        try:
            return int(self.params.get(name) or default)
        except (TypeError, ValueError):
            raise refused("invalid_arguments", f"[ERROR] must be an integer [json-pointer:/{name}]") from None

    def flag(self, name: str) -> bool:
        """True for every spelling of true that Slack takes."""
        return str(self.params.get(name, "")).lower() in ("true", "1")

    def items(self, name: str, error: str = "invalid_arguments") -> list[Any]:
        """A list, given as JSON or as a string of JSON; empty when absent. Raises ``error`` otherwise."""
        value = self._decoded(name, error)
        if value in (None, ""):
            return []
        if not isinstance(value, list):
            raise refused(error, f"[ERROR] must provide an array [json-pointer:/{name}]")
        return value

    def table(self, name: str, error: str = "invalid_arguments") -> dict[str, Any] | None:
        """An object, given as JSON or as a string of JSON; None when absent. Raises ``error`` otherwise."""
        value = self._decoded(name, error)
        if value in (None, ""):
            return None
        if not isinstance(value, dict):
            raise refused(error, f"[ERROR] must provide an object [json-pointer:/{name}]")
        return value

    def _decoded(self, name: str, error: str) -> Any:
        value = self.params.get(name)
        if not isinstance(value, str) or not value:
            return value
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            raise refused(error, f"[ERROR] invalid JSON [json-pointer:/{name}]") from None


async def read_call(request: web.BaseRequest, method: str) -> Call:
    """Read token and parameters. Raises ApiError (``invalid_json``, ``json_not_object``)."""
    params: dict[str, Any] = dict(parse_qsl(request.rel_url.raw_query_string, keep_blank_values=True))
    if request.content_type.startswith("multipart/"):
        params.update(await _read_parts(request))
    else:
        params.update(_read_body(await request.read(), request.content_type))
    header = request.headers.get("Authorization", "")
    token = header[len(_BEARER) :] if header.lower().startswith(_BEARER) else ""
    return Call(method=method, token=token or str(params.pop("token", "")), params=params)


def _read_body(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {}
    if content_type != "application/json":
        return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refused("invalid_json") from None
    if not isinstance(parsed, dict):
        raise refused("json_not_object")
    return {name: value for name, value in parsed.items() if value is not None}


async def _read_parts(request: web.BaseRequest) -> dict[str, Any]:
    params: dict[str, Any] = {}
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        if isinstance(part, BodyPartReader) and part.name:
            params[part.name] = bytes(await part.read()).decode(errors="replace")
    return params
