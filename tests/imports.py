"""The imports of a Python file, for the tests that they point one way."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import gradlab

PACKAGE = Path(gradlab.__file__).parent


def module_name(path: Path) -> list[str]:
    """Return the name of a module of gradlab in parts, from the path of its file."""
    parts = [*path.relative_to(PACKAGE.parent).with_suffix("").parts]
    return parts[:-1] if parts[-1] == "__init__" else parts


def list_imports(path: Path) -> Iterator[list[str]]:
    """Yield the names that a file imports when it runs, in parts, wherever in the file the import is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):  # what only type checkers import does not count
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    package = module_name(path) if path.name == "__init__.py" else module_name(path)[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = above + (node.module.split(".") if node.module else [])
            yield from ([*source, alias.name] for alias in node.names)
