"""The fewest bytes that a step must read and write, from the equations that it computes.

Arrays too large for the cache pass through memory. A *pass* reads them element by element. It can compute any number of
elementwise results and reductions at once. What depends on the result of a reduction, such as the norm of the gradient,
needs another pass. So the fewest bytes are, for each pass, the arrays that its results need, each once, and each result
once. A pass reads what the caller gave, and what an earlier pass wrote; everything else it computes anew.

Adam makes one pass: it reads the gradient, the parameters and two moments, and writes all but the gradient. So it has
seven streams, of which each is as large as the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jax

# fmt: off
_ELEMENTWISE = frozenset((
    "abs", "add", "and", "atan2", "bitcast_convert_type", "cbrt", "ceil", "clamp", "complex", "conj",
    "convert_element_type", "copy", "copy_p", "cos", "div", "eq", "erf", "exp", "exp2", "expm1", "floor", "ge", "gt",
    "imag", "integer_pow", "is_finite", "le", "log", "log1p", "logistic", "lt", "max", "min", "mul", "ne", "neg",
    "nextafter", "not", "optimization_barrier", "or", "population_count", "pow", "real", "reduce_precision", "rem",
    "round", "rsqrt", "select_n", "shift_left", "shift_right_arithmetic", "shift_right_logical", "sign", "sin", "sqrt",
    "square", "stop_gradient", "sub", "tan", "tanh", "xor",
    # These move elements and compute nothing.
    "broadcast_in_dim", "concatenate", "expand_dims", "iota", "pad", "reshape", "slice", "split", "squeeze", "stack",
    "transpose",
))
_SCALING = frozenset((
    "abs", "clamp", "convert_element_type", "copy", "div", "integer_pow", "mul", "neg", "select_n", "square",
))
_REDUCTIONS = frozenset((
    "argmax", "argmin", "reduce_and", "reduce_max", "reduce_min", "reduce_or", "reduce_prod", "reduce_sum",
))
# fmt: on


class _UnknownError(Exception):
    """An equation on arrays that is neither elementwise nor a reduction."""


@dataclass(eq=False)
class _Value:
    """A value of the program."""

    bytes: int  # 0 for one element, which stays in a register
    operands: tuple[_Value, ...] = ()
    passes: int = 0  # the pass that computes it
    is_reduced: bool = False  # complete after its pass only
    is_stored: bool = False  # in memory after its pass
    is_uniform: bool = False  # the same number everywhere, or one that follows from the position
    # For the norms that are computed from an array divided by its largest element: one pass is enough for both, because
    # a running sum can be scaled anew when a larger element comes. So a reduction waits for no other one of its `base`.
    base: _Value | None = None  # the array that this one is, but for scaling and powers; None for itself
    passes_of_base: int = 0  # the pass that could compute this value, but for reductions of its base
    reduced_from: frozenset[_Value] = frozenset()  # the bases of the reductions that a number follows from


def count_fewest_bytes(step: Any, *arguments: Any) -> int | None:
    """Return the fewest bytes that a function of arrays reads and writes, if its results overwrite its arguments.

    Returns None if it does something else with arrays than elementwise arithmetic and reductions, such as products of
    matrices: then the memory alone does not limit it.
    """
    closed = jax.make_jaxpr(step)(*arguments)
    inputs = [_Value(_count_bytes(variable.aval), is_stored=True) for variable in closed.jaxpr.invars]
    try:
        outputs = _evaluate(closed.jaxpr, [_Value(_count_bytes(constant)) for constant in closed.consts], inputs)
    except _UnknownError:
        return None
    written = _find_written(inputs, outputs)
    reductions = {value for value in _walk(written) if value.is_reduced}
    for value in reductions:
        value.is_stored = True
    read = 0
    for number in range(1 + max((value.passes for value in written), default=0)):
        sinks = [value for value in {*written, *reductions} if value.passes == number]
        read += sum(value.bytes for value in _find_read(sinks, number))
    return read + sum(value.bytes for value in written) + sum(value.bytes for value in reductions - set(written))


def _find_written(inputs: list[_Value], outputs: list[_Value]) -> list[_Value]:
    """Return the results that are written. An argument that is returned in its own place is not."""
    written: list[_Value] = []
    for place, value in enumerate(outputs):
        if place < len(inputs) and value is inputs[place]:
            continue
        is_new = value.operands and value not in written
        written.append(value if is_new else _Value(value.bytes, (value,), value.passes))
        written[-1].is_stored = True
    return written


def _count_bytes(aval: Any) -> int:
    elements = math.prod(aval.shape)
    return elements * aval.dtype.itemsize if elements > 1 else 0


def _evaluate(jaxpr: Any, constants: list[_Value], inputs: list[_Value]) -> list[_Value]:
    values: dict[Any, _Value] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *inputs], strict=True))

    def read(atom: Any) -> _Value:
        return values[atom] if atom in values else _Value(0)  # a literal, which is hashed by its number or not at all

    for equation in jaxpr.eqns:
        operands = [_Value(0) if hasattr(atom, "val") else read(atom) for atom in equation.invars]
        inner = _find_called(equation)
        if inner is not None:
            results = _evaluate(inner.jaxpr, [_Value(_count_bytes(constant)) for constant in inner.consts], operands)
        else:
            results = _apply(equation, operands)
        values |= dict(zip(equation.outvars, results, strict=True))
    return [_Value(0) if hasattr(atom, "val") else read(atom) for atom in jaxpr.outvars]


def _find_called(equation: Any) -> Any:
    """Return the program that an equation calls with its own operands, if it does nothing else."""
    if equation.primitive.name in ("cond", "while", "scan"):
        return None
    for name in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = equation.params.get(name)
        if hasattr(inner, "jaxpr") and len(inner.jaxpr.invars) == len(equation.invars):
            return inner
    return None


def _apply(equation: Any, operands: list[_Value]) -> list[_Value]:
    name = equation.primitive.name
    sizes = [_count_bytes(variable.aval) for variable in equation.outvars]
    arrays = [value for value in operands if value.bytes and not value.is_uniform]
    # An inner product is a reduction, though JAX calls it a product of matrices.
    is_reduced = bool(arrays) and (name in _REDUCTIONS or (name == "dot_general" and not any(sizes)))
    if (arrays or any(sizes)) and not is_reduced and name not in _ELEMENTWISE:
        raise _UnknownError(name)
    if name == "optimization_barrier":
        return operands
    if is_reduced:
        ready = max(value.passes_of_base for value in arrays)
        bases = frozenset(value.base or value for value in arrays)
        return [_Value(size, tuple(operands), ready, True, reduced_from=bases) for size in sizes]
    ready = max((value.passes + value.is_reduced for value in operands), default=0)
    if not arrays:
        bases = frozenset().union(*(value.reduced_from for value in operands))
        return [_Value(size, tuple(operands), ready, is_uniform=True, reduced_from=bases) for size in sizes]
    base, of_base = _find_base(name, operands, arrays)
    return [
        _Value(size, tuple(operands), ready, base=base, passes_of_base=ready if base is None else of_base)
        for size in sizes
    ]


def _find_base(name: str, operands: list[_Value], arrays: list[_Value]) -> tuple[_Value | None, int]:
    """Return the base of a result, and the pass that could compute it but for the reductions of its base."""
    bases = {value.base or value for value in arrays}
    if name not in _SCALING or len(bases) > 1:
        return None, 0
    (base,) = bases
    others = [value for value in operands if value not in arrays and value.reduced_from != bases]
    return base, max([value.passes_of_base for value in arrays] + [value.passes + value.is_reduced for value in others])


def _walk(values: list[_Value]) -> Iterator[_Value]:
    """Yield values and all that they depend on, each once."""
    seen: set[_Value] = set()
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if value not in seen:
            seen.add(value)
            yield value
            waiting.extend(value.operands)


def _find_read(sinks: list[_Value], number: int) -> set[_Value]:
    """Return the arrays in memory from which a pass computes its results."""
    found: set[_Value] = set()
    seen: set[_Value] = set()
    waiting = [operand for value in sinks for operand in value.operands]
    while waiting:
        value = waiting.pop()
        if value in seen:
            continue
        seen.add(value)
        is_given = not value.operands and value.is_stored
        if is_given or (value.is_stored and value.passes < number):
            found.add(value)
        else:
            waiting.extend(value.operands)
    return found
