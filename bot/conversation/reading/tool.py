"""The tool by which the model reads again in the documents of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final

from bot.conversation.history import estimate_tokens
from bot.conversation.reading.search import find_passages, pages_named
from bot.conversation.reading.text import framed, in_pieces, marked, plain_name, title_of
from bot.conversation.visit import Reads
from bot.errors import ToolFailed
from bot.storage.documents import StoredDocument, documents_known_in
from bot.tools import Tool, ToolContext, tool

__all__ = ["READ_TOOL", "read_document_tool"]

READ_TOOL: Final = "read_document"
_BUDGET_TOKENS: Final = 3000
_OUTLINE_TOKENS: Final = 1200
_BEGINNING: Final = 60


def read_document_tool(database: Reads) -> Tool:
    """The tool, over a database that outlives it."""

    @tool(name=READ_TOOL)
    async def read_document(
        context: ToolContext,
        name: Annotated[str, "the file's name; may be left out when there is one document"] = "",
        query: Annotated[str, "what to look for, in the document's own words"] = "",
        page: Annotated[str, "pages, slides or a sheet to read: 3, 3-5, Sales"] = "",
    ) -> str:
        """Read in a document sent in this conversation: passages on a query, or pages; else its outline."""
        known = await database.read(partial(documents_known_in, conversation=str(context.key)))
        document = _named(known, name)
        if page.strip():
            return _pages(document, page)
        if query.strip():
            return _passages(document, query)
        return _outline(document)

    return read_document


def _named(known: Sequence[StoredDocument], name: str) -> StoredDocument:
    """The newest document of that name, or of one much like it. Raises ToolFailed."""
    if not known:
        raise ToolFailed("no document of this conversation is kept.")
    wanted = plain_name(name).casefold() if name.strip() else ""
    names = [plain_name(document.name).casefold() for document in known]
    for fits in (lambda other: other == wanted, lambda other: wanted in other):
        for document, other in zip(known, names, strict=True):
            if fits(other) and (wanted or len(known) == 1):
                return document
    titles = ", ".join(title_of(document) for document in known)
    raise ToolFailed(f"say by its name which document is meant. These are known: {titles}.")


def _pages(document: StoredDocument, page: str) -> str:
    found = pages_named(document.parts, page)
    if not found:
        raise ToolFailed(f"{title_of(document)} has no such page. Without a page its outline is given.")
    return framed(document, _cut(marked(found)))


def _passages(document: StoredDocument, query: str) -> str:
    found = find_passages(document.parts, query, most_tokens=_BUDGET_TOKENS)
    if not found:
        return f"Nothing in {title_of(document)} shares a word with that. Try other words, or its language."
    return framed(document, marked(found), remark="These passages fit best.")


def _outline(document: StoredDocument) -> str:
    """The labels of the parts with how each begins; of a text without parts, its beginning."""
    if len(document.parts) < 2:
        return framed(document, _cut(marked(document.parts)))
    lines = [f"{label}: {' '.join(text.split())[:_BEGINNING]}" for label, text in document.parts]
    every = max(1, -(-estimate_tokens("\n".join(lines)) // _OUTLINE_TOKENS))
    remark = f"Its outline, every {every} parts." if every > 1 else "Its outline."
    return framed(document, "\n".join(lines[::every]), remark=remark)


def _cut(text: str) -> str:
    first, *rest = in_pieces([("", text)], most_tokens=_BUDGET_TOKENS)
    return f"{first}\n(The rest is left out; ask for fewer pages, or with a query.)" if rest else first
