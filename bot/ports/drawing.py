"""What the core needs to draw and to film: pictures in one call, films as jobs that are asked after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from bot.ports.model import Picture

__all__ = [
    "DrawingModel",
    "DrawingRequest",
    "Drawn",
    "DrawsPictures",
    "FilmJob",
    "FilmRequest",
    "FilmState",
    "FilmingModel",
    "MadeFile",
    "MakesFilms",
    "Size",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """In pixels. As text it is ``1024x768``."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def ratio(self) -> float:
        """Width by height."""
        return self.width / self.height


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingModel:
    """What a model that draws takes. Without ``sizes`` the picture gets the size of the one it is made from.

    ``redraws`` says that it changes a picture, which it then must be given, with up to ``most_sources`` in
    all. ``per_minute`` and ``per_day`` are the pictures the provider allows an account.
    """

    id: str
    sizes: tuple[Size, ...] = ()
    most_pictures: int = 1
    redraws: bool = False
    most_sources: int = 1
    takes_guidance: bool = False
    per_minute: int = 2
    per_day: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingRequest:
    """Pictures wanted from ``model``; None leaves a choice to it.

    ``count`` is 1 to the model's ``most_pictures``, ``seed`` 0-9999999999, ``steps`` 1-100 and ``guidance``
    0-20. The first of ``sources`` is the picture to be changed, the others are what it is changed with.
    """

    model: str
    prompt: str
    size: Size | None = None
    count: int = 1
    negative: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sources: tuple[Picture, ...] = ()
    deadline_seconds: float = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeFile:
    """A picture or a film as the provider made it; ``mime`` is what its bytes say."""

    data: bytes
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Where the pictures of one request are, at least one. ``seed`` draws the same again.

    Who knows the ``urls`` can have the pictures, as long as they are there: about an hour.
    """

    urls: tuple[str, ...]
    model: str
    seed: int | None = None
    trace_id: str = ""


class DrawsPictures(Protocol):
    """Draws."""

    def about(self, model: str) -> DrawingModel:
        """What the model takes; for an unknown one what most take."""

    async def draw(self, request: DrawingRequest) -> Drawn:
        """Have them drawn, which is paid for; they are still to be fetched. Raises ProviderError: status 429
        when the account's limit is reached, 451 for what the provider's filter does not let pass.
        """

    async def fetch(self, urls: Sequence[str], *, model: str) -> tuple[MadeFile, ...]:
        """All the pictures that ``model`` drew, as often as wanted. Raises ProviderUnavailable when a later
        try may help, else ProviderError; its status says that they are not there any more.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmingModel:
    """What a model that films takes. ``animates`` says that it begins with a picture, and needs one."""

    id: str
    sizes: tuple[Size, ...]
    animates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmRequest:
    """A film wanted from ``model``."""

    model: str
    prompt: str
    size: Size
    negative: str = ""
    seed: int | None = None
    source: Picture | None = None
    deadline_seconds: float = 60.0


class FilmState(Enum):
    """How far a film is. GONE: the provider knows nothing of it any more."""

    WAITING = "waiting"
    FILMING = "filming"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmJob:
    """What the provider says of a film. ``url`` is there once it is done, and only for a while."""

    state: FilmState
    url: str = ""
    reason: str = ""
    seed: int | None = None


class MakesFilms(Protocol):
    """Films. Every call raises ProviderError's subclasses."""

    def about(self, model: str) -> FilmingModel:
        """What the model takes."""

    async def submit(self, request: FilmRequest) -> str:
        """Begin a film; the job's id. Not repeated where it may have been begun."""

    async def look(self, job_id: str) -> FilmJob:
        """How far it is."""

    async def fetch(self, url: str) -> MadeFile:
        """The film itself."""
