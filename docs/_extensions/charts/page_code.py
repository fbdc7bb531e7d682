"""The names that the code of a page defines above one of its charts."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Page(Mapping[str, Any]):
    """Names by which a chart finds what the code above it has computed. The code runs when the first one is read."""

    def __init__(self, text: str, chart: str):
        self.text, self.chart = text, chart

    @cached_property
    def _names(self) -> dict[str, Any]:
        above, _, _ = self.text.partition(f"```{{chart}} {self.chart}\n")
        names: dict[str, Any] = {"__name__": self.chart}
        for block in BLOCK.findall(above):
            if not block.startswith(">>>"):
                exec(block, names)
        return names

    def __getitem__(self, name: str) -> Any:
        return self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def read_table(self, head: str) -> list[list[str]]:
        """Return the cells of a table of the page, without its head, whose line begins with `head`."""
        (table,) = re.findall(rf"^{re.escape(head)}.*\n\|[-|]+\|\n((?:\|.*\n)+)", self.text, re.MULTILINE)
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def run_file(page: Page, name: str) -> dict[str, Any]:
    """Return the names that a block of a page defines, which begins with the name of its file as a comment."""
    names: dict[str, Any] = {"__name__": name.removesuffix(".py")}
    exec(_read_file(page, name), names)
    return names


@contextmanager
def files_of(page: Page, *names: str) -> Iterator[None]:
    """Let the files of a page be imported, and forget them afterwards."""
    with TemporaryDirectory() as folder:
        for name in names:
            Path(folder, name).write_text(_read_file(page, name), "utf-8")
        sys.path.insert(0, folder)
        try:
            yield
        finally:
            sys.path.remove(folder)
            for name in names:
                sys.modules.pop(name.removesuffix(".py"), None)


def _read_file(page: Page, name: str) -> str:
    (block,) = (text for text in BLOCK.findall(page.text) if text.startswith(f"# {name}\n"))
    return str(block)
