"""What the scripted stand-in hears and says: queued answers first, then what follows from the request alone.

By default a recording's transcript tells its length, and a text is spoken as a tone whose length follows the
text's; both are the same every time.
"""

from __future__ import annotations

import array
import math
from collections import deque
from collections.abc import Callable
from typing import Final

from bot.sandbox.audio_backend import HeardFile, Samples
from bot.sandbox.audio_speech_request import PRESETS, SpeechBody
from bot.sandbox.exchange import never
from bot.sandbox.refusals import Refused
from bot.sandbox.script import Cut, Hang, HttpError

__all__ = ["AudioFault", "AudioScript"]

AudioFault = HttpError | Hang | Cut

_RATE: Final = 24_000
_SECONDS_A_CHARACTER: Final = 0.06
_LEAST_SECONDS: Final = 0.2
_LOUDNESS: Final = 8_000
_LOWEST_TONE: Final = 200
_TONE_STEP: Final = 40


class AudioScript:
    """Decides transcripts and speech. ``heard`` and ``spoken`` keep what was asked, in order."""

    def __init__(self, *, transcript: Callable[[HeardFile], str] | None = None) -> None:
        self.heard: list[HeardFile] = []
        self.spoken: list[SpeechBody] = []
        self._transcript = transcript or _tell_length
        self._transcripts: deque[str | AudioFault] = deque()
        self._speeches: deque[AudioFault] = deque()

    def enqueue_transcripts(self, *answers: str | AudioFault) -> None:
        """Answer the next transcriptions with these, in order; a Cut breaks off like a Hang."""
        self._transcripts.extend(answers)

    def enqueue_speech_faults(self, *faults: AudioFault) -> None:
        """Let the next requests for speech fail in these ways, in order."""
        self._speeches.extend(faults)

    async def hear(self, file: HeardFile) -> str:
        """The transcript of ``file``."""
        self.heard.append(file)
        answer = self._transcripts.popleft() if self._transcripts else self._transcript(file)
        if isinstance(answer, str):
            return answer
        return await _fail(answer)

    async def say(self, body: SpeechBody) -> Samples:
        """The text as a tone, lower or higher by the voice; a dialogue's second speaker an octave higher."""
        self.spoken.append(body)
        fault = self._speeches.popleft() if self._speeches else None
        if isinstance(fault, HttpError | Hang):
            await _fail(fault)
        return Samples(samples=_tones(body), rate=_RATE, cut=fault if isinstance(fault, Cut) else None)


async def _fail(fault: AudioFault) -> str:
    if isinstance(fault, HttpError):
        raise Refused(fault.refusal())
    await never()
    return ""


def _tell_length(file: HeardFile) -> str:
    return f"This recording lasts {file.seconds:.1f} seconds."


def _tones(body: SpeechBody) -> bytes:
    return b"".join(_tone(body, speaker, text) for speaker, text in body.lines)


def _tone(body: SpeechBody, speaker: int, text: str) -> bytes:
    seconds = max(_LEAST_SECONDS, len(text) * _SECONDS_A_CHARACTER) / body.speed
    number = PRESETS.index(body.voice) if body.voice in PRESETS else len(PRESETS)
    hertz = (_LOWEST_TONE + _TONE_STEP * number) * (1 + speaker)
    loudness = _LOUDNESS * 10 ** (body.gain_decibels / 20)
    # Tones are whole numbers of hertz, so that each second is like the others.
    second = [round(loudness * math.sin(2 * math.pi * hertz * index / _RATE)) for index in range(_RATE)]
    samples = array.array("h", second).tobytes()
    return (samples * math.ceil(seconds))[: int(seconds * _RATE) * 2]
