"""Speaks HTTP to the provider: addresses, headers, and every failure as a ProviderError."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import httpx
import orjson

from bot.errors import ConfigurationError, ProviderError, ProviderUnavailable
from bot.ports import Clock
from bot.providers.errors import (
    CHECK_URL,
    TRACE_HEADER,
    Source,
    parse_fault,
    parse_retry_after,
    redact,
    to_error,
)
from bot.providers.transport import NETWORK_ERRORS, describe_network_error

__all__ = ["Answer", "FormFile", "SiliconFlowApi", "check_base_url", "check_key"]

_ERROR_BODY_SECONDS: Final = 10.0
_ERROR_BODY_BYTES: Final = 64 * 1024
_USER_AGENT: Final = "parley"


def check_key(key: str) -> str:
    """``key`` without white space around it. Raises ConfigurationError when no header can carry it."""
    key = key.strip()
    if not key or not all("!" <= character <= "~" for character in key):
        raise ConfigurationError("SILICONFLOW_API_KEY holds no usable key; it should be like sk-abc123…")
    return key


def check_base_url(url: str) -> str:
    """``url`` without a trailing slash. Raises ConfigurationError when it cannot be the API's base."""
    try:
        address = httpx.URL(url.strip())
    except httpx.InvalidURL:
        address = httpx.URL("")
    path = address.path.rstrip("/")
    problem = ""
    if address.scheme not in {"http", "https"} or not address.host:
        problem = "is not a web address"
    elif address.query or address.fragment:
        problem = "must end after the path"
    elif path.count("/v1") > 1:
        problem = "holds /v1 twice"
    elif path.endswith(("/chat/completions", "/completions", "/models", "/messages")):
        problem = f"must stop before {path[path.rindex('/v1') + 3 :] if '/v1' in path else path}"
    if problem:
        raise ConfigurationError(f"SILICONFLOW_BASE_URL {url!r} {problem}; {CHECK_URL}")
    return url.strip().rstrip("/")


@dataclass(frozen=True, slots=True, kw_only=True)
class FormFile:
    """A file to send in a form. It is read from its present place on in pieces of 64 KB, as they go out."""

    name: str
    content: BinaryIO
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The JSON of an answer, and how the provider's log knows the call."""

    body: Any
    trace_id: str


