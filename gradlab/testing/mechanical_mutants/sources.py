"""The sources of the transformations: which functions they reach, and transformations made of edited sources."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import inspect
import itertools
import sys
import types
from collections.abc import Iterator
from typing import Any

from ...values.value import is_factory
from . import damage

# The packages and modules whose functions are edited. The boundary, the values and the chain are not arithmetic.
_EDITED = (
    "gradlab.transforms.", "gradlab.optimizers.", "gradlab.arithmetic.bounded_gradients",
    "gradlab.arithmetic.safe_arithmetic", "gradlab.core.stateless",
)  # fmt: skip
_count = itertools.count()


def find_functions(factory: Any) -> list[tuple[str, str]]:
    """Return the functions that compute what a factory makes, each as the names of its module and of itself.

    They are the factory and, as far as these modules go, the helpers that it calls, without other factories.
    """
    found: list[tuple[str, str]] = []
    waiting = [factory.factory.build]
    while waiting:
        function = waiting.pop(0)
        place = (function.__module__, function.__name__)
        if place in found or not _is_edited(place[0]):
            continue
        found.append(place)
        waiting.extend(_find_derivatives(*place))
        for node in _walk_body(*place):
            thing = vars(sys.modules[place[0]]).get(node.id) if isinstance(node, ast.Name) else None
            if not is_factory(thing):
                thing = getattr(thing, "__wrapped__", thing)
            if inspect.isfunction(thing) and not is_factory(thing) and thing.__name__ != "_":  # not an equation
                waiting.append(thing)
    return found


def find_factories(factory: Any) -> set[str]:
    """Return the names of the factories of this package that a factory calls, itself or through others."""
    names, waiting = set(), [factory]
    while waiting:
        current = waiting.pop()
        if current.factory.name in names:
            continue
        names.add(current.factory.name)
        for place in find_functions(current):
            for node in _walk_body(*place):
                thing = vars(sys.modules[place[0]]).get(node.id) if isinstance(node, ast.Name) else None
                if is_factory(thing):
                    waiting.append(thing)
    return names


def find_states(module: str) -> dict[str, tuple[str, ...]]:
    """Return the fields of the named tuples of a module."""
    return {
        node.name: tuple(item.target.id for item in node.body if isinstance(item, ast.AnnAssign))  # type: ignore
        for node in parse(module).body
        if isinstance(node, ast.ClassDef)
    }


def find_definition(module: str, name: str) -> ast.FunctionDef:
    """Return the definition of a function at the top of a module."""
    return next(node for node in parse(module).body if isinstance(node, ast.FunctionDef) and node.name == name)


def _walk_body(module: str, name: str) -> Iterator[ast.AST]:
    """Yield the nodes of a function, without its decorators."""
    for statement in find_definition(module, name).body:
        yield from ast.walk(statement)


def _find_derivatives(module: str, name: str) -> list[Any]:
    """Return the functions of a module that a decorator, such as `@f.defjvp`, declares as the derivative of another."""
    return [
        vars(sys.modules[module])[node.name]
        for node in parse(module).body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(decorator).startswith(f"{name}.") for decorator in node.decorator_list)
    ]


@functools.cache
def parse(module: str) -> ast.Module:
    """Return the syntax tree of a module, without the equations of its links."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    tree.body = [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name == "_")]
    return tree


@contextlib.contextmanager
def edited(module: str, function: ast.FunctionDef) -> Iterator[Edited]:
    """Give the factories as they would be if a function of a module had another definition.

    Inside the context, pickle finds what they make.
    """
    result = Edited(module, function)
    try:
        yield result
    finally:
        for name in result.made:
            del sys.modules[name]


class Edited:
    """Modules as they would be after an edit. They are executed when they are first needed."""

    def __init__(self, module: str, function: ast.FunctionDef):
        self.modules: dict[str, types.ModuleType] = {}  # by the names of the originals
        self.made: list[str] = []  # the names of those that were executed
        body = [function if _is_definition(node, function.name) else node for node in parse(module).body]
        self._execute(module, ast.Module(body, []))

    def find_factory(self, factory: Any) -> Any:
        """Return a factory as it would be after the edit."""
        build = factory.factory.build
        return vars(self._find_module(build.__module__))[build.__name__]

    def _find_module(self, name: str) -> types.ModuleType:
        if name not in self.modules:
            for imported in _list_imports(name):
                self._find_module(imported)
            if any(
                imported in self.modules and self.modules[imported] is not sys.modules[imported]
                for imported in _list_imports(name)
            ):
                self._execute(name, parse(name))
            else:
                self.modules[name] = sys.modules[name]
        return self.modules[name]

    def _execute(self, name: str, tree: ast.Module) -> None:
        original = importlib.import_module(name)
        module = types.ModuleType(f"{name}_edited_{next(_count)}")
        module.__package__, module.__file__ = original.__package__, original.__file__
        sys.modules[module.__name__] = self.modules[name] = module
        self.made.append(module.__name__)
        for helper in (damage.through_half, damage.exchange_leaves):
            vars(module)[helper.__name__] = helper
        exec(compile(ast.fix_missing_locations(tree), str(original.__file__), "exec"), vars(module))
        for imported in _list_imports(name):
            changed = self.modules.get(imported)
            if changed is not None and changed is not sys.modules[imported]:
                for key, thing in vars(sys.modules[imported]).items():
                    for own in [own for own, item in vars(module).items() if item is thing and key in vars(changed)]:
                        if getattr(thing, "__module__", None) == imported:
                            vars(module)[own] = vars(changed)[key]


def _is_definition(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


@functools.cache
def _list_imports(module: str) -> tuple[str, ...]:
    """Return the edited modules from which a module imports names."""
    things = vars(importlib.import_module(module)).values()
    names = dict.fromkeys(getattr(thing, "__module__", None) or "" for thing in things)
    return tuple(name for name in names if _is_edited(name) and name != module)


def _is_edited(module: str) -> bool:
    return module.startswith(_EDITED)
