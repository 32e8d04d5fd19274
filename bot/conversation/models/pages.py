"""What /model shows: a chat's model, the provider's models by vendor, and what each can do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.conversation.changing import choice_button
from bot.conversation.models.comparison import short_name
from bot.conversation.models.search import plain_ones
from bot.conversation.personas.page import code
from bot.conversation.visit import Visit
from bot.ports import Button, Catalogue, Listing, ModelInfo, ThinkingMode
from bot.texts import listed, say

__all__ = ["Offer", "Page", "abilities", "choices", "handle_of", "home_page", "vendor_page"]

_MODELS_A_PAGE: Final = 8
_VENDORS_A_ROW: Final = 2
_MOST_CHOICES: Final = 12
_LONGEST_HANDLE: Final = 48  # of the 64 bytes of a button's data
_PAID: Final = "Pro/"

Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A text with its buttons."""

    text: str
    rows: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a chat can choose among. ``service`` is the service's own chain."""

    visit: Visit
    listing: Listing
    catalogue: Catalogue
    service: Sequence[str]

    @property
    def chain(self) -> tuple[str, ...]:
        """The models that answer in this chat: the first that can."""
        return tuple(self.visit.persona.models or self.service)

    @property
    def known(self) -> tuple[str, ...]:
        """Every model that may be chosen: what the provider lists, and what the operator named."""
        return tuple(dict.fromkeys((*self.listing.models, *self.chain, *self.service)))

    @property
    def vendors(self) -> tuple[str, ...]:
        """Who made the models, each once."""
        return tuple(sorted({self.catalogue.about(model).vendor for model in self.known}, key=str.casefold))

    def of_vendor(self, vendor: str) -> tuple[ModelInfo, ...]:
        """A vendor's models by name; a paid twin stands for itself only where its plain model is missing."""
        infos = (self.catalogue.about(model) for model in plain_ones(self.known))
        return tuple(sorted((info for info in infos if info.vendor == vendor), key=_by_name))

    def named(self, handle: str) -> str | None:
        """The model that a button's data stands for."""
        return next((model for model in self.known if handle_of(model) == handle), None)

    def vendor_named(self, handle: str) -> str | None:
        """The vendor that a button's data stands for."""
        return next((vendor for vendor in self.vendors if handle_of(vendor) == handle), None)


def handle_of(name: str) -> str:
    """What stands for an id in a button's data: itself, or where it is too long a short name for it."""
    if len(name.encode()) <= _LONGEST_HANDLE and not name.startswith("#"):
        return name
    return "#" + hashlib.blake2s(name.encode(), digest_size=12).hexdigest()


def home_page(offer: Offer) -> Page:
    """The chat's model and where it comes from; buttons for the chain, the vendors, the default."""
    language = offer.visit.language
    present, *others = offer.chain
    gap = "" if language == "zh" else " "
    lines = [say("models", language), gap.join((_origin(offer, present), abilities(offer, present))).strip()]
    lines += _concerns(offer, present)
    if others:
        lines.append(say("models_then", language, models=listed(map(code, others), language)))
    lines.append(say("models_choose", language))
    rows = tuple((_choice(model, mark=model == present),) for model in offer.chain)
    default = Button(label=say("button_models_default", language), data="model:default")
    return Page(
        text="\n\n".join(lines),
        rows=(*rows, *_vendor_rows(offer), *(((default,),) if offer.visit.settings.model else ())),
    )


