"""The bytes that are stored of a person, one thing at a time: pictures, documents' words, things made."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from sqlalchemy import Connection, select

from bot.ports import Picture
from bot.storage.films import unpack_film
from bot.storage.tables import documents, made_files, pictures

__all__ = ["FileOf", "document_words", "made_data", "picture_data"]

FileOf = Callable[[Connection, int, int], bytes | None]
"""What is stored at a position of a turn; None when it is gone."""


def picture_data(conn: Connection, turn: int, position: int) -> bytes | None:
    """A picture as the model was shown it, or a film's clip: its stills are taken from that."""
    mine = (pictures.c.turn_id == turn) & (pictures.c.position == position)
    row = conn.execute(select(pictures).where(mine)).first()
    if row is None or row.data is None:
        return None
    stored = Picture(data=row.data, mime=row.mime, width=row.width, height=row.height)
    return unpack_film(stored).data if stored.is_film else stored.data


def document_words(conn: Connection, turn: int, position: int) -> bytes | None:
    """A document's words as text in UTF-8, each part under its label."""
    query = select(documents.c.parts).where(documents.c.turn_id == turn, documents.c.position == position)
    parts = conn.execute(query).scalar()
    if parts is None:
        return None
    told = (f"{label}\n\n{words}" if label else words for label, words in orjson.loads(parts))
    return "\n\n".join(told).encode()


def made_data(conn: Connection, turn: int, position: int) -> bytes | None:
    """A picture or film that was made and is still to be shown."""
    query = select(made_files.c.data).where(made_files.c.turn_id == turn, made_files.c.position == position)
    return conn.execute(query).scalar()
