"""Opens the zips that office documents are, after looking whether they would burst."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from .found import DocumentFault, Unusable

__all__ = ["Archive", "open_archive"]

_MOST_MEMBERS: Final = 10_000
_MOST_BYTES: Final = 1 << 30
_MOST_MEMBER_BYTES: Final = 200 << 20
# Office's own XML shrinks to a twentieth or so; repeated rows to a hundredth.
_MOST_RATIO: Final = 250
_RATIO_FROM_BYTES: Final = 4 << 20
_ENCRYPTED_FLAG: Final = 1


class Archive:
    """A zip whose directory was found harmless. Nothing is written to disk, and no zip in it is opened."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self._names = frozenset(file.namelist())

    def __contains__(self, name: str) -> bool:
        return name in self._names

    @property
    def names(self) -> frozenset[str]:
        """The names of all members."""
        return self._names

    def read(self, name: str) -> bytes:
        """A member's bytes, at most as many as the directory says; empty when there is no such member.

        Raises Unusable.
        """
        if name not in self._names:
            return b""
        try:
            return self._file.read(name)
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError) as exc:
            raise Unusable(DocumentFault.CORRUPT, f"the member {name!r} is damaged: {exc}") from exc
        except Exception as exc:  # zlib, bz2 and lzma each have their own
            raise Unusable(DocumentFault.CORRUPT, f"the member {name!r} does not unpack: {exc}") from exc


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The zip at ``path``. Raises Unusable when it is damaged, encrypted or would unpack to far too much."""
    try:
        file = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as exc:
        raise Unusable(DocumentFault.CORRUPT, f"not a whole zip: {exc}") from exc
    with file:
        _check(file.infolist())
        yield Archive(file)


def _check(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > _MOST_MEMBERS:
        raise Unusable(DocumentFault.BOMB, f"a zip of {len(members)} members")
    total = sum(member.file_size for member in members)
    if total > _MOST_BYTES:
        raise Unusable(DocumentFault.BOMB, f"a zip that unpacks to {total} bytes")
    for member in members:
        _check_member(member)


def _check_member(member: zipfile.ZipInfo) -> None:
    size, packed = member.file_size, max(1, member.compress_size)
    if size > _MOST_MEMBER_BYTES or (size > _RATIO_FROM_BYTES and size / packed > _MOST_RATIO):
        raise Unusable(
            DocumentFault.BOMB, f"the member {member.filename!r} unpacks from {packed} to {size} bytes"
        )
    if member.flag_bits & _ENCRYPTED_FLAG:
        raise Unusable(DocumentFault.ENCRYPTED, f"the member {member.filename!r} is encrypted")
