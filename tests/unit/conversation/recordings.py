"""Recordings for the tests of hearing: one real voice, loaded once, and what a platform makes of it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bot.media import raw_samples
from bot.messages import Attachment, AttachmentKind
from bot.sandbox.piper import Piper, load_piper
from tests.unit.conversation.stage import Stage
from tests.unit.media.sounds import FORMS, RATE, Form, Samples, silence, write_file

__all__ = ["SENTENCE", "hand_over", "long_note", "recording", "short_note", "silent_note", "spoken"]

SENTENCE = "Please bring the red umbrella, the bridge is closed on Monday."
_OGG = FORMS[0]


@cache
def _piper() -> Piper:
    return load_piper()


@cache
def _said(text: str) -> bytes:
    voice = _piper()
    samples = voice.say(text, speed=1.0, gain_decibels=0.0)
    return b"".join(raw_samples(samples, from_rate=voice.rate, to_rate=RATE))


def spoken(text: str) -> Samples:
    """A text, spoken."""
    return np.frombuffer(_said(text), dtype=np.int16)


def recording(*parts: Samples, form: Form = _OGG) -> bytes:
    """A file with these sounds, one after another; a voice note unless another ``form`` is named."""
    with tempfile.TemporaryDirectory() as folder:
        return write_file(Path(folder), form, np.concatenate(parts)).read_bytes()


@cache
def short_note() -> bytes:
    """A voice note of some seconds."""
    return recording(silence(0.3), spoken(SENTENCE), silence(0.3))


@cache
def long_note() -> bytes:
    """A voice note of some three minutes, in several pieces."""
    return recording(*(part for _ in range(36) for part in (spoken(SENTENCE), silence(0.8))))


@cache
def silent_note() -> bytes:
    """A voice note in which nobody speaks."""
    return recording(silence(3.0))


def hand_over(stage: Stage, data: bytes, *, name: str = "note", **fields: Any) -> Attachment:
    """A voice note that the platform can be asked for."""
    stage.platform.files[name] = data
    note = Attachment(
        kind=AttachmentKind.VOICE, file_id=name, unique_id=f"unique-{name}", duration_seconds=5.0
    )
    return replace(note, **fields)
