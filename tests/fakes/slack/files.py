"""The workspace's files: bytes kept, links that need the app's token, uploads in three steps."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["LOGIN_PAGE", "FileStore", "StoredFile", "Ticket"]

PREVIEW = 100
LOGIN_PAGE = (
    "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head>"
    "<body>Sign in to your workspace</body></html>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Bytes with the names the platform gives them; ``size`` may be declared larger than they are.

    ``heard`` is what Slack makes of a voice clip: None while it listens, empty where it doesn't.
    """

    id: str
    name: str
    title: str
    mime_type: str
    data: bytes
    size: int
    user: str
    url: str
    subtype: str = ""
    duration_ms: int = 0
    heard: str | None = ""

    def wire(self, stub: bool = False) -> dict[str, Any]:
        """The File object; in a channel shared with another workspace only a stub that says so."""
        if stub:
            return {"id": self.id, "mode": "file_access", "file_access": "check_file_info", "user": self.user}
        wire: dict[str, Any] = {
            "id": self.id,
            "created": 1_790_000_000,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mime_type,
            "filetype": self.name.rpartition(".")[2],
            "user": self.user,
            "mode": "hosted",
            "size": self.size,
            "is_external": False,
            "file_access": "visible",
            "url_private": self.url,
            "url_private_download": self.url.replace(f"/{self.name}", f"/download/{self.name}"),
        }
        if self.subtype:
            clip = {"subtype": self.subtype, "duration_ms": self.duration_ms}
            wire |= {**clip, "transcription": self._transcription()}
        return wire

    def _transcription(self) -> dict[str, Any]:
        """As in files of the kind in the field: of a finished one only the beginning is told."""
        if self.heard is None:
            return {"status": "processing"}
        if not self.heard:
            return {"status": "none"}
        preview = {"content": self.heard[:PREVIEW], "has_more": len(self.heard) > PREVIEW}
        return {"status": "complete", "locale": "en-US", "preview": preview}


@dataclass(slots=True, kw_only=True)
class Ticket:
    """An upload that was announced; ``data`` is None until the bytes have come."""

    id: str
    name: str
    length: int
    data: bytes | None = None


class FileStore:
    """Files by id, and uploads that are under way by ticket."""

    def __init__(self) -> None:
        self.base_url = ""
        self.tickets: dict[str, Ticket] = {}
        self.locked: set[str] = set()
        self._by_id: dict[str, StoredFile] = {}

    def add(
        self,
        data: bytes,
        *,
        file_id: str,
        name: str,
        mime_type: str,
        user: str,
        title: str = "",
        size: int | None = None,
        subtype: str = "",
        duration_ms: int = 0,
        heard: str | None = "",
    ) -> StoredFile:
        """Store bytes. ``size`` declares another size, to tell of a file too large to keep in a test."""
        stored = StoredFile(
            id=file_id,
            name=name,
            title=title or name,
            mime_type=mime_type,
            data=data,
            size=len(data) if size is None else size,
            user=user,
            url=f"{self.base_url}/files-pri/T-{file_id}/{name}",
            subtype=subtype,
            duration_ms=duration_ms,
            heard=heard,
        )
        self._by_id[file_id] = stored
        return stored

    def hear(self, file_id: str, heard: str) -> None:
        """Slack has listened to a voice clip."""
        self._by_id[file_id] = replace(self._by_id[file_id], heard=heard)

    def get(self, file_id: str) -> StoredFile | None:
        """The file with this id."""
        return self._by_id.get(file_id)

    def at_path(self, path: str) -> StoredFile | None:
        """The file a private link names, such as ``/files-pri/T-F01/a.pdf``."""
        key = path.removeprefix("/files-pri/").partition("/")[0]
        return self._by_id.get(key.removeprefix("T-"))

    @staticmethod
    def may_read(header: str, token: str) -> bool:
        """Whether an Authorization header opens private links."""
        return hmac.compare_digest(header, f"Bearer {token}")
