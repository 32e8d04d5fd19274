"""What a message is made of, read from a call: text, markdown, blocks, attachments, the thread it goes to.

Sources: docs.slack.dev, chat.postMessage and chat.update: text over 40 000 characters is cut, an update takes
4 000, markdown_text 12 000 and nothing beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .accounts import Wire
from .blocks import accept_blocks
from .call import Call
from .errors import refused
from .state import Channel
from .world import World

__all__ = ["MAX_MARKDOWN_CHARACTERS", "Content", "read_content", "read_looks", "read_thread"]

MAX_TEXT_CHARACTERS = 40_000
MAX_UPDATE_CHARACTERS = 4_000
MAX_MARKDOWN_CHARACTERS = 12_000
MAX_ATTACHMENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a message; ``cut`` when Slack dropped the end of a text that was too long."""

    source: str
    markdown: bool
    blocks: list[Wire]
    attachments: list[Wire]
    cut: bool = False

    def fields(self) -> dict[str, Any]:
        """What a message takes over."""
        return {
            "source": self.source,
            "markdown": self.markdown,
            "blocks": self.blocks,
            "attachments": self.attachments,
        }


def read_content(call: Call, *, update: bool = False) -> Content:
    """The body a call brings. Raises ApiError when it is empty, too long or in conflict with itself."""
    text, markdown = call.text("text"), call.text("markdown_text")
    blocks = accept_blocks(call.items("blocks", "invalid_blocks_format"))
    attachments = _read_attachments(call)
    if markdown and (text or blocks):
        raise refused("markdown_text_conflict")
    if len(markdown) > MAX_MARKDOWN_CHARACTERS or (update and len(text) > MAX_UPDATE_CHARACTERS):
        raise refused("msg_too_long")
    if not (text.strip() or markdown.strip() or blocks or attachments):
        raise refused("no_text")
    return Content(
        source=markdown or text[:MAX_TEXT_CHARACTERS],
        markdown=bool(markdown),
        blocks=blocks,
        attachments=attachments,
        cut=len(text) > MAX_TEXT_CHARACTERS,
    )


def _read_attachments(call: Call) -> list[Wire]:
    attachments = call.items("attachments", "invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise refused("too_many_attachments")
    return [
        {**note, "blocks": accept_blocks(note["blocks"])} if note.get("blocks") else note
        for note in attachments
    ]


def read_thread(
    world: World, channel: Channel, thread_ts: str, *, error: str = "thread_not_found"
) -> str | None:
    """The thread a message goes to. Raises ApiError when there is no message of that ts."""
    if not thread_ts:
        return None
    root = channel.messages.get(thread_ts)
    if root is None:
        raise refused(error)
    if root.thread_ts is not None:
        world.report(f"thread_ts {thread_ts} names a reply; it must be the root's {root.thread_ts}")
        return root.thread_ts
    return thread_ts


def read_looks(call: Call) -> Wire:
    """Name and icon of one message, in place of the app's own."""
    looks: Wire = {}
    if call.text("username"):
        looks["username"] = call.text("username")
    if call.text("icon_emoji") or call.text("icon_url"):
        looks["icons"] = {"emoji": call.text("icon_emoji"), "image": call.text("icon_url")}
    return looks