def vendor_page(offer: Offer, vendor: str, number: int) -> Page:
    """One page of a vendor's models, each with what it can do; the page nearest to ``number`` there is."""
    language, infos = offer.visit.language, offer.of_vendor(vendor)
    pages = max(1, -(-len(infos) // _MODELS_A_PAGE))
    number = min(max(number, 0), pages - 1)
    shown = infos[number * _MODELS_A_PAGE : (number + 1) * _MODELS_A_PAGE]
    title = say("models_group", language, vendor=code(vendor or "–"), page=number + 1, pages=pages)
    lines = [f"- {code(info.name)} – {_words(info, language)}".rstrip(" –") for info in shown]
    rows = [_with_twin(offer, info) for info in shown]
    return Page(
        text=f"{title}\n\n" + "\n".join(lines), rows=(*rows, _turning(vendor, number, pages, language))
    )


def choices(models: Sequence[str]) -> Rows:
    """A button for each of some models."""
    return tuple((_choice(model),) for model in models[:_MOST_CHOICES])


def abilities(offer: Offer, model: str) -> str:
    """What a model can do, as one short sentence; empty when nothing is known of it."""
    words = _words(offer.catalogue.about(model), offer.visit.language)
    if not words:
        return ""
    stop = "。" if offer.visit.language == "zh" else "."
    return f"{words[0].upper()}{words[1:]}{stop}"


def _origin(offer: Offer, present: str) -> str:
    visit = offer.visit
    if visit.settings.model == present:
        return say("models_now_chat", visit.language, model=code(present))
    if visit.persona.models:
        name = code(visit.persona.name)
        return say("models_now_persona", visit.language, model=code(present), persona=name)
    return say("models_now_service", visit.language, model=code(present))


def _concerns(offer: Offer, present: str) -> list[str]:
    """What is to be said of a model that may be gone, and of a list that cannot be had."""
    language = offer.visit.language
    if not offer.listing.complete:
        return [say("models_unlisted", language)]
    if present in offer.listing.models:
        return []
    successor = offer.catalogue.successor(present)
    if successor is not None:
        return [say("models_replaced", language, words=code(present), model=code(successor))]
    return [say("models_absent", language, model=code(present))]


def _vendor_rows(offer: Offer) -> Iterable[tuple[Button, ...]]:
    buttons = [
        Button(label=f"{vendor or '–'} ({len(offer.of_vendor(vendor))})", data=_at(vendor, 0))
        for vendor in offer.vendors
    ]
    return [
        tuple(buttons[start : start + _VENDORS_A_ROW]) for start in range(0, len(buttons), _VENDORS_A_ROW)
    ]


def _choice(model: str, *, mark: bool = False, label: str = "") -> Button:
    return choice_button(label or short_name(model), f"model:use:{handle_of(model)}", present=mark)


def _with_twin(offer: Offer, info: ModelInfo) -> tuple[Button, ...]:
    """A model's button, and beside it that of its paid twin."""
    present, twin = offer.chain[0], f"{_PAID}{info.id}"
    first = _choice(info.id, mark=info.id == present)
    return (first, _choice(twin, mark=twin == present, label="Pro")) if twin in offer.known else (first,)


def _turning(vendor: str, number: int, pages: int, language: str) -> tuple[Button, ...]:
    home = Button(label=say("button_models_home", language), data="model:home")
    earlier = Button(label=say("button_models_earlier", language), data=_at(vendor, number - 1))
    more = Button(label=say("button_models_more", language), data=_at(vendor, number + 1))
    return (home, *((earlier,) if number else ()), *((more,) if number + 1 < pages else ()))


def _at(vendor: str, number: int) -> str:
    return f"model:at:{handle_of(vendor)}:{number}"


def _words(info: ModelInfo, language: str) -> str:
    """What a model can do, in words between commas; nothing for an unknown family."""
    if not info.known:
        return ""
    keys = [f"model_thinks_{info.thinking}"] if info.thinking is not ThinkingMode.NEVER else []
    keys += [f"model_{name}" for name in ("tools", "images", "video", "audio") if getattr(info, name)]
    words = [say(key, language) for key in keys]
    words.append(say("model_context", language, size=_size(info.context_tokens)))
    return ("、" if language == "zh" else ", ").join(words)


def _size(tokens: int) -> str:
    """A number of tokens as people say it: 32k, 1M."""
    return f"{tokens >> 20}M" if tokens >= 1 << 20 else f"{tokens >> 10}k"


def _by_name(info: ModelInfo) -> tuple[str, str]:
    return info.name.casefold(), info.id
