"""Tables that fit the width of the terminal. Numbers are never cut, and lines have no trailing blanks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from ...lab._formatting import format_count
from .printing import escape_line


@dataclass(frozen=True)
class TrimmedLines:
    """A table or a text without the blanks at the ends of its lines, and wider than the terminal if `width` is."""

    inner: Table | Text | Padding
    width: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(max_width=max(options.max_width, self.width))
        for line in console.render_lines(self.inner, wide, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                yield from line[:-1]
                yield Segment(line[-1].text.rstrip(), line[-1].style)
            yield Segment.line()


def print_columns(console: Console, columns: Mapping[str, Sequence[str]], least: Sequence[str] = ()) -> list[str]:
    """Print columns by title, with names aligned to the left and numbers to the right.

    If the terminal is too narrow, the columns named in `least` are left out one after another. Returns their titles. A
    table that is still too wide is not cut, and the terminal wraps its lines.
    """
    visible, hidden = dict(columns), list[str]()
    while _measure_width(console, table := _make_table(visible)) > console.width and len(hidden) < len(least):
        hidden.append(least[len(hidden)])
        del visible[hidden[-1]]
    console.print(TrimmedLines(table, _measure_width(console, table)), crop=False)
    if hidden:
        print_note(console, f"The terminal is too narrow for: {', '.join(hidden)}.")
    return hidden


def print_note(console: Console, text: str) -> None:
    """Print a remark on how to read a table, in a dim style."""
    console.print(TrimmedLines(Text(text, style="dim")))


def print_files(console: Console, runs: int, folder: Path, names: Iterable[str]) -> None:
    """Print the number of runs and the paths of the files that were written."""
    console.print(f"{format_count(runs, 'run')}. Written:")
    print_paths(console, [folder / name for name in names])


def print_paths(console: Console, paths: Iterable[Path]) -> None:
    """Print paths of files, one in each line."""
    for path in paths:
        console.print(f"  {path}", soft_wrap=True)  # a path must not be wrapped


def _make_table(columns: Mapping[str, Sequence[str]]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for title in columns:
        table.add_column(title, justify="left" if title in ("optimizer", "part", "what") else "right", no_wrap=True)
    for row in zip(*columns.values(), strict=True):
        table.add_row(*(Text(escape_line(cell)) for cell in row))
    return table


def _measure_width(console: Console, table: Table) -> int:
    """Return the width at which nothing is cut."""
    return Measurement.get(console, console.options.update(max_width=10_000), table).maximum
