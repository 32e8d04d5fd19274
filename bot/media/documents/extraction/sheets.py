"""Reads spreadsheets (xlsx, xlsm, xlsb, xls, ods): every sheet's values, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import python_calamine as calamine

from .found import DocumentFault, Findings, Part, Unusable
from .tables import rows_in_parts

__all__ = ["read_sheets"]

_MOST_CELL_CHARACTERS: Final = 32_767  # Excel's own limit


def read_sheets(path: Path, findings: Findings) -> Iterator[Part]:
    """The sheets that hold something. Raises Unusable."""
    try:
        workbook = calamine.load_workbook(path)
    except calamine.PasswordError as exc:
        raise Unusable(DocumentFault.ENCRYPTED, "the workbook has a password") from exc
    except (calamine.CalamineError, OSError, ValueError) as exc:
        raise Unusable(DocumentFault.CORRUPT, f"not a whole workbook: {exc}") from exc
    findings.pages = len(workbook.sheet_names)
    for name in workbook.sheet_names:
        yield from _sheet(workbook, name)


def _sheet(workbook: calamine.CalamineWorkbook, name: str) -> Iterator[Part]:
    try:
        sheet = workbook.get_sheet_by_name(name)
    except calamine.WorksheetNotFound:
        return  # a chart
    except (calamine.CalamineError, OSError, ValueError) as exc:
        raise Unusable(DocumentFault.CORRUPT, f"the sheet {name!r} is damaged: {exc}") from exc
    rows = (row for cells in sheet.iter_rows() if (row := _row(cells)))
    for part in rows_in_parts(rows, name=f"sheet {' '.join(name.split())}"):
        if part.text:
            yield part


def _row(cells: list[Any]) -> str:
    shown = [_shown(cell) for cell in cells]
    while shown and not shown[-1]:
        shown.pop()
    return " | ".join(shown) if any(shown) else ""


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, str):
        return " ".join(cell[:_MOST_CELL_CHARACTERS].split())
    return str(cell)
