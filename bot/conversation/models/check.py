"""Finds the models in the settings that the provider does not have, and says what to put in their place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bot.conversation.personas.persona import Persona
from bot.ports import Catalogue, Listing

__all__ = ["missing_models"]

_Named = dict[str, list[str]]
"""Models, each with the places that name it."""


async def missing_models(
    catalogue: Catalogue, *, service: Sequence[str], hearing: Sequence[str], personas: Iterable[Persona]
) -> tuple[str, ...]:
    """A line for the operator on each model that is gone, renamed or not listed, with where it is named.

    ``service`` answer and ``hearing`` write down what is said, where a persona has no models of its own.
    Waits for the provider's lists; without them only what is known to be gone or renamed is told.
    """
    personas = tuple(personas)
    answering = _named("PARLEY_MODELS", service, ((one.name, one.models) for one in personas))
    writing = _named("PARLEY_HEARING_MODELS", hearing, ((one.name, one.hearing_models) for one in personas))
    chats = await catalogue.listing()
    ears = await _that_hear(catalogue, chats)
    hint = f"is not among the account's models that hear: {', '.join(ears.models)}"
    return (
        *_lines(catalogue, answering, chats, "is not among the account's models; /model lists those"),
        *_lines(catalogue, writing, ears, hint),
    )


async def _that_hear(catalogue: Catalogue, chats: Listing) -> Listing:
    """The transcription models, and the chat models that take sound. Some sites do not sort their models."""
    found = await catalogue.hearing()
    hearing = (model for model in chats.models if catalogue.about(model).audio)
    sorted_out = set(found.models) != set(chats.models)
    return Listing(
        models=(*found.models, *hearing), complete=found.complete and chats.complete and sorted_out
    )


def _lines(catalogue: Catalogue, named: _Named, listing: Listing, hint: str) -> Iterator[str]:
    for model, places in named.items():
        successor = catalogue.successor(model)
        if successor is not None:
            yield f"{model!r} in {_joined(places)} was renamed or taken offline; use {successor!r}."
        elif listing.complete and model not in listing.models:
            yield f"{model!r} in {_joined(places)} {hint}."


def _named(setting: str, service: Sequence[str], personas: Iterable[tuple[str, Sequence[str]]]) -> _Named:
    named: _Named = {model: [setting] for model in service}
    for name, models in personas:
        for model in models:
            named.setdefault(model, []).append(f"the persona {name!r}")
    return named


def _joined(places: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(places))
