"""The definition of a law, and the registry of all laws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Broken(Exception):  # noqa: N818
    """Raised where a law does not hold. The message is the counterexample."""


class NotApplicable(Exception):  # noqa: N818
    """Raised where a law says nothing about a transformation. The message is the reason."""


@dataclass(frozen=True)
class Law:
    """A promise about transformations.

    `examine(subject)` returns if the promise holds, raises `Broken` if it does not, and `NotApplicable` if the law says
    nothing about this transformation.
    """

    name: str
    statement: str
    meaning: str  # the usual cause of a breach, and the remedy
    examine: Callable[..., None]
    claimed: bool = False  # whether it is examined only where the transformation claims it


TRAJECTORY = "same trajectory"  # the name of the law that a reference adds
CONTRACTS: dict[str, Law] = {}  # what every transformation must keep
CLAIMS: dict[str, Law] = {}  # what a transformation may claim to keep


def law(statement: str, *, meaning: str, claimed: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register the decorated function `examine(subject)` as a law, under its own name with spaces for underscores."""

    def register(examine: Callable[..., None]) -> Callable[..., None]:
        name = examine.__name__.replace("_", " ")
        (CLAIMS if claimed else CONTRACTS)[name] = Law(name, statement, meaning, examine, claimed)
        return examine

    return register


def require(condition: Any, counterexample: str) -> None:
    """Raise `Broken` with the counterexample unless the condition holds."""
    if not condition:
        raise Broken(counterexample)
