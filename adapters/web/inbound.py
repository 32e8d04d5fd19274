"""What a page asks for, checked at the border, and the events that come of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.web.guard import Refused
from adapters.web.html import clean
from adapters.web.pagelog import Message
from bot.messages import (
    Author,
    ButtonPressed,
    ChatKind,
    ConversationKey,
    Deleted,
    Edited,
    Incoming,
    StopPressed,
    TextPart,
)

__all__ = [
    "LONGEST_TEXT",
    "Empty",
    "Press",
    "Rename",
    "Write",
    "deleted",
    "edited",
    "key_of",
    "language_of",
    "local_person",
    "pressed",
    "read_body",
    "said",
    "stopped",
]

LONGEST_TEXT: Final = 200_000
"""How many characters a message may have."""

B = TypeVar("B", bound=BaseModel)

Nonce = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Empty(_Body):
    """Nothing but the wish itself."""


class Write(_Body):
    """A message, or new words for one. ``nonce`` names the wish, so that a repeated request is one wish."""

    text: str
    nonce: Nonce


class Press(_Body):
    """A press of a button: under a message, or, where ``message`` is empty, beside the chat.

    What stands beside a chat is opened by a press, too: of "home" or of a button that leads there.
    """

    message: Annotated[str, Field(max_length=20)] = ""
    data: Annotated[str, Field(max_length=256)]
    nonce: Nonce


class Rename(_Body):
    """A chat's title."""

    title: Annotated[str, Field(min_length=1, max_length=200)]


async def read_body(request: web.Request, kind: type[B]) -> B:
    """The request's body. Raises Refused when it is too large or not what is expected."""
    try:
        data = await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, "too_long") from None
    try:
        body = kind.model_validate_json(data)
    except ValidationError:
        raise Refused(400, "not_understood") from None
    if isinstance(body, Write):
        if len(body.text) > LONGEST_TEXT:
            raise Refused(413, "too_long")
        if not body.text.strip():
            raise Refused(400, "empty")
    return body


# --- events -------------------------------------------------------------------------------------------


def key_of(chat: str) -> ConversationKey:
    """The conversation of a chat."""
    return ConversationKey(platform="web", account="local", chat=chat)


def language_of(accept: str) -> str:
    """The first language of an Accept-Language header; empty when it names none."""
    code = accept.partition(",")[0].partition(";")[0].strip().lower()
    return code if code.replace("-", "").isalnum() and len(code) <= 35 else ""


def local_person(request: web.Request) -> Author:
    """Whoever holds the key is the operator."""
    language = language_of(request.headers.get("Accept-Language", ""))
    return Author(id="local", name="local", language=language, vouched=True, is_operator=True)


def said(message: Message, author: Author, *, nonce: str) -> Incoming:
    """A message written; with an equal ``nonce`` it is the same event."""
    return Incoming(
        event_id=f"said:{nonce}",
        key=key_of(message.chat),
        chat_kind=ChatKind.PRIVATE,
        author=author,
        message_id=message.id,
        parts=(TextPart(text=clean(message.shown.text)),),
        sent_at=datetime.fromtimestamp(message.at, UTC),
        addressed=True,
    )


def edited(message: Message, author: Author, *, nonce: str) -> Edited:
    """A message got other words."""
    form = said(message, author, nonce=nonce)
    return Edited(event_id=f"edited:{nonce}", key=form.key, message=form)


def deleted(chat: str, message_ids: Sequence[str], *, nonce: str) -> Deleted:
    """A chat was deleted with these messages."""
    return Deleted(event_id=f"deleted:{nonce}", key=key_of(chat), message_ids=tuple(message_ids))


def pressed(chat: str, press: Press, author: Author) -> ButtonPressed:
    """A button was pressed."""
    return ButtonPressed(
        event_id=f"pressed:{press.nonce}",
        key=key_of(chat),
        chat_kind=ChatKind.PRIVATE,
        author=author,
        message_id=press.message,
        data=clean(press.data),
        answer_id=press.nonce,
    )


def stopped(chat: str, author: Author, *, nonce: str) -> StopPressed:
    """The answer being written should end."""
    return StopPressed(event_id=f"stopped:{nonce}", key=key_of(chat), author=author)