class SiliconFlowApi:
    """The provider's HTTP interface under one key. The HTTP client is the caller's, who closes it.

    Raises ConfigurationError when the key or the address cannot be right.
    """

    def __init__(self, *, http: httpx.AsyncClient, api_key: str, base_url: str, clock: Clock) -> None:
        self._http = http
        self._secret = check_key(api_key)
        self._base_url = check_base_url(base_url)
        self._clock = clock
        self._headers = {
            "Authorization": f"Bearer {self._secret}",
            "User-Agent": _USER_AGENT,
        }
        self._stream_headers = httpx.Headers(http.headers)
        # Compressed streams arrive in blocks: the first words would wait for the next ones.
        self._stream_headers.update(
            self._headers | {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        )
        self._addresses: dict[str, httpx.URL] = {}

    @property
    def base_url(self) -> httpx.URL:
        """Where it is."""
        return httpx.URL(self._base_url)

    @property
    def clock(self) -> Clock:
        """What waits are measured with."""
        return self._clock

    async def get_json(
        self, path: str, *, params: Mapping[str, str] | None = None, timeout_seconds: float = 20.0
    ) -> Any:
        """The JSON that GET ``path`` answers. Raises ProviderError."""
        request = self._http.build_request(
            "GET", self._base_url + path, params=dict(params or {}), headers=self._headers
        )
        return (await self._receive(request, model="", timeout_seconds=timeout_seconds)).body

    async def post_form(
        self, path: str, *, fields: Mapping[str, str], file: FormFile, model: str, timeout_seconds: float
    ) -> Answer:
        """POST a form with a file, which the caller closes. Raises ProviderError."""
        request = self._http.build_request(
            "POST",
            self._base_url + path,
            data=dict(fields),
            files={"file": (file.name, file.content, file.mime_type)},
            headers=self._headers,
        )
        return await self._receive(request, model=model, timeout_seconds=timeout_seconds)

    @asynccontextmanager
    async def open_stream(
        self, path: str, body: bytes, *, model: str, timeout_seconds: float
    ) -> AsyncIterator[httpx.Response]:
        """POST JSON and give the answer as soon as its headers are there, if its status is 200.

        ``timeout_seconds`` limits the wait for the headers. Leaving closes the connection at once unless the
        body was read to its end. Raises ProviderError.
        """
        response = await self.send(self._post(path, body), model=model, timeout_seconds=timeout_seconds)
        try:
            yield response
        finally:
            await response.aclose()

    async def send(self, request: httpx.Request, *, model: str, timeout_seconds: float) -> httpx.Response:
        """The open answer to ``request`` (status 200), for the caller to close. Raises ProviderError."""
        try:
            async with asyncio.timeout(timeout_seconds):
                response = await self._http.send(request, stream=True)
        except TimeoutError as exc:
            raise ProviderUnavailable(f"no answer within {timeout_seconds:g} s", model=model) from exc
        except NETWORK_ERRORS as exc:
            host = request.url.host
            text = redact(f"cannot reach {host!r}: {describe_network_error(exc)}", self._secret)
            raise ProviderUnavailable(text, model=model) from exc
        if response.status_code == 200:
            return response
        try:
            raise await self._refusal(response, model)
        finally:
            await response.aclose()

    async def _receive(self, request: httpx.Request, *, model: str, timeout_seconds: float) -> Answer:
        """Send ``request`` and read its JSON."""
        response = await self.send(request, model=model, timeout_seconds=timeout_seconds)
        try:
            body = await self._read(response, timeout_seconds)
        finally:
            await response.aclose()
        try:
            return Answer(body=orjson.loads(body), trace_id=response.headers.get(TRACE_HEADER, ""))
        except orjson.JSONDecodeError as exc:
            raise self._strange_answer(response, body) from exc

    def source(self, response: httpx.Response, *, model: str) -> Source:
        """Where an error in ``response`` comes from."""
        headers = response.headers
        return Source(
            model=model,
            trace_id=headers.get(TRACE_HEADER, ""),
            status=response.status_code,
            retry_after_seconds=parse_retry_after(headers.get("retry-after"), self._clock.now()),
            secret=self._secret,
        )

    def _post(self, path: str, body: bytes) -> httpx.Request:
        """What ``build_request`` would make, from an address parsed and headers merged once."""
        url = self._addresses.get(path)
        if url is None:
            url = self._addresses[path] = httpx.URL(self._base_url + path)
        request = httpx.Request("POST", url, headers=self._stream_headers, content=body)
        if self._http.cookies:
            self._http.cookies.set_cookie_header(request)
        return request

    async def _refusal(self, response: httpx.Response, model: str) -> ProviderError:
        try:
            body = await self._read(response, _ERROR_BODY_SECONDS)
        except ProviderUnavailable:
            body = b""
        return to_error(parse_fault(body), self.source(response, model=model))

    async def _read(self, response: httpx.Response, timeout_seconds: float) -> bytes:
        """The body, up to a bound when it is an error's."""
        bound = _ERROR_BODY_BYTES if response.status_code != 200 else None
        body = bytearray()
        try:
            async with asyncio.timeout(timeout_seconds):
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if bound is not None and len(body) > bound:
                        break
        except NETWORK_ERRORS as exc:
            raise ProviderUnavailable(f"the answer broke off: {describe_network_error(exc)}") from exc
        return bytes(body)

    def _strange_answer(self, response: httpx.Response, body: bytes) -> ProviderError:
        fault = parse_fault(body)
        trace_id = response.headers.get(TRACE_HEADER, "")
        return ProviderUnavailable(f"{fault.message!r} instead of JSON: {CHECK_URL}", trace_id=trace_id)
