"""Errors for a public name that a module does not have, which name the one that is meant, or list those there are."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn

from .imported_names import read_imported_names
from .optax_names import OF_SCHEDULES, OF_TORCH, REPLACEMENTS

MOST_LISTED = 12
_SUBPACKAGES = ("schedules", "codecs", "selectors")  # whose names are often looked for in `gradlab` itself
_OF_PACKAGES = {"equations": "gl.explain(tx)", "explanations": "gl.explain(tx)", "problems": "gl.lab.problems"}


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


def describe_public_name(name: str, known: Collection[str]) -> str:
    """Return "; use gl.schedules.cosine" for a name that `gradlab` itself lacks, or another remedy; "" without one."""
    if name in REPLACEMENTS:
        return f"; in place of optax.{name}, use {REPLACEMENTS[name]}"
    if name in OF_TORCH:
        return f"; in place of PyTorch's {name}, use {OF_TORCH[name]}"
    if name.startswith("_"):
        return ""
    elsewhere = _OF_PACKAGES.get(name) or _find_elsewhere(name)
    if elsewhere:
        return f"; use {elsewhere}"
    import optax  # here, because only a wrong name needs it

    if name in vars(optax):
        return f"; keep optax's own, optax.{name}"
    return suggest_public_name(name, known)


def _find_elsewhere(name: str) -> str | None:
    """Return where a subpackage has a name, such as gl.schedules.cosine, or what optax calls so; None if none has."""
    for package in _SUBPACKAGES:
        names = read_imported_names(Path(__file__).parents[1] / package / "__init__.py")
        own = [key for key, home in names.items() if home.startswith(".") and not home.startswith("..")]
        meant = _find_optax_schedule(name, own) if package == "schedules" else name if name in own else None
        if meant is not None:
            return f"gl.{package}.{meant}"
    return f"gl.lab.{name}" if name in importlib.import_module("gradlab.lab").__all__ else None


def _find_optax_schedule(name: str, known: Collection[str]) -> str | None:
    """Return the schedule of a name, which may be that of optax; None if there is none."""
    plain = name.removesuffix("_schedule")  # as optax calls its schedules
    meant = (OF_SCHEDULES.get(name, name), plain, plain.removesuffix("_decay"))
    return next((one for one in meant if one in known), None)


def describe_names(module: str, name: str) -> str:
    """Return "; did you mean cosine?" for a name that a module lacks, or "; it has adam, sgd"."""
    package, _, last = module.rpartition(".")
    muon = f"{package}.muon"
    if name == "muon" and package == "gradlab.flavors" and hasattr(importlib.import_module(muon), last):
        return f"; it is {muon}.{last}"
    known = [key for key, value in vars(sys.modules[module]).items() if _is_own(module, key, value)]
    if (meant := _find_optax_schedule(name, known)) is not None:
        return f"; did you mean {meant}?"
    listed = ", ".join(known[:MOST_LISTED]) + f" and {len(known) - MOST_LISTED} more" * (len(known) > MOST_LISTED)
    return suggest_public_name(name, known, cutoff=0.6) or f"; it has {listed}"


def _is_own(module: str, name: str, value: object) -> bool:
    """Return whether a name is public and defined by a module, and not only used there."""
    home = getattr(value, "__module__", None)
    return not name.startswith("_") and isinstance(home, str) and f"{home}.".startswith(f"{module}.")
