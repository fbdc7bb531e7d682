"""Errors for a public name that a module does not have, which name the one that is meant, or list those there are."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection
from typing import NoReturn

MOST_LISTED = 12


def suggest_public_name(name: str, known: Collection[str], cutoff: float = 0.8) -> str:
    """Return "; did you mean adam?" for a name that is similar to a known one; "" if there is none."""
    import difflib  # here, because only a wrong name needs it

    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=cutoff)
    return f"; did you mean {near[0]}?" if near else ""


def refuse_unknown_names(module: str) -> Callable[[str], NoReturn]:
    """Return a `__getattr__` for a module, which raises AttributeError with the name that may be meant, or the list."""

    def refuse(name: str) -> NoReturn:
        hint = "" if name.startswith("_") else describe_names(module, name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}{hint}")

    return refuse


def describe_names(module: str, name: str) -> str:
    """Return "; did you mean cosine?" for a name that a module lacks, or "; it has adam, sgd"."""
    package, _, last = module.rpartition(".")
    muon = f"{package}.muon"
    if name == "muon" and package == "gradlab.flavors" and hasattr(importlib.import_module(muon), last):
        return f"; it is {muon}.{last}"
    known = [key for key, value in vars(sys.modules[module]).items() if _is_own(module, key, value)]
    plain = name.removesuffix("_schedule")  # as optax calls its schedules
    for meant in (plain, plain.removesuffix("_decay")):
        if meant in known:
            return f"; did you mean {meant}?"
    listed = ", ".join(known[:MOST_LISTED]) + f" and {len(known) - MOST_LISTED} more" * (len(known) > MOST_LISTED)
    return suggest_public_name(name, known, cutoff=0.6) or f"; it has {listed}"


def _is_own(module: str, name: str, value: object) -> bool:
    """Return whether a name is public and defined by a module, and not only used there."""
    home = getattr(value, "__module__", None)
    return not name.startswith("_") and isinstance(home, str) and f"{home}.".startswith(f"{module}.")
