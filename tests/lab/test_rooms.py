"""The rooms of the laboratory: data flows one way through them, and each is small enough to be seen at a glance."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gradlab.lab
from tests.imports import list_imports, module_name

LAB = Path(gradlab.lab.__file__).parent
# Each may import from those before it. What is below the laboratory must not know of it.
ORDER = (
    "_formatting",
    "_settings",
    "problems",
    "_storage",
    "_profile",
    "_inputs",
    "_engine",
    "_workers",
    "_results",
    "_cluster",
    "analysis",
    "plots",
    "_report",
    "_results_tree",
    "_exports",
    "_baselines",
    "_studies",
    "_literature_claims",
)
PYTHON = sorted(LAB.parent.rglob("*.py"))


def room(name: list[str]) -> str | None:
    """The room of a module of the laboratory; None for other modules, and for the laboratory's own face."""
    return name[2] if name[:2] == ["gradlab", "lab"] and len(name) > 2 else None


@pytest.mark.parametrize("path", [path for path in PYTHON if LAB in path.parents], ids=lambda path: path.stem)
def test_imports_point_one_way(path: Path) -> None:
    own = room(module_name(path))
    if own is None:
        return
    allowed = ORDER[: ORDER.index(own) + 1]
    for name in list_imports(path):
        assert room(name) is None or room(name) in allowed, f"{'.'.join(name)} is used in {own}"


def test_the_core_does_not_know_the_laboratory() -> None:
    above = {"lab", "cli", "bench", "__main__", "public_names"}
    below = [path for path in PYTHON if module_name(path)[1:2] and module_name(path)[1] not in above]
    users = {path.name for path in below for name in list_imports(path) if name[:2] == ["gradlab", "lab"]}
    assert users == set()


def test_every_module_is_in_a_room() -> None:
    assert {module_name(path)[2] for path in PYTHON if LAB in path.parents and len(module_name(path)) > 2} == set(ORDER)


@pytest.mark.parametrize("folder", sorted({path.parent for path in LAB.rglob("*.py")}), ids=lambda path: path.name)
def test_no_module_has_more_than_twelve_siblings(folder: Path) -> None:
    assert len([*folder.glob("*.py")]) <= 13
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
