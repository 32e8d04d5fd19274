"""Recordings are heard off the loop, piece by piece, and leave nothing behind."""

from __future__ import annotations

import asyncio
import tempfile
import wave
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import numpy as np
import pytest

from bot.errors import ConfigurationError
from bot.media import Audio, AudioFault, Piece, PieceLimits, UnusableAudio
from bot.media.voice_activity import load_voice_detector
from tests.unit.media.conftest import Say
from tests.unit.media.sounds import FORMS, RATE, Samples, music, noises, silence, tone, wav_bytes, write_file

_BY_NAME = {form.name: form for form in FORMS}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made, to see that they go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def _save(folder: Path, *parts: Samples) -> Path:
    path = folder / "recording.wav"
    path.write_bytes(wav_bytes(np.concatenate(parts)))
    return path


def _is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


async def _pieces(audio: Audio, path: Path, limits: PieceLimits | None = None) -> list[Piece]:
    async with audio.open_recording(path, limits=limits) as recording:
        return [piece async for piece in recording.pieces()]


async def test_a_spoken_sentence_is_one_piece_without_the_silence_around(
    audio: Audio, say: Say, tmp_path: Path
) -> None:
    """Its place is given in seconds, its file is 16 kHz mono WAV, and what was heard adds up."""
    sentence = say("Good morning, everybody.")
    path = _save(tmp_path, silence(3), sentence, silence(4))

    async with audio.open_recording(path) as recording:
        (piece,) = [piece async for piece in recording.pieces()]
        with wave.open(str(piece.path)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            seconds = file.getnframes() / RATE
        heard = recording.heard

    assert form == (1, 2, RATE)
    assert seconds == pytest.approx(piece.seconds)
    assert piece.start_seconds == pytest.approx(3, abs=0.6)
    assert piece.seconds < len(sentence) / RATE + 1.2
    assert 0.5 < piece.speech_seconds < piece.seconds
    assert heard.seconds == pytest.approx(7 + len(sentence) / RATE, abs=0.01)
    assert heard.speech_seconds == piece.speech_seconds


@pytest.mark.parametrize("level_decibels", [-18, -45])
async def test_noise_is_no_speech(level_decibels: int, audio: Audio, tmp_path: Path) -> None:
    """Fan, hum, wind, keys, breath and tones, loud or faint: nothing that only makes noise gives a piece."""
    path = _save(tmp_path, *noises(level_decibels).values())

    assert await _pieces(audio, path) == []


async def test_music_is_no_speech(audio: Audio, tmp_path: Path) -> None:
    """A tune with a beat, in which nobody sings."""
    assert await _pieces(audio, _save(tmp_path, music())) == []


@pytest.mark.parametrize("name", ["silence", "hiss", "breath"])
async def test_a_note_of_one_noise_is_no_speech(name: str, audio: Audio, tmp_path: Path) -> None:
    """Also when there is nothing else to compare it with."""
    assert await _pieces(audio, _save(tmp_path, noises(-30)[name])) == []


@pytest.mark.parametrize("decibels", [0, -20, -40])
async def test_faint_voices_are_speech(decibels: int, audio: Audio, say: Say, tmp_path: Path) -> None:
    """A whisper into a distant microphone is not taken for silence."""
    faint = (say("Can you hear me?") * 10 ** (decibels / 20)).astype(np.int16)

    assert len(await _pieces(audio, _save(tmp_path, silence(1), faint, silence(1)))) == 1


async def test_speech_over_noise_is_speech(audio: Audio, say: Say, tmp_path: Path) -> None:
    """Beside a running fan a sentence is found, and only the sentence."""
    sentence = say("The train leaves at nine.")
    fan = noises(-45, seconds=8.0)["fan"].copy()
    start = 3 * RATE
    fan[start : start + len(sentence)] += sentence // 2

    (piece,) = await _pieces(audio, _save(tmp_path, fan))

    assert piece.start_seconds == pytest.approx(3, abs=0.8)
    assert piece.seconds < 4.5


async def test_one_short_word_is_heard(audio: Audio, say: Say, tmp_path: Path) -> None:
    """An answer of one word is not taken for a click."""
    assert len(await _pieces(audio, _save(tmp_path, silence(0.5), say("Yes."), silence(0.5)))) == 1


async def test_long_speech_comes_in_pieces_cut_between_sentences(
    audio: Audio, say: Say, tmp_path: Path
) -> None:
    """Pieces cover all speech in order; the pauses between sentences are where they end."""
    sentence = say("This is one of many sentences.")
    talk = [part for _ in range(16) for part in (sentence, silence(0.6))]
    limits = PieceLimits(shortest_seconds=6, longest_seconds=12)

    pieces = await _pieces(audio, _save(tmp_path, *talk), limits)

    ends = [piece.start_seconds + piece.seconds for piece in pieces]
    period = (len(sentence) + 0.6 * RATE) / RATE
    assert len(pieces) >= 3
    assert [piece.index for piece in pieces] == list(range(len(pieces)))
    assert all(-0.01 < later.start_seconds - end < 0.6 for end, later in zip(ends, pieces[1:], strict=False))
    assert all(len(sentence) / RATE - 0.1 <= end % period <= period + 0.1 for end in ends[:-1])


async def test_a_video_note_is_heard_like_a_voice_note(audio: Audio, say: Say, tmp_path: Path) -> None:
    """The sound track of an MP4 is enough."""
    path = write_file(tmp_path, _BY_NAME["round.mp4"], say("Look at this little dog."))

    async with audio.open_recording(path) as recording:
        pieces = [piece async for piece in recording.pieces()]

    assert recording.info.has_video
    assert len(pieces) == 1


async def test_nothing_is_left_on_the_disk(audio: Audio, say: Say, tmp_path: Path, temporary: Path) -> None:
    """Pieces are there while the recording is open, and gone after."""
    async with audio.open_recording(_save(tmp_path, say("Hello there."))) as recording:
        pieces = [piece async for piece in recording.pieces()]
        assert all(piece.path.is_file() for piece in pieces)

    assert pieces
    assert _is_empty(temporary)


async def test_leaving_early_stops_decoding(audio: Audio, say: Say, tmp_path: Path, temporary: Path) -> None:
    """After the first piece the rest is not decoded, and nothing is left."""
    talk = np.concatenate([say("One sentence and a pause."), silence(0.8)])
    path = _save(tmp_path, np.tile(talk, 40))

    async with audio.open_recording(
        path, limits=PieceLimits(shortest_seconds=2, longest_seconds=8)
    ) as recording:
        async for piece in recording.pieces():
            assert piece.index == 0
            break

    assert recording.heard.seconds < len(talk) * 40 / RATE / 2
    assert _is_empty(temporary)


async def test_a_cancelled_listener_leaves_nothing(audio: Audio, tmp_path: Path, temporary: Path) -> None:
    """Cancelled while a thread decodes, the folder goes once the thread has let go."""
    path = _save(tmp_path, np.tile(noises(-18)["wind"], 200))
    opened = asyncio.Event()

    async def listen() -> None:
        async with audio.open_recording(path) as recording:
            opened.set()
            async for _ in recording.pieces():
                pass

    task = asyncio.create_task(listen())
    await asyncio.wait_for(opened.wait(), 30)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)

    assert _is_empty(temporary)


