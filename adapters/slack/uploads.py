"""Brings the bot's files to Slack: announced, uploaded, then shared in a thread.

Source: docs.slack.dev, files.getUploadURLExternal and files.completeUploadExternal.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

import aiohttp
from yarl import URL

from bot.errors import DeliveryError, PartRejected, PlatformBusy, PlatformUnclear
from bot.messages import ConversationKey
from bot.ports import OutgoingFile

from .blocks import mrkdwn
from .client import ApiClient
from .errors import Refused, delivery_error, transport_error

__all__ = ["Uploads"]

_UPLOAD_SECONDS: Final = 120.0
_TRANSPORT = (aiohttp.ClientError, TimeoutError, OSError)


class Uploads:
    """The uploads of one bot. Raises DeliveryError's subclasses and nothing else."""

    def __init__(self, *, client: ApiClient) -> None:
        self._client = client

    async def send(self, key: ConversationKey, file: OutgoingFile, *, caption: str = "") -> str:
        """Share a file in the conversation's thread; the file's id: Slack does not tell its message's."""
        return (await self.share(key, [file], caption=caption))[0]

    async def share(
        self, key: ConversationKey, files: Sequence[OutgoingFile], *, caption: str = ""
    ) -> tuple[str, ...]:
        """Share files in one message of the conversation's thread; their ids."""
        ids = tuple([await self._place(file) for file in files])
        named = [{"id": file_id, "title": file.name} for file_id, file in zip(ids, files, strict=True)]
        await self._call("files.completeUploadExternal", _share(key, named, caption))
        return ids

    async def _place(self, file: OutgoingFile) -> str:
        """Upload a file, which nobody sees yet; its id."""
        ticket = await self._call(
            "files.getUploadURLExternal", {"filename": file.name, "length": len(file.data)}
        )
        url, file_id = ticket.get("upload_url"), ticket.get("file_id")
        if not isinstance(url, str) or not isinstance(file_id, str):
            raise PlatformUnclear("files.getUploadURLExternal: the answer names no place to upload to")
        failure = await self._upload(url, file)
        if failure is not None:
            raise failure
        return file_id

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        try:
            return await self._client.call(method, params)
        except Refused as exc:
            raise delivery_error(exc) from exc

    async def _upload(self, url: str, file: OutgoingFile) -> DeliveryError | None:
        """A failure is returned, not raised: the address is a secret that aiohttp's errors show."""
        timeout = aiohttp.ClientTimeout(total=_UPLOAD_SECONDS)
        headers = {"Content-Type": "application/octet-stream"}
        try:
            async with (
                self._client.in_use() as session,
                session.post(
                    URL(url, encoded=True),
                    data=io.BytesIO(file.data),
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response,
            ):
                status = response.status
        except _TRANSPORT as exc:
            return transport_error("upload", exc)
        except ValueError:
            return PlatformUnclear("files.getUploadURLExternal: the answer's address is none")
        return _failure(status)


def _failure(status: int) -> DeliveryError | None:
    if status == 200:
        return None
    if status == 429 or status >= 500:
        # Nothing is shared before the last step, so it may be begun anew.
        return PlatformBusy(f"upload: HTTP {status}", retry_after_seconds=5.0)
    return PartRejected(f"upload: HTTP {status}")


def _share(key: ConversationKey, files: list[dict[str, str]], caption: str) -> dict[str, Any]:
    params: dict[str, Any] = {"files": files, "channel_id": key.chat}
    if key.thread:
        params["thread_ts"] = key.thread
    if caption:
        params["initial_comment"] = mrkdwn(caption)
    return params
