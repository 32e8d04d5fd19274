"""Text to speech by POST /audio/speech, by one voice or by two in a dialogue (facts: SiliconFlow §9).

The answer is the sound itself; an error may hide in it, so its first bytes are looked at too (facts §17 #20).
"""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Any, Final, TypeVar

import httpx
import orjson

from bot.errors import ProviderError
from bot.ports import DialogueRequest, Speech, SpeechFormat, SpeechRequest, VoiceReference
from bot.providers.api import SiliconFlowApi
from bot.providers.calls import Calls
from bot.providers.errors import TRACE_HEADER, EmptyAnswer, StreamCut, parse_fault, to_error
from bot.providers.transport import NETWORK_ERRORS, describe_network_error

__all__ = [
    "DIALOGUE_MODELS",
    "LONGEST_SPOKEN_TEXT",
    "PRESET_VOICES",
    "SPEECH_MODELS",
    "SiliconFlowSpeaker",
    "plain_speech",
]

SPEECH_MODELS: Final = ("FunAudioLLM/CosyVoice2-0.5B", "fnlp/MOSS-TTSD-v0.5")
DIALOGUE_MODELS: Final = ("fnlp/MOSS-TTSD-v0.5",)
PRESET_VOICES: Final = ("alex", "anna", "bella", "benjamin", "charles", "claire", "david", "diana")
# Characters: the schema says 128,000 and error 20050 says 100,000.
LONGEST_SPOKEN_TEXT: Final = 100_000

_T = TypeVar("_T")
_R = TypeVar("_R", SpeechRequest, DialogueRequest)
_PATH: Final = "/audio/speech"
_OWN_VOICE: Final = "speech:"
_MOST_BYTES: Final = 200 * 1024 * 1024
_STYLED: Final = re.compile(r"cosyvoice", re.IGNORECASE)
_END_OF_STYLE: Final = "<|endofprompt|>"
# Input and output together hold 32k. A minute needs a tenth of this, and only the input is paid for.
_DIALOGUE_TOKENS: Final = 8_000
# CosyVoice2's control text: <|endofprompt|>, [laughter], <strong>…</strong>; its spaces vary. MOSS-TTSD's:
# [S1], [S2] (facts §9).
_CONTROL: Final = re.compile(
    r"<\s*\|[^<>|]{0,40}\|\s*>|\[\s*S\s*\d+\s*\]|\[\s*(?:laughter|breath|noise|cough|sigh|quick_breath|clucking|accent|hissing|lipsmack"
    r"|mn|vocalized-noise)\s*\]|</?\s*(?:strong|laughter)\s*>",
    re.IGNORECASE,
)


class SiliconFlowSpeaker:
    """TextToSpeech on the SiliconFlow API."""

    def __init__(self, *, api: SiliconFlowApi, calls: Calls) -> None:
        self._api = api
        self._calls = calls

    async def speak(self, request: SpeechRequest) -> Speech:
        """See TextToSpeech.speak."""

        return await self._speak(request, _body)

    async def speak_dialogue(self, request: DialogueRequest) -> Speech:
        """See TextToSpeech.speak_dialogue."""
        return await self._speak(request, _dialogue_body)

    @asynccontextmanager
    async def stream(self, request: SpeechRequest) -> AsyncIterator[AsyncIterator[bytes]]:
        """See TextToSpeech.stream."""
        async with AsyncExitStack() as stack:

            async def call(model: str, seconds_left: float) -> _Answer:
                return await self._open(_body(request, model), request.format, seconds_left, stack)

            answer = await self._carry_out(call, request)
            chunks = await stack.enter_async_context(aclosing(answer.chunks()))
            yield chunks

    async def _speak(self, request: _R, body_of: Callable[[_R, str], dict[str, Any]]) -> Speech:
        async def call(model: str, seconds_left: float) -> Speech:
            async with AsyncExitStack() as stack:
                answer = await self._open(body_of(request, model), request.format, seconds_left, stack)
                data = b"".join([chunk async for chunk in answer.chunks()])
                return Speech(data=data, format=request.format, model=model, trace_id=answer.trace_id)

        return await self._carry_out(call, request)

    async def _carry_out(
        self, call: Callable[[str, float], Awaitable[_T]], request: SpeechRequest | DialogueRequest
    ) -> _T:
        return await self._calls.carry_out(
            call, models=request.models, deadline_seconds=request.deadline_seconds
        )

    async def _open(
        self, body: dict[str, Any], form: SpeechFormat, seconds_left: float, stack: AsyncExitStack
    ) -> _Answer:
        """The answer, once its first bytes are seen to be sound; closed with ``stack``."""
        model = str(body["model"])
        async with AsyncExitStack() as opening:
            response = await opening.enter_async_context(
                self._api.open_stream(_PATH, orjson.dumps(body), model=model, timeout_seconds=seconds_left)
            )
            answer = _Answer(self._api, response, model)
            await answer.begin(form)
            stack.push_async_callback(opening.pop_all().aclose)
            return answer


