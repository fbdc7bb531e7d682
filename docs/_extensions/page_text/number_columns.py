"""Set the columns of numbers of a table to the right, so that digits stand under digits.

The style sheet does this to the class `number`. The first column names the rows and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import change_pages
from .tables import CELL, NOTHING, ROW, TABLE, read_rows, read_text

VALUE = r"[+\-\N{MINUS SIGN}]?\d[\d.,]*(?:e[+\-\N{MINUS SIGN}]?\d+)?"
TIMES = "\N{MULTIPLICATION SIGN}"
# A value, with an error, a unit, and a remark in parentheses: 3.2 s, 2.69 ± 0.01, 97 %, 819 (1/20.6).
NUMBER = re.compile(
    rf"{VALUE}\*?(?: ?(?:±|{TIMES}÷) ?{VALUE})?(?: ?(?:%|{TIMES}|n?s|ms|µs|bits?|[KMG]i?B))?"
    rf"(?: \({VALUE}(?:/{VALUE})?\))?"
)
CODE = re.compile(r"\s*(?:<p[^>]*>)?\s*<code\b")  # how a cell of code begins


def align_numbers(body: str) -> str:
    """Return HTML in which the cells and the heads of columns of numbers have the class `number`."""
    return TABLE.sub(lambda table: _align_table(table[0]), body)


def _align_table(table: str) -> str:
    columns = zip(*[[cell["inside"] for cell in row if cell["tag"] == "td"] for row in read_rows(table)[1:]])
    numbers = {at for at, cells in enumerate(columns) if at and _are_numbers(cells)}
    return ROW.sub(lambda row: _mark_cells(row[0], numbers), table) if numbers else table


def _are_numbers(cells: tuple[str, ...]) -> bool:
    """Say whether there are numbers, and nothing else but signs for no number. Code stays at the left, in its boxes."""
    values = [text for text in map(read_text, cells) if text not in NOTHING]
    return bool(values) and all(map(NUMBER.fullmatch, values)) and not all(map(CODE.match, cells))


def _mark_cells(row: str, numbers: set[int]) -> str:
    places: Iterator[bool] = (at in numbers for at in range(row.count("<t")))

    def mark(cell: re.Match[str]) -> str:
        if not next(places):
            return cell[0]
        attributes = cell["attributes"]
        attributes = (
            attributes.replace('class="', 'class="number ', 1)
            if 'class="' in attributes
            else f'{attributes} class="number"'
        )
        return f"<{cell['tag']}{attributes}>{cell['inside']}</{cell['tag']}>"

    return CELL.sub(mark, row)


def setup(app: Any) -> dict[str, bool]:
    """Do this with each page, when it is written."""
    return change_pages(app, align_numbers)
