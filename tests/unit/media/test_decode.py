"""Whatever holds sound becomes plain samples; whatever does not is refused for its reason."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.media import AudioFault, SoundInfo, UnusableAudio, open_sound, raw_samples
from tests.unit.media.sounds import (
    FORMS,
    LIVE,
    RATE,
    Form,
    Samples,
    silence,
    tone,
    wav_bytes,
    write_file,
    write_film,
)

_BY_NAME = {form.name: form for form in FORMS}
_SECONDS = 3.0


def _decode(source: Path | io.BytesIO, *, longest_seconds: float = 60.0) -> tuple[SoundInfo, Samples]:
    with open_sound(source, longest_seconds=longest_seconds) as sound:
        samples = b"".join(sound.blocks(sample_rate=RATE, block_samples=RATE))
    return sound.info, np.frombuffer(samples, dtype=np.int16)


def _loudest_hertz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    return float(spectrum.argmax() * RATE / len(samples))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_kind_of_file_is_heard(form: Form, tmp_path: Path) -> None:
    """Containers, codecs, rates and films all end as the same tone of the same length."""
    path = write_file(tmp_path, form, tone(_SECONDS))

    info, samples = _decode(path)

    assert len(samples) / RATE == pytest.approx(_SECONDS, abs=0.1)
    assert _loudest_hertz(samples) == pytest.approx(440, abs=2)
    assert info.has_video is form.video
    assert info.sample_rate == form.rate


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    """AMR that is called .wav is heard as AMR."""
    path = write_file(tmp_path, _BY_NAME["phone.amr"], tone(_SECONDS)).rename(tmp_path / "voice.wav")

    info, samples = _decode(path)

    assert info.codec.startswith("amr")
    assert len(samples) / RATE == pytest.approx(_SECONDS, abs=0.1)


def test_stereo_becomes_mono() -> None:
    """Both sides are heard."""
    sides = np.stack([tone(1.0, hertz=300), tone(1.0, hertz=800)], axis=1).reshape(-1)
    stereo = bytearray(wav_bytes(sides))
    stereo[22:24] = struct.pack("<H", 2)
    stereo[28:34] = struct.pack("<IH", RATE * 4, 4)

    _, samples = _decode(io.BytesIO(bytes(stereo)))

    spectrum = np.abs(np.fft.rfft(samples.astype(np.float64)))
    assert len(samples) == RATE
    assert set(np.argsort(spectrum)[-2:]) == {300, 800}


def test_chained_files_are_heard_to_the_end(tmp_path: Path) -> None:
    """Two OGG files one after the other are one recording; a second WAV's header is not its end."""
    first = write_file(tmp_path, _BY_NAME["voice.oga"], tone(1.0)).read_bytes()
    second = write_file(tmp_path, _BY_NAME["voice.oga"], tone(2.0, hertz=600)).read_bytes()

    _, samples = _decode(io.BytesIO(first + second))

    assert len(samples) / RATE == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", ["voice.oga", "song.mp3", "plain.wav", "studio.flac", "page.webm"])
