"""Looking things up by the names that people type."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TypeVar

T = TypeVar("T")


class UnknownNameError(KeyError):
    """A name that nothing has; its text says what came, what was meant perhaps, and what there is."""

    def __str__(self) -> str:  # KeyError would quote the sentence
        return str(self.args[0])


def pick(name: str, table: Mapping[str, T], kind: str) -> T:
    """The entry of a name; raises UnknownNameError with near matches, for a `kind` such as "optimizer"."""
    if name in table:
        return table[name]
    near = difflib.get_close_matches(name.lower().replace("-", "_"), table, n=3, cutoff=0.6)
    guess = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(sorted(table))}"
    raise UnknownNameError(f"no {kind} is named {name!r}; {guess}")
