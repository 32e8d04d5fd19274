"""Bytes in, plain sound and pictures out: recordings cut into speech, voice notes, pictures and films."""

from bot.media.audio import Audio, Recording, Speaking
from bot.media.decode import Sound, SoundInfo, open_sound, raw_samples
from bot.media.encode import WAVEFORM_SAMPLES, VoiceForm, VoiceNote, VoiceWriter
from bot.media.faults import AudioFault, UnusableAudio
from bot.media.film import MOST_FILM_BYTES, MOST_STILLS, Films
from bot.media.film_faults import FilmFault, UnusableFilm
from bot.media.film_sniff import is_film
from bot.media.images import (
    IMAGE_HEAD_BYTES,
    LONGEST_SIDE,
    MOST_IMAGE_BYTES,
    MOST_PIXELS,
    MOST_PIXELS_IN_COPIES,
    ImageFault,
    ImageFormat,
    Images,
    Looked,
    UnusableImage,
    side_for,
    sniff_image,
)
from bot.media.pieces import PieceLimits
from bot.media.recording import Heard, Piece
from bot.media.sniff import HEAD_BYTES, Container, sniff

__all__ = [
    "HEAD_BYTES",
    "IMAGE_HEAD_BYTES",
    "LONGEST_SIDE",
    "MOST_FILM_BYTES",
    "MOST_IMAGE_BYTES",
    "MOST_PIXELS",
    "MOST_PIXELS_IN_COPIES",
    "MOST_STILLS",
    "WAVEFORM_SAMPLES",
    "Audio",
    "AudioFault",
    "Container",
    "FilmFault",
    "Films",
    "Heard",
    "ImageFault",
    "ImageFormat",
    "Images",
    "Looked",
    "Piece",
    "PieceLimits",
    "Recording",
    "Sound",
    "SoundInfo",
    "Speaking",
    "UnusableAudio",
    "UnusableFilm",
    "UnusableImage",
    "VoiceForm",
    "VoiceNote",
    "VoiceWriter",
    "is_film",
    "open_sound",
    "raw_samples",
    "side_for",
    "sniff",
    "sniff_image",
]
