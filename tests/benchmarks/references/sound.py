"""The least that makes a recording fit for the provider, for every reference: PyAV, whole, in memory."""

from __future__ import annotations

import io
import wave

__all__ = ["plain_wav"]

RATE = 16_000


def plain_wav(recording: bytes) -> bytes:
    """The recording as 16 kHz mono WAV. Blocking."""
    import av  # here, as the service does: a bot that is sent no recording does without

    output = io.BytesIO()
    with av.open(io.BytesIO(recording), "r") as source, wave.open(output, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE)
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        for frame in (*source.decode(audio=0), None):
            for part in resampler.resample(frame):
                wav.writeframes(bytes(part.planes[0])[: part.samples * 2])
    return output.getvalue()
