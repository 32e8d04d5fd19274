"""Fetches what the provider made, from the address it names: without the key, bounded, and looked at.

The address is presigned and lives an hour (facts: SiliconFlow §7, §8), so it is used at once.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

import httpx
import orjson

from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import MadeFile, Picture
from bot.providers.api import Answer, SiliconFlowApi
from bot.providers.errors import CHECK_URL, TRACE_HEADER, parse_fault
from bot.providers.transport import NETWORK_ERRORS, describe_network_error

__all__ = ["as_data_uri", "fetch_result", "post_json"]

_MOST_JSON_BYTES: Final = 1024 * 1024
_FETCHES: Final = 3
_HEAD_BYTES: Final = 12


async def post_json(
    api: SiliconFlowApi, path: str, body: Mapping[str, Any], *, model: str, timeout_seconds: float
) -> Answer:
    """The JSON object that POST ``path`` answers. Raises ProviderError."""
    async with (
        asyncio.timeout(timeout_seconds),
        api.open_stream(path, orjson.dumps(body), model=model, timeout_seconds=timeout_seconds) as response,
    ):
        raw = await _read(response, _MOST_JSON_BYTES, model)
        trace_id = str(response.headers.get(TRACE_HEADER, ""))
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        said = parse_fault(raw).message
        raise ProviderUnavailable(f"{said!r} instead of JSON: {CHECK_URL}", model=model, trace_id=trace_id)
    return Answer(body=value, trace_id=trace_id)


async def fetch_result(
    api: SiliconFlowApi, url: str, *, most_bytes: int, timeout_seconds: float, model: str = ""
) -> MadeFile:
    """The picture or film at ``url``, tried again when the way there breaks. Raises ProviderError."""
    address = _address(url, model)
    for tries in range(1, _FETCHES + 1):
        try:
            async with asyncio.timeout(timeout_seconds):
                return await _fetch(api, address, most_bytes, timeout_seconds, model)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"no whole file within {timeout_seconds:g} s", model=model) from exc
        except ProviderUnavailable:
            if tries == _FETCHES:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


async def _fetch(
    api: SiliconFlowApi, url: httpx.URL, most_bytes: int, timeout_seconds: float, model: str
) -> MadeFile:
    # A request of our own: whoever keeps the files is not to get the key.
    request = httpx.Request("GET", url, headers={"User-Agent": "parley", "Accept": "*/*"})
    try:
        response = await api.send(request, model=model, timeout_seconds=timeout_seconds)
    except ProviderUnavailable:
        raise
    except ProviderError as exc:
        text = f"the file is not at its address any more: {exc}"
        raise ProviderError(text, model=model, status=exc.status) from exc
    try:
        data = await _read(response, most_bytes, model)
    finally:
        await response.aclose()
    mime = _sniff(data[:_HEAD_BYTES])
    if mime is None:
        raise ProviderError(f"no picture or film begins with {data[:_HEAD_BYTES]!r}", model=model)
    return MadeFile(data=data, mime=mime)


def as_data_uri(picture: Picture) -> str:
    """A picture as the provider takes one inside a request."""
    return f"data:{picture.mime};base64,{b64encode(picture.data).decode()}"


async def _read(response: httpx.Response, most_bytes: int, model: str) -> bytes:
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most_bytes:
                raise ProviderError(f"more than {most_bytes} bytes", model=model)
    except NETWORK_ERRORS as exc:
        raise ProviderUnavailable(f"the file broke off: {describe_network_error(exc)}", model=model) from exc
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and "content-encoding" not in response.headers and len(body) < int(announced):
        raise ProviderUnavailable(f"{len(body)} bytes where {announced} were announced", model=model)
    return bytes(body)


def _address(url: str, model: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in {"http", "https"} or not address.host:
        raise ProviderUnavailable("the result came without an address", model=model)
    return address


def _sniff(head: bytes) -> str | None:
    """The MIME type by the first bytes."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return "video/mp4" if head[4:8] == b"ftyp" else None
