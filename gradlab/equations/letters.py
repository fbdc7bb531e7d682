r"""The letters of a recipe's hyperparameters, where the equations of its links would have another letter for them.

A recipe declares them where it is defined, as a function of its hyperparameters by name::

    @letters_of(ademamix)
    def _(b3, alpha, **others):
        return Letter(r"\beta", "1", b3, r"\beta_3"), Letter(r"\alpha", "", alpha, "a")

So its equations have the letters of its docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..core.base import Transformation
from .hyperparameter_values import is_same


class Letter(NamedTuple):
    """The letter of a hyperparameter that takes the place of one with primes."""

    base: str  # that of its link, such as \beta
    role: str  # as in `Number`
    value: Any
    latex: str  # its letter in the recipe, such as \beta_3


_declared: dict[Callable[..., Any], Callable[..., tuple[Letter, ...]]] = {}  # by the factories of recipes


def letters_of(factory: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare the letters of a recipe, as a function of its hyperparameters that returns a tuple of `Letter`s."""

    def declare(choose: Callable[..., Any]) -> Callable[..., Any]:
        _declared[factory.factory.build] = choose  # type: ignore[attr-defined]
        return choose

    return declare


def read_letters(tx: Any) -> tuple[Letter, ...]:
    """Return the letters that a transformation declares, if it is a recipe that does."""
    choose = _declared.get(tx.factory.build) if isinstance(tx, Transformation) else None
    return choose(**tx.arguments) if choose else ()


def find_letter(letters: tuple[Letter, ...], base: str, role: str, value: Any) -> str | None:
    """Return the letter that a recipe declares for a hyperparameter of a link, or None."""
    return next((own.latex for own in letters if own[:2] == (base, role) and is_same(own.value, value)), None)
