"""`gradlab list`: all names, each with a short description.

Modules that import JAX are imported inside the function, so that help and completion stay fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..lab._inputs.default_contestants import collect_contestants
from .terminal.printing import make_console, print_json
from .terminal.tables import TrimmedLines

_SECTIONS = {
    "recipe": "optimizers",
    "link": "links",
    "combinator": "combinators",
    "schedule": "schedules",
    "selector": "selectors",
}


def list_everything(
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON and nothing else.")] = False,
) -> None:
    """List all optimizers, links, combinators, schedules, selectors and problems, each with a short description."""
    sections = collect_sections()
    if as_json:
        print_json(sections)
        return
    console = make_console()
    for title, lines in sections.items():
        _print_section(console, title, lines)
    console.print("For more about one of them, run: gradlab explain NAME")


def collect_sections() -> dict[str, dict[str, str]]:
    """Return the names of each kind with their descriptions: title of the section -> name -> description."""
    # JAX comes first, to be imported at this depth of the stack. Deeper, CPython 3.11 maps and unmaps the memory of its
    # frames at 20,000 calls of the import, which takes 0.2 s.
    import jax  # noqa: F401

    from gradlab import registry
    from gradlab.equations.latex_to_unicode import format_text
    from gradlab.lab.problems import PROBLEMS

    entries, sections = registry.entries(), dict[str, dict[str, str]]()
    for kind, title in _SECTIONS.items():
        sections[title] = {name: format_text(entry.summary) for name, entry in entries.items() if entry.kind == kind}
        if kind == "recipe":
            variants = {name: contestant for name, contestant in collect_contestants().items() if name not in entries}
            sections["variants that race"] = {name: repr(contestant.make(0.1)) for name, contestant in variants.items()}
    return {**sections, "problems": {name: format_text(make().summary) for name, make in PROBLEMS.items()}}


def _print_section(console: Console, title: str, lines: Mapping[str, str]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, min_width=24)
    table.add_column()
    for name, line in lines.items():
        table.add_row(Text("  " + name), Text(line))
    console.print(Text(title, style="bold"))
    console.print(TrimmedLines(table))
    console.print()
