"""Makes the clip and the stills of a film from the pictures of its moments. Blocks."""

from __future__ import annotations

import threading
from typing import BinaryIO, Final

from bot.media.film_clip import PICTURES_A_SECOND, ClipWriter, make_still, small_enough
from bot.media.film_reel import open_reel
from bot.ports import Picture

__all__ = ["check_film", "watch_film"]

# facts: SiliconFlow §2.1: videos of at most 30 s.
_LONGEST_CLIP_SECONDS: Final = 30.0
# Some decoders make nothing of a film of one picture.
_LEAST_PICTURES: Final = 2


def check_film(file: BinaryIO, stopped: threading.Event) -> None:
    """Raise UnusableFilm unless there is something to look at; Stopped once ``stopped`` is set."""
    with open_reel(file, stopped=stopped):
        pass


def watch_film(file: BinaryIO, most_stills: int, stopped: threading.Event) -> Picture:
    """The clip, with the stills. Raises UnusableFilm; Stopped once ``stopped`` is set."""
    with open_reel(file, stopped=stopped) as reel:
        clip_seconds = min(reel.seconds, _LONGEST_CLIP_SECONDS)
        count = max(_LEAST_PICTURES, round(clip_seconds * PICTURES_A_SECOND))
        moments = [reel.seconds * (number + 0.5) / count for number in range(count)]
        chosen = _spread(count, min(most_stills, count))
        stills: list[Picture] = []
        with ClipWriter() as clip:
            for number, moment in enumerate(moments):
                image = small_enough(reel.picture_at(moment))
                clip.add(image)
                if number in chosen:
                    stills.append(make_still(image, at_seconds=moment))
            return clip.finish(seconds=reel.seconds, frames=tuple(stills))


def _spread(count: int, wanted: int) -> frozenset[int]:
    """``wanted`` of ``count`` places, evenly spaced."""
    return frozenset((2 * number + 1) * count // (2 * wanted) for number in range(wanted))
