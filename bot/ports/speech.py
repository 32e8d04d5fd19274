"""What the core needs to hear and to speak: speech to text, text to speech, and voices of one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

__all__ = [
    "DialogueLine",
    "DialogueRequest",
    "KeepsVoices",
    "OwnVoice",
    "Speech",
    "SpeechFormat",
    "SpeechRequest",
    "SpeechToText",
    "TextToSpeech",
    "Transcript",
    "TranscriptionRequest",
    "VoiceReference",
    "VoiceSample",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionRequest:
    """The words of one sound file wanted, from the first model of ``models`` that can give them.

    ``speech_seconds`` is how much of it is speech, where that is known: with hardly any, words that models
    invent for silence are not believed. The file's suffix has to tell its format.
    """

    path: Path
    models: tuple[str, ...]
    speech_seconds: float | None = None
    deadline_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said: plain words without tags; empty when nothing was."""

    text: str
    model: str
    trace_id: str = ""


class SpeechToText(Protocol):
    """Hears."""

    async def transcribe(self, request: TranscriptionRequest) -> Transcript:
        """The words of the file. Retries and other models happen inside. Raises ProviderError."""


class SpeechFormat(Enum):
    """What speech comes as. PCM is 16-bit mono without a header."""

    MP3 = "mp3"
    WAV = "wav"
    OPUS = "opus"
    PCM = "pcm"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechRequest:
    """``text`` to be spoken by the first model of ``models`` that can.

    ``voice`` is a preset's name or the uri of an own voice. ``style`` says in words how to speak (an emotion,
    a dialect), for models that follow that. ``speed`` is 0.25-4, ``gain_decibels`` -10 to 10; ``sample_rate``
    None leaves the format's own. Control tags in ``text`` are taken out.
    """

    text: str
    voice: str
    models: tuple[str, ...]
    style: str = ""
    format: SpeechFormat = SpeechFormat.MP3
    sample_rate: int | None = None
    speed: float = 1.0
    gain_decibels: float = 0.0
    deadline_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueLine:
    """What one of two people says; ``speaker`` is 0 or 1."""

    speaker: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceReference:
    """How somebody sounds: a recording of theirs, best 8-10 s and under 30 s, and exactly what it says."""

    recording: bytes
    mime_type: str
    transcript: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueRequest:
    """Lines to be spoken in one go by a model that speaks as two people, who sound like ``references``.

    Such a model fails at a few words and ends early after minutes: lines that take from five seconds to one
    minute are safe. ``speed``, ``gain_decibels`` and ``sample_rate`` as in a SpeechRequest; tags that would
    change the speaker are taken out of a line.
    """

    lines: tuple[DialogueLine, ...]
    references: tuple[VoiceReference, VoiceReference]
    models: tuple[str, ...]
    format: SpeechFormat = SpeechFormat.MP3
    sample_rate: int | None = None
    speed: float = 1.0
    gain_decibels: float = 0.0
    deadline_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Spoken text as a whole file."""

    data: bytes
    format: SpeechFormat
    model: str
    trace_id: str = ""


class TextToSpeech(Protocol):
    """Speaks."""

    async def speak(self, request: SpeechRequest) -> Speech:
        """The text as one file; never empty. Retries and other models happen inside.

        Raises ProviderError's subclasses.
        """

    async def speak_dialogue(self, request: DialogueRequest) -> Speech:
        """All lines as one file. As ``speak``."""

    def stream(self, request: SpeechRequest) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The same as bytes, as they come; other models are tried until the first ones came.

        Leaving closes the connection. Raises ProviderError's subclasses, also after some bytes.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceSample:
    """A recording of one speaker and exactly what is said in it.

    Best 8-10 s, under 30 s and 5 MB; mp3, wav, pcm or opus. ``name`` is 1-64 of A-Z, a-z, 0-9, _ and -.
    """

    name: str
    model: str
    recording: bytes
    mime_type: str
    transcript: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnVoice:
    """A voice made from a sample; ``uri`` is what a SpeechRequest takes as its voice."""

    uri: str
    name: str
    model: str
    transcript: str


class KeepsVoices(Protocol):
    """The provider makes voices from samples. Every call raises ProviderError's subclasses.

    An account without real-name verification gets ProviderAccountError with code 20051.
    """

    async def add_voice(self, sample: VoiceSample) -> OwnVoice:
        """Make a voice."""

    async def list_voices(self) -> tuple[OwnVoice, ...]:
        """All voices of the account."""

    async def delete_voice(self, uri: str) -> None:
        """Delete a voice; one that is gone already is fine."""
