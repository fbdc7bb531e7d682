"""Looking things up by the names that people type."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any, TypeVar

from ..formatting import join_at_most

T = TypeVar("T")


class UnknownNameError(KeyError):
    """A name that nothing has; its text says what came, what was meant perhaps, and what there is."""

    def __str__(self) -> str:  # KeyError would quote the sentence
        return str(self.args[0])


def suggest_name(name: str, names: Iterable[str]) -> str:
    """ "did you mean adam?", of the names that are near; empty if none is."""
    known = {key.lower(): key for key in names}
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(known[key] for key in near)}?" if near else ""


def suggest_attribute(module: ModuleType, name: str) -> str:
    """What was meant by a name that a module does not have: one near it, one of a submodule, or some that it has."""
    public = _public_names(module)
    near = suggest_name(name, public)
    for other in sorted(_imported_submodules(module), key=lambda other: other.__name__):
        if hasattr(other, name):
            return f"did you mean {other.__name__}:{name}?"
        if not near and (found := suggest_name(name, _public_names(other))):
            near = found.replace("did you mean ", f"did you mean {other.__name__}:")
    return near or f"it has {join_at_most(public) or 'nothing public'}"


def _public_names(module: Any) -> list[str]:
    """The public names of a module: those of what it, or a part of it, defines come first."""
    home = getattr(module, "__name__", "").partition(".")[0]
    names = [name for name in dir(module) if not name.startswith("_")]
    return sorted(names, key=lambda name: str(getattr(getattr(module, name), "__module__", "")).split(".")[0] != home)


def _imported_submodules(module: Any) -> list[ModuleType]:
    """The public modules inside a package that are imported already: looking further would run foreign code."""
    inside = f"{getattr(module, '__name__', '')}."
    found = {name: other for name, other in sys.modules.items() if name.startswith(inside) and other is not None}
    return [other for name, other in found.items() if not any(part.startswith("_") for part in name.split("."))]


def look_up(name: str, table: Mapping[str, T], kind: str) -> T:
    """The entry of a name; raises UnknownNameError with near matches, for a `kind` such as "optimizer"."""
    if name in table:
        return table[name]
    guess = _suggest_spelling(name, table, kind) if kind.startswith(("optimizer", "problem")) else ""
    guess = guess or suggest_name(name, table) or f"there are {join_at_most(sorted(table))}{_mention_own(kind)}"
    raise UnknownNameError(f"no {kind} is named {name!r}; {guess}")


def _mention_own(kind: str) -> str:
    return "; your own is typed module:NAME" if kind.startswith(("optimizer", "problem")) else ""


def _suggest_spelling(name: str, table: Mapping[str, Any], kind: str) -> str:
    """What was meant by a name that is two, a file, a module, or the name of another kind of thing; else empty."""
    option = f"--{kind.split(',')[0].split()[0]}"
    words = name.replace(",", " ").split()
    if len(words) > 1 and all(word in table for word in words):
        return f"repeat the option: {' '.join(f'{option} {word}' for word in words)}"
    path = PurePath(name)
    if path.suffix == ".py":
        return f"one of a file is typed with its module's name and a colon, {path.stem}:NAME"
    module, _, last = name.rpartition(".")
    if module in ("gl", "gradlab", "gradlab.lab.problems") and last in table:
        return f"did you mean {last}?"
    if name.isidentifier() and Path(f"{name}.py").exists():
        return f"one of {name}.py is typed {name}:NAME"
    if module.isidentifier() and (Path(f"{module}.py").exists() or find_spec(module) is not None):
        return f"one of a module is typed with a colon, {module}:{last}"
    if (other := _find_other_kind(name)) is not None:
        what = f"it is {'an' if other[0] in 'aeio' else 'a'} {other}"
        return f"{what}; pass it as --{other} {name}" if other in ("optimizer", "problem") else what
    return ""


def _find_other_kind(name: str) -> str | None:
    """The kind of a thing of gradlab's, such as "schedule"; None for an unknown name."""
    from gradlab import registry

    from ..problems import PROBLEMS

    if name in PROBLEMS:
        return "problem"
    entry = registry.entries().get(name)
    return None if entry is None else "optimizer" if entry.kind == "recipe" else entry.kind
