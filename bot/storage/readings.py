"""What was made of the attachments of a turn, and the pictures among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, delete, insert, literal, select, update

from bot.ports import Picture
from bot.storage.films import pack_film, unpack_film
from bot.storage.tables import documents, pictures, readings

__all__ = [
    "Reading",
    "caption_picture",
    "copy_readings",
    "delete_readings",
    "drop_picture_data",
    "pictures_of",
    "readings_of",
    "save_reading",
    "uncaptioned",
]

# Attachments are read side by side: a picture's position says which one it came from, and keeps their order.
_STRIDE: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came out of one attachment.

    ``text`` is what the model reads in its place; ``shown`` what people are shown of it, as Markdown;
    ``remark`` a sentence for them when it could not be read. Pictures go to the model as they are.
    """

    text: str = ""
    shown: str = ""
    remark: str = ""
    pictures: tuple[Picture, ...] = ()


def save_reading(conn: Connection, turn_id: int, position: int, reading: Reading) -> None:
    """Store a reading, once: a second one of the same attachment changes nothing."""
    known = select(readings.c.position).where(readings.c.turn_id == turn_id, readings.c.position == position)
    if conn.execute(known).first() is not None:
        return
    conn.execute(
        insert(readings).values(
            turn_id=turn_id, position=position, text=reading.text, shown=reading.shown, remark=reading.remark
        )
    )
    for number, picture in enumerate(reading.pictures[:_STRIDE], start=position * _STRIDE):
        conn.execute(
            insert(pictures).values(
                turn_id=turn_id,
                position=number,
                mime=picture.mime,
                width=picture.width,
                height=picture.height,
                caption=picture.caption,
                data=pack_film(picture) if picture.is_film else picture.data,
            )
        )


def readings_of(conn: Connection, turn_id: int) -> dict[int, Reading]:
    """What was made of a turn's attachments so far, by their position; the pictures without their data."""
    found = conn.execute(select(readings).where(readings.c.turn_id == turn_id)).all()
    shown: dict[int, list[Picture]] = {}
    for row in conn.execute(_query([turn_id], with_data=False)):
        shown.setdefault(row.position // _STRIDE, []).append(_picture(row))
    return {
        row.position: Reading(
            text=row.text, shown=row.shown, remark=row.remark, pictures=tuple(shown.get(row.position, ()))
        )
        for row in found
    }


def pictures_of(
    conn: Connection, turn_ids: Iterable[int], *, with_data: bool = True
) -> dict[int, tuple[Picture, ...]]:
    """The pictures of several turns, each turn's in order; one that is too old to be sent has no data.

    Without their data only what is known about them is looked up.
    """
    found: dict[int, list[Picture]] = {}
    for row in conn.execute(_query(turn_ids, with_data=with_data)):
        found.setdefault(row.turn_id, []).append(_picture(row))
    return {turn_id: tuple(shown) for turn_id, shown in found.items()}


def uncaptioned(conn: Connection, turn_id: int) -> dict[int, Picture]:
    """The pictures of a turn that can still be described and are not yet, by their position."""
    bare = pictures.c.caption == "", pictures.c.data.is_not(None)
    return {
        row.position: _picture(row) for row in conn.execute(_query([turn_id], with_data=True).where(*bare))
    }


def _query(turn_ids: Iterable[int], *, with_data: bool) -> Select[Any]:
    columns = [column for column in pictures.c if with_data or column is not pictures.c.data]
    query = select(*columns).where(pictures.c.turn_id.in_(list(turn_ids)))
    return query.order_by(pictures.c.turn_id, pictures.c.position)


def _picture(row: Row[Any]) -> Picture:
    data = getattr(row, "data", None) or b""
    picture = Picture(data=data, mime=row.mime, width=row.width, height=row.height, caption=row.caption)
    return unpack_film(picture) if picture.is_film else picture


def copy_readings(conn: Connection, *, turn_id: int, from_turn: int) -> None:
    """Give a question that is asked again what it had of attachments."""
    for table in (readings, pictures):
        columns = [column for column in table.c if column.name != "turn_id"]
        rows = select(literal(turn_id), *columns).where(table.c.turn_id == from_turn)
        conn.execute(insert(table).from_select(["turn_id", *(column.name for column in columns)], rows))


def caption_picture(conn: Connection, turn_id: int, position: int, caption: str) -> None:
    """Say in words what a picture shows."""
    mine = (pictures.c.turn_id == turn_id) & (pictures.c.position == position)
    conn.execute(update(pictures).where(mine).values(caption=caption))


def drop_picture_data(conn: Connection, turn_ids: Sequence[int]) -> None:
    """Keep only the captions of these turns' pictures; those that have none yet stay as they are."""
    told = pictures.c.turn_id.in_(turn_ids), pictures.c.caption != "", pictures.c.data.is_not(None)
    conn.execute(update(pictures).where(*told).values(data=None))


def delete_readings(conn: Connection, turn_ids: Sequence[int]) -> None:
    """Forget everything that was made of these turns' attachments."""
    for table in (readings, pictures, documents):
        conn.execute(delete(table).where(table.c.turn_id.in_(turn_ids)))
