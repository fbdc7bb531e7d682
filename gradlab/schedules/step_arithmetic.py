"""Exact arithmetic on numbers of steps: integers are compared and subtracted first, and rounded afterwards.

A float32 counts exactly up to 2^24 only. Schedules therefore hold the step and each boundary as a whole number and a
rest, and round their difference, which is small where precision matters.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from ..values.numeric_arguments import as_weak

Integer: TypeAlias = Any  # Python's, or an array of the default integer dtype
Float: TypeAlias = Any  # Python's, or a weakly typed array


class Count(NamedTuple):
    """A number of steps, as the sum of a whole number and a rest in [0, 1).

    The rest carries the derivative with respect to a boundary. The Python number 0.0 means that there is no rest.
    """

    whole: Integer
    rest: Float = 0.0

    @property
    def has_rest(self) -> bool:
        """True if there may be a rest. A rest that is an array may also be 0."""
        return not _is_nothing(self.rest)

    @property
    def as_float(self) -> Float:
        """The sum as a weakly typed float."""
        whole = float(self.whole) if isinstance(self.whole, int) else as_weak(self.whole)
        return whole + self.rest if self.has_rest else whole


START = Count(0)


def largest_step() -> int:
    """Return the largest step that an array of the default integer dtype holds: 2^31 - 1, or 2^63 - 1 under x64."""
    return int(jnp.iinfo(jax.dtypes.canonicalize_dtype(int)).max)


def split(number: Any) -> Count:
    """Split a number of steps, a Python number or an array, into its whole part and its rest.

    A number that is too large for an integer leaves a rest above 1, so that no step reaches it and differences are
    right.
    """
    top = largest_step()
    if isinstance(number, (int, float)):
        whole = min(max(math.floor(number), -top), top) if math.isfinite(number) else (top if number > 0 else -top)
        return Count(whole, float(number - whole))
    if jnp.issubdtype(number.dtype, jnp.integer):
        return Count(number.astype(int))
    top_float = float(np.nextafter(number.dtype.type(top), number.dtype.type(0)))  # the last float below 2^31 or 2^63
    floor = jnp.minimum(jnp.floor(jax.lax.stop_gradient(number)), top_float)
    return Count(floor.astype(int), number - floor)


def has_reached(step: Count, boundary: Count) -> jax.Array:
    """Return whether a step has reached a boundary, exactly. Every step has reached a negative boundary."""
    if not step.has_rest and not boundary.has_rest:
        return step.whole >= boundary.whole
    behind = _is_behind(*_difference(step, boundary))
    certain = isinstance(boundary.whole, int) and boundary.whole >= 0
    return behind if certain else behind | (boundary.whole < 0)  # the difference may have overflowed


def steps_since(step: Count, boundary: Count) -> Count:
    """Return the steps since a boundary, 0 before it, and at most the largest integer. The boundary may be negative."""
    if not isinstance(boundary.whole, int) or boundary.whole < 0:  # a difference could overflow
        step = step._replace(whole=jnp.minimum(step.whole, largest_step() + jnp.minimum(boundary.whole, 0)))
    whole, rest = _difference(step, boundary)
    if _is_nothing(rest):
        return Count(jnp.maximum(whole, 0))
    behind, borrowed = _is_behind(whole, rest), rest < 0
    return Count(
        jnp.where(behind, jnp.where(borrowed, whole - 1, whole), 0),
        jnp.where(behind, jnp.where(borrowed, rest + 1.0, rest), 0.0),
    )


def add_steps(begin: Count, length: Count) -> Count:
    """Return the step a number of steps after another, or the largest integer. Its rest may be above 1."""
    rest = 0.0 if _is_nothing(begin.rest) and _is_nothing(length.rest) else begin.rest + length.rest
    if isinstance(begin.whole, int) and isinstance(length.whole, int):
        whole = min(begin.whole + length.whole, largest_step())
        return Count(whole, rest + float(begin.whole + length.whole - whole))
    return Count(jnp.minimum(begin.whole, largest_step() - jnp.maximum(length.whole, 0)) + length.whole, rest)


def measure_progress(step: Count, begin: Count, end: Count) -> tuple[jax.Array, Float]:
    """Return the progress of a step between two others: whether the first is nearer, and the share from the nearer.

    The share is in [0, 1/2], and exactly 0 at both ends and beyond. Because it is measured from the nearer end, it has
    full relative precision at both. If the two steps are equal, the progress is complete from there on.
    """
    behind, ahead = _float_difference(step, begin), _float_difference(end, step)
    length = _float_difference(end, begin)
    early = behind < ahead
    return early, quotient(jnp.maximum(jnp.where(early, behind, ahead), 0), length)


def quotient(steps: Float, period: Any) -> jax.Array:
    """Divide steps by a period, neither of them negative. The quotient is correctly rounded, however it is compiled.

    For a period of 0 it is the largest number, or 0 for no steps. A compiler that sees a constant divisor multiplies by
    its rounded reciprocal, so that 82 / 41 may be below 2. The maximum below, which always equals the period, hides the
    constant.
    """
    steps = as_weak(steps)
    if isinstance(period, (int, float)) and period > 0:
        return steps / jnp.maximum(float(period), -steps)
    period = as_weak(period)
    some = period > 0
    share = steps / jnp.maximum(jnp.where(some, period, 1.0), -steps)
    return jnp.where(some, share, jnp.where(steps > 0, float(jnp.finfo(steps.dtype).max), 0.0))


def count_periods(step: Count, period: Any) -> jax.Array:
    """Return the number of whole periods that have passed, as a float. A whole period divides integers."""
    whole, rest = split(period)
    if _is_nothing(rest) and not (isinstance(whole, int) and whole <= 0):
        return as_weak(
            jax.lax.div(step.whole, jnp.broadcast_to(jnp.maximum(whole, 1), jnp.shape(step.whole)).astype(int))
        )
    floor = jnp.floor(quotient(step.as_float, period))
    if isinstance(whole, int):
        return floor
    return jnp.where((rest == 0) & (whole > 0), as_weak(step.whole // jnp.maximum(whole, 1)), floor)


def _difference(left: Count, right: Count) -> tuple[Integer, Float]:
    """Return the difference of the whole parts and that of the rests."""
    rest = 0.0 if _is_nothing(left.rest) and _is_nothing(right.rest) else left.rest - right.rest
    return left.whole - right.whole, rest


def _float_difference(left: Count, right: Count) -> Float:
    return Count(*_difference(left, right)).as_float


def _is_behind(whole: Integer, rest: Float) -> jax.Array:
    return whole >= 0 if _is_nothing(rest) else Count(whole, rest).as_float >= 0


def _is_nothing(rest: Float) -> bool:
    return isinstance(rest, float) and rest == 0.0
