"""Sums over arrays that XLA on CPUs computes in one pass, with all that leads to them.

XLA gives sums on CPUs to a library of their own, which computes most elementwise operations while it adds. What it
cannot compute, such as a choice, is kept in memory first. gradlab's bounds and quotients are choices, so they are
computed by arithmetic here. The `max` and `min` of that library lose a NaN in their first operand (in jaxlib 0.10.2),
and XLA puts numbers that it knows second. So here a number comes first, and XLA does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from ..safe_arithmetic import bound_without_choice, divide_without_choice
from .traced_programs import Equation, Variable, find_called, is_literal, list_primitives, replace_called

_SUMS = frozenset(("reduce_max", "reduce_min", "reduce_sum"))
_NOT_IN_SUMS = frozenset((
    "bitcast_convert_type", "cbrt", "clamp", "cos", "eq", "ge", "gt", "is_finite", "le", "lt", "ne", "nextafter",
    "reduce_precision", "select_n", "sin", "tan",
))  # fmt: skip
_LEAST = 64  # elements of the array for each one of the sum


def is_sum(equation: Equation) -> bool:
    """Return whether an equation computes a number, or a small array, from a large one, as a sum does."""
    if equation.primitive.name not in _SUMS or is_literal(equation.invars[0]):
        return False
    return equation.outvars[0].aval.size * _LEAST <= equation.invars[0].aval.size


def lead_to_sum(equations: Iterable[Equation], outputs: Iterable[Variable]) -> list[Equation] | None:
    """Return elementwise equations in a form that XLA's sums contain; None if they have none.

    `outputs` are the variables that the sum needs.
    """
    made: dict[Variable, Equation] = {}
    found: list[Equation] = []
    for equation in equations:
        made.update(dict.fromkeys(equation.outvars, equation))
        inner = find_called(equation)
        if inner is not None:
            leading = lead_to_sum(inner.jaxpr.eqns, inner.jaxpr.outvars)
            if leading is None:
                return None
            equation = replace_called(equation, inner.replace(jaxpr=inner.jaxpr.replace(eqns=leading)))
        else:
            equation = _replace(equation, made)
        found.append(equation)
    needed = set(outputs)
    kept: list[Equation] = []
    for equation in reversed(found):
        if not needed.isdisjoint(equation.outvars):
            needed.update(v for v in equation.invars if not is_literal(v))
            kept.append(equation)
    return kept[::-1] if all(_NOT_IN_SUMS.isdisjoint(list_primitives(equation)) for equation in kept) else None


def _replace(equation: Equation, made: dict[Variable, Equation]) -> Equation:
    """Return an equation that computes by arithmetic what `bound_for_squaring` and the like choose."""
    name, given = equation.primitive.name, equation.invars
    if name == "select_n" and (found := _find_bound(made, equation)):
        x, bound = found
        return _call(lambda x: bound_without_choice(x, bound), [x], equation)
    if name == "mul" and given[0] is given[1] and (found := _find_bound(made, _find_maker(made, given[0]))):
        x, bound = found
        return _call(lambda x: bound_without_choice(x, bound) ** 2, [x], equation)
    if name in ("max", "min"):
        operands = list(dict.fromkeys(v for v in given if not is_literal(v)))
        return _call(lambda *numbers: _keep_nan(equation, operands, numbers), operands, equation)
    if name == "div" and (denominator := _find_denominator(made, _find_maker(made, given[1]))) is not None:
        return _call(divide_without_choice, [given[0], denominator], equation)
    return equation


def _keep_nan(equation: Equation, operands: list[Variable], numbers: Sequence[Any]) -> Any:
    """Return the larger or the smaller one of two numbers, and NaN if one of them is NaN."""
    known = dict(zip(operands, numbers, strict=True))
    choose = jnp.maximum if equation.primitive.name == "max" else jnp.minimum
    first, second = sorted((v.val if is_literal(v) else known[v] for v in equation.invars), key=jnp.ndim)
    if jnp.ndim(first):
        return choose(first, second) + jnp.sign(first) * 0
    return choose(lax.optimization_barrier(jnp.asarray(first)), second)


def _find_bound(made: dict[Variable, Equation], choice: Equation | None) -> tuple[Variable, float] | None:
    """Return x and B of the choice of `bound_for_squaring(x)`, or of the size in `bounded_square(x)`."""
    if choice is None or choice.primitive.name != "select_n" or len(choice.invars) != 3:
        return None
    condition, x, bounded = choice.invars
    test, bound = _find_maker(made, condition), _find_maker(made, bounded)
    if test is None or bound is None or test.primitive.name != "is_finite" or test.invars[0] is not x:
        return None
    if bound.primitive.name == "clamp":
        low, clamped, high = bound.invars
        is_bound = clamped is x and is_literal(low) and is_literal(high) and float(low.val) == -float(high.val)
    elif bound.primitive.name == "min":
        size, high = bound.invars
        maker = _find_maker(made, size)
        is_bound = maker is not None and maker.primitive.name == "abs" and maker.invars[0] is x and is_literal(high)
    else:
        return None
    return (x, float(high.val)) if is_bound else None


def _find_denominator(made: dict[Variable, Equation], choice: Equation | None) -> Variable | None:
    """Return y of `select(y == 0, inf, y)`, by which `divide` divides."""
    if choice is None or choice.primitive.name != "select_n" or len(choice.invars) != 3:
        return None
    condition, y, infinity = choice.invars
    test, filled = _find_maker(made, condition), _find_maker(made, infinity)
    if test is None or filled is None or test.primitive.name != "eq" or filled.primitive.name != "broadcast_in_dim":
        return None
    is_tested = test.invars[0] is y and is_literal(test.invars[1]) and float(test.invars[1].val) == 0
    is_infinite = is_literal(filled.invars[0]) and float(filled.invars[0].val) == float("inf")
    return y if is_tested and is_infinite else None


def _find_maker(made: dict[Variable, Equation], variable: Any) -> Equation | None:
    return None if is_literal(variable) else made.get(variable)


def _call(function: Callable[..., Any], operands: list[Variable], equation: Equation) -> Equation:
    """Return an equation that calls a function of operands in the place of an equation."""
    (call,) = jax.make_jaxpr(jax.jit(function))(*(v.aval for v in operands)).jaxpr.eqns
    return call.replace(invars=operands, outvars=equation.outvars)
