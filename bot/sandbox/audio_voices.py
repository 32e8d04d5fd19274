"""Own voices of the stand-in: kept in memory, under the provider's rules (facts: SiliconFlow §10)."""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from bot.sandbox.audio_files import check_recording
from bot.sandbox.audio_forms import read_form, too_large
from bot.sandbox.audio_models import SPEAKING_MODELS
from bot.sandbox.audio_speech_request import decode_data_uri
from bot.sandbox.exchange import Exchange
from bot.sandbox.refusals import Refused, coded, invalid_parameter, json_refusal

__all__ = ["Voice", "VoiceShelf"]

_MOST_BYTES: Final = 5 * 1024 * 1024
_LONGEST_SECONDS: Final = 30.0
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BAD_AUDIO: Final = 20044
_TOO_LARGE: Final = too_large(20045, _MOST_BYTES, status=400)
_NOT_VERIFIED: Final = json_refusal(
    403, {"code": 20051, "message": "Please complete real-name verification first.", "data": None}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice as the list shows it."""

    uri: str
    model: str
    name: str
    transcript: str


class VoiceShelf:
    """All own voices. With ``real_name_verified`` false every call is refused, as for a new account."""

    def __init__(self, *, real_name_verified: bool) -> None:
        self._verified = real_name_verified
        self._voices: dict[str, Voice] = {}

    @property
    def voices(self) -> tuple[Voice, ...]:
        """What is on the shelf, oldest first."""
        return tuple(self._voices.values())

    def holds(self, uri: str) -> bool:
        """Whether there is a voice under ``uri``."""
        return uri in self._voices

    async def add(self, exchange: Exchange) -> bytes:
        """Answer POST /uploads/audio/voice, in a form or as JSON."""
        self._check_verified()
        if exchange.request.content_type.startswith("multipart/"):
            async with read_form(exchange.request, most_bytes=_MOST_BYTES, refusal=_TOO_LARGE) as form:
                exchange.record.body = form.describe()
                return await self._keep(dict(form.fields), form.need_file())
        body = _read_object(exchange.record.raw_body)
        audio = decode_data_uri(str(body.get("audio", "")))
        if len(audio) > _MOST_BYTES:
            raise Refused(_TOO_LARGE)
        return await self._keep(body, BytesIO(audio))

    def list(self) -> bytes:
        """Answer GET /audio/voice/list."""
        self._check_verified()
        results = [
            {"model": voice.model, "customName": voice.name, "text": voice.transcript, "uri": voice.uri}
            for voice in self.voices
        ]
        return orjson.dumps({"results": results})

    def delete(self, raw_body: bytes) -> bytes:
        """Answer POST /audio/voice/deletions."""
        self._check_verified()
        uri = str(_read_object(raw_body).get("uri", ""))
        if self._voices.pop(uri, None) is None:
            raise coded(20059, "The voice does not exist.")
        return b""

    async def _keep(self, fields: dict[str, Any], recording: Path | BinaryIO) -> bytes:
        model, name, transcript = (str(fields.get(key) or "") for key in ("model", "customName", "text"))
        if model not in SPEAKING_MODELS:
            raise coded(20012, "Model does not exist. Please check it carefully.")
        if not _NAME.fullmatch(name):
            raise coded(20048, "customName may hold up to 64 letters, digits, underscores and hyphens.")
        if not transcript:
            raise invalid_parameter("Field required: text")
        await asyncio.to_thread(
            check_recording, recording, longest_seconds=_LONGEST_SECONDS, format_code=_BAD_AUDIO
        )
        uri = f"speech:{name}:sandbox:{secrets.token_hex(10)}"
        self._voices[uri] = Voice(uri=uri, model=model, name=name, transcript=transcript)
        return orjson.dumps({"uri": uri})

    def _check_verified(self) -> None:
        if not self._verified:
            raise Refused(_NOT_VERIFIED)


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise invalid_parameter("The request body is not valid JSON.") from exc
    if not isinstance(body, dict):
        raise invalid_parameter("The request body must be an object.")
    return body
