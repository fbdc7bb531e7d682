"""The tables of `gradlab compare` for a paper: one for each statistic, with its sentences as the caption."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..._report.number_formatting import format_number, format_score, typeset
from ..._storage.ownership import LATEX_MARK, MARKDOWN_MARK
from ...analysis.statistics.sections import Section
from ...analysis.statistics.tables.columns import COLUMNS, Formats
from .printed_table import Column, PrintedRow, PrintedTable
from .written_tables import PAPER_FORMATS, name_files

_FORMATS = Formats(format_score, format_number)
_WORDS = ("optimizer", "against", "worse than")  # columns that stand at the left
_MARKS = {"latex": LATEX_MARK, "markdown": MARKDOWN_MARK}


def make_section_tables(found: Mapping[str, Sequence[Section]]) -> list[PrintedTable]:
    """Return the tables of the sections of each problem, and of all together under the name "".

    A section that the results do not allow has none.
    """
    return [
        _make_table(problem, section)
        for problem, sections in found.items()
        for section in sections
        if section.table is not None
    ]


def _make_table(problem: str, section: Section) -> PrintedTable:
    assert section.table is not None
    columns = {
        title: texts if title in _WORDS else [typeset(text) for text in texts]
        for title, texts in COLUMNS[section.name](section.table, _FORMATS).items()
    }
    mark = f"* differs at level {section.table.attrs['alpha']:g}." if section.name.endswith("_tests") else ""
    caption = " ".join(filter(None, [f"{problem or 'All problems'}: {section.title}.", *section.sentences, mark]))
    return PrintedTable(
        "_".join(filter(None, (section.name, problem))),
        section.title,
        caption,
        [Column(title, numbers=title not in _WORDS) for title in columns],
        [PrintedRow(row) for row in zip(*columns.values())],
    )


def render_section_tables(form: str, found: Mapping[str, Sequence[Section]]) -> dict[str, str]:
    """Return the texts of the tables by the names of their files, in "latex" or "markdown"."""
    suffix, to_text = PAPER_FORMATS[form]
    tables = make_section_tables(found)
    names = name_files([table.name for table in tables], suffix)
    return {name: f"{_MARKS[form]}\n{to_text(table)}" for name, table in zip(names, tables)}
