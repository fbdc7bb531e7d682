"""A table as it is printed: texts in cells, with a caption that says what was measured."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NOTHING = "–"  # in the place of a number that does not exist


@dataclass(frozen=True)
class Column:
    """The title of a column. Numbers stand at its right side, and words at its left."""

    title: str
    numbers: bool = True
    shows_best: bool = False  # the cell of the best optimizer is bold


@dataclass(frozen=True)
class PrintedRow:
    """The texts of a row, in typeset Unicode such as `1.8×10⁻¹¹`, and whether it is that of the best optimizer."""

    cells: Sequence[str]
    is_best: bool = False


@dataclass(frozen=True)
class PrintedTable:
    """A table, with the name of its file, its caption in sentences, and what its file holds in a few words."""

    name: str
    description: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[PrintedRow]

    def is_bold(self, row: PrintedRow, place: int) -> bool:
        """Return whether a cell of a row is bold."""
        return row.is_best and self.columns[place].shows_best and bool(row.cells[place])
