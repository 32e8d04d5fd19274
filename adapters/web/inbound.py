"""What a page asks for, checked at the border, and the events that come of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.web.guard import Refused
from adapters.web.html import clean
from adapters.web.kinds import attachment_kind, told_apart
from adapters.web.pagelog import Attached, Message, StoredFile
from bot.messages import (
    Attachment,
    Author,
    ButtonPressed,
    ChatKind,
    ConversationKey,
    Deleted,
    Edited,
    Incoming,
    Part,
    StopPressed,
    TextPart,
)

__all__ = [
    "LONGEST_TEXT",
    "MOST_FILES",
    "Empty",
    "Press",
    "Rename",
    "Rewrite",
    "Write",
    "attached",
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
MOST_FILES: Final = 10
"""How many files a message may have."""
_LONGEST_NAME: Final = 200
_LONGEST_SECONDS: Final = 86_400.0
# Characters that turn the direction of writing make "exe.gpj" of a name that ends in ".exe".
_TURNS: Final = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")

B = TypeVar("B", bound=BaseModel)

Nonce = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{8,64}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Empty(_Body):
    """Nothing but the wish itself."""


class File(_Body):
    """What the sender says of a file that was uploaded before. ``voice``: it was just spoken."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    name: Annotated[str, Field(max_length=1000)] = ""
    mime: Annotated[str, Field(max_length=200)] = ""
    voice: bool = False
    seconds: Annotated[float, Field(ge=0, le=_LONGEST_SECONDS, allow_inf_nan=False)] | None = None


class Write(_Body):
    """A message. ``nonce`` names the wish, so that a repeated request is one wish."""

    text: str
    nonce: Nonce
    files: Annotated[tuple[File, ...], Field(max_length=100)] = ()


class Rewrite(_Body):
    """New words for a message; its files stay. ``nonce`` as for a new one."""

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
    if isinstance(body, Write | Rewrite) and len(body.text) > LONGEST_TEXT:
        raise Refused(413, "too_long")
    if isinstance(body, Write):
        if len(body.files) > MOST_FILES:
            raise Refused(413, "too_many_files")
        if not body.text.strip() and not body.files:
            raise Refused(400, "empty")
    return body


def attached(file: File, kept: StoredFile) -> Attached:
    """A file as its message will have it, from what its sender says and what its bytes say."""
    kind, mime = told_apart(kept.mime, file.mime, voice=file.voice)
    return Attached(id=file.id, name=_tidy_name(file.name), mime=mime, kind=kind, seconds=file.seconds)


def _tidy_name(name: str) -> str:
    """A name without folders, of a length that can be shown; the ending stays."""
    bare = _TURNS.sub("", clean(" ".join(re.split(r"[/\\]", name)[-1].split())))
    if len(bare) <= _LONGEST_NAME:
        return bare
    stem, dot, ending = bare.rpartition(".")
    ending = f"{dot}{ending}" if dot and len(ending) <= 10 else ""
    return (stem or bare)[: _LONGEST_NAME - 1 - len(ending)] + "…" + ending


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
        parts=_parts(message),
        sent_at=datetime.fromtimestamp(message.at, UTC),
        addressed=True,
    )


def _parts(message: Message) -> tuple[Part, ...]:
    text = clean(message.shown.text)
    words = (TextPart(text=text),) if text.strip() else ()
    return (*words, *map(_attachment, message.files))


def _attachment(file: StoredFile) -> Attachment:
    """What holds the same bytes has the same name, so that a recording sent twice is written down once."""
    return Attachment(
        kind=attachment_kind(file.kind, file.mime),
        file_id=file.id,
        unique_id=file.digest,
        name=file.name,
        mime=file.mime,
        size_bytes=file.size_bytes,
        duration_seconds=file.seconds,
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
