"""A printed table in Markdown."""

from __future__ import annotations

import re

from .printed_table import PrintedTable

_SPECIAL = re.compile(r"[\\`*_|<>\[\]#~]")


def to_markdown(table: PrintedTable) -> str:
    """Return the table as GitHub and most other tools read it, with its caption below."""
    lines = [
        _line([escape(column.title) for column in table.columns]),
        _line(["---:" if column.numbers else ":---" for column in table.columns]),
        *(
            _line([_cell(escape(cell), table.is_bold(row, i)) for i, cell in enumerate(row.cells)])
            for row in table.rows
        ),
    ]
    return "\n".join([*lines, "", escape(table.caption), ""])


def escape(text: str) -> str:
    """Return a text that Markdown prints as it is."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def _cell(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
