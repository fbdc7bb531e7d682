"""Tables looked up by the names that people type, with suggestions for names that do not exist."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, TypeVar

from .._formatting import join_at_most

T = TypeVar("T")
_MOST_HOLDING = 5  # names that hold a word, which are suggested
_SHORTEST_WORD = 3  # letters; fewer begin a word of too many names
_MOST_FILES = 50  # of a folder that are searched for a name


class UnknownNameError(KeyError):
    """A name that does not exist. Its text suggests similar names, or lists the names that exist."""

    def __str__(self) -> str:  # that of KeyError puts the text in quotes
        return str(self.args[0])


def _normalize(name: str) -> str:
    """Return the name of a thing or of an option (`--dry-run`) as it is compared with others."""
    return name.lower().lstrip("-").replace("-", "_")


def suggest_name(name: str, names: Iterable[str]) -> str:
    """Return "did you mean adam?" for a name that is a word of some of `names`, or similar to some; "" for none."""
    known, wanted = {_normalize(key): key for key in names}, _normalize(name)
    holding = _find_holding(wanted, known)
    similar = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
    return ask_whether(known[key] for key in dict.fromkeys([*holding, *similar]))


def _find_holding(word: str, names: Iterable[str]) -> list[str]:
    """Return the names that hold a word, such as `scale_by_momentum`, which is too long to be similar to `momentum`.

    Those with the whole word come before those with a longer one, and short names before long ones.
    """
    if len(word) < _SHORTEST_WORD:
        return []
    found = [name for name in names if f"_{word}" in f"_{name}"]
    return sorted(found, key=lambda name: (f"_{word}_" not in f"_{name}_", len(name)))[:_MOST_HOLDING]


def ask_whether(names: Iterable[str]) -> str:
    """Return "did you mean adam or adamw?" for the names that may be meant; "" if there are none."""
    meant = list(names)
    return f"did you mean {' or '.join(meant)}?" if meant else ""


def suggest_attribute(module: ModuleType, name: str) -> str:
    """Suggest similar names for one that a module lacks, from the module or its submodules; else list some it has."""
    public = _public_names(module)
    suggestion = suggest_name(name, public)
    for other in sorted(_imported_submodules(module), key=lambda other: other.__name__):
        if hasattr(other, name):
            return ask_whether([f"{other.__name__}:{name}"])
        if not suggestion and (deeper := suggest_name(name, _public_names(other))):
            suggestion = deeper.replace("did you mean ", f"did you mean {other.__name__}:")
    return suggestion or f"it has {join_at_most(public) or 'nothing public'}"


def _public_names(module: Any) -> list[str]:
    """Return the public names of a module. Those that its own package defines come first."""
    package = getattr(module, "__name__", "").partition(".")[0]

    def is_from_elsewhere(name: str) -> bool:
        return str(getattr(getattr(module, name), "__module__", "")).split(".")[0] != package

    return sorted((name for name in dir(module) if not name.startswith("_")), key=is_from_elsewhere)


def _imported_submodules(module: Any) -> list[ModuleType]:
    """Return the public submodules that are imported already. To import others would run the user's code."""
    prefix = f"{getattr(module, '__name__', '')}."
    submodules = {name: other for name, other in sys.modules.items() if name.startswith(prefix) and other is not None}
    return [other for name, other in submodules.items() if not any(part.startswith("_") for part in name.split("."))]


def look_up(name: str, table: Mapping[str, T], kind: str, *, may_be_own: bool = False) -> T:
    """Return the entry of a name. Messages call it a `kind`, such as "optimizer".

    `may_be_own` says that users may type something of their own in its place, as `module:NAME`.

    Raises UnknownNameError with a suggestion if the table has no such name.
    """
    if name in table:
        return table[name]
    suggestion = _suggest_spelling(name, table, kind) if may_be_own else ""
    suggestion = suggestion or suggest_name(name, table)
    if not suggestion:
        suggestion = f"there are {join_at_most(sorted(table))}{'; type your own as module:NAME' * may_be_own}"
    raise UnknownNameError(f"no {kind} is named {name!r}; {suggestion}")


def _suggest_spelling(name: str, table: Mapping[str, Any], kind: str) -> str:
    """Say how to type what seems to be two names, a file, a module, or a name of another kind; else return ""."""
    # `gradlab check` and `gradlab explain` take a name of any kind instead.
    is_option = kind in ("optimizer", "problem")
    words = name.replace(",", " ").split()
    if len(words) > 1 and all(word in table for word in words):
        return f"repeat the option: {' '.join(f'--{kind} {word}' for word in words)}" if is_option else "pass one name"
    path = PurePath(name)
    if path.suffix == ".py":
        return f"a name in a file is typed with the file's module and a colon, {path.stem}:NAME"
    module, _, last = name.rpartition(".")
    if module in ("gl", "gradlab", "gradlab.lab.problems") and last in table:
        return ask_whether([last])
    package, found = module.partition(".")[0], _normalize(last)
    if package in ("torch", "keras") and found in table:
        flavor = f"gradlab.flavors.{package}:{found}"
        has_flavor = kind != "reference" and hasattr(import_module(f"gradlab.flavors.{package}"), found)
        also = f", and {flavor}, which computes as {package} does" if has_flavor else ""
        return f"gradlab has {found}{also}"
    if name.isidentifier() and Path(f"{name}.py").exists():
        return f"a name in {name}.py is typed {name}:NAME"
    if module.isidentifier() and (Path(f"{module}.py").exists() or find_spec(module) is not None):
        return f"a name in a module is typed with a colon, {module}:{last}"
    if (file := _find_file_with(name)) is not None:
        return f"a name in {file.name} is typed {file.stem}:{name}"
    if (other := _find_other_kind(name)) is not None:
        answer = f"it is {'an' if other[0] in 'aeio' else 'a'} {other}"
        if is_option and other in ("optimizer", "problem"):
            return f"{answer}; pass it as --{other} {name} ({other}s=)"
        return f"{answer}; gradlab explain {name} describes it"
    return ""


def _find_file_with(name: str) -> Path | None:
    """Return a Python file of the current folder that defines a name, or None. Nothing of it is run."""
    for path in sorted(Path().glob("*.py"))[:_MOST_FILES]:
        try:
            body = ast.parse(path.read_bytes()).body
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for statement in body:
            targets = statement.targets if isinstance(statement, ast.Assign) else ()
            if name in (getattr(statement, "name", None), *(getattr(target, "id", None) for target in targets)):
                return path
    return None


def _find_other_kind(name: str) -> str | None:
    """Return what kind of thing gradlab has under a name, such as "schedule"; None if it has no such name."""
    from gradlab import registry

    from ..problems import PROBLEMS

    if name in PROBLEMS:
        return "problem"
    entry = registry.entries().get(name)
    return None if entry is None else "optimizer" if entry.kind == "recipe" else entry.kind
