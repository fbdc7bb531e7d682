"""The tables of layers in `docs/design.md`: they have every module, and imports point down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .imports import PACKAGE, list_imports, module_name

PAGE = Path(__file__).parents[1] / "docs" / "design.md"
# As the page says.
EXCEPTIONS = {("core", "explanations"), ("public_names", "lab"), ("values.value", "values.factory_arguments")}
PYTHON = [path for path in sorted(PACKAGE.rglob("*.py")) if module_name(path)[1:]]


def read_tables() -> dict[str, dict[str, int]]:
    """Return each table by the package it is about: the row of each module, counted from the top.

    "" is the package gradlab itself. Modules are named as they are imported from gradlab: "core.base".
    """
    section = PAGE.read_text(encoding="utf-8").partition("## The layers")[2].partition("\n## ")[0]
    packages = ["", *re.findall(r"### Inside `(\w+)`", section)]
    tables = {}
    for package, text in zip(packages, re.split(r"### Inside `\w+`", section), strict=True):
        rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
        names = [(name, number) for number, row in enumerate(rows) for name in re.findall(r"`(\w+)`", row)]
        tables[package] = {f"{package}.{name}".removeprefix("."): number for name, number in names}
    return tables


TABLES = read_tables()
LAYERS = [(package, layer) for package, table in TABLES.items() for layer in table]


def find_layer(package: str, name: list[str]) -> str:
    """Return the layer in the table of a package that an imported name belongs to; "" if it belongs to none."""
    own = ".".join(name[1 : 3 if package else 2])
    return own if own in TABLES[package] else ""


@pytest.mark.parametrize("package", TABLES)
def test_the_table_has_every_module(package: str) -> None:
    inside = [module_name(path) for path in PYTHON if not package or module_name(path)[1] == package]
    named = {".".join(name[1 : 3 if package else 2]) for name in inside} - {"__main__", package}
    assert set(TABLES[package]) == named


@pytest.mark.parametrize(("package", "layer"), LAYERS)
def test_imports_point_down(package: str, layer: str) -> None:
    table = TABLES[package]
    files = [path for path in PYTHON if find_layer(package, module_name(path)) == layer]
    assert files
    used = {find_layer(package, name) for path in files for name in list_imports(path) if name[0] == "gradlab"} - {""}
    above = {name for name in used if table[name] < table[layer]}
    assert {(layer, name) for name in above} <= EXCEPTIONS
