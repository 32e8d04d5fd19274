"""What the core draws and films with."""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import DrawsPictures, MakesFilms

__all__ = ["Making"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """The models of each kind in the order they are considered.

    ``minute_seconds`` is how long a picture counts towards the provider's limit of a minute; a little more,
    as its clock and the way there are not ours. ``poll_seconds`` is how often a film is asked after,
    ``again_seconds`` the pause before what failed is tried again.
    """

    painter: DrawsPictures
    drawing_models: tuple[str, ...]
    filmmaker: MakesFilms
    filming_models: tuple[str, ...]
    minute_seconds: float = 61.0
    poll_seconds: float = 8.0
    again_seconds: float = 15.0
