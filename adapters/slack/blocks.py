"""Builds what a message consists of on Slack: its text, its buttons, the thumbs under a finished answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from bot.ports import Button, Rendered

from .rendering import Markdown, neutral

__all__ = ["FEEDBACK", "MAX_BUTTON_DATA_BYTES", "Block", "below", "content_of", "mrkdwn"]

Block = dict[str, Any]

MAX_BUTTON_DATA_BYTES: Final = 255
FEEDBACK: Final = ("feedback:up", "feedback:down")
_LABEL = 75  # Block Kit, button
_SECTION = 3000  # Block Kit, section
_FALLBACK = 4000  # chat.update
_ROW = 25  # Block Kit, actions
_EMPTY = "…"


def content_of(
    content: Rendered, buttons: Sequence[Sequence[Button]] = (), *, feedback: bool = False
) -> dict[str, Any]:
    """The arguments of a message that shows ``content``; ``text`` is what notifications show of it."""
    return {
        "text": mrkdwn(_clipped(neutral(content.text.strip()) or _EMPTY, _FALLBACK)),
        "blocks": [*_shown(content), *below(buttons, feedback=feedback)],
    }


def below(buttons: Sequence[Sequence[Button]], *, feedback: bool) -> list[Block]:
    """What stands under the text."""
    rows = [_actions(row, place) for place, row in enumerate(buttons) if row]
    return [*rows, _thumbs()] if feedback else rows


def mrkdwn(text: str) -> str:
    """Plain text in a field that Slack reads as mrkdwn, in which nothing has a meaning any more."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _shown(content: Rendered) -> Iterable[Block]:
    if isinstance(content.payload, Markdown):
        return [{"type": "markdown", "text": content.payload.text if content.text.strip() else _EMPTY}]
    text = content.text if content.text.strip() else _EMPTY
    pieces = [text[start : start + _SECTION] for start in range(0, len(text), _SECTION)]
    return [
        {"type": "section", "text": {"type": "plain_text", "text": piece, "emoji": False}} for piece in pieces
    ]


def _clipped(text: str, limit: int) -> str:
    """At most ``limit`` characters once the signs of mrkdwn are written out."""
    used = 0
    for place, character in enumerate(text):
        used += len(mrkdwn(character))
        if used > limit - (place < len(text) - 1):
            return f"{text[:place]}…"
    return text


def _actions(row: Sequence[Button], place: int) -> Block:
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": f"button:{place}:{column}",
                "text": {"type": "plain_text", "text": button.label[:_LABEL], "emoji": True},
                "value": button.data,
            }
            for column, button in enumerate(row[:_ROW])
        ],
    }


def _thumbs() -> Block:
    up, down = (
        {"text": {"type": "plain_text", "text": label}, "value": value, "accessibility_label": label}
        for label, value in zip(("👍", "👎"), FEEDBACK, strict=True)
    )
    return {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "feedback",
                "positive_button": up,
                "negative_button": down,
            }
        ],
    }
