"""Says why a document cannot be read, by a reason the conversation turns into a sentence."""

from __future__ import annotations

from bot.errors import BotError
from bot.media.documents.extraction.found import DocumentFault

__all__ = ["UnusableDocument"]


class UnusableDocument(BotError):
    """The document cannot be read. The text is for the log; ``reason`` decides what a person reads."""

    def __init__(self, reason: DocumentFault, text: str) -> None:
        super().__init__(text)
        self.reason = reason
