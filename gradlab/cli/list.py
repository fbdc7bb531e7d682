"""`gradlab list`: everything there is, a line each."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from gradlab import registry
from gradlab.lab.entrants import entrants
from gradlab.lab.problems import PROBLEMS
from gradlab.plain_math import plain

from .tables import Trimmed
from .terminal import output

_SECTIONS = {"recipe": "optimizers", "link": "links", "combinator": "combinators", "schedule": "schedules"}


def list_everything() -> None:
    """List the optimizers, links, combinators, schedules and problems, a line each."""
    entries = registry.entries()
    for kind, title in _SECTIONS.items():
        _section(title, {name: entry.summary for name, entry in entries.items() if entry.kind == kind})
        if kind == "recipe":
            variants = {name: entrant for name, entrant in entrants().items() if name not in entries}
            _section("variants that race", {name: repr(entrant.make(0.1)) for name, entrant in variants.items()})
    _section("problems", {name: make().summary for name, make in PROBLEMS.items()})
    output().print("gradlab explain NAME says more about one of them.")


def _section(title: str, lines: Mapping[str, str]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=24)
    table.add_column()
    for name, line in lines.items():
        table.add_row("  " + name, Text(plain(line)))
    console = output()
    console.print(Text(title, style="bold"))
    console.print(Trimmed(table))
    console.print()
