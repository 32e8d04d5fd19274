"""Reads the body of POST /audio/speech by the provider's rules (facts: SiliconFlow §9, codes §15)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from bot.sandbox.audio_models import DIALOGUE_MODEL, SPEAKING_MODELS
from bot.sandbox.refusals import coded, invalid_parameter

__all__ = ["PRESETS", "TOKENS_A_SECOND", "SpeechBody", "SpokenFormat", "decode_data_uri", "parse_speech"]

SpokenFormat = Literal["mp3", "opus", "wav", "pcm"]

PRESETS: Final = ("alex", "anna", "bella", "benjamin", "charles", "claire", "david", "diana")
_LONGEST_INPUT: Final = 100_000
_FORMATS: Final[dict[str, SpokenFormat]] = {"mp3": "mp3", "opus": "opus", "wav": "wav", "pcm": "pcm"}
_PLAIN_RATES: Final = (8_000, 16_000, 24_000, 32_000, 44_100)
_RATES: Final[dict[SpokenFormat, tuple[int, ...]]] = {
    "mp3": (32_000, 44_100),
    "opus": (48_000,),
    "wav": _PLAIN_RATES,
    "pcm": _PLAIN_RATES,
}
_SPEEDS: Final = (0.25, 4.0)
_GAINS: Final = (-10.0, 10.0)
# MOSS-TTSD: who speaks next; input and output together (facts §9); how many tokens its sound takes.
_SPEAKER: Final = re.compile(r"\[S([12])\]")
_MOST_TOKENS: Final = 32 * 1024
_USUAL_TOKENS: Final = 1_600
TOKENS_A_SECOND: Final = 12.5
_FEWEST_CHARACTERS: Final = 4
_SPEAKERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechBody:
    """A checked request. ``text`` is the input as sent, control tags and all."""

    model: str
    text: str
    voice: str
    format: SpokenFormat
    sample_rate: int
    speed: float
    gain_decibels: float
    references: tuple[bytes, ...] = ()
    max_tokens: int = _USUAL_TOKENS

    @property
    def spoken_text(self) -> str:
        """What is heard: without the instruction before CosyVoice2's mark, and without MOSS-TTSD's tags."""
        if self.model == DIALOGUE_MODEL:
            return " ".join(text for _, text in self.lines)
        return self.text.rpartition("<|endofprompt|>")[2].strip()

    @property
    def lines(self) -> tuple[tuple[int, str], ...]:
        """What each of two speakers, 0 and 1, says in turn; one speaker says all that has no tag."""
        if self.model != DIALOGUE_MODEL:
            return ((0, self.spoken_text),)
        first, *rest = _SPEAKER.split(self.text)
        tagged = [(int(who) - 1, line.strip()) for who, line in zip(rest[::2], rest[1::2], strict=True)]
        return tuple(line for line in [(0, first.strip()), *tagged] if line[1])

    @property
    def longest_seconds(self) -> float:
        """What MOSS-TTSD says before its tokens are used up; the rest is not heard."""
        return self.max_tokens / TOKENS_A_SECOND if self.model == DIALOGUE_MODEL else float("inf")


def parse_speech(raw: bytes, *, is_own_voice: Callable[[str], bool]) -> SpeechBody:
    """The request in ``raw``. Raises Refused as the provider would refuse it."""
    body = _read_object(raw)
    model = _parse_model(body)
    kind = _parse_format(body)
    speech = SpeechBody(
        model=model,
        text=_parse_input(body),
        voice=_parse_voice(body, model, is_own_voice),
        format=kind,
        sample_rate=_parse_sample_rate(body, kind),
        speed=_parse_number(body, "speed", 1.0, _SPEEDS, 20061),
        gain_decibels=_parse_number(body, "gain", 0.0, _GAINS, 20062),
        references=_parse_references(body, model),
        max_tokens=_parse_max_tokens(body),
    )
    if model == DIALOGUE_MODEL and len(speech.spoken_text) < _FEWEST_CHARACTERS:
        raise invalid_parameter("The input is too short for a dialogue.")
    return speech


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as exc:
        raise invalid_parameter("The request body is not valid JSON.") from exc
    if not isinstance(body, dict):
        raise invalid_parameter("The request body must be an object.")
    return body


def _parse_model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not model:
        raise coded(20013, "The model field is required.")
    if not isinstance(model, str) or model not in SPEAKING_MODELS:
        raise coded(20012, "Model does not exist. Please check it carefully.")
    return model


def _parse_input(body: dict[str, Any]) -> str:
    text = body.get("input")
    if not isinstance(text, str) or not text:
        raise coded(20018, "The input field is required.")
    if len(text) > _LONGEST_INPUT:
        raise coded(20050, f"The text must not exceed {_LONGEST_INPUT} characters.")
    return text


def _parse_format(body: dict[str, Any]) -> SpokenFormat:
    kind = _FORMATS.get(body.get("response_format", "mp3"))
    if kind is None:
        raise coded(20082, "response_format must be one of mp3, opus, wav, pcm.")
    return kind


def _parse_sample_rate(body: dict[str, Any], kind: SpokenFormat) -> int:
    allowed = _RATES[kind]
    rate = body.get("sample_rate", allowed[-1])
    if rate not in allowed:
        raise invalid_parameter(f"sample_rate of {kind} must be one of {', '.join(map(str, allowed))}.")
    return int(rate)


def _parse_number(
    body: dict[str, Any], name: str, default: float, bounds: tuple[float, float], code: int
) -> float:
    value = body.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or not bounds[0] <= value <= bounds[1]:
        raise coded(code, f"{name} must be between {bounds[0]:g} and {bounds[1]:g}.")
    return float(value)


def _parse_voice(body: dict[str, Any], model: str, is_own_voice: Callable[[str], bool]) -> str:
    voice, references = body.get("voice") or "", body.get("references") or []
    if voice and references:
        raise coded(20053, "Only one of voice and references may be given.")
    if references:
        return "reference"
    if not voice:
        raise coded(20052, "Either voice or references must be given.")
    if not isinstance(voice, str):
        raise coded(20047, "Invalid voice.")
    if voice.startswith("speech:"):
        if not is_own_voice(voice):
            raise coded(20059, "The voice does not exist.")
        return voice
    prefix, _, name = voice.rpartition(":")
    if prefix != model or name not in PRESETS:
        raise coded(20047, "Invalid voice.")
    return name


def _parse_references(body: dict[str, Any], model: str) -> tuple[bytes, ...]:
    """The recordings that are in the request; one that is elsewhere is not fetched."""
    references = body.get("references") or []
    if not isinstance(references, list):
        raise coded(20046, "references must be a list.")
    if references and model == DIALOGUE_MODEL and len(references) != _SPEAKERS:
        raise coded(20046, "A dialogue needs the references of both speakers.")
    return tuple(recording for one in references if (recording := _parse_reference(one)) is not None)


def _parse_reference(reference: Any) -> bytes | None:
    audio = reference.get("audio") if isinstance(reference, dict) else None
    if not isinstance(audio, str) or not audio or not reference.get("text"):
        raise coded(20046, "A reference needs its audio and its text.")
    if audio.startswith("data:"):
        return decode_data_uri(audio)
    if not audio.startswith(("http://", "https://")):
        raise coded(20049, "The audio must be an address or base64.")
    return None


def _parse_max_tokens(body: dict[str, Any]) -> int:
    tokens = body.get("max_tokens", _USUAL_TOKENS)
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not tokens > 0:
        raise coded(20089, "max_tokens must be a positive integer.")
    # About a token a character is more than any text needs.
    if tokens + len(str(body.get("input", ""))) > _MOST_TOKENS and body.get("model") == DIALOGUE_MODEL:
        raise coded(20089, f"Input and max_tokens together must not exceed {_MOST_TOKENS}.")
    return tokens


def decode_data_uri(uri: str) -> bytes:
    """The bytes in a base64 data URI. Raises Refused when they are not base64 (20049)."""
    try:
        return base64.b64decode(uri.partition(",")[2], validate=True)
    except binascii.Error as exc:
        raise coded(20049, "The audio is not valid base64.") from exc
