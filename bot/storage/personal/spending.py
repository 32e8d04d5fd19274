"""What answers took: of one person, or of one chat."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, select

from bot.events import Usage
from bot.storage.personal.owner import Owner, asked_by
from bot.storage.ranges import within_chat
from bot.storage.tables import exchanges

__all__ = ["Spent", "spent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What answers of one model took."""

    model: str
    answers: int
    usage: Usage


def spent(conn: Connection, *, since: float, owner: Owner | None = None, peer: str = "") -> list[Spent]:
    """What answers took since a moment: those to a person, or those in a chat; the most used model first."""
    where = asked_by(owner) if owner is not None else within_chat(exchanges.c.conversation, peer)
    query = select(exchanges.c.model, exchanges.c.usage).where(
        where, exchanges.c.created_at >= since, exchanges.c.model != ""
    )
    counts: dict[str, tuple[int, Usage]] = {}
    for row in conn.execute(query):
        answers, usage = counts.get(row.model, (0, Usage()))
        counts[row.model] = (answers + 1, usage + Usage(**orjson.loads(row.usage)))
    found = [Spent(model=model, answers=count, usage=usage) for model, (count, usage) in counts.items()]
    return sorted(found, key=lambda one: -(one.usage.prompt + one.usage.completion))
