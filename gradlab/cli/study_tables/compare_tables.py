"""The statistics of a study as tables for the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from ...lab.analysis.statistics.sections import Section
from ...lab.analysis.statistics.tables.columns import COLUMNS, Formats
from ..terminal.score_formatting import format_score_with_spread
from ..terminal.tables import TrimmedLines, print_columns, print_note

_FORMATS = Formats(lambda score, attributes: format_score_with_spread(score, float("nan"), attributes))


def print_section(console: Console, section: Section) -> None:
    """Print the title of a section, its table, and what its sentences say."""
    console.print(TrimmedLines(Text(section.title, style="bold")))
    if section.table is not None:
        columns = COLUMNS[section.name](section.table, _FORMATS)
        print_columns(console, columns, ["range", "wins", "p"])
    print_note(console, "\n".join(section.sentences))
    console.print()