async def test_the_loop_stays_free_while_many_recordings_are_heard(
    audio: Audio, say: Say, tmp_path: Path
) -> None:
    """More recordings than threads are all heard, and other tasks run meanwhile."""
    path = _save(tmp_path, np.tile(np.concatenate([say("Hello again."), silence(0.5)]), 4))
    turns = 0
    done = asyncio.Event()

    async def count() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0.001)

    counting = asyncio.create_task(count())
    heard = await asyncio.gather(*(_pieces(audio, path) for _ in range(8)))
    done.set()
    await counting

    assert [len(pieces) for pieces in heard] == [1] * 8
    assert turns > 10


async def test_what_cannot_be_heard_is_refused_when_opened(
    audio: Audio, tmp_path: Path, temporary: Path
) -> None:
    """The reason arrives before any piece, and nothing is left."""
    path = tmp_path / "note.ogg"
    path.write_bytes(b"this is a letter")

    with pytest.raises(UnusableAudio) as caught:
        await _pieces(audio, path)

    assert caught.value.reason is AudioFault.NOT_AUDIO
    assert _is_empty(temporary)


async def test_inspecting_decodes_nothing(audio: Audio, tmp_path: Path) -> None:
    """Duration, codec and rate come from the header."""
    info = await audio.inspect(write_file(tmp_path, _BY_NAME["clip.m4a"], tone(2.0)))

    assert info.duration_seconds == pytest.approx(2.0, abs=0.1)
    assert (info.codec, info.sample_rate, info.channels) == ("aac", 44_100, 1)


async def _chunks(chunks: Iterable[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_download_is_kept_for_as_long_as_it_is_needed(audio: Audio, temporary: Path) -> None:
    """Its bytes are one file, which goes in the end."""
    async with audio.keep(_chunks([b"Ogg", b"S", b"..."]), most_bytes=100) as path:
        assert path.read_bytes() == b"OggS..."

    assert _is_empty(temporary)


async def test_a_download_beyond_its_limit_is_given_up(audio: Audio, temporary: Path) -> None:
    """As soon as it is too large, whatever its size was said to be."""
    taken: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            taken.append(1)
            yield bytes(1_000)

    with pytest.raises(UnusableAudio) as caught:
        async with audio.keep(endless(), most_bytes=4_500):
            pytest.fail("it was kept")

    assert caught.value.reason is AudioFault.TOO_LARGE
    assert len(taken) == 5
    assert _is_empty(temporary)


def test_a_damaged_detector_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another network is not loaded, a missing one is named."""
    monkeypatch.setattr("bot.media.voice_activity._SHA256", "0" * 64)
    with pytest.raises(ConfigurationError, match="make setup"):
        load_voice_detector()

    monkeypatch.setattr("bot.media.voice_activity._PACKAGE", "no_such_package")
    with pytest.raises(ConfigurationError, match="make setup"):
        load_voice_detector()
