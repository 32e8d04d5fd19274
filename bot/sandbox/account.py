"""The answers of GET /models and GET /user/info (facts SiliconFlow §12, §13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson

from bot.sandbox.catalogue import Catalogue

# The stand-in's catalogue holds chat models only; other kinds are asked for and not found.
_TYPE: Final = "text"
_SUB_TYPE: Final = "chat"


def list_models(catalogue: Catalogue, query: Mapping[str, str]) -> bytes:
    """The list of models, filtered by ``type`` and ``sub_type``: ids only, as the real one."""
    wanted = query.get("type", _TYPE) == _TYPE and query.get("sub_type", _SUB_TYPE) == _SUB_TYPE
    cards = catalogue.cards if wanted else ()
    data = [{"id": card.id, "object": "model", "created": 0, "owned_by": ""} for card in cards]
    return orjson.dumps({"object": "list", "data": data})


def user_info(balance: str) -> bytes:
    """The account; amounts are strings in yuan, and name, image and email are always empty."""
    data = {
        "id": "sandbox",
        "name": "",
        "image": "",
        "email": "",
        "isAdmin": False,
        "balance": "0.00",
        "status": "normal",
        "introduction": "",
        "role": "",
        "chargeBalance": balance,
        "totalBalance": balance,
    }
    return orjson.dumps({"code": 20000, "message": "OK", "status": True, "data": data})
