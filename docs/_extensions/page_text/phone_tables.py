"""Let wide tables be lists on a phone: each row is an item, and each cell a line with the head of its column.

These are tables with much text, and those with many columns, which have several cells on a line. The style sheet does
this to the classes `listed` and `brief`. Other tables, such as most of those of numbers, are scrolled sideways.
"""

from __future__ import annotations

import html
import re
from typing import Any

from . import change_pages
from .tables import CELL, NOTHING, ROW, TABLE, read_rows, read_text

SECTION = re.compile(r'(?=<section\b[^>]*\bid=")')
NAME = re.compile(r'<section\b[^>]*\bid="([^"]*)"')

# Sections whose tables are lists however short they are, because they are alike, or do not fit a phone.
ALWAYS = ("relatives", "other-implementations", "defaults", "the-state", "what-it-costs-and-what-it-saves")
LONG = 30  # letters of a cell; two columns beside the first with such cells do not fit a phone
MANY = 9  # columns, of which a phone shows four or five


def list_tables(body: str) -> str:
    """Return HTML in which tables with much text have the class `listed`, and cells the heads of their columns."""
    return "".join(_list_section(part) for part in SECTION.split(body))


def _list_section(part: str) -> str:
    name = NAME.match(part)
    always = bool(name) and name[1] in ALWAYS  # type: ignore[index]
    return TABLE.sub(lambda table: _list_table(table[0], always), part)


def _list_table(table: str, always: bool) -> str:
    heads, *others = [[read_text(cell["inside"]) for cell in row] for row in read_rows(table)] or [[]]
    columns = list(zip(*[row for row in others if len(row) == len(heads)]))[1:]
    long = always or sum(max(map(len, column)) > LONG for column in columns) >= 2
    if len(columns) < 2 or not (long or len(heads) >= MANY):
        return table
    table = ROW.sub(lambda row: _name_cells(row[0], heads), table)
    kind = "listed" if long else "listed brief"
    return table.replace('<table class="', f'<table class="{kind} ', 1)


def _name_cells(row: str, heads: list[str]) -> str:
    names = iter(["", *heads[1:]])  # the first cell names the row

    def add(cell: re.Match[str]) -> str:
        if cell["tag"] == "th":
            return cell[0]
        head = next(names, "")
        kind = f' data-head="{html.escape(head)}: "' if head else ""
        kind = " data-empty" if read_text(cell["inside"]) in NOTHING else kind
        return f"<td{cell['attributes']}{kind}>{cell['inside']}</td>"

    row = CELL.sub(add, row)
    # A row of bold text names the rows below it, so nothing is missing in it.
    is_bare = row.count("<td") == row.count(" data-empty") + 1 and "<strong>" not in row
    return row.replace("<tr", "<tr data-bare", 1) if is_bare else row


def setup(app: Any) -> dict[str, bool]:
    """Do this with each page, when it is written."""
    return change_pages(app, list_tables)
