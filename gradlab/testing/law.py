"""What a law is: a sentence about transformations, an examination, and what it usually means to break it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Broken(Exception):  # noqa: N818
    """A law does not hold; the message is the counterexample."""


class NotApplicable(Exception):  # noqa: N818
    """A law says nothing about this transformation; the message is the reason."""


@dataclass(frozen=True)
class Law:
    """One law. `examine(subject)` returns if it holds, and raises `Broken` or `NotApplicable` if not."""

    name: str
    statement: str
    meaning: str  # what breaking it usually comes from, and what to do
    examine: Callable[..., None]
    claimed: bool = False  # only examined if the transformation claims it


CONTRACTS: dict[str, Law] = {}  # every transformation must keep these
CLAIMS: dict[str, Law] = {}  # a transformation may claim these


def law(statement: str, *, meaning: str, claimed: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function `examine(subject)` as the law of its own name (`_` reads as a space)."""

    def register(examine: Callable[..., None]) -> Callable[..., None]:
        name = examine.__name__.replace("_", " ")
        (CLAIMS if claimed else CONTRACTS)[name] = Law(name, statement, meaning, examine, claimed)
        return examine

    return register


def require(condition: Any, counterexample: str) -> None:
    """Raise `Broken` with the counterexample unless the condition holds."""
    if not condition:
        raise Broken(counterexample)
