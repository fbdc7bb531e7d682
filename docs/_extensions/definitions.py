"""Where the names that a module uses are defined. Imports are read in its source: some are for type checkers alone."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE, PUBLIC = "gradlab", "gradlab.public_names"
DEFINED = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
NAME = re.compile(r"[A-Z]\w*")
COMMENT = re.compile(r"  # ([^\"']*)$")
MENTION = re.compile(r"(?:`|\bgradlab(?:\.\w+)*\.|\bof |\bsee )([A-Z][A-Z_]{2,})\b")
VARIABLES = ("ParamSpec(", "TypeVar(", "typing.TypeVar(")  # which stand for types and are none


@functools.cache
def is_module(name: str) -> bool:
    """Return whether a full name is that of a module or package of gradlab."""
    if name != PACKAGE and not name.startswith(f"{PACKAGE}."):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # what is before the last dot is no package
        return False


@functools.cache
def read_names(module: str) -> dict[str, str]:
    """Return the full name behind each name that a module imports or defines, as its source has them.

    Those of `gradlab` itself are its public ones.
    """
    module = PUBLIC if module == PACKAGE else module
    spec = importlib.util.find_spec(module)
    package = module if spec and spec.submodule_search_locations is not None else module.rpartition(".")[0]
    found = {}
    for node in _statements(ast.parse(_read_source(module)).body):
        if isinstance(node, ast.ImportFrom):
            start = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            found.update({alias.asname or alias.name: f"{start}.{alias.name}" for alias in node.names})
        elif isinstance(node, ast.Import):
            found.update({a.asname or a.name.partition(".")[0]: a.name if a.asname else "" for a in node.names})
        elif isinstance(node, DEFINED):
            found[node.name] = f"{module}.{node.name}"
        else:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            found.update({x.id: f"{module}.{x.id}" for x in targets if isinstance(x, ast.Name)})
    return found


def _read_source(module: str) -> str:
    """Return the source of a module; "" of one that has none in Python."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    return Path(spec.origin).read_text(encoding="utf-8")


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, (ast.If, ast.Try)):
            yield from _statements([*node.body, *node.orelse])


def find_definition(module: str, name: str) -> str | None:
    """Return the full name of what a dotted name stands for in a module, where it is defined, or None."""
    first, _, rest = name.partition(".")
    full = read_names(module).get(first)
    if not full:
        return full
    while not is_module(full):
        owner, _, last = full.rpartition(".")
        if not is_module(owner) or (earlier := read_names(owner).get(last)) is None:
            break
        if earlier == full:
            break
        full = earlier
    if not rest:
        return full
    return find_definition(full, rest) if is_module(full) else f"{full}.{rest}"


def find_full(name: str) -> str | None:
    """Return the full name of what a name stands for, where it is defined, or None.

    Such a name is `gradlab.core.claims.DOMAINS`.
    """
    parts = name.split(".")
    inside = next((n for n in range(len(parts) - 1, 0, -1) if is_module(".".join(parts[:n]))), 0)
    found = inside and find_definition(".".join(parts[:inside]), ".".join(parts[inside:]))
    return found or (name if is_module(name) else None)


def find_entry(full: str) -> str | None:
    """Return the name under which the site describes what has a full name: its own, or that in a package, or None.

    A package such as `gradlab.lab` describes what it exports of private modules.
    """
    parts = full.split(".")
    private = next((place for place, part in enumerate(parts) if part.startswith("_")), None)
    if parts[0] != PACKAGE or private is None:
        return full if parts[0] == PACKAGE else None
    package = ".".join(parts[:private])
    exported = read_names(package) if private < len(parts) - 1 and private > 1 else {}
    for name in exported:
        definition = find_definition(package, name)
        if definition and not name.startswith("_") and f"{full}.".startswith(f"{definition}."):
            return f"{package}.{name}{full.removeprefix(definition)}"
    return None


@functools.cache
def read_constants(module: str) -> dict[str, tuple[str, str]]:
    """Return the constants and the types that a module names: of each, its value in the source and what comments say.

    Among values, these are those that docstrings or comments of the package name as code or by their module.
    """
    source = _read_source(module)
    lines, found = source.split("\n"), {}
    for node in ast.parse(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if not isinstance(target, ast.Name) or not NAME.fullmatch(target.id) or value is None:
            continue
        first = last = node.lineno - 1
        while first > 0 and lines[first - 1].startswith("#"):
            first -= 1
        note = [line.lstrip("# ") for line in lines[first:last]]
        behind = COMMENT.search(lines[(node.end_lineno or node.lineno) - 1])
        note += [behind[1]] if behind and not behind[1].startswith(("fmt:", "noqa", "type:")) else []
        if not target.id.isupper() or target.id in _mentioned():
            found[target.id] = (ast.unparse(value), " ".join(note))
    return {name: (value, note) for name, (value, note) in found.items() if not value.startswith(VARIABLES)}


@functools.cache
def _mentioned() -> set[str]:
    """Return the names in capitals that the sources name as code, as `PARTS`, or with their module."""
    folder = Path(importlib.util.find_spec(PACKAGE).submodule_search_locations[0])  # type: ignore[union-attr,index]
    return {name for path in folder.rglob("*.py") for name in MENTION.findall(path.read_text(encoding="utf-8"))}


def is_constant(full: str) -> bool:
    """Return whether a full name is that of a constant or of a type that the page of its module describes."""
    module, _, name = full.rpartition(".")
    return is_module(module) and name in read_constants(module)
