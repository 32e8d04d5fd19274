"""What a person is handed: everything stored about them at one moment, and the files among it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.storage.personal import FileOf, Kept, Owner, document_words, made_data, picture_data

__all__ = ["OwnData", "StoredFile", "files_of"]

_ENDINGS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
}
_UNSAFE: Final = re.compile(r"[^\w.-]+")
_LONGEST_NAME: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file beside the document. ``name`` is its path there; ``read`` gets it from the database."""

    name: str
    turn: int
    position: int
    size_bytes: int
    read: FileOf

    @property
    def is_text(self) -> bool:
        """Whether it becomes smaller when it is packed."""
        return self.name.endswith(".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Everything that is stored about a person, as it was ``at`` one moment.

    ``consent`` is the sentence that the person read to have voices made; ``files`` stand beside the document,
    those ``left_out`` had no room there.
    """

    owner: Owner
    at: datetime
    kept: Kept = field(default_factory=Kept)
    consent: str = ""
    files: Sequence[StoredFile] = ()
    left_out: Sequence[StoredFile] = ()

    def paths(self, turn: int) -> list[str]:
        """The names of the files of a turn that stand beside the document."""
        return [file.name for file in self.files if file.turn == turn]


def files_of(kept: Kept) -> list[StoredFile]:
    """All that is stored as a file, in the order in which it came."""
    found = [*_pictures(kept), *_documents(kept), *_made(kept)]
    return sorted(found, key=lambda file: (file.turn, file.name))


def _pictures(kept: Kept) -> Iterator[StoredFile]:
    for one in kept.pictures:
        if one.size_bytes:
            yield StoredFile(
                name=f"pictures/{one.turn}-{one.position}.{_ending(one.mime)}",
                turn=one.turn,
                position=one.position,
                size_bytes=one.size_bytes,
                read=picture_data,
            )


def _documents(kept: Kept) -> Iterator[StoredFile]:
    for one in kept.documents:
        safe = _UNSAFE.sub("_", one.name).strip("._")[:_LONGEST_NAME] or "document"
        yield StoredFile(
            name=f"documents/{one.turn}-{one.position}-{safe}.txt",
            turn=one.turn,
            position=one.position,
            size_bytes=one.size_bytes,
            read=document_words,
        )


def _made(kept: Kept) -> Iterator[StoredFile]:
    for order in kept.orders:
        for position, mime, size_bytes in order.made:
            yield StoredFile(
                name=f"made/{order.turn}-{position + 1}.{_ending(mime)}",
                turn=order.turn,
                position=position,
                size_bytes=size_bytes,
                read=made_data,
            )


def _ending(mime: str) -> str:
    return _ENDINGS.get(mime, "bin")