def test_a_download_that_broke_off_is_heard_as_far_as_it_goes(name: str, tmp_path: Path) -> None:
    """Half of the bytes give about half of the sound."""
    whole = write_file(tmp_path, _BY_NAME[name], tone(6.0)).read_bytes()

    _, samples = _decode(io.BytesIO(whole[: len(whole) // 2]))

    assert 1.0 < len(samples) / RATE < 4.0


@pytest.mark.parametrize("name", ["voice.oga", "song.mp3", "clip.m4a", "studio.flac"])
def test_damage_inside_costs_only_the_damaged_place(name: str, tmp_path: Path) -> None:
    """Some garbage in the middle leaves the rest."""
    damaged = bytearray(write_file(tmp_path, _BY_NAME[name], tone(6.0)).read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 600] = np.random.default_rng(7).bytes(600)

    _, samples = _decode(io.BytesIO(bytes(damaged)))

    assert len(samples) / RATE > 2.5


def _refused(source: Path | io.BytesIO, **options: float) -> AudioFault:
    with pytest.raises(UnusableAudio) as caught:
        _decode(source, **options)
    return caught.value.reason


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    """No bytes, or a header and no sample."""
    nothing = tmp_path / "voice.ogg"
    nothing.touch()

    assert _refused(nothing) is AudioFault.EMPTY
    assert _refused(io.BytesIO(wav_bytes(silence(0)))) is AudioFault.EMPTY


def test_a_text_is_not_audio() -> None:
    """Nor is a playlist, which FFmpeg would have followed."""
    playlist = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n"

    assert _refused(io.BytesIO(b"just words")) is AudioFault.NOT_AUDIO
    assert _refused(io.BytesIO(playlist)) is AudioFault.NOT_AUDIO


@pytest.mark.parametrize("name", ["clip.m4a", "round.mp4"])
def test_half_an_mp4_is_corrupt(name: str, tmp_path: Path) -> None:
    """Its index stands at the end."""
    whole = write_file(tmp_path, _BY_NAME[name], tone(3.0)).read_bytes()

    assert _refused(io.BytesIO(whole[: len(whole) // 2])) is AudioFault.CORRUPT


def test_a_silent_film_has_no_sound(tmp_path: Path) -> None:
    """A video without a sound track is said to be that, not broken."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as output:
        write_film(output, seconds=1.0)

    assert _refused(path) is AudioFault.NO_SOUND


def test_a_recording_that_says_it_is_too_long_is_not_begun() -> None:
    """The claim in the header is enough."""
    with (
        pytest.raises(UnusableAudio) as caught,
        open_sound(io.BytesIO(wav_bytes(silence(20))), longest_seconds=10),
    ):
        pytest.fail("it was opened")

    assert caught.value.reason is AudioFault.TOO_LONG


def test_a_recording_that_hides_its_length_is_stopped(tmp_path: Path) -> None:
    """Without a claim the samples are counted, and decoding ends at the limit."""
    seconds: list[bytes] = []

    with open_sound(write_file(tmp_path, LIVE, silence(40)), longest_seconds=10) as sound:
        blocks = sound.blocks(sample_rate=RATE, block_samples=RATE)
        with pytest.raises(UnusableAudio) as caught:
            seconds.extend(blocks)

    assert sound.info.duration_seconds is None
    assert caught.value.reason is AudioFault.TOO_LONG
    assert len(seconds) in {9, 10}


@pytest.mark.parametrize(("channels", "rate"), [(0, 16_000), (65_000, 16_000), (1, 1), (1, 4_000_000_000)])
def test_absurd_claims_about_the_sound_are_refused(channels: int, rate: int) -> None:
    """Before any memory is spent on them."""
    header = bytearray(wav_bytes(tone(1.0)))
    header[22:28] = struct.pack("<HI", channels, rate)

    assert _refused(io.BytesIO(bytes(header))) is AudioFault.CORRUPT


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    magic=st.sampled_from(
        [b"OggS", b"ID3", b"fLaC", b"\x1aE\xdf\xa3", b"#!AMR\n", b"\x00\x00\x00\x20ftypisom"]
    ),
    rest=st.binary(max_size=3_000),
)
def test_garbage_behind_any_magic_is_refused_or_heard(magic: bytes, rest: bytes) -> None:
    """No bytes raise anything but UnusableAudio."""
    with contextlib.suppress(UnusableAudio):
        info, samples = _decode(io.BytesIO(magic + rest))
        assert info.channels > 0
        assert len(samples) > 0


def test_a_long_recording_is_never_held_whole() -> None:
    """Ten minutes decode to 19 MB, of which at most a block and a little stand in memory."""
    recording = io.BytesIO(wav_bytes(np.tile(tone(10.0, rate=8_000), 60), rate=8_000))

    tracemalloc.start()
    try:
        with open_sound(recording, longest_seconds=3_600) as sound:
            total = sum(map(len, sound.blocks(sample_rate=RATE, block_samples=RATE)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert total == 600 * RATE * 2
    assert peak < 2_000_000


@pytest.mark.parametrize("rate", [8_000, 24_000, 44_100])
def test_bare_samples_change_their_rate_and_keep_their_length(rate: int) -> None:
    """Also over several seconds, and with half a sample at the end."""
    bare = tone(2.5, rate=rate).tobytes() + b"\x01"

    resampled = np.frombuffer(b"".join(raw_samples(bare, from_rate=rate, to_rate=RATE)), dtype=np.int16)

    assert len(resampled) / RATE == pytest.approx(2.5, abs=0.01)
    assert _loudest_hertz(resampled) == pytest.approx(440, abs=2)
