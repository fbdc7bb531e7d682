"""The tables of a study as files, for LaTeX and for Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..selection import Runs
from .latex import to_latex
from .markdown import to_markdown
from .printed_table import PrintedTable
from .study_tables import make_study_tables

PAPER_FORMATS: dict[str, tuple[str, Callable[[PrintedTable], str]]] = {
    "latex": ("tex", to_latex),
    "markdown": ("md", to_markdown),
}


def write_paper_tables(
    form: str,
    folder: Path,
    parts: Sequence[Runs],
    attributes: Mapping[str, str],
    curves: bool,
    progress: Callable[[int, int], None],
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Write a file for each table. Return the files with what they hold, and nothing else.

    Tables are made from whole races, so there are no curves to leave out, and `curves` changes nothing.
    """
    suffix, to_text = PAPER_FORMATS[form]
    tables = make_study_tables(parts)
    names = name_files([table.name for table in tables], suffix)
    for done, (name, table) in enumerate(zip(names, tables), 1):
        (folder / name).write_text(to_text(table), encoding="utf-8", errors="backslashreplace", newline="\n")
        progress(done, len(tables))
    return [(name, table.description) for name, table in zip(names, tables)], {}


def name_files(names: Sequence[str], suffix: str) -> list[str]:
    r"""Return names of files that `\input` takes: letters, digits, `_` and `-`, and a number where two are the same."""
    found: list[str] = []
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", name)
        same = sum(bool(re.fullmatch(rf"{re.escape(stem)}(_\d+)?", other)) for other in found)
        found.append(f"{stem}_{same + 1}" if same else stem)
    return [f"{name}.{suffix}" for name in found]
