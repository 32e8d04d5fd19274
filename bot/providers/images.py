"""Draws by POST /images/generations, which answers where the pictures are (facts: SiliconFlow §7)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bot.errors import ProviderError, ProviderUnavailable
from bot.ports import DrawingModel, DrawingRequest, Drawn, MadeFile, Size
from bot.providers.api import SiliconFlowApi
from bot.providers.results import as_data_uri, fetch_result, post_json, seed_of

__all__ = ["DRAWING_MODELS", "SiliconFlowPainter", "sizes"]

_PATH: Final = "/images/generations"
_MOST_BYTES: Final = 20 * 1024 * 1024
_FETCH_SECONDS: Final = 60.0
_EDITS: Final = re.compile(r"image-edit", re.IGNORECASE)
_QWEN: Final = re.compile(r"qwen-image", re.IGNORECASE)


def sizes(text: str) -> tuple[Size, ...]:
    """The sizes named in ``text``, such as ``1024x768 960x960``."""
    pairs = (word.split("x") for word in text.split())
    return tuple(Size(width=int(width), height=int(height)) for width, height in pairs)


_KOLORS: Final = DrawingModel(
    id="Kwai-Kolors/Kolors",
    sizes=sizes("1024x1024 960x1280 768x1024 720x1440 720x1280"),
    most_pictures=4,
    takes_guidance=True,
)
_QWEN_IMAGE: Final = DrawingModel(
    id="Qwen/Qwen-Image",
    sizes=sizes("1328x1328 1664x928 928x1664 1472x1140 1140x1472 1584x1056 1056x1584"),
    takes_guidance=True,
)
_QWEN_EDIT: Final = DrawingModel(id="Qwen/Qwen-Image-Edit", redraws=True, takes_guidance=True)
DRAWING_MODELS: Final = (
    _KOLORS,
    _QWEN_IMAGE,
    _QWEN_EDIT,
    replace(_QWEN_EDIT, id="Qwen/Qwen-Image-Edit-2509", most_sources=3),
)
_BY_ID: Final = {model.id: model for model in DRAWING_MODELS}


class SiliconFlowPainter:
    """DrawsPictures on the SiliconFlow API."""

    def __init__(self, *, api: SiliconFlowApi) -> None:
        self._api = api

    def about(self, model: str) -> DrawingModel:
        """See DrawsPictures.about."""
        known = _BY_ID.get(model)
        if known is not None:
            return known
        if _EDITS.search(model):
            return replace(_QWEN_EDIT, id=model)
        return DrawingModel(id=model, sizes=sizes("1024x1024"))

    async def draw(self, request: DrawingRequest) -> Drawn:
        """See DrawsPictures.draw. Each call counts towards the account's limit, so none is repeated here."""
        model = request.model
        try:
            answer = await post_json(
                self._api,
                _PATH,
                _body(request, self.about(model)),
                model=model,
                timeout_seconds=request.deadline_seconds,
            )
        except TimeoutError as exc:
            text = f"no pictures within {request.deadline_seconds:g} s"
            raise ProviderUnavailable(text, model=model) from exc
        urls = _addresses(answer.body)
        if not urls:
            raise ProviderUnavailable("the answer names no picture", model=model, trace_id=answer.trace_id)
        return Drawn(
            urls=urls,
            model=model,
            seed=seed_of(answer.body.get("seed")),
            trace_id=answer.trace_id,
        )

    async def fetch(self, urls: Sequence[str], *, model: str) -> tuple[MadeFile, ...]:
        """See DrawsPictures.fetch. Side by side; one that can't be had leaves none."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._fetch(url, model), name="fetch a picture") for url in urls]
        except ExceptionGroup as exc:
            raise exc.exceptions[0] from exc
        return tuple(task.result() for task in tasks)

    async def _fetch(self, url: str, model: str) -> MadeFile:
        picture = await fetch_result(
            self._api, url, most_bytes=_MOST_BYTES, timeout_seconds=_FETCH_SECONDS, model=model
        )
        if not picture.mime.startswith("image/"):
            raise ProviderError(f"{picture.mime} instead of a picture", model=model)
        return picture


def _body(request: DrawingRequest, model: DrawingModel) -> dict[str, Any]:
    """Only what was asked for and the model takes: others answer what they do not know with 20015."""
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt}
    if model.sizes:
        body["image_size"] = str(request.size or model.sizes[0])
    if model.most_pictures > 1:
        body["batch_size"] = request.count
    if request.negative:
        body["negative_prompt"] = request.negative
    if request.seed is not None:
        body["seed"] = request.seed
    if request.steps is not None:
        body["num_inference_steps"] = request.steps
    if request.guidance is not None and model.takes_guidance:
        # Qwen-Image has its own name for it (facts §7).
        body["cfg" if _QWEN.search(request.model) else "guidance_scale"] = request.guidance
    if model.redraws:
        names = ("image", "image2", "image3")[: model.most_sources]
        body |= {name: as_data_uri(source) for name, source in zip(names, request.sources, strict=False)}
    return body


def _addresses(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The pictures are under ``images``, in some answers under ``data`` (facts §7)."""
    entries = body.get("images") or body.get("data")
    if not isinstance(entries, list):
        return ()
    urls = (entry.get("url") for entry in entries if isinstance(entry, dict))
    return tuple(url for url in urls if isinstance(url, str) and url)
