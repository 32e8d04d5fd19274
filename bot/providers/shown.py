"""Writes what a person shows as parts of a message: pictures, and films as the model can take them.

A model that takes video gets the clip, one that sees only pictures gets the stills; a blind one gets words.
Shapes and numbers: facts SiliconFlow §2.1.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from bot.ports import Picture
from bot.providers.profiles import Profile

__all__ = ["picture_in_words", "shown_parts"]

# The clip has two pictures a second; how many of them are looked at is bounded by their number.
_PICTURES_A_SECOND: Final = 2
_LONGEST_UNSPED_SECONDS: Final = 30.5

Part = dict[str, Any]


def shown_parts(picture: Picture, profile: Profile) -> list[Part]:
    """The parts that show it to a model of this profile; none where it is to be told in words."""
    if not picture.data:
        return []
    if not picture.is_film:
        return [_image(picture, at_a_glance=picture.at_a_glance)] if profile.images else []
    if profile.video:
        return [_video(picture), *_speed(picture)]
    return _stills(picture) if profile.images else []


def picture_in_words(picture: Picture) -> str:
    """What stands in the place of a picture or film that is not sent."""
    noun = "video" if picture.is_film else "picture"
    return f"[A {noun}: {picture.caption}]" if picture.caption else f"[A {noun} that you cannot see]"


def _image(picture: Picture, *, at_a_glance: bool) -> Part:
    detail = "low" if at_a_glance else "auto"
    return {"type": "image_url", "image_url": {"url": _address(picture), "detail": detail}}


def _video(film: Picture) -> Part:
    return {
        "type": "video_url",
        "video_url": {
            "url": _address(film),
            "detail": "low" if film.at_a_glance else "auto",
            "max_frames": film.most_frames,
            "fps": _PICTURES_A_SECOND,
        },
    }


def _speed(film: Picture) -> list[Part]:
    if film.seconds <= _LONGEST_UNSPED_SECONDS:
        return []
    return [_text(f"[The video above lasts {_clock(film.seconds)}; it is shown sped up]")]


def _stills(film: Picture) -> list[Part]:
    frames = film.frames[::2] if film.at_a_glance else film.frames
    moments = ", ".join(_clock(still.seconds) for still in frames)
    told = f"[The {len(frames)} pictures above are from a video of {_clock(film.seconds)}, at {moments}]"
    return [*(_image(still, at_a_glance=film.at_a_glance) for still in frames), _text(told)]


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _address(picture: Picture) -> str:
    return f"data:{picture.mime};base64,{b64encode(picture.data).decode('ascii')}"


def _clock(seconds: float) -> str:
    """As players show it."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
