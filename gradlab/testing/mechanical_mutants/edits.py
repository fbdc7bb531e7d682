"""The edits of a function: every way in which one slip changes one place of its source."""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .operators import OPERATORS, Place
from .scopes import Scopes

Path = tuple[tuple[str, int | None], ...]  # the fields and indices that lead from a function to a node in it


class Edit(NamedTuple):
    """One change at one place of a function."""

    kind: str
    line: int
    before: str  # the smallest expression that shows the change
    after: str
    source: str  # of the function with the change

    @property
    def tree(self) -> ast.FunctionDef:
        """The definition of the function with the change."""
        (function,) = ast.parse(self.source).body
        assert isinstance(function, ast.FunctionDef)
        return function

    def __str__(self) -> str:
        return f"line {self.line}: `{self.before}` became `{self.after}`"


def list_edits(function: ast.FunctionDef, states: Mapping[str, tuple[str, ...]]) -> list[Edit]:
    """Return all edits of a function, each with another result.

    `states` are the fields of the named tuples that may hold the state. Docstrings, annotations, decorators, defaults
    and error messages are not edited, nor are the conditions under which an error is raised.
    """
    scopes = Scopes(function)
    edits, seen = [], {ast.unparse(function)}
    for path, node, parents in list(_walk(function, (), ())):
        place = Place(node, parents, scopes, states)
        for kind, operator in OPERATORS.items():
            for replacement in list(operator(place)):
                shown = _unparse_around(function, path)
                with _replaced(function, path, replacement):
                    source = ast.unparse(function)
                    changed = _unparse_around(function, path)
                if source in seen:
                    continue
                seen.add(source)
                before, after = _choose_surroundings(shown, changed, is_dropped=replacement is None)
                edits.append(Edit(kind, getattr(node, "lineno", function.lineno), before, after, source))
    return edits


def _walk(
    node: ast.AST, path: Path, parents: tuple[ast.AST, ...]
) -> Iterator[tuple[Path, ast.AST, tuple[ast.AST, ...]]]:
    """Yield every node that may be edited, with its path and its parents, the nearest last."""
    if path:
        yield path, node, parents
    for name, child in ast.iter_fields(node):
        if name in ("decorator_list", "args", "annotation", "returns", "ctx", "op", "ops") and not _is_call(node, name):
            continue
        for index, item in enumerate(child) if isinstance(child, list) else [(None, child)]:
            if isinstance(item, ast.AST) and not _is_text(item) and not _raises(item):
                yield from _walk(item, (*path, (name, index)), (*parents, node))


def _is_call(node: ast.AST, name: str) -> bool:
    return name == "args" and isinstance(node, ast.Call)


def _is_text(node: ast.AST) -> bool:
    """Return whether a node is a docstring, a text or a part of one."""
    if isinstance(node, ast.Expr):
        return _is_text(node.value)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _raises(node: ast.AST) -> bool:
    """Return whether a statement raises an error, always or under a condition."""
    return isinstance(node, ast.Raise) or (isinstance(node, ast.If) and any(map(_raises, node.body)))


@contextlib.contextmanager
def _replaced(function: ast.FunctionDef, path: Path, replacement: ast.AST | None) -> Iterator[None]:
    """Replace a node of a function for a while. None removes a statement."""
    parent: Any = _follow(function, path[:-1])
    name, index = path[-1]
    held = getattr(parent, name)
    if index is None:
        changed: Any = replacement
    else:
        kept = [] if replacement is None else [replacement]
        changed = [*held[:index], *kept, *held[index + 1 :]]
        changed = [ast.Pass()] if name == "body" and not changed else changed
    setattr(parent, name, changed)
    try:
        yield
    finally:
        setattr(parent, name, held)


def _unparse_around(function: ast.FunctionDef, path: Path) -> list[str]:
    """Return a node as text in one line, and the expressions and the statement that hold it, the largest last."""
    texts = []
    for length in range(len(path), 0, -1):
        node = _follow(function, path[:length])
        texts.append("" if node is None else " ".join(ast.unparse(node).split()))
        if isinstance(node, ast.stmt):
            break
    return texts


def _choose_surroundings(before: list[str], after: list[str], is_dropped: bool) -> tuple[str, str]:
    """Return the smallest text that says something, before and after an edit."""
    if is_dropped:
        return before[0], "nothing"
    best = (before[0], after[0])
    for pair in zip(before, after):
        if max(map(len, pair)) > 70:
            break
        best = pair
        if len(pair[0]) >= 30:
            break
    return best


def _follow(tree: ast.AST, path: Path) -> Any:
    node: Any = tree
    for name, index in path:
        node = getattr(node, name)
        if index is not None:
            if index >= len(node):
                return None
            node = node[index]
    return node
