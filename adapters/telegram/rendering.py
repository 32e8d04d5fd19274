"""Renders a document as Telegram messages: text with entities, plain text, or a rich message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, assert_never

from bot.ports import Fidelity, Rendered
from bot.rendering import Document, FormattedText, Span, flatten, split
from bot.rendering.markdown import to_markdown

from .rich_limits import fits_rich

__all__ = ["MAX_TEXT_UNITS", "Entities", "RichMarkdown", "render"]

MAX_TEXT_UNITS: Final = 4096  # Bot API sendMessage; the server counts code points, which are never more
_MOST_ENTITIES = 100  # Telegram shows no more in one message


@dataclass(frozen=True, slots=True, kw_only=True)
class Entities:
    """The payload of a message with formatting; equal ones show the same."""

    spans: tuple[Span, ...]

    def wire(self) -> list[dict[str, Any]]:
        """MessageEntity objects."""
        return [_entity(span) for span in self.spans]


@dataclass(frozen=True, slots=True, kw_only=True)
class RichMarkdown:
    """The payload of a rich message: the Markdown Telegram makes blocks of."""

    markdown: str


def render(document: Document, *, fidelity: Fidelity) -> Sequence[Rendered]:
    """The document as messages that each fit; at least one."""
    formatted = flatten(document)
    match fidelity:
        case Fidelity.RICH:
            markdown = to_markdown(document)
            if fits_rich(document, markdown):
                return (Rendered(text=formatted.text, payload=RichMarkdown(markdown=markdown)),)
            return tuple(_formatted(part) for part in _parts(formatted))
        case Fidelity.FORMATTED:
            return tuple(_formatted(part) for part in _parts(formatted))
        case Fidelity.PLAIN:
            return tuple(Rendered(text=part.text) for part in _parts(formatted))
        case _:
            assert_never(fidelity)


def _parts(formatted: FormattedText) -> Sequence[FormattedText]:
    return split(formatted, limit=MAX_TEXT_UNITS, max_spans=_MOST_ENTITIES) or (formatted,)


def _formatted(part: FormattedText) -> Rendered:
    """The same as plain text, and equal to it, where there is nothing to format."""
    if not part.spans:
        return Rendered(text=part.text)
    return Rendered(text=part.text, payload=Entities(spans=part.spans))


def _entity(span: Span) -> dict[str, Any]:
    entity: dict[str, Any] = {"type": span.kind.value, "offset": span.offset, "length": span.length}
    if span.url is not None:
        entity["url"] = span.url
    if span.language is not None:
        entity["language"] = span.language
    return entity
