"""The documents that people sent, in parts, for as long as what was said about them is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlalchemy import Connection, Row, delete, insert, literal, select, text

from bot.storage.history import head_of, was_deleted
from bot.storage.tables import documents

__all__ = [
    "StoredDocument",
    "copy_documents",
    "delete_documents",
    "documents_known_in",
    "has_documents",
    "save_document",
    "seen_document",
]

_LONGEST_PATH: Final = 5000

# Unlike the history's own path this one goes on past summaries: a document is known longer than its words.
_ON_PATH = text(
    f"""
    WITH RECURSIVE path(id, depth) AS (
        SELECT :head, 0
        UNION ALL
        SELECT e.parent_id, depth + 1 FROM path JOIN exchanges e ON e.turn_id = path.id
        WHERE e.parent_id IS NOT NULL AND depth < {_LONGEST_PATH}
    )
    SELECT d.* FROM documents d JOIN path ON d.turn_id = path.id ORDER BY d.turn_id DESC, d.position
    """  # noqa: S608 - the only piece put in is a constant
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDocument:
    """A document as it was read. ``parts`` are pairs of a label, which may be empty, and a text.

    ``unique_id`` is the platform's id of the file. ``cut`` says that its end was not read.
    """

    unique_id: str
    name: str
    kind: str
    pages: int
    cut: bool
    parts: tuple[tuple[str, str], ...]


def save_document(conn: Connection, turn_id: int, conversation: str, document: StoredDocument) -> None:
    """Store a document with the turn it came with, once; not when its message has been deleted meanwhile."""
    mine = select(documents.c.unique_id, documents.c.position).where(documents.c.turn_id == turn_id)
    known = {row.unique_id: row.position for row in conn.execute(mine)}
    if document.unique_id in known or was_deleted(conn, turn_id):
        return
    conn.execute(
        insert(documents).values(
            turn_id=turn_id,
            position=max(known.values(), default=-1) + 1,
            conversation=conversation,
            unique_id=document.unique_id,
            name=document.name,
            kind=document.kind,
            pages=document.pages,
            cut=document.cut,
            parts=orjson.dumps(document.parts).decode(),
        )
    )


def seen_document(conn: Connection, conversation: str, unique_id: str) -> StoredDocument | None:
    """The file of that id as it was read before in the conversation, if its words are still kept."""
    query = (
        select(documents)
        .where(documents.c.conversation == conversation, documents.c.unique_id == unique_id)
        .order_by(documents.c.turn_id.desc())
        .limit(1)
    )
    row = conn.execute(query).first()
    return _document(row) if row is not None else None


def has_documents(conn: Connection, conversation: str, turn_id: int) -> bool:
    """Whether there are documents on the path that ends with a turn."""
    any_at_all = select(documents.c.turn_id).where(documents.c.conversation == conversation).limit(1)
    if conn.execute(any_at_all).first() is None:
        return False
    return conn.execute(_ON_PATH, {"head": turn_id}).first() is not None


def documents_known_in(conn: Connection, conversation: str) -> list[StoredDocument]:
    """The documents on the path that ends at the conversation's head, the newest first, each file once."""
    head = head_of(conn, conversation)
    if head is None:
        return []
    found: dict[str, StoredDocument] = {}
    for row in conn.execute(_ON_PATH, {"head": head}):
        found.setdefault(row.unique_id, _document(row))
    return list(found.values())


def copy_documents(conn: Connection, *, turn_id: int, from_turn: int) -> None:
    """Give a question that is asked again the documents it came with."""
    mine = select(documents.c.turn_id).where(documents.c.turn_id == turn_id).limit(1)
    if conn.execute(mine).first() is not None:
        return
    columns = [column for column in documents.c if column.name != "turn_id"]
    rows = select(literal(turn_id), *columns).where(documents.c.turn_id == from_turn)
    conn.execute(insert(documents).from_select(["turn_id", *(column.name for column in columns)], rows))


def delete_documents(conn: Connection, turn_ids: Sequence[int]) -> None:
    """Forget the documents that came with these turns."""
    conn.execute(delete(documents).where(documents.c.turn_id.in_(turn_ids)))


def _document(row: Row[tuple[object, ...]]) -> StoredDocument:
    return StoredDocument(
        unique_id=row.unique_id,
        name=row.name,
        kind=row.kind,
        pages=row.pages,
        cut=bool(row.cut),
        parts=tuple((label, words) for label, words in orjson.loads(row.parts)),
    )
