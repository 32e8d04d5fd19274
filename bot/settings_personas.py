"""A persona as it is written down: by the operator in parley.toml, by people in their chats."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

__all__ = ["LONGEST_PROMPT", "RESERVED_NAMES", "PersonaName", "PersonaSettings"]

# About two thousand tokens: a longer prompt is paid for with every message.
LONGEST_PROMPT: Final = 8_000

RESERVED_NAMES: Final = ("delete", "new", "show")
"""Words that mean something else behind /persona."""

# Letters and digits of any script: a name stands in commands, buttons and Markdown, and must be no markup.
_NAME: Final = re.compile(r"[^\W_](?:[\w-]{0,30}[^\W_])?")


def _listed(value: Any) -> Any:
    return (
        tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
    )


def _switched(value: Any) -> Any:
    """TOML has a word of its own for on and off."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _allowed(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError("cannot be a name: /persona understands it as something else")
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            "cannot be a name: 1 to 32 letters, digits, - and _ make one, with a letter or digit at both ends"
        )
    return name


_Listed: Final = BeforeValidator(_listed)

PersonaName = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True), AfterValidator(_allowed)
]
"""1 to 32 letters, digits, ``-`` and ``_``; neither begins nor ends with a sign; none of RESERVED_NAMES."""


class PersonaSettings(BaseModel):
    """One persona. What is left out is the service's own choice."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    prompt: str = Field(
        min_length=1, max_length=LONGEST_PROMPT, description="what the model is told to be and to do"
    )
    title: str = Field("", max_length=40, description="its name on buttons")
    description: str = Field("", max_length=200, description="what it is for, in one line")
    models: Annotated[tuple[str, ...], _Listed] = Field((), description="the first that can answers")
    hearing_models: Annotated[tuple[str, ...], _Listed] = Field(
        (), description="the first that can hears; after them the service's own"
    )
    temperature: float | None = Field(None, ge=0, le=2, description="how freely it words things")
    top_p: float | None = Field(None, gt=0, le=1, description="how many words it chooses among")
    max_tokens: int | None = Field(None, ge=16, le=131_072, description="its longest answer, in tokens")
    thinking: Annotated[Literal["on", "off"] | None, BeforeValidator(_switched)] = Field(
        None, description="whether the model thinks first"
    )
    thinking_budget: int | None = Field(
        None, ge=128, le=32_768, description="how long it may think, in tokens"
    )
    tools: Annotated[tuple[str, ...] | None, _Listed] = Field(
        None, description="what it may use; left out: all there are"
    )
    voice: str = Field("", max_length=200, description="the voice it speaks with")
    greeting: str = Field("", max_length=500, description="what it says when it is chosen")
