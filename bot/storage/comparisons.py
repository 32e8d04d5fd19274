"""Which models a turn compares, and which of them people prefer."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select

from bot.storage.tables import comparisons, feedback

__all__ = ["begin_comparison", "comparison_of", "prefer"]


def begin_comparison(conn: Connection, turn_id: int, models: Sequence[str]) -> tuple[str, ...]:
    """The models a turn compares: those of its first attempt, else these, which are noted."""
    known = comparison_of(conn, turn_id)
    if known or not models:
        return known
    rows = [{"turn_id": turn_id, "place": place, "model": model} for place, model in enumerate(models)]
    conn.execute(insert(comparisons), rows)
    return tuple(models)


def comparison_of(conn: Connection, turn_id: int) -> tuple[str, ...]:
    """The models a turn compares, in order; none for a turn with one answer."""
    query = select(comparisons.c.model).where(comparisons.c.turn_id == turn_id).order_by(comparisons.c.place)
    return tuple(conn.execute(query).scalars())


def prefer(conn: Connection, turn_id: int, *, author_id: str, model: str, now: float) -> int:
    """Somebody likes the answer of ``model`` best, whatever they said before; how many people do now."""
    conn.execute(delete(feedback).where(feedback.c.turn_id == turn_id, feedback.c.author_id == author_id))
    values = {"turn_id": turn_id, "author_id": author_id, "vote": "up", "model": model, "created_at": now}
    conn.execute(insert(feedback).values(values))
    count = select(func.count()).where(feedback.c.turn_id == turn_id, feedback.c.model == model)
    return conn.execute(count).scalar_one()
