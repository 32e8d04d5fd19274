"""The platform's file store: every upload keeps its bytes and can be fetched again by file_id or path."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .call import MAX_UPLOAD_BYTES, Call, Upload
from .errors import ApiError, bad_request

__all__ = ["FileStore", "StoredFile"]

MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024  # Bot API getFile
MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_FETCH_BYTES = 20 * 1024 * 1024

_FOLDERS = {
    "photo": ("photos", "jpg"),
    "voice": ("voice", "oga"),
    "audio": ("music", "mp3"),
    "video": ("videos", "mp4"),
    "video_note": ("video_notes", "mp4"),
    "sticker": ("stickers", "webp"),
    "document": ("documents", "bin"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """Bytes with the names the platform gives them; ``size`` may be declared larger than they are."""

    file_id: str
    unique_id: str
    path: str
    kind: str
    data: bytes
    name: str
    mime_type: str
    size: int


class FileStore:
    """Files by id and by path. Equal bytes of one kind share their ``file_unique_id``."""

    def __init__(self) -> None:
        self._by_id: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self.largest_download_bytes = MAX_DOWNLOAD_BYTES
        #: What http(s) URLs give when the bot sends media by URL.
        self.web: dict[str, Upload] = {}

    def add(
        self, kind: str, data: bytes, *, name: str = "", mime_type: str = "", size: int | None = None
    ) -> StoredFile:
        """Store bytes. ``size`` declares another size, to tell of a file too large to keep in a test."""
        number = len(self._by_id)
        folder, suffix = _FOLDERS[kind]
        extension = name.rpartition(".")[2] if "." in name else suffix
        digest = hashlib.sha256(kind.encode() + data).hexdigest()
        stored = StoredFile(
            file_id=f"AgAC{kind}{number:06d}{digest[:12]}",
            unique_id=f"AQAD{digest[:14]}",
            path=f"{folder}/file_{number}.{extension}",
            kind=kind,
            data=data,
            name=name,
            mime_type=mime_type,
            size=len(data) if size is None else size,
        )
        self._by_id[stored.file_id] = stored
        self._by_path[stored.path] = stored
        return stored

    def get(self, file_id: str) -> StoredFile:
        """The file with this id; raises ApiError (400)."""
        stored = self._by_id.get(file_id)
        if stored is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        return stored

    def at_path(self, path: str) -> StoredFile | None:
        """The file a download link names."""
        return self._by_path.get(path)

    def receive(self, call: Call, value: str, kind: str) -> StoredFile:
        """The file a send method names: an upload, a file_id or a URL; raises ApiError."""
        upload = call.upload(value)
        if upload is None and value.startswith(("http://", "https://")):
            upload = self.web.get(value)
            if upload is None or len(upload.data) > MAX_FETCH_BYTES:
                raise bad_request("failed to get HTTP URL content")
        if upload is None:
            return self._sent_again(value, kind)
        _check_upload(upload, kind)
        return self.add(kind, upload.data, name=upload.filename, mime_type=upload.content_type)

    def _sent_again(self, file_id: str, kind: str) -> StoredFile:
        stored = self._by_id.get(file_id)
        if stored is None:
            raise bad_request("wrong file identifier/HTTP URL specified")
        if stored.kind != kind:
            raise bad_request(f"can't use file of type {stored.kind.capitalize()} as {kind.capitalize()}")
        return stored


def _check_upload(upload: Upload, kind: str) -> None:
    if not upload.data:
        raise bad_request("file must be non-empty")
    if kind == "photo" and len(upload.data) > MAX_PHOTO_BYTES:
        raise bad_request("file is too big")
    if len(upload.data) > MAX_UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")
