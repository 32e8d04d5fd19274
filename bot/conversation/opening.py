"""Opens a turn's exchange: finds its place in the tree and everything the turn needs, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.conversation.question import Origin, Question
from bot.exchange import Exchange
from bot.storage import chats, history, ledger
from bot.storage.ledger import Delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Opened", "open_exchange"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An exchange to be answered. ``path`` is the history before it, root first, after ``summary``."""

    exchange: Exchange
    path: Sequence[Exchange]
    summary: str
    deliveries: Sequence[Delivery]
    notice: str
    newest_message: str


def open_exchange(conn: Connection, turn_id: int, question: Question, *, now: float) -> Opened:
    """The turn's exchange, made on the first attempt and found again on every later one."""
    exchange = history.exchange_of(conn, turn_id)
    if exchange is None:
        exchange = _new_exchange(conn, turn_id, question, now=now)
        history.add_exchange(conn, exchange)
        if question.origin.replaces is not None:
            ledger.adopt(conn, turn_id=turn_id, from_turn=question.origin.replaces)
    chat = chats.chat_of(conn, question.key.peer)
    if chat.closed:
        chats.reopen_chat(conn, question.key.peer)  # who writes to us can be written to
    path = history.path_to(conn, exchange.parent_id)
    summary = history.summary_of(conn, path[0].turn_id) if path else ""
    return Opened(
        exchange=exchange,
        path=path[1:] if summary else path,
        summary=summary,
        deliveries=ledger.deliveries_of(conn, turn_id),
        notice=history.notice_of(conn, turn_id) or "",
        newest_message=ledger.newest_message(conn, str(question.key)),
    )


def _new_exchange(conn: Connection, turn_id: int, question: Question, *, now: float) -> Exchange:
    beside = _sibling(conn, question.origin)
    deleted = history.was_deleted(conn, turn_id)
    return Exchange(
        turn_id=turn_id,
        conversation=str(question.key),
        parent_id=beside.parent_id if beside is not None else _parent(conn, question),
        author_id=question.author.id,
        author_name="" if deleted else question.author.name,
        # Words asked again are still those of the first message, and go when that is deleted.
        message_id=beside.message_id if beside is not None else question.message_id,
        request="" if deleted else question.request,
        redacted=deleted,
        created_at=now,
    )


def _sibling(conn: Connection, origin: Origin) -> Exchange | None:
    """The exchange whose question is asked once more."""
    turn_id = origin.again if origin.again is not None else origin.replaces
    return history.exchange_of(conn, turn_id) if turn_id is not None else None


def _parent(conn: Connection, question: Question) -> int | None:
    origin = question.origin
    if origin.continues_message:
        shown = history.exchange_shown_by(conn, str(question.key), origin.continues_message)
        if shown is not None:
            return shown
    return history.head_of(conn, str(question.key))