class _Answer:
    """The sound in an open response."""

    def __init__(self, api: SiliconFlowApi, response: httpx.Response, model: str) -> None:
        self._source = api.source(response, model=model)
        self._content_type = str(response.headers.get("content-type", ""))
        self._bytes = response.aiter_bytes()
        self._first = b""
        self.trace_id: str = response.headers.get(TRACE_HEADER, "")

    async def begin(self, expected: SpeechFormat) -> None:
        """Read the first bytes. Raises ProviderError when they are not sound."""
        self._first = await self._next() or b""
        if not self._first:
            raise EmptyAnswer("no sound came", model=self._source.model, trace_id=self.trace_id)
        if self._is_text(expected):
            rest = [self._first, *[chunk async for chunk in self._rest()]]
            raise to_error(parse_fault(b"".join(rest)), self._source)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """All of it, as it comes."""
        yield self._first
        async for chunk in self._rest():
            yield chunk

    async def _rest(self) -> AsyncIterator[bytes]:
        size = len(self._first)
        while (chunk := await self._next()) is not None:
            size += len(chunk)
            if size > _MOST_BYTES:
                raise self._broken(f"more than {_MOST_BYTES} bytes of sound")
            yield chunk

    async def _next(self) -> bytes | None:
        try:
            return await anext(self._bytes, None)
        except NETWORK_ERRORS as exc:
            raise self._broken(f"the sound broke off: {describe_network_error(exc)}") from exc

    def _is_text(self, expected: SpeechFormat) -> bool:
        if self._content_type.startswith(("application/json", "text/")):
            return True
        return expected is not SpeechFormat.PCM and self._first[:1] in {b"{", b'"', b"<"}

    def _broken(self, text: str) -> ProviderError:
        return StreamCut(text, model=self._source.model, trace_id=self.trace_id)


def plain_speech(text: str) -> str:
    """``text`` without anything that a speech model takes for an instruction."""
    # What is left after one tag is taken out may be another one.
    while (plain := _CONTROL.sub("", text)) != text:
        text = plain
    return text


def _body(request: SpeechRequest, model: str) -> dict[str, Any]:
    text = plain_speech(request.text)
    if request.style and _STYLED.search(model):
        text = f"{plain_speech(request.style)}{_END_OF_STYLE}{text}"
    return {"model": model, "input": text, "voice": _voice(request.voice, model), **_form(request)}


def _dialogue_body(request: DialogueRequest, model: str) -> dict[str, Any]:
    """Both voices are references: a preset's name is one voice, and not taken beside references (20053)."""
    lines = [f"[S{line.speaker + 1}]{plain_speech(line.text)}" for line in request.lines]
    return {
        "model": model,
        "input": "".join(lines),
        "voice": "",
        "references": [_reference(one) for one in request.references],
        "max_tokens": _DIALOGUE_TOKENS,
        **_form(request),
    }


def _reference(reference: VoiceReference) -> dict[str, str]:
    sound = base64.b64encode(reference.recording).decode()
    return {"audio": f"data:{reference.mime_type};base64,{sound}", "text": reference.transcript}


def _form(request: SpeechRequest | DialogueRequest) -> dict[str, Any]:
    body: dict[str, Any] = {
        "response_format": request.format.value,
        "stream": True,
        "speed": request.speed,
        "gain": request.gain_decibels,
    }
    if request.sample_rate is not None:
        body["sample_rate"] = request.sample_rate
    return body


def _voice(voice: str, model: str) -> str:
    """A preset's name needs its model before it (facts §17 #14)."""
    return voice if voice.startswith(_OWN_VOICE) else f"{model}:{voice}"
