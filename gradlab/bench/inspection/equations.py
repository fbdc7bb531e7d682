"""The length of a program as JAX traces it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def count_equations(closed: Any) -> int:
    """Return the equations of a jaxpr, such as `jax.make_jaxpr` returns.

    A call of a sub-program counts as one. The equations of the sub-program count once, however many calls there are.
    """
    return _count(closed.jaxpr, set())


def _count(jaxpr: Any, seen: set[int]) -> int:
    total = len(jaxpr.eqns)
    for equation in jaxpr.eqns:
        for inner in find_programs(equation.params.values()):
            if id(inner) not in seen:
                seen.add(id(inner))
                total += _count(inner, seen)
    return total


def find_programs(values: Any) -> Iterator[Any]:
    """Yield the jaxprs among parameters of an equation."""
    for value in values:
        if isinstance(value, (tuple, list)):
            yield from find_programs(value)
        elif hasattr(value, "eqns"):
            yield getattr(value, "jaxpr", value)  # without the constants, which calls do not share
