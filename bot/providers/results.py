"""Fetches what the provider made, from the address it names: without the key, bounded, and looked at.

The address is presigned and lives an hour (facts: SiliconFlow §7, §8).
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
from bot.providers.origins import is_allowed
from bot.providers.transport import NETWORK_ERRORS, describe_network_error

__all__ = ["as_data_uri", "fetch_result", "post_json", "seed_of"]

_MOST_JSON_BYTES: Final = 1024 * 1024
# The pauses before a download is begun anew: making the thing again would cost more.
_PAUSES_SECONDS: Final = (1.0, 4.0, 16.0)
_HEAD_BYTES: Final = 12
_LARGEST_SEED: Final = 9_999_999_999  # facts: SiliconFlow §7


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
    """The picture or film at ``url``, tried again when the way there breaks. Raises ProviderError.

    ``timeout_seconds`` limits each try. No redirect is followed.
    """
    address = _address(url, model)
    if not await is_allowed(address, api=api.base_url):
        raise ProviderError(f"the result is said to be inside this network: {address.host!r}", model=model)
    for pause in _PAUSES_SECONDS:
        try:
            return await _fetch_within(timeout_seconds, api, address, most_bytes, model)
        except ProviderUnavailable:
            await api.clock.sleep(pause)
    return await _fetch_within(timeout_seconds, api, address, most_bytes, model)


async def _fetch_within(
    seconds: float, api: SiliconFlowApi, address: httpx.URL, most_bytes: int, model: str
) -> MadeFile:
    try:
        async with asyncio.timeout(seconds):
            return await _fetch(api, address, most_bytes, seconds, model)
    except TimeoutError as exc:
        raise ProviderUnavailable(f"no whole file within {seconds:g} s", model=model) from exc


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


def seed_of(value: object) -> int | None:
    """The seed that an answer names; None for what can't be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_SEED else None


async def _read(response: httpx.Response, most_bytes: int, model: str) -> bytes:
    body = bytearray()
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most_bytes:
        raise ProviderError(f"more than {most_bytes} bytes: {announced}", model=model)
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > most_bytes:
                raise ProviderError(f"more than {most_bytes} bytes", model=model)
    except NETWORK_ERRORS as exc:
        raise ProviderUnavailable(f"the file broke off: {describe_network_error(exc)}", model=model) from exc
    if announced.isdecimal() and "content-encoding" not in response.headers and len(body) < int(announced):
        raise ProviderUnavailable(f"{len(body)} bytes where {announced} were announced", model=model)
    return bytes(body)


def _address(url: str, model: str) -> httpx.URL:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.scheme not in {"http", "https"} or not address.host:
        raise ProviderError("the result came without an address", model=model)
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
