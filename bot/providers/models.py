"""What the account can use: the catalogue of models (GET /models) and the balance (GET /user/info).

Shapes: facts SiliconFlow §12 and §13.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.errors import ProviderUnavailable
from bot.providers.api import SiliconFlowApi

__all__ = ["Account", "account", "list_models"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account behind the key; amounts are in CNY, and None where the provider did not give a number."""

    id: str
    status: str
    total_balance: Decimal | None
    charge_balance: Decimal | None
    gift_balance: Decimal | None


async def list_models(api: SiliconFlowApi, *, kind: str = "", sub_kind: str = "") -> tuple[str, ...]:
    """Ids of the models this key can use, sorted; ``kind`` is text, image, audio or video. ProviderError."""
    params = {"type": kind, "sub_type": sub_kind}
    answer = await api.get_json("/models", params={name: value for name, value in params.items() if value})
    entries = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        raise ProviderUnavailable("the list of models came in an unknown form")
    return tuple(
        sorted({str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("id")})
    )


async def account(api: SiliconFlowApi) -> Account:
    """The account's state and balance. Raises ProviderError."""
    answer = await api.get_json("/user/info")
    data = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(data, dict):
        raise ProviderUnavailable("the account came in an unknown form")
    return Account(
        id=str(data.get("id") or ""),
        status=str(data.get("status") or ""),
        total_balance=_amount(data.get("totalBalance")),
        charge_balance=_amount(data.get("chargeBalance")),
        gift_balance=_amount(data.get("balance")),
    )


def _amount(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
