"""Finds the models in the settings that the provider does not have, and says what to put in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.conversation.personas.persona import Persona
from bot.ports import Catalogue

__all__ = ["missing_models"]


async def missing_models(
    catalogue: Catalogue, *, service: Sequence[str], personas: Iterable[Persona]
) -> tuple[str, ...]:
    """A line for the operator on each model that is gone, renamed or not listed, with where it is named.

    Waits for the provider's list; without one only what is known to be gone or renamed is told.
    """
    listing = await catalogue.listing()
    lines = []
    for model, places in _named(service, personas).items():
        successor = catalogue.successor(model)
        listed = model in listing.models or not listing.complete
        if successor is not None:
            lines.append(f"{model!r} in {_joined(places)} was renamed or taken offline; use {successor!r}.")
        elif not listed:
            lines.append(
                f"{model!r} in {_joined(places)} is not among the account's models; /model lists those."
            )
    return tuple(lines)


def _named(service: Sequence[str], personas: Iterable[Persona]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = {}
    for model, place in _places(service, personas):
        named.setdefault(model, []).append(place)
    return named


def _places(service: Sequence[str], personas: Iterable[Persona]) -> Iterator[tuple[str, str]]:
    for model in service:
        yield model, "PARLEY_MODELS"
    for persona in personas:
        for model in persona.models:
            yield model, f"the persona {persona.name!r}"


def _joined(places: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(places))
