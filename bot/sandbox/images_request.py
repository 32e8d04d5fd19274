"""Checks what is asked of the stand-in's painters and filmmakers, by the provider's own limits.

Fields, sizes and codes: facts SiliconFlow §7, §8, §15.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from bot.sandbox.refusals import Refused, coded, invalid_parameter, json_refusal

__all__ = ["DRAWING_MODELS", "FILMING_MODELS", "MediaOrder", "parse_drawing", "parse_filming"]

_KOLORS: Final = "Kwai-Kolors/Kolors"
_QWEN: Final = "1328x1328 1664x928 928x1664 1472x1140 1140x1472 1584x1056 1056x1584"
_FILMS: Final = "1280x720 720x1280 960x960"
# The sizes each model takes; the editing ones take none.
DRAWING_MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    _KOLORS: ("1024x1024", "960x1280", "768x1024", "720x1440", "720x1280"),
    "Qwen/Qwen-Image": tuple(_QWEN.split()),
    "Qwen/Qwen-Image-Edit": (),
    "Qwen/Qwen-Image-Edit-2509": (),
}
FILMING_MODELS: Final[Mapping[str, tuple[str, ...]]] = {
    "Wan-AI/Wan2.2-T2V-A14B": tuple(_FILMS.split()),
    "Wan-AI/Wan2.2-I2V-A14B": tuple(_FILMS.split()),
}

_LARGEST_SEED: Final = 9_999_999_999
_DATA_URI: Final = re.compile(r"data:image/[\w.+-]+;base64,(.*)", re.DOTALL)
# What the stand-in's content filter does not let pass.
_FILTERED: Final = re.compile(r"\bnsfw\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaOrder:
    """A checked request. ``size`` is (0, 0) where the model takes it from ``image``; ``more`` go with it."""

    model: str
    prompt: str
    size: tuple[int, int]
    count: int = 1
    seed: int | None = None
    image: bytes = b""
    more: tuple[bytes, ...] = ()


def parse_drawing(raw: bytes) -> MediaOrder:
    """Read the body of POST /images/generations. Raises Refused."""
    body = _object(raw)
    order = _order(body, DRAWING_MODELS, required_image="Image-Edit")
    _number(body, "num_inference_steps", 1, 100, whole=True, code=20028)
    _number(body, "guidance_scale", 0, 20)
    _number(body, "cfg", 0.1, 20)
    count = body.get("batch_size", 1)
    most = 4 if order.model == _KOLORS else 1
    if not _is_whole(count) or not 1 <= count <= most:
        raise coded(20035, f"batch_size must be between 1 and {most}")
    return MediaOrder(
        model=order.model,
        prompt=order.prompt,
        size=order.size,
        count=count,
        seed=order.seed,
        image=order.image,
        more=_more(body, order.model),
    )


def parse_filming(raw: bytes) -> MediaOrder:
    """Read the body of POST /video/submit. Raises Refused."""
    return _order(_object(raw), FILMING_MODELS, required_image="I2V")


def _order(body: dict[str, Any], models: Mapping[str, tuple[str, ...]], *, required_image: str) -> MediaOrder:
    model = body.get("model")
    if not model:
        raise coded(20013, "model is required")
    if model not in models:
        raise coded(20012, "Model does not exist. Please check it carefully.")
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or not prompt.strip():
        raise coded(20016, "prompt is required")
    if not isinstance(body.get("negative_prompt", ""), str):
        raise invalid_parameter("negative_prompt: Input should be a valid string")
    if _FILTERED.search(prompt):
        message = "The prompt has been flagged as potentially containing NSFW content."
        raise Refused(json_refusal(451, {"code": 20021, "message": message, "data": None}))
    seed = body.get("seed")
    if seed is not None and not (_is_whole(seed) and 0 <= seed <= _LARGEST_SEED):
        raise coded(20034, f"seed must be between 0 and {_LARGEST_SEED}")
    image = _image(body.get("image"))
    if required_image in model and not image:
        raise coded(20017, "image is required")
    size = _size(body.get("image_size"), models[model])
    return MediaOrder(model=model, prompt=prompt.strip(), size=size, seed=seed, image=image)


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise invalid_parameter("Input should be a valid dictionary")
    return body


def _size(value: object, allowed: tuple[str, ...]) -> tuple[int, int]:
    if not allowed:
        if value is not None:
            raise invalid_parameter("image_size is not supported by this model")
        return (0, 0)
    if value is None:
        raise coded(20025, "image_size is required")
    if value not in allowed:
        raise coded(20026, f"image_size must be one of {', '.join(allowed)}")
    width, height = str(value).split("x")
    return int(width), int(height)


def _image(value: object) -> bytes:
    if value is None:
        return b""
    found = _DATA_URI.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        message = "Image url should be a valid url or should like data:image/TYPE;base64,..."
        raise coded(20040, message)
    try:
        return base64.b64decode(found[1], validate=True)
    except binascii.Error as exc:
        raise coded(20023, "The image is not valid base64") from exc


def _more(body: Mapping[str, Any], model: str) -> tuple[bytes, ...]:
    """The second and the third picture, where the model takes some (facts §7)."""
    given = [body[name] for name in ("image2", "image3") if name in body]
    if given and not model.endswith("-2509"):
        raise invalid_parameter("image2 is not supported by this model")
    return tuple(_image(value) for value in given)


def _number(
    body: Mapping[str, Any], name: str, low: float, high: float, *, whole: bool = False, code: int = 20015
) -> None:
    value = body.get(name)
    if value is None:
        return
    fits = _is_whole(value) if whole else isinstance(value, int | float) and not isinstance(value, bool)
    if not fits or not low <= value <= high:
        raise coded(code, f"{name} must be between {low} and {high}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
