"""The names that the shell completes, after `gradlab --install-completion`.

They are read from the source files of gradlab. To import gradlab would import JAX, which takes a second for each press
of the Tab key.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradlab

from ...lab._inputs.default_contestants import VARIANTS
from ...remedies.imported_names import read_imported_names

_ROOT = Path(gradlab.__file__).parent
_DECORATORS = ("transformation", "recipe", "schedule", "selector")
_WRAPPED = ("chain", "partition", "dtype")  # functions that read their arguments and then call a decorated one


def complete_problems(incomplete: str) -> list[tuple[str, str]]:
    """Return the problems that begin with the typed text, each with its summary."""
    matches = []
    for name, file in _find_imported_names(_ROOT / "lab" / "problems" / "__init__.py"):
        definition = _read_definitions(file).get(name)
        constants = _read_constants(definition)
        if "name" in constants and constants["name"].startswith(incomplete):
            matches.append((constants["name"], constants.get("summary") or _compute_summary(definition, file)))
    return matches


def complete_optimizers(incomplete: str) -> list[str]:
    """Return the contestants that begin with the typed text."""
    return sorted([*complete_recipes(incomplete), *(name for name in VARIANTS if name.startswith(incomplete))])


def complete_counterparts(incomplete: str) -> list[str]:
    """Return what `gradlab bench` takes that begins with the typed text."""
    body = ast.parse((_ROOT / "bench" / "counterparts.py").read_bytes()).body
    table = next(
        node.value
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "COUNTERPARTS"
    )
    names = [key.value for key in getattr(table, "keys", ()) if isinstance(key, ast.Constant)]
    return sorted(name for name in [*map(str, names), "all", "race"] if name.startswith(incomplete))


def complete_recipes(incomplete: str) -> list[str]:
    """Return the recipes that begin with the typed text."""
    return [name for name, file in _find_factories(incomplete) if file.parent.name == "optimizers"]


def complete_factories(incomplete: str) -> list[str]:
    """Return the optimizers, links, combinators and schedules that begin with the typed text."""
    return [name for name, _ in _find_factories(incomplete)]


def complete_names(incomplete: str) -> list[str]:
    """Return all names that `gradlab explain` knows and that begin with the typed text."""
    factories = [name for name, _ in _find_factories(incomplete)]
    variants = [name for name in VARIANTS if name.startswith(incomplete)]
    return [*factories, *variants, *(name for name, _ in complete_problems(incomplete))]


def _find_factories(incomplete: str) -> Iterator[tuple[str, Path]]:
    """Yield the public factories that begin with the typed text, each with the file that defines it."""
    for module in ("public_names.py", "schedules/__init__.py"):
        for name, file in _find_imported_names(_ROOT / module):
            if name.startswith(incomplete) and (name in _WRAPPED or _is_decorated(_read_definitions(file).get(name))):
                yield name, file


def _find_imported_names(module: Path) -> Iterator[tuple[str, Path]]:
    """Yield the names that a module imports from files in its folder or below, each with the file."""
    for name, home in read_imported_names(module).items():
        file = module.parent.joinpath(*home[1:].split(".")).with_suffix(".py")
        if home.startswith(".") and file.exists():  # neither another library nor a subpackage
            yield name, file


@functools.cache
def _read_definitions(file: Path) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """Return the functions and classes that a file defines, by name."""
    body = ast.parse(file.read_bytes()).body
    return {node.name: node for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}


def _is_decorated(definition: ast.FunctionDef | ast.ClassDef | None) -> bool:
    """Tell whether a function is decorated as a factory, as in `@schedule` or `@recipe(...)`."""
    decorators = [] if definition is None else definition.decorator_list
    called = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in decorators]
    return any(isinstance(decorator, ast.Name) and decorator.id in _DECORATORS for decorator in called)


def _read_constants(definition: ast.FunctionDef | ast.ClassDef | None) -> dict[str, str]:
    """Return the attributes of a class that are string constants, such as `name` and `summary`."""
    assignments = [node for node in getattr(definition, "body", ()) if isinstance(node, ast.Assign)]
    return {
        target.id: node.value.value
        for node in assignments
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    }


def _compute_summary(definition: Any, file: Path) -> str:
    """Return the summary that a problem computes from its parameters, of their defaults, without importing JAX."""
    body = ast.parse(file.read_text(encoding="utf-8")).body
    helpers = [node for node in body if getattr(node, "name", "").startswith("_") and isinstance(node, ast.FunctionDef)]
    constants = [node for node in body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple)]
    names: dict[str, Any] = {}
    exec(compile(ast.Module([*constants, *helpers], []), str(file), "exec", flags=annotations.compiler_flag), names)
    fields = [node for node in definition.body if isinstance(node, ast.AnnAssign)]
    defaults = {ast.unparse(node.target): ast.literal_eval(node.value) for node in fields if node.value is not None}
    call: Any
    (call,) = [node.value for node in definition.body if isinstance(node, ast.Assign) and _sets_summary(node)]
    describe = eval(compile(ast.Expression(call.args[0]), str(file), "eval"), names)
    return str(describe(SimpleNamespace(**defaults)))


def _sets_summary(node: ast.Assign) -> bool:
    return [ast.unparse(target) for target in node.targets] == ["summary"]
