"""Compares the models that are to hear, the service's and the personas', with those that the provider has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from bot.ports.diagnosis import Finding, caution
from bot.providers import find_profile
from bot.settings import Settings

__all__ = ["check_hearing"]

_CODE: Final = "siliconflow.hearing_model_gone"


def check_hearing(
    settings: Settings, *, served: Sequence[str], transcribing: Sequence[str]
) -> Iterator[Finding]:
    """A warning for each model that is not there, or is and cannot hear; none where all is well.

    ``transcribing`` are the account's transcription models. Nothing can be said where it tells of none, or
    does not sort its models and names all that are ``served``.
    """
    if set(transcribing) not in (set(), set(served)):
        hearing = (*transcribing, *(model for model in served if find_profile(model).audio))
        yield from _service(settings.hearing_models, hearing)
        yield from _personas(settings, hearing)


def _service(chain: Sequence[str], hearing: Sequence[str]) -> Iterator[Finding]:
    there = [model for model in chain if model in hearing]
    for model in chain:
        if model not in hearing:
            then = f"{there[0]} is asked in its place" if there else "no voice message can be heard"
            yield caution(
                _CODE,
                f"{model} in PARLEY_HEARING_MODELS is not among the models that hear; {then}.",
                f"Set PARLEY_HEARING_MODELS={','.join(there or hearing[:2])}.",
            )


def _personas(settings: Settings, hearing: Sequence[str]) -> Iterator[Finding]:
    for name, persona in settings.personas.items():
        for model in persona.hearing_models:
            if model not in hearing:
                yield caution(
                    _CODE,
                    f"{model}, with which the persona {name} is to hear, is not among the models that hear.",
                    f"Write one of these in its place in parley.toml: {', '.join(hearing)}.",
                )
