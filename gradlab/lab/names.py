"""Looking things up by the names that people type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


class UnknownNameError(KeyError):
    """A name that nothing has; its text says what came, what was meant perhaps, and what there is."""

    def __str__(self) -> str:  # KeyError would quote the sentence
        return str(self.args[0])


def meant(name: str, names: Iterable[str]) -> str:
    """ "did you mean adam?", of the names that are near; empty if none is."""
    known = {key.lower(): key for key in names}
    near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=3, cutoff=0.6)
    return f"did you mean {' or '.join(known[key] for key in near)}?" if near else ""


def pick(name: str, table: Mapping[str, T], kind: str) -> T:
    """The entry of a name; raises UnknownNameError with near matches, for a `kind` such as "optimizer"."""
    if name in table:
        return table[name]
    guess = meant(name, table) or f"there are {', '.join(sorted(table))}"
    module, dot, last = name.rpartition(".")
    if dot and kind.startswith(("optimizer", "problem")) and module.replace(".", "_").isidentifier():
        guess = f"one of a module is typed with a colon, {module}:{last}"
    raise UnknownNameError(f"no {kind} is named {name!r}; {guess}")
