"""Sums over large arrays that XLA on CPUs computes in one pass, with all that leads to them.

XLA gives sums on CPUs to a library of their own. It computes what leads to a sum operation by operation: a square costs
nothing, a quotient takes twice as long as in a loop, and what the library lacks, such as a choice, is kept in memory
first. Sums along the first axis take three times as long. So if more than a few products lead to a sum, the array is
cut into slices here, and one loop adds up what all slices lead to. The library adds up the result, which is as large as
a slice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
from jax import lax

from .._compat import inlining
from .traced_programs import Equation, Variable, find_called, is_literal, list_primitives, make_function

_COMBINED: dict[str, Callable[..., Any]] = {"reduce_max": lax.max, "reduce_min": lax.min, "reduce_sum": lax.add}
_LEAST = 64  # elements of the array for each one of the sum
SLICES = 16  # with 32, a loop is 3 % faster and takes longer to compile
_PLAIN = frozenset(("abs", "add", "integer_pow", "mul", "neg", "sign", "square", "sub"))
_FEW = 3  # plain operations before a sum that the library computes as fast as a loop
_LONG = 16 * SLICES  # elements of an axis of which hardly any are left over
# Elements by which each slice of an array of one axis begins earlier than at a multiple of a large power of two. Such
# slices would compete for the same lines of the cache, of which there are fewer than slices.
STAGGER = 112


def is_sum(equation: Equation) -> bool:
    """Return whether an equation computes a number, or a small array, from a large one, as a sum does."""
    if equation.primitive.name not in _COMBINED or is_literal(equation.invars[0]):
        return False
    return equation.outvars[0].aval.size * _LEAST <= equation.invars[0].aval.size


class SumApart(NamedTuple):
    """A sum, the elementwise equations that lead to it, and how what they begin with is cut into slices."""

    whole: Callable[..., list[Any]]  # computes the sum from what its equations begin with, uncut
    equation: Equation
    leading: list[Equation]
    axis: int  # of the array that is summed up
    axes: dict[Variable, int | None]  # of what they begin with; None for what each slice needs whole, such as a number

    def compute(self, given: Mapping[Variable, Any]) -> Any:
        """Return the sum, from the values of what its equations begin with. It has the derivative of the whole sum."""

        def compute_whole(*values: Any) -> Any:
            (total,) = self.whole(*values)
            return total

        @jax.custom_jvp
        def compute_in_slices(*values: Any) -> Any:
            with inlining(False):  # or else the library computes the slices, too
                total, *rest = map(self._reduce, jax.jit(self._add_slices)(*values))
            return self._combine(total, *rest) if rest else total

        values = [given[v] for v in self.axes]
        if self._is_for_library():
            with inlining(False):
                return jax.jit(compute_whole)(*values)
        compute_in_slices.defjvp(lambda primals, tangents: jax.jvp(compute_whole, primals, tangents))
        return compute_in_slices(*values)

    def _is_for_library(self) -> bool:
        """Return whether XLA's library is as fast as a loop: after a few plain operations, along the last axis."""
        steps = [name for step in self.leading for name in list_primitives(step)]
        is_last = max(self.equation.params["axes"]) == len(self.equation.invars[0].aval.shape) - 1
        return is_last and len(steps) <= _FEW and _PLAIN.issuperset(steps)

    def _add_slices(self, *values: Any) -> list[Any]:
        """Return what all slices lead to, added up, and what the rest leads to, if they are not the whole array."""
        shape = self.equation.invars[0].aval.shape
        size = shape[self.axis]
        number = min(SLICES, size)
        length = size // number
        if len(shape) == 1 and length >= 1000 * STAGGER:
            length -= STAGGER
        with inlining(True):
            lead = jax.jit(self._lead)  # which is traced once
            slices = [lead(*self._cut(values, start, start + length)) for start in range(0, length * number, length)]
            while len(slices) > 1:  # by pairs, which rounds less than one after another
                pairs = [self._combine(*slices[place : place + 2]) for place in range(0, len(slices) - 1, 2)]
                slices = pairs + slices[2 * len(pairs) :]
            return [*slices, lead(*self._cut(values, length * number, size))] if size > length * number else slices

    def _cut(self, values: Sequence[Any], start: int, stop: int) -> list[Any]:
        pairs = zip(values, self.axes.values(), strict=True)
        return [v if axis is None else lax.slice_in_dim(v, start, stop, axis=axis) for v, axis in pairs]

    def _lead(self, *pieces: Any) -> Any:
        """Return the array that is summed up, or a slice of it, from slices of what the equations begin with."""
        (operand,) = self.equation.invars
        shape = list(operand.aval.shape)
        shape[self.axis] = next(
            piece.shape[axis] for piece, axis in zip(pieces, self.axes.values(), strict=True) if axis is not None
        )
        known = dict(zip(self.axes, pieces, strict=True))
        _evaluate(self.leading, known, operand.aval.shape, tuple(shape))
        return known[operand]

    def _combine(self, one: Any, other: Any) -> Any:
        return _COMBINED[self.equation.primitive.name](one, other)

    def _reduce(self, array: Any) -> Any:
        return self.equation.primitive.bind(array, **self.equation.params)


