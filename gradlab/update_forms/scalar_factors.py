"""Numbers by which an array is multiplied one after another, as one number.

Each link of a chain multiplies by a number of its own: those of DoG by the distance, a norm and the learning rate.
In a loop that bounds the gradient, too, the three products take a tenth more time than one.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from jax import lax

from .traced_programs import Equation, Variable, is_literal

Values = dict[Variable, Any]


def join_factors(equations: list[Equation], given: Values, output: Variable) -> tuple[list[Equation], Values]:
    """Return equations that multiply no array by two numbers in a row, and what is given, with products of numbers.

    The results are equal but for rounding, unless a product of numbers overflows or vanishes, and theirs with the array
    does not.
    """
    from jax.extend.core import Var  # here, because most processes do not need it

    uses = Counter(v for equation in equations for v in equation.invars if not is_literal(v))
    given = dict(given)
    joined: dict[Variable, Equation] = {}  # by the first result
    for equation in equations:
        outer = _find_factor(equation, given)
        inner = None if outer is None or uses[outer[1]] > 1 else joined.get(outer[1])
        first = None if inner is None else _find_factor(inner, given)
        if outer is not None and first is not None and output is not outer[1]:
            product = Var(outer[0].aval)
            given[product] = lax.mul(*(v.val if is_literal(v) else given[v] for v in (outer[0], first[0])))
            del joined[outer[1]]
            equation = equation.replace(invars=[product, first[1]])
        joined[equation.outvars[0]] = equation
    return list(joined.values()), given


def _find_factor(equation: Equation, given: Values) -> tuple[Any, Variable] | None:
    """Return the number and the array that an equation multiplies, if it does nothing else."""
    if equation.primitive.name != "mul":
        return None
    numbers = [v for v in equation.invars if is_literal(v) or (v in given and not v.aval.shape)]
    arrays = [v for v in equation.invars if v not in numbers] if len(numbers) == 1 else []
    return (numbers[0], arrays[0]) if len(arrays) == 1 else None
