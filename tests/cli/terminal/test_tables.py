"""Tables fit a narrow terminal without cutting a number."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from gradlab.cli.terminal.tables import TrimmedLines, print_columns, print_note

COLUMNS = {
    "#": ["1", "10"], "optimizer": ["rmsprop_momentum", "sgd"], "loss": ["1.8e-11 +- 2.60", "0"],
    "best rate": ["0.001", "-"], "seconds": ["1.2", "<0.1"],
}  # fmt: skip


def printed(width: int, least: list[str]) -> tuple[list[str], list[str]]:
    text = io.StringIO()
    hidden = print_columns(Console(file=text, width=width), COLUMNS, least)
    return text.getvalue().splitlines(), hidden


def test_a_wide_terminal_has_all() -> None:
    lines, hidden = printed(80, ["seconds"])
    assert hidden == []
    assert [line.split() for line in lines[3:5]] == [
        ["1", "rmsprop_momentum", "1.8e-11", "+-", "2.60", "0.001", "1.2"],
        ["10", "sgd", "0", "-", "<0.1"],
    ]
    assert all(line == line.rstrip() for line in lines)


def test_a_narrow_one_has_the_columns_that_matter() -> None:
    lines, hidden = printed(60, ["seconds", "best rate"])
    assert hidden == ["seconds"]
    assert max(map(len, lines)) <= 60
    assert lines[3].split()[-1] == "0.001"
    assert lines[-1] == "The terminal is too narrow for: seconds."


def test_what_is_still_too_wide_is_not_cut() -> None:
    lines, hidden = printed(20, ["seconds"])
    assert hidden == ["seconds"]
    assert ["1", "rmsprop_momentum", "1.8e-11", "+-", "2.60", "0.001"] in [line.split() for line in lines]


def test_a_note_is_broken_without_blanks() -> None:
    text = io.StringIO()
    print_note(Console(file=text, width=12), "one two three four five")
    assert text.getvalue() == "one two\nthree four\nfive\n"


def test_any_table_is_trimmed() -> None:
    table = Table("name", "what", box=None, padding=(0, 3, 0, 0))
    table.add_row("a", "first")
    table.add_row("b", "")
    text = io.StringIO()
    Console(file=text, width=40).print(TrimmedLines(table))
    assert text.getvalue() == "name   what\na      first\nb\n"
