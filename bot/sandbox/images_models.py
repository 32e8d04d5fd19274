"""The models of the stand-in that draw and film, in the list of models (facts SiliconFlow §12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from bot.sandbox.images_request import DRAWING_MODELS, FILMING_MODELS

__all__ = ["list_media_models"]

_EDITING: Final = tuple(model for model, sizes in DRAWING_MODELS.items() if not sizes)
_DRAWING: Final = tuple(model for model, sizes in DRAWING_MODELS.items() if sizes)
_BY_SUB_TYPE: Final = {
    "text-to-image": ("image", _DRAWING),
    "image-to-image": ("image", _EDITING),
    "text-to-video": ("video", tuple(FILMING_MODELS)),
}
_BY_TYPE: Final = {"image": tuple(DRAWING_MODELS), "video": tuple(FILMING_MODELS)}


def list_media_models(query: Mapping[str, str]) -> bytes | None:
    """The list of models for pictures or films, when ``query`` asks for those alone; None otherwise."""
    kind, ids = _BY_SUB_TYPE.get(query.get("sub_type", ""), (query.get("type", ""), None))
    if query.get("type", kind) != kind:
        return None
    found = ids if ids is not None else ("sub_type" not in query and _BY_TYPE.get(kind)) or None
    if found is None:
        return None
    data = [{"id": model, "object": "model", "created": 0, "owned_by": ""} for model in found]
    return orjson.dumps({"object": "list", "data": data})
