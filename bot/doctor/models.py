"""Compares the chain of models with what the provider serves, and with what Parley asks of a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from bot.ports.diagnosis import Finding, caution, fault, good
from bot.providers import find_profile, successor_of
from bot.providers.profiles import ALIASES
from bot.settings import Settings
from bot.tools import default_tools

__all__ = ["check_models"]


def check_models(chain: Sequence[str], served: Sequence[str]) -> Iterator[Finding]:
    """A finding for each model of ``chain``. One that is gone is an error when nobody can take its place."""
    some_answer = any(_answers(model, served) for model in chain)
    for model in chain:
        yield from _check(model, chain, served, some_answer=some_answer)


def _answers(model: str, served: Sequence[str]) -> bool:
    return model in served or _is_old_name(model, served)


def _is_old_name(model: str, served: Sequence[str]) -> bool:
    return model.removeprefix("Pro/") in ALIASES and successor_of(model) in served


def _check(
    model: str, chain: Sequence[str], served: Sequence[str], *, some_answer: bool
) -> Iterator[Finding]:
    if model in served:
        yield _able(model, chain)
        return
    mended = _mended(chain, served)
    remedy = (
        f"Set PARLEY_MODELS={mended}."
        if mended
        else f"Set PARLEY_MODELS to models that are served, for example {_example(served)}."
    )
    if _is_old_name(model, served):
        yield caution(
            "siliconflow.model_renamed", f"{model} is the old name of {successor_of(model)}.", remedy
        )
    elif some_answer:
        what = f"{model} is not served; the other models of the chain answer in its place."
        yield caution("siliconflow.model_gone", what, remedy)
    else:
        yield fault(
            "siliconflow.model_gone", f"{model} is not served, nor is any other of PARLEY_MODELS.", remedy
        )


def _able(model: str, chain: Sequence[str]) -> Finding:
    profile = find_profile(model)
    tools = default_tools().names
    if tools and not profile.tools:
        where = "first" if model == chain[0] else "when the ones before it fail"
        return caution(
            "siliconflow.model_without_tools",
            f"{model} is served, but cannot call tools ({', '.join(tools)}); it is asked {where}.",
            "Put a model that can into PARLEY_MODELS, for example Qwen/Qwen3-32B.",
        )
    able = [name for name, can in (("tools", profile.tools), ("images", profile.images)) if can]
    return good("siliconflow.model", f"{model} is served ({', '.join(able) or 'text only'}).")


def _instead(model: str, served: Sequence[str]) -> str:
    """The model that does the work of ``model`` now, or is likely to be meant by it; empty for none."""
    successor = successor_of(model)
    while successor is not None and successor not in served:
        successor = successor_of(successor)
    if successor is not None:
        return successor
    by_lower = {name.lower(): name for name in served}
    meant = by_lower.get(model.lower()) or next(
        (name for name in served if name.rpartition("/")[2].lower() == model.lower()), None
    )
    if meant:
        return meant
    close = get_close_matches(model.lower(), by_lower, n=1, cutoff=0.8)
    return by_lower[close[0]] if close else ""


def _mended(chain: Sequence[str], served: Sequence[str]) -> str:
    """The chain of models that are served, each in the place of the one it stands in for."""
    names = (model if model in served else _instead(model, served) for model in chain)
    return ",".join(dict.fromkeys(name for name in names if name))


def _example(served: Sequence[str]) -> str:
    defaults: tuple[str, ...] = Settings.model_fields["models"].default
    return next((model for model in defaults if model in served), served[0] if served else defaults[0])