def take_apart(jaxpr: Any, equation: Equation, leading: list[Equation], sources: Sequence[Variable]) -> SumApart | None:
    """Return a sum of a program with the equations that lead to it and what they begin with.

    Return None if there is nothing to cut, or if not all slices are computed by the same equations.
    """
    shape = equation.invars[0].aval.shape
    summed = equation.params["axes"]
    axis = next((axis for axis in summed if shape[axis] >= _LONG), max(summed, key=lambda axis: shape[axis]))
    axes: dict[Variable, int | None] = {v: axis if v.aval.shape == shape else None for v in sources}
    for step in leading:
        for v in step.invars:
            if not is_literal(v) and v in axes and v.aval.shape not in ((), shape):  # it is repeated along some axes
                own = _find_own_axis(step, v, axis)
                if axes[v] not in (None, own):
                    return None
                axes[v] = own
    can_be_cut = any(own is not None for own in axes.values()) and not any(map(_holds_arrays, leading))
    if not can_be_cut:
        return None
    whole = make_function(jaxpr, [*leading, equation], list(sources), equation.outvars)
    return SumApart(whole, equation, leading, axis, axes)


def _find_own_axis(equation: Equation, v: Variable, axis: int) -> int | None:
    """Return the axis of an operand that an equation lays along an axis of its result; None if it repeats it there."""
    shape, own = equation.outvars[0].aval.shape, v.aval.shape
    laid = equation.params.get("broadcast_dimensions", tuple(range(len(shape) - len(own), len(shape))))
    return next((place for place, at in enumerate(laid) if at == axis and own[place] == shape[axis]), None)


def _holds_arrays(equation: Equation) -> bool:
    """Return whether an equation calls a function that holds constant arrays, which are not cut."""
    inner = find_called(equation)
    if inner is None:
        return False
    return any(getattr(constant, "shape", ()) for constant in inner.consts) or any(map(_holds_arrays, inner.jaxpr.eqns))


def _evaluate(
    equations: Iterable[Equation], known: dict[Variable, Any], shape: tuple[int, ...], own: tuple[int, ...]
) -> None:
    """Add to the known values what elementwise equations compute, for arrays of a shape of their own."""

    def read(v: Variable) -> Any:
        return v.val if is_literal(v) else known[v]

    for equation in equations:
        values = [read(v) for v in equation.invars]
        inner = find_called(equation)
        if inner is not None:
            inside = dict(zip([*inner.jaxpr.constvars, *inner.jaxpr.invars], [*inner.consts, *values], strict=True))
            _evaluate(inner.jaxpr.eqns, inside, shape, own)
            results = [v.val if is_literal(v) else inside[v] for v in inner.jaxpr.outvars]
        else:
            params = equation.params
            if equation.primitive.name == "broadcast_in_dim" and params["shape"] == shape:
                params = {**params, "shape": own}
            found = equation.primitive.bind(*values, **params)
            results = found if equation.primitive.multiple_results else [found]
        known.update(zip(equation.outvars, results, strict=True))
