"""Reads what somebody wants drawn or filmed: the words of the picture, and options between them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

import orjson

from bot.errors import BotError
from bot.ports import DrawingModel, Size

__all__ = [
    "LONGEST_PROMPT",
    "MOST_AT_ONCE",
    "MOST_SOURCES",
    "Wish",
    "WishFault",
    "choose_model",
    "dump_wish",
    "load_wish",
    "named",
    "parse_wish",
    "read_size",
    "size_for",
]

LONGEST_PROMPT: Final = 2_000
MOST_AT_ONCE: Final = 4
MOST_SOURCES: Final = 3
_LARGEST_SEED: Final = 9_999_999_999
_MOST_STEPS: Final = 100
_MOST_GUIDANCE: Final = 20.0

_NAMES: Final = {
    **dict.fromkeys(("size", "format", "尺寸", "大小"), "size"),
    **dict.fromkeys(("count", "n", "数量", "张数"), "count"),
    **dict.fromkeys(("no", "not", "negative", "without", "不要"), "negative"),
    **dict.fromkeys(("seed", "种子"), "seed"),
    **dict.fromkeys(("steps", "步数"), "steps"),
    **dict.fromkeys(("guidance", "cfg", "引导"), "guidance"),
    **dict.fromkeys(("model", "模型"), "model"),
}
_VALUE: Final = r"\"[^\"]*\"|“[^”]*”|'[^']*'|\S+"
# Phones make one long dash of two short ones; "size=…" is taken too.
_OPTION: Final = re.compile(
    rf"(?<!\S)(?:(?:--|[—–])(?P<flag>\w+)(?:[ =:]+(?P<value>{_VALUE}))?"
    rf"|(?P<name>{'|'.join(_NAMES)})=(?P<given>{_VALUE}))",
    re.IGNORECASE,
)
_SIZE: Final = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})", re.IGNORECASE)
_SHAPES: Final[Mapping[str, float]] = {
    **dict.fromkeys(("square", "1:1", "方", "方形"), 1.0),
    **dict.fromkeys(("wide", "landscape", "16:9", "横", "横版"), 16 / 9),
    **dict.fromkeys(("tall", "portrait", "9:16", "竖", "竖版"), 9 / 16),
    "4:3": 4 / 3,
    "3:4": 3 / 4,
    "3:2": 3 / 2,
    "2:3": 2 / 3,
}
_SAME_SHAPE: Final = 1.2


class WishFault(BotError):
    """A wish that can't be met; ``key`` and ``words`` are the sentence that says why."""

    def __init__(self, key: str, **words: object) -> None:
        super().__init__(key)
        self.key = key
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants. ``size`` is a shape's word or like 1024x768; what is not said is left open."""

    prompt: str
    size: str = ""
    count: int = 1
    negative: str = ""
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    model: str = ""


def parse_wish(text: str) -> Wish:
    """The wish in what stands behind a command. Raises WishFault."""
    found: dict[str, str] = {}
    for match in _OPTION.finditer(text):
        written = match["flag"] or match["name"]
        name = _NAMES.get(written.casefold())
        value = (match["value"] or match["given"] or "").strip("\"“”'").strip()
        if name is None or not value:
            raise WishFault("draw_option_unknown", option=written)
        found[name] = value
    prompt = " ".join(_OPTION.sub(" ", text).split())
    if len(prompt) > LONGEST_PROMPT:
        raise WishFault("draw_too_long", most=LONGEST_PROMPT)
    return _with_options(Wish(prompt=prompt), found)


def _with_options(wish: Wish, found: Mapping[str, str]) -> Wish:
    options: dict[str, Any] = {name: found[name] for name in ("negative", "model") if name in found}
    for name, least, most in (
        ("count", 1, MOST_AT_ONCE),
        ("seed", 0, _LARGEST_SEED),
        ("steps", 1, _MOST_STEPS),
    ):
        if name in found:
            options[name] = int(_number(name, found[name], least, most))
    if "guidance" in found:
        options["guidance"] = _number("guidance", found["guidance"], 0, _MOST_GUIDANCE)
    if "size" in found:
        options["size"] = read_size(found["size"])
    return replace(wish, **options)


def _number(name: str, text: str, least: int, most: float) -> float:
    pattern = r"\d{1,10}" if name != "guidance" else r"\d{1,3}(\.\d{1,3})?"
    if re.fullmatch(pattern, text, re.ASCII) is None or not least <= float(text) <= most:
        raise WishFault("draw_number", option=name, least=least, most=f"{most:g}" if most < 1e6 else most)
    return float(text)


def read_size(text: str) -> str:
    """A shape's word or a size, as Wish.size has it. Raises WishFault."""
    match = _SIZE.fullmatch(text)
    if match is not None:
        return f"{int(match[1])}x{int(match[2])}"
    if text.casefold() in _SHAPES:
        return text.casefold()
    raise WishFault("draw_size_unknown", size=text)


# --- models -----------------------------------------------------------------------------------------------


def choose_model(wish: Wish, models: Sequence[DrawingModel], *, pictures: int) -> DrawingModel:
    """The first model that can do it, from so many ``pictures`` as are to be changed. Raises WishFault."""
    able = [model for model in models if model.redraws == bool(pictures)]
    if not models:
        raise WishFault("draw_off")
    if not able:
        raise WishFault("draw_no_editor" if pictures else "draw_no_painter")
    named_ones = [model for model in able if wish.model.casefold() in model.id.casefold()]
    if not named_ones:
        raise WishFault("draw_model_unknown", model=wish.model, models=_listed(model.id for model in able))
    taking = [model for model in named_ones if model.most_sources >= pictures]
    if not taking:
        raise WishFault("draw_sources", most=max(model.most_sources for model in named_ones))
    fitting = [model for model in taking if not model.sizes or size_for(wish.size, model.sizes) is not None]
    if not fitting:
        raise WishFault(
            "draw_size", size=wish.size, sizes=_listed(str(size) for model in taking for size in model.sizes)
        )
    enough = [model for model in fitting if model.most_pictures >= wish.count]
    if not enough:
        most = max(fitting, key=lambda model: model.most_pictures)
        key = "draw_count" if len(fitting) == len(taking) else "draw_count_size"
        raise WishFault(key, model=named(most.id), most=most.most_pictures, size=wish.size)
    return enough[0]


def size_for(wanted: str, sizes: Sequence[Size]) -> Size | None:
    """The size meant by a word or by numbers: the first one if none is wanted, None if there is none such."""
    if not sizes or not wanted:
        return sizes[0] if sizes else None
    ratio = _SHAPES.get(wanted)
    if ratio is None:
        return next((size for size in sizes if str(size) == wanted), None)
    nearest = min(sizes, key=lambda size: abs(size.ratio / ratio - 1))
    apart = max(nearest.ratio / ratio, ratio / nearest.ratio)
    return nearest if apart <= _SAME_SHAPE else None


def named(model: str) -> str:
    """A model's name as people say it."""
    return model.rpartition("/")[2]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


# --- storage ----------------------------------------------------------------------------------------------


def dump_wish(wish: Wish) -> str:
    """The wish as JSON."""
    return orjson.dumps(asdict(wish)).decode()


def load_wish(text: str) -> Wish:
    """The inverse of ``dump_wish``; what cannot be read is left open."""
    try:
        return Wish(**orjson.loads(text))
    except (TypeError, ValueError):
        return Wish(prompt="")
