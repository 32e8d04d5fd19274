"""What the core needs to know of the models: which the account has, what each can do, which are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["Catalogue", "Listing", "ModelInfo", "ThinkingMode"]


class ThinkingMode(StrEnum):
    """Whether a model thinks before it answers: SWITCH, if it is told to."""

    NEVER = "never"
    SWITCH = "switch"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """A model and what it can do, as far as is known of its family.

    ``vendor`` is what its id says before the last slash, ``name`` what it says after it, both without the
    mark of a paid twin; ``paid_twin`` says that it is one. ``known`` is False for a family that nothing is
    known of.
    """

    id: str
    vendor: str
    name: str
    paid_twin: bool = False
    known: bool = True
    thinking: ThinkingMode = ThinkingMode.NEVER
    thinks_by_default: bool = False
    takes_budget: bool = False
    tools: bool = False
    images: bool = False
    video: bool = False
    audio: bool = False
    context_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Ids of models. Not ``complete``: only those in the settings, or none, as the provider is silent."""

    models: Sequence[str]
    complete: bool = True


class Catalogue(Protocol):
    """The models there are. Shared by all conversations."""

    async def listing(self) -> Listing:
        """The account's chat models, at most an hour old when the provider answers. Never raises."""

    async def hearing(self) -> Listing:
        """The account's transcription models, asked for anew; chat models that hear are not in it. Never
        raises."""

    def about(self, model: str) -> ModelInfo:
        """What a model can do, listed or not."""

    def successor(self, model: str) -> str | None:
        """What does the work of a model that was renamed or taken offline; None for one that was not."""
