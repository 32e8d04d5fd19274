"""The folder in which the bot's files lie for the person at the terminal, until that person is forgotten."""

from __future__ import annotations

import contextlib
import itertools
from pathlib import Path

from bot.ports import OutgoingFile

__all__ = ["delete_saved", "save"]


def save(folder: Path, file: OutgoingFile) -> Path:
    """Write the file under its own name, or one beside it that is free. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    name = Path(file.name)
    for number in itertools.count(1):
        path = folder / (name.name if number == 1 else f"{name.stem}-{number}{name.suffix}")
        with contextlib.suppress(FileExistsError), path.open("xb") as stream:
            stream.write(file.data)
            return path.resolve()
    raise AssertionError("unreachable: some name is free")


def delete_saved(folder: Path) -> int:
    """Delete the files in the folder; how many there were. Raises OSError."""
    if not folder.is_dir():
        return 0
    found = [path for path in folder.iterdir() if path.is_file() and not path.is_symlink()]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
