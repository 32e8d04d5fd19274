"""Finds the model that somebody means, by its id, its name, a part of it, or something close to it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

__all__ = [
    "Close",
    "Found",
    "Meant",
    "Replaced",
    "Several",
    "find_model",
    "leading_models",
    "plain_ones",
    "suggested",
]

_PAID: Final = "Pro/"
_MOST_CLOSE: Final = 3
_WORD: Final = re.compile(r"\s*([^\s,，、]+)(?:[,，、]|(?=\s|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """One model, beyond doubt."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Models whose ids hold the words."""

    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A model that was renamed or taken offline; ``model`` does its work now."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """No model of that name; ``models`` are the nearest ones, perhaps none."""

    models: tuple[str, ...]


Found = Meant | Several | Replaced | Close

Successor = Callable[[str], str | None]


def find_model(words: str, known: Sequence[str], successor: Successor) -> Found:
    """What ``words`` may mean among the ``known`` models. Upper and lower case make no difference."""
    exact = _exact(words, known)
    if exact:
        return Meant(model=exact)
    replaced = _replaced(words, known, successor)
    if replaced:
        return Replaced(model=replaced)
    wanted = words.strip().casefold()
    fitting = plain_ones(model for model in known if wanted and wanted in model.casefold())
    if len(fitting) == 1:
        return Meant(model=fitting[0])
    return Several(models=fitting) if fitting else Close(models=_close(wanted, known))


def suggested(found: Found) -> tuple[str, ...]:
    """The models that may have been meant."""
    match found:
        case Meant(model=model) | Replaced(model=model):
            return (model,)
        case Several(models=models) | Close(models=models):
            return models[:_MOST_CLOSE]
        case never:
            assert_never(never)


def leading_models(words: str, known: Sequence[str], successor: Successor) -> tuple[tuple[str, ...], str]:
    """The models that a text begins with, by whole id or whole name, and what follows them."""
    models: list[str] = []
    at = 0
    while (match := _WORD.match(words, at)) is not None:
        model = _exact(match[1], known) or ("/" in match[1] and _replaced(match[1], known, successor))
        if not model:
            break
        models.append(model)
        at = match.end()
    return tuple(dict.fromkeys(models)), words[at:].strip()


def plain_ones(models: Iterable[str]) -> tuple[str, ...]:
    """The models without the paid twins of others among them."""
    all_of_them = tuple(models)
    return tuple(
        model
        for model in all_of_them
        if not model.startswith(_PAID) or model.removeprefix(_PAID) not in all_of_them
    )


def _exact(words: str, known: Sequence[str]) -> str:
    """The model of this id, else the only one of this name; a paid twin only where it is named so."""
    wanted = words.strip().casefold()
    if not wanted:
        return ""
    by_id = next((model for model in known if model.casefold() == wanted), "")
    if by_id:
        return by_id
    by_name = plain_ones(model for model in known if wanted in _names(model))
    return by_name[0] if len(by_name) == 1 else ""


def _names(model: str) -> tuple[str, ...]:
    name = model.rpartition("/")[2].casefold()
    return (f"{_PAID}{name}".casefold(),) * model.startswith(_PAID) + (name,)


def _replaced(words: str, known: Sequence[str], successor: Successor) -> str:
    """The first successor that there is; empty for a name that has none."""
    seen: set[str] = set()
    now = successor(words.strip())
    while now is not None and now not in known and now not in seen:
        seen.add(now)
        now = successor(now)
    return now if now is not None and now in known else ""


def _close(wanted: str, known: Sequence[str]) -> tuple[str, ...]:
    by_name = {name: model for model in reversed(known) for name in (model.casefold(), *_names(model))}
    close = difflib.get_close_matches(wanted, by_name, n=_MOST_CLOSE * 2, cutoff=0.55)
    return tuple(dict.fromkeys(by_name[name] for name in close))[:_MOST_CLOSE]
