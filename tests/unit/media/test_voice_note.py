"""Pieces of speech become one voice note without gaps."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bot.media import (
    WAVEFORM_SAMPLES,
    Audio,
    AudioFault,
    Container,
    SoundInfo,
    UnusableAudio,
    VoiceForm,
    VoiceNote,
    VoiceWriter,
    open_sound,
)
from tests.unit.media.sounds import FORMS, RATE, Samples, silence, tone, wav_bytes, write_file

_BY_NAME = {form.name: form for form in FORMS}
_CONTAINERS = {VoiceForm.OGG_OPUS: Container.OGG, VoiceForm.MP3: Container.MP3}


async def _join(audio: Audio, form: VoiceForm, *parts: bytes) -> VoiceNote:
    async with audio.open_voice_note(form) as note:
        for part in parts:
            await note.add(part)
        return await note.finish()


def _hear(note: VoiceNote) -> tuple[SoundInfo, Samples]:
    with open_sound(io.BytesIO(note.data), longest_seconds=600) as sound:
        samples = b"".join(sound.blocks(sample_rate=RATE, block_samples=RATE))
    return sound.info, np.frombuffer(samples, dtype=np.int16)


@pytest.mark.parametrize("form", list(VoiceForm))
async def test_the_seams_cannot_be_heard(form: VoiceForm, audio: Audio) -> None:
    """One tone in five pieces of odd lengths comes out as one tone of their common length."""
    whole = tone(4.0)
    cuts = [0, 7_001, 16_003, 16_500, 40_001, len(whole)]
    parts = [wav_bytes(whole[start:end]) for start, end in pairwise(cuts)]

    note = await _join(audio, form, *parts)
    info, samples = _hear(note)

    windows = samples[RATE // 10 : -RATE // 10].reshape(-1, 160)[:, :].astype(np.float64)
    loudness = np.sqrt(np.square(windows).mean(axis=1))
    assert info.container is _CONTAINERS[form]
    assert note.seconds == pytest.approx(4.0, abs=0.005)
    assert len(samples) / RATE == pytest.approx(4.0, abs=0.08)
    assert loudness.min() > loudness.mean() * 0.7


async def test_pieces_of_every_kind_are_joined(audio: Audio, tmp_path: Path) -> None:
    """Whatever format and rate a model answers in, and bare samples too."""
    names = ("song.mp3", "plain.wav", "voice.oga", "studio.flac")
    files = [write_file(tmp_path, _BY_NAME[name], tone(1.0)).read_bytes() for name in names]

    async with audio.open_voice_note(VoiceForm.OGG_OPUS) as speaking:
        lengths = [await speaking.add(file) for file in files]
        lengths.append(await speaking.add(tone(1.0, rate=24_000).tobytes(), pcm_rate=24_000))
        note = await speaking.finish()

    assert lengths == [pytest.approx(1.0, abs=0.05)] * 5
    assert note.seconds == pytest.approx(sum(lengths))
    assert len(_hear(note)[1]) / RATE == pytest.approx(note.seconds, abs=0.08)


async def test_the_note_is_small_and_says_what_it_is(audio: Audio) -> None:
    """A minute of speech stays far below any upload limit."""
    note = await _join(audio, VoiceForm.OGG_OPUS, wav_bytes(tone(20.0)))

    assert note.data.startswith(b"OggS")
    assert len(note.data) < 20 * 8_000
    assert (VoiceForm.OGG_OPUS.mime_type, VoiceForm.MP3.mime_type) == ("audio/ogg", "audio/mpeg")


async def test_the_waveform_follows_the_loudness(audio: Audio) -> None:
    """Half silence, half tone: a hundred numbers from 0 to 31."""
    note = await _join(audio, VoiceForm.OGG_OPUS, wav_bytes(np.concatenate([silence(2), tone(2)])))

    assert len(note.waveform) == WAVEFORM_SAMPLES
    assert set(note.waveform[:48]) == {0}
    assert all(loudness >= 30 for loudness in note.waveform[52:])


async def test_the_waveform_of_a_very_short_note_is_whole(audio: Audio) -> None:
    """Fewer moments than numbers are no trouble, and silence is flat."""
    short = await _join(audio, VoiceForm.MP3, wav_bytes(tone(0.1)))
    flat = await _join(audio, VoiceForm.MP3, wav_bytes(silence(0.5)))

    assert len(short.waveform) == WAVEFORM_SAMPLES
    assert max(short.waveform) <= 31
    assert set(flat.waveform) == {0}


async def test_a_note_of_nothing_is_refused(audio: Audio) -> None:
    """Without a piece, or with one that holds no sample, there is nothing to send."""
    with pytest.raises(UnusableAudio) as caught:
        await _join(audio, VoiceForm.OGG_OPUS)
    assert caught.value.reason is AudioFault.EMPTY

    with pytest.raises(UnusableAudio) as caught:
        await _join(audio, VoiceForm.OGG_OPUS, b"")
    assert caught.value.reason is AudioFault.EMPTY


async def test_a_broken_piece_does_not_spoil_the_others(audio: Audio) -> None:
    """It is refused for its reason; what came before and after is joined."""
    async with audio.open_voice_note(VoiceForm.OGG_OPUS) as speaking:
        await speaking.add(wav_bytes(tone(1.0)))
        with pytest.raises(UnusableAudio) as caught:
            await speaking.add(b'{"code":50505}')
        await speaking.add(wav_bytes(tone(1.0)))
        note = await speaking.finish()

    assert caught.value.reason is AudioFault.NOT_AUDIO
    assert note.seconds == pytest.approx(2.0, abs=0.01)


def test_a_writer_that_is_given_up_can_be_closed_twice() -> None:
    """Leaving in the middle raises nothing."""
    writer = VoiceWriter(VoiceForm.MP3)
    writer.add(wav_bytes(tone(0.5)))
    writer.close()
    writer.close()
