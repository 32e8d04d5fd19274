"""Imports aiogram without building its 444 models, of which we validate one: Update, with what is in it.

Building them all takes about 2.5 s of CPU and 100 MB at every start (measured with aiogram 3.31). Pydantic
builds a model when it is first used; aiogram asks for all at once at the end of ``aiogram.types``, because
their annotations can only be resolved with a namespace it puts together there. So while aiogram is imported
that request is noted and not carried out, and the models we use are built with the namespace it came with.
Importing this module does it, unless aiogram has been imported already. A test holds it against aiogram.
"""

from __future__ import annotations

import sys
from typing import Any

from pydantic import BaseModel

__all__ = ["USED_MODELS"]

USED_MODELS = ("Update", "MessageEntity", "RichMessage")


def _import_aiogram() -> None:
    ordinary = BaseModel.__dict__["model_rebuild"]
    namespace: dict[str, Any] = {}

    def note(cls: type[BaseModel], /, **options: Any) -> bool | None:
        # Only aiogram's: another thread may be building models of its own meanwhile.
        if not cls.__module__.startswith("aiogram."):
            rebuilt: bool | None = ordinary.__func__(cls, **options)
            return rebuilt
        namespace.update(options.get("_types_namespace") or {})
        return None

    BaseModel.model_rebuild = classmethod(note)  # type: ignore[assignment,method-assign]  # for a moment
    try:
        import aiogram.types
    finally:
        BaseModel.model_rebuild = ordinary  # type: ignore[method-assign]
    for name in USED_MODELS:
        getattr(aiogram.types, name).model_rebuild(_types_namespace=namespace)


if "aiogram" not in sys.modules:
    _import_aiogram()
