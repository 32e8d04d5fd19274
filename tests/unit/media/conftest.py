"""A real voice, loaded once, and the desk where recordings are worked on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from bot.media import Audio, raw_samples
from bot.sandbox.piper import Piper, load_piper
from tests.unit.media.sounds import RATE, Samples

Say = Callable[[str], Samples]


@pytest.fixture(scope="session")
def piper() -> Piper:
    """The stand-in's voice."""
    return load_piper()


@pytest.fixture(scope="session")
def say(piper: Piper) -> Say:
    """Speak a text as samples at RATE."""

    def speak(text: str) -> Samples:
        samples = piper.say(text, speed=1.0, gain_decibels=0.0)
        spoken = b"".join(raw_samples(samples, from_rate=piper.rate, to_rate=RATE))
        return np.frombuffer(spoken, dtype=np.int16)

    return speak


@pytest.fixture
async def audio() -> AsyncIterator[Audio]:
    """Closed at the end."""
    async with Audio() as audio:
        yield audio
