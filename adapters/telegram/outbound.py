"""Carries the bot's own messages to Telegram: sends, edits, deletes, typing, answers to buttons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, assert_never

from bot.errors import MessageGone, PartRejected, PlatformUnclear, VoiceForbidden
from bot.messages import ConversationKey
from bot.ports import Button, OutgoingFile, OutgoingVoice, Rendered

from .client import CALL_SECONDS, ApiClient
from .errors import Refused, delivery_error
from .rendering import Entities, RichMarkdown

__all__ = ["VOICE_MIME", "Outbound", "content_of", "keyboard", "place_of"]

VOICE_MIME = "audio/ogg"

_GENERAL_TOPIC = "1"
_TYPING_SECONDS = 5.0  # it lasts five seconds; later than that it is of no use
_ANSWER_LIMIT = 200  # Bot API answerCallbackQuery
_CAPTION_LIMIT = 1024  # Bot API sendDocument
_DELETE_BATCH = 100  # Bot API deleteMessages
_NO_REPLY = ("message to be replied not found", "replied message not found", "reply message not found")
_NO_THREAD = ("message thread not found", "message_thread_id is invalid", "topic_deleted")
_NOTHING_TO_DELETE = (
    "message to delete not found",
    "message can't be deleted",
    "message identifiers are not",
)
# A person's privacy settings, and what a group's rules let nobody, or no bot, send.
_VOICE_FORBIDDEN = (
    "voice_messages_forbidden",
    "chat_send_voices_forbidden",
    "chat_send_audios_forbidden",
    "not enough rights to send voice",
    "not enough rights to send audios",
    "not enough rights to send music",
)
_ANSWERED = ("query is too old", "query id is invalid", "query_id_invalid")


_Call = Callable[[str, Mapping[str, Any]], Awaitable[Any]]


class Outbound:
    """The calls of one bot. Each raises DeliveryError's subclasses and nothing else."""

    def __init__(self, *, client: ApiClient) -> None:
        self._client = client

    async def call(
        self, method: str, params: Mapping[str, Any], *, timeout_seconds: float = CALL_SECONDS
    ) -> Any:
        """A method's result, refusals translated."""
        try:
            return await self._client.call(method, params, timeout_seconds=timeout_seconds)
        except Refused as exc:
            raise delivery_error(exc) from exc

    async def send(
        self,
        key: ConversationKey,
        content: Rendered,
        *,
        reply_to: str = "",
        buttons: Sequence[Sequence[Button]] = (),
    ) -> str:
        """Send a message; its id. A reply or topic that is gone is left out: the answer still gets there."""
        method = "sendRichMessage" if isinstance(content.payload, RichMarkdown) else "sendMessage"
        params = {**place_of(key), **content_of(content), **_preview_off(content), **keyboard(buttons)}
        return _message_id(method, await self._send(method, {**params, **_answers(reply_to)}))

    async def send_file(
        self, key: ConversationKey, file: OutgoingFile, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Send a document; its message's id. A reply or topic that is gone is left out."""
        params = {**place_of(key), "caption": caption[:_CAPTION_LIMIT], **_answers(reply_to)}
        call = partial(self._client.upload, field="document", file=file)
        return _message_id("sendDocument", await self._send("sendDocument", params, call))

    async def send_voice(
        self, key: ConversationKey, note: OutgoingVoice, *, caption: str = "", reply_to: str = ""
    ) -> str:
        """Send OGG with Opus as a voice message, MP3 as a piece of music; the message's id."""
        params = {
            **place_of(key),
            "caption": caption[:_CAPTION_LIMIT],
            "duration": max(1, round(note.seconds)),
            **_answers(reply_to),
        }
        field = "voice" if note.mime == VOICE_MIME else "audio"
        method = f"send{field.capitalize()}"
        call = partial(self._client.upload, field=field, file=note.as_file("voice"))
        return _message_id(method, await self._send(method, params, call))

    async def _send(self, method: str, params: dict[str, Any], call: _Call | None = None) -> Any:
        while True:
            try:
                return await (call or self._client.call)(method, params)
            except Refused as exc:
                if exc.says(*_NO_REPLY) and params.pop("reply_parameters", None):
                    continue
                if exc.says(*_NO_THREAD) and params.pop("message_thread_id", None):
                    params.pop("reply_parameters", None)
                    continue
                if exc.says(*_VOICE_FORBIDDEN):
                    raise VoiceForbidden(str(exc)) from exc
                raise delivery_error(exc) from exc

    async def edit(
        self,
        key: ConversationKey,
        message_id: str,
        content: Rendered,
        *,
        buttons: Sequence[Sequence[Button]] = (),
    ) -> None:
        """Make a message show ``content``; that it does already is fine."""
        params = {
            "chat_id": int(key.chat),
            "message_id": _number(message_id),
            **content_of(content),
            **_preview_off(content),
            **keyboard(buttons),
        }
        try:
            await self._client.call("editMessageText", params)
        except Refused as exc:
            if not exc.is_unchanged:
                raise delivery_error(exc) from exc

    async def typing(self, key: ConversationKey) -> None:
        """Show "typing" for five seconds. Unlike messages, it has to name the General topic."""
        place: dict[str, Any] = {"chat_id": int(key.chat)}
        if key.thread:
            place["message_thread_id"] = int(key.thread)
        await self.call("sendChatAction", {**place, "action": "typing"}, timeout_seconds=_TYPING_SECONDS)

    async def delete(self, key: ConversationKey, message_ids: Sequence[str]) -> None:
        """Delete messages, in batches; those already gone are fine."""
        numbers = [int(message_id) for message_id in message_ids if message_id.isdecimal()]
        for start in range(0, len(numbers), _DELETE_BATCH):
            batch = numbers[start : start + _DELETE_BATCH]
            try:
                await self._client.call("deleteMessages", {"chat_id": int(key.chat), "message_ids": batch})
            except Refused as exc:
                if not exc.says(*_NOTHING_TO_DELETE):
                    raise delivery_error(exc) from exc

    async def answer_button(self, answer_id: str, text: str = "") -> None:
        """End the wait of a pressed button; one that waited too long has ended by itself."""
        params = {"callback_query_id": answer_id, "text": text[:_ANSWER_LIMIT]}
        try:
            await self._client.call("answerCallbackQuery", params)
        except Refused as exc:
            if not exc.says(*_ANSWERED):
                raise delivery_error(exc) from exc


def place_of(key: ConversationKey) -> dict[str, Any]:
    """Where to send. The General topic of a forum is meant when no topic is named; naming it is refused."""
    place: dict[str, Any] = {"chat_id": int(key.chat)}
    if key.thread not in ("", _GENERAL_TOPIC):
        place["message_thread_id"] = int(key.thread)
    return place


def _answers(reply_to: str) -> dict[str, Any]:
    if not reply_to.isdecimal():
        return {}
    return {"reply_parameters": {"message_id": int(reply_to), "allow_sending_without_reply": True}}


def content_of(content: Rendered) -> dict[str, Any]:
    """The parameters that carry a rendering."""
    payload = content.payload
    if not isinstance(payload, Entities | RichMarkdown | None):
        raise PartRejected(f"not rendered for Telegram: {type(payload).__name__}")
    match payload:
        case None:
            return {"text": content.text}
        case Entities():
            return {"text": content.text, "entities": payload.wire()}
        case RichMarkdown():
            return {"rich_message": {"markdown": payload.markdown}}
        case _:
            assert_never(payload)


def _preview_off(content: Rendered) -> dict[str, Any]:
    """No link previews: they jump about while a reply grows. Rich messages have none of that kind."""
    return (
        {} if isinstance(content.payload, RichMarkdown) else {"link_preview_options": {"is_disabled": True}}
    )


def keyboard(buttons: Sequence[Sequence[Button]]) -> dict[str, Any]:
    """The buttons; without any, an edit takes away those that were there."""
    if not buttons:
        return {}
    rows = [[{"text": button.label, "callback_data": button.data} for button in row] for row in buttons]
    return {"reply_markup": {"inline_keyboard": rows}}


def _number(message_id: str) -> int:
    if not message_id.isdecimal():
        raise MessageGone(f"not a Telegram message id: {message_id!r}")
    return int(message_id)


def _message_id(method: str, result: Any) -> str:
    number = result.get("message_id") if isinstance(result, Mapping) else None
    if not isinstance(number, int):
        raise PlatformUnclear(f"{method}: the answer names no message")
    return str(number)
