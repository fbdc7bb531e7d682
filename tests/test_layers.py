"""The table of layers in `docs/design.md`: it has every module, and imports point down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .imports import PACKAGE, list_imports, module_name

PAGE = Path(__file__).parents[1] / "docs" / "design.md"
EXCEPTIONS = {("values", "factory_arguments"), ("base", "explanations"), ("public_names", "lab")}  # as the page says
PYTHON = [path for path in sorted(PACKAGE.rglob("*.py")) if module_name(path)[1:]]


def read_layers() -> dict[str, int]:
    """Return the row of each module in the table, counted from the top."""
    table = PAGE.read_text(encoding="utf-8").partition("## The layers")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name: number for number, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)}


LAYERS = read_layers()


def test_the_table_has_every_module() -> None:
    assert set(LAYERS) == {module_name(path)[1] for path in PYTHON} - {"__main__"}


@pytest.mark.parametrize("layer", LAYERS)
def test_imports_point_down(layer: str) -> None:
    files = [path for path in PYTHON if module_name(path)[1] == layer]
    used = {name[1] for path in files for name in list_imports(path) if name[0] == "gradlab" and len(name) > 1}
    above = {name for name in used & set(LAYERS) if LAYERS[name] < LAYERS[layer]}
    assert {(layer, name) for name in above} <= EXCEPTIONS
