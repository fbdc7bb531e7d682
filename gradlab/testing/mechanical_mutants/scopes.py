"""The names that may be confused with each other in a function."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_REACH = 1  # how far apart, in the order of their definitions, two names may stand that are confused


class Scopes:
    """The arguments and local variables of a function and of the functions in it."""

    def __init__(self, function: ast.FunctionDef):
        self._groups = {
            scope: _list_names(scope) for scope in ast.walk(function) if isinstance(scope, ast.FunctionDef | ast.Lambda)
        }

    def find_others(self, name: str, parents: tuple[ast.AST, ...]) -> list[str]:
        """Return the names that are defined near a name, in the innermost scope that defines it."""
        for scope in reversed(parents):
            group = self._groups.get(scope, [])  # type: ignore[call-overload]
            if name in group:
                at = group.index(name)
                near = group[max(0, at - _REACH) : at] + group[at + 1 : at + 1 + _REACH]
                return [other for other in near if other not in ("state", "extra")]
        return []

    def defines_twice(self, name: str, parents: tuple[ast.AST, ...]) -> bool:
        """Return whether a name is an argument that is assigned, or a variable that is assigned more than once."""
        for scope in reversed(parents):
            if name in self._groups.get(scope, []):  # type: ignore[call-overload]
                stores = [node for node in _walk_own(scope) if _is_stored(node, name)]
                return len(stores) + (name in _list_arguments(scope)) > 1  # type: ignore[arg-type]
        return False

    def defines(self, name: str, parents: tuple[ast.AST, ...]) -> bool:
        """Return whether an enclosing scope defines a name."""
        return any(name in self._groups.get(scope, []) for scope in parents)  # type: ignore[call-overload]


def _list_names(scope: ast.FunctionDef | ast.Lambda) -> list[str]:
    """Return the arguments and local variables of a scope in the order of their definitions."""
    stored = [node.id for node in _walk_own(scope) if isinstance(node, ast.Name) and _is_stored(node, node.id)]
    return list(dict.fromkeys([*_list_arguments(scope), *stored]))


def _list_arguments(scope: ast.FunctionDef | ast.Lambda) -> list[str]:
    arguments = scope.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def _is_stored(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == name


def _walk_own(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a scope in the order of the source, without those of scopes inside it."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from _walk_own(child)
