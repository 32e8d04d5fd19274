"""Opens a turn's exchange: finds its place in the tree and everything the turn needs, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.conversation.question import Origin, Question
from bot.exchange import Exchange
from bot.storage import chats, history, ledger, readings
from bot.storage.documents import copy_documents, has_documents
from bot.storage.ledger import Delivery

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["PICTURED_EXCHANGES", "Opened", "open_exchange"]

# So many exchanges with pictures before the question are looked at again; of older ones the model reads what
# they showed, so that a long talk about pictures costs no more than a short one.
PICTURED_EXCHANGES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An exchange to be answered. ``path`` is the history before it, root first, after ``summary``.

    ``documents`` says that some came with it or with the history.
    """

    exchange: Exchange
    path: Sequence[Exchange]
    summary: str
    deliveries: Sequence[Delivery]
    notice: str
    newest_message: str
    documents: bool = False

    @property
    def older_pictures(self) -> bool:
        """Whether pictures of earlier exchanges would be looked at again."""
        return any(picture.data for exchange in self.path for picture in exchange.pictures)

    def without_older_pictures(self) -> Opened:
        """The same with what earlier pictures showed in their place."""
        return replace(self, path=[_in_words(exchange) for exchange in self.path])


def open_exchange(conn: Connection, turn_id: int, question: Question, *, now: float) -> Opened:
    """The turn's exchange, made on the first attempt and found again on every later one."""
    exchange = history.exchange_of(conn, turn_id)
    if exchange is None:
        exchange = _new_exchange(conn, turn_id, question, now=now)
        history.add_exchange(conn, exchange)
        if not exchange.redacted:
            _keep_pictures(conn, turn_id, question.origin)
        if question.origin.replaces is not None:
            ledger.adopt(conn, turn_id=turn_id, from_turn=question.origin.replaces)
    chat = chats.chat_of(conn, question.key.peer)
    if chat.closed:
        chats.reopen_chat(conn, question.key.peer)  # who writes to us can be written to
    path = history.path_to(conn, exchange.parent_id)
    path = _with_pictures(conn, path, looked_at=PICTURED_EXCHANGES)
    (exchange,) = _with_pictures(conn, [exchange], looked_at=1)
    summary = history.summary_of(conn, path[0].turn_id) if path else ""
    return Opened(
        exchange=exchange,
        path=path[1:] if summary else path,
        summary=summary,
        deliveries=ledger.deliveries_of(conn, turn_id),
        notice=history.notice_of(conn, turn_id) or "",
        newest_message=ledger.newest_message(conn, str(question.key)),
        documents=has_documents(conn, str(question.key), turn_id),
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
        **_written_before(beside, question.origin),
        redacted=deleted,
        created_at=now,
    )


def _written_before(beside: Exchange | None, origin: Origin) -> dict[str, Any]:
    """What an answer goes on from that asked whether a tool may act."""
    if beside is None or origin.decision is None:
        return {}
    return {"steps": beside.steps, "reply": beside.reply, "thinking": beside.thinking, "usage": beside.usage}


def _keep_pictures(conn: Connection, turn_id: int, origin: Origin) -> None:
    """A question that is asked once more is asked with its pictures; an edited message brings its own."""
    beside = _beside(origin)
    if beside is not None and not readings.readings_of(conn, turn_id):
        readings.copy_readings(conn, turn_id=turn_id, from_turn=beside)
        copy_documents(conn, turn_id=turn_id, from_turn=beside)


def _with_pictures(conn: Connection, exchanges: list[Exchange], *, looked_at: int) -> list[Exchange]:
    """The exchanges with their pictures; all but the newest that have any get them without their data."""
    shown = readings.pictures_of(conn, [exchange.turn_id for exchange in exchanges], with_data=False)
    pictured = [exchange.turn_id for exchange in exchanges if exchange.turn_id in shown]
    shown |= readings.pictures_of(conn, pictured[-looked_at:])
    return [
        replace(exchange, pictures=shown[exchange.turn_id]) if exchange.turn_id in shown else exchange
        for exchange in exchanges
    ]


def _in_words(exchange: Exchange) -> Exchange:
    return replace(exchange, pictures=tuple(picture.without_data() for picture in exchange.pictures))


def _beside(origin: Origin) -> int | None:
    return origin.again if origin.again is not None else origin.replaces


def _sibling(conn: Connection, origin: Origin) -> Exchange | None:
    """The exchange whose question is asked once more."""
    turn_id = _beside(origin)
    return history.exchange_of(conn, turn_id) if turn_id is not None else None


def _parent(conn: Connection, question: Question) -> int | None:
    origin = question.origin
    if origin.continues_message:
        shown = history.exchange_shown_by(conn, str(question.key), origin.continues_message)
        if shown is not None:
            return shown
    return history.head_of(conn, str(question.key))
