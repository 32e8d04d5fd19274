"""Own voices at the provider: made from a sample, listed, deleted (facts: SiliconFlow §10)."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

import orjson

from bot.errors import ProviderRefused, ProviderUnavailable
from bot.ports import OwnVoice, VoiceSample
from bot.providers.api import FormFile, SiliconFlowApi
from bot.providers.calls import Calls

__all__ = ["BAD_SAMPLE", "REAL_NAME_NEEDED", "SAMPLE_TOO_LARGE", "VOICE_GONE", "SiliconFlowVoices"]

# Codes: facts SiliconFlow §15.
REAL_NAME_NEEDED: Final = 20051
BAD_SAMPLE: Final = 20044
SAMPLE_TOO_LARGE: Final = 20045
VOICE_GONE: Final = frozenset({20047, 20059})

_NO_VOICE: Final = 20059
_SECONDS: Final = 60.0
_SUFFIXES: Final = {"audio/mpeg": "mp3", "audio/wav": "wav", "audio/ogg": "opus", "audio/opus": "opus"}


class SiliconFlowVoices:
    """KeepsVoices on the SiliconFlow API."""

    def __init__(self, *, api: SiliconFlowApi, calls: Calls) -> None:
        self._api = api
        self._calls = calls

    async def add_voice(self, sample: VoiceSample) -> OwnVoice:
        """See KeepsVoices.add_voice. An upload whose outcome is unknown is not repeated."""

        async def call(model: str, seconds_left: float) -> OwnVoice:
            return await self._upload(sample, model, seconds_left)

        return await self._calls.carry_out(
            call, models=(sample.model,), deadline_seconds=_SECONDS, repeatable=False
        )

    async def list_voices(self) -> tuple[OwnVoice, ...]:
        """See KeepsVoices.list_voices."""

        async def call(_model: str, seconds_left: float) -> Any:
            return await self._api.get_json("/audio/voice/list", timeout_seconds=seconds_left)

        answer = await self._calls.carry_out(call, models=("",), deadline_seconds=_SECONDS)
        entries = _entries(answer)
        return tuple(_read_voice(entry) for entry in entries if isinstance(entry, dict) and entry.get("uri"))

    async def delete_voice(self, uri: str) -> None:
        """See KeepsVoices.delete_voice."""

        async def call(_model: str, seconds_left: float) -> None:
            await self._delete(uri, seconds_left)

        await self._calls.carry_out(call, models=("",), deadline_seconds=_SECONDS)

    async def _upload(self, sample: VoiceSample, model: str, seconds_left: float) -> OwnVoice:
        fields = {"model": model, "customName": sample.name, "text": sample.transcript}
        suffix = _SUFFIXES.get(sample.mime_type, "pcm")
        file = FormFile(name=f"voice.{suffix}", content=BytesIO(sample.recording), mime_type=sample.mime_type)
        answer = await self._api.post_form(
            "/uploads/audio/voice", fields=fields, file=file, model=model, timeout_seconds=seconds_left
        )
        uri = answer.body.get("uri") if isinstance(answer.body, dict) else None
        if not isinstance(uri, str) or not uri:
            raise ProviderUnavailable(
                "the new voice came without its uri", model=model, trace_id=answer.trace_id
            )
        return OwnVoice(uri=uri, name=sample.name, model=model, transcript=sample.transcript)

    async def _delete(self, uri: str, seconds_left: float) -> None:
        body = orjson.dumps({"uri": uri})
        try:
            async with self._api.open_stream(
                "/audio/voice/deletions", body, model="", timeout_seconds=seconds_left
            ):
                pass
        except ProviderRefused as refused:
            if refused.code != _NO_VOICE:
                raise


def _entries(answer: Any) -> list[Any]:
    """The list, under any of the names and forms that documents show for it."""
    if isinstance(answer, dict):
        answer = answer.get("results", answer.get("result"))
    if not isinstance(answer, list):
        raise ProviderUnavailable("the list of voices came in an unknown form")
    return answer


def _read_voice(entry: dict[str, Any]) -> OwnVoice:
    return OwnVoice(
        uri=str(entry["uri"]),
        name=str(entry.get("customName") or ""),
        model=str(entry.get("model") or ""),
        transcript=str(entry.get("text") or ""),
    )
