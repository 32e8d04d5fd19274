"""Shows pictures and films in Telegram: one in the place of the line about it, several as an album below it.

A message of text can be given a photo or a video (Bot API editMessageMedia), which however often it is done
shows it once. An album has to be sent, so what may have been sent already is looked for first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from bot.errors import MessageGone, PartRejected, PlatformUnclear
from bot.messages import ConversationKey
from bot.ports import Button, OutgoingFile, Rendered

from .client import ApiClient
from .errors import Refused, delivery_error
from .outbound import Outbound, keyboard, place_of
from .reclaim import candidates

__all__ = ["Media"]

_CAPTION_UNITS: Final = 1024  # Bot API: 0-1024 characters after entities parsing, counted in UTF-16
_MOST_PHOTO_BYTES: Final = 10 * 1024 * 1024  # Bot API sendPhoto
_MOST_LOOKED_AT: Final = 10
# A photo that Telegram can't make smaller ones of can still be carried as a file.
_NOT_A_PHOTO: Final = ("photo_invalid_dimensions", "image_process_failed", "photo_save_file_invalid")
_NO_CAPTION: Final = ("there is no caption in the message to edit",)


class Media:
    """The pictures and films of one bot. Raises DeliveryError's subclasses and nothing else."""

    def __init__(self, *, client: ApiClient, outbound: Outbound) -> None:
        self._client = client
        self._outbound = outbound

    async def show(
        self,
        key: ConversationKey,
        message_id: str,
        media: Sequence[OutgoingFile],
        *,
        caption: str,
        buttons: Sequence[Sequence[Button]],
        maybe_sent: bool,
        taken: Collection[tuple[str, str]],
    ) -> tuple[str, ...]:
        """See ShowsMedia.show_media."""
        if not message_id.isdecimal():
            raise MessageGone(f"not a Telegram message id: {message_id!r}")
        if len(media) == 1:
            await self._put(key, message_id, media[0], caption, buttons)
            return ()
        first = await self._find(key, message_id, taken) if maybe_sent else None
        if first is None:
            sent = await self._send_album(key, message_id, media)
        else:
            sent = tuple(str(first + number) for number in range(len(media)))
        line = Rendered(text=caption)
        try:
            await self._outbound.edit(key, message_id, line, buttons=buttons)
        except MessageGone:  # the album is there already: another line, not another album
            return (*sent, await self._outbound.send(key, line, buttons=buttons))
        return sent

    async def _put(
        self,
        key: ConversationKey,
        message_id: str,
        file: OutgoingFile,
        caption: str,
        buttons: Sequence[Sequence[Button]],
    ) -> None:
        """Let the line itself become the picture."""
        for kind in dict.fromkeys((_kind(file), "document")):
            media = {"type": kind, "media": "attach://file0", "caption": _cut(caption)}
            params = {
                "chat_id": int(key.chat),
                "message_id": int(message_id),
                "media": media,
                **keyboard(buttons),
            }
            try:
                await self._client.upload_all("editMessageMedia", params, {"file0": file})
            except Refused as exc:
                if exc.is_unchanged:
                    return
                if kind != "document" and exc.says(*_NOT_A_PHOTO):
                    continue
                raise delivery_error(exc) from exc
            return
        raise PartRejected("the picture is not taken in any form")

    async def _send_album(
        self, key: ConversationKey, message_id: str, media: Sequence[OutgoingFile]
    ) -> tuple[str, ...]:
        files = {f"file{number}": file for number, file in enumerate(media)}
        # Photos and documents don't go into one album.
        kind = "document" if any(_kind(file) == "document" for file in media) else "photo"
        params = {
            **place_of(key),
            "media": [{"type": kind, "media": f"attach://{name}"} for name in files],
            "reply_parameters": {"message_id": int(message_id), "allow_sending_without_reply": True},
        }
        try:
            result = await self._client.upload_all("sendMediaGroup", params, files)
        except Refused as exc:
            raise delivery_error(exc) from exc
        return _ids(result)

    async def _find(
        self, key: ConversationKey, message_id: str, taken: Collection[tuple[str, str]]
    ) -> int | None:
        """The first of our messages after the line that carries something without a caption.

        A bot can't list a chat, but it can edit its own messages: taking away the caption that an album has
        not leaves it as it is, and is refused for everything else.
        """
        for number in islice(candidates(key, int(message_id), taken), _MOST_LOOKED_AT):
            params = {"chat_id": int(key.chat), "message_id": number, "caption": ""}
            try:
                await self._client.call("editMessageCaption", params)
            except Refused as exc:
                if exc.is_unchanged:
                    return number
                error = delivery_error(exc)
                if not (isinstance(error, MessageGone) or exc.says(*_NO_CAPTION)):
                    raise error from exc
            else:
                return number
        return None


def _kind(file: OutgoingFile) -> str:
    if file.mime.startswith("video/"):
        return "video"
    return "photo" if len(file.data) <= _MOST_PHOTO_BYTES else "document"


def _cut(caption: str) -> str:
    encoded = caption.encode("utf-16-le")
    return encoded[: _CAPTION_UNITS * 2].decode("utf-16-le", "ignore")


def _ids(result: object) -> tuple[str, ...]:
    messages: list[Any] = result if isinstance(result, list) else []
    numbers = [message.get("message_id") for message in messages if isinstance(message, Mapping)]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        raise PlatformUnclear("sendMediaGroup: the answer names no messages")
    return tuple(str(number) for number in numbers)
