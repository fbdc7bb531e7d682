"""Arithmetic on numbers of steps that stays exact: integers are compared and subtracted, and only then rounded.

A float32 counts exactly up to 2^24 only. Schedules therefore hold the step, and each boundary, as a whole number of
steps and a rest, and round a difference of the two, which is small where it matters.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from ..hyperparameters import as_weak

Integer: TypeAlias = Any  # Python's, or an array of the default integer dtype
Float: TypeAlias = Any  # Python's, or a weakly typed array


class Count(NamedTuple):
    """A number of steps, as the sum of a whole number and a rest in [0, 1).

    The rest carries the derivative with respect to a boundary. It is the Python number 0.0 where nothing is left.
    """

    whole: Integer
    rest: Float = 0.0

    @property
    def has_rest(self) -> bool:
        """Whether there may be a rest; a rest that is an array may be 0, too."""
        return not _is_nothing(self.rest)

    @property
    def as_float(self) -> Float:
        """The sum as a weakly typed float."""
        whole = float(self.whole) if isinstance(self.whole, int) else as_weak(self.whole)
        return whole + self.rest if self.has_rest else whole


START = Count(0)


def largest_step() -> int:
    """The largest step that an array of the default integer dtype holds: 2^31 - 1, or 2^63 - 1 under x64."""
    return int(jnp.iinfo(jax.dtypes.canonicalize_dtype(int)).max)


def split(number: Any) -> Count:
    """A number of steps (a Python number or an array, whole or fractional), as its whole part and its rest.

    What is too large for an integer leaves a rest above 1, so that no step reaches it and differences stay right.
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
    """Whether a step is at or behind a boundary, exactly; behind a negative one in any case."""
    if not step.has_rest and not boundary.has_rest:
        return step.whole >= boundary.whole
    behind = _is_behind(*_difference(step, boundary))
    certain = isinstance(boundary.whole, int) and boundary.whole >= 0
    return behind if certain else behind | (boundary.whole < 0)  # the difference may have overflowed


def steps_since(step: Count, boundary: Count) -> Count:
    """The steps since a boundary, which may be negative: 0 before it, and no more than the largest integer."""
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
    """The step that comes a number of steps behind another, or the largest integer; its rest may be above 1."""
    rest = 0.0 if _is_nothing(begin.rest) and _is_nothing(length.rest) else begin.rest + length.rest
    if isinstance(begin.whole, int) and isinstance(length.whole, int):
        whole = min(begin.whole + length.whole, largest_step())
        return Count(whole, rest + float(begin.whole + length.whole - whole))
    return Count(jnp.minimum(begin.whole, largest_step() - jnp.maximum(length.whole, 0)) + length.whole, rest)


def measure_progress(step: Count, begin: Count, end: Count) -> tuple[jax.Array, Float]:
    """How far a step is on the way from one step to another: if the nearer end is the first, and the share up to it.

    The share is in [0, 1/2], and exactly 0 at both ends and beyond. Measured from the nearer end, it has full relative
    precision at both. A way of no steps is over where it begins.
    """
    behind, ahead = _float_difference(step, begin), _float_difference(end, step)
    length = _float_difference(end, begin)
    early = behind < ahead
    return early, quotient(jnp.maximum(jnp.where(early, behind, ahead), 0), length)


def quotient(steps: Float, period: Any) -> jax.Array:
    """Steps divided by a period, correctly rounded, however it is compiled; a very large number for a period of 0.

    Neither is negative. A compiler that sees a constant divisor multiplies by its rounded reciprocal, so that
    82 / 41 may come out below 2. The maximum, which is always the period, hides the constant.
    """
    steps = as_weak(steps)
    if isinstance(period, (int, float)) and period > 0:
        return steps / jnp.maximum(float(period), -steps)
    period = as_weak(period)
    some = period > 0
    share = steps / jnp.maximum(jnp.where(some, period, 1.0), -steps)
    return jnp.where(some, share, jnp.where(steps > 0, float(jnp.finfo(steps.dtype).max), 0.0))


def count_periods(step: Count, period: Any) -> jax.Array:
    """The number of whole periods that have passed, as a float: by division of integers where the period is whole."""
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
    """The difference of the whole parts, and that of the rests."""
    rest = 0.0 if _is_nothing(left.rest) and _is_nothing(right.rest) else left.rest - right.rest
    return left.whole - right.whole, rest


def _float_difference(left: Count, right: Count) -> Float:
    return Count(*_difference(left, right)).as_float


def _is_behind(whole: Integer, rest: Float) -> jax.Array:
    return whole >= 0 if _is_nothing(rest) else Count(whole, rest).as_float >= 0


def _is_nothing(rest: Float) -> bool:
    return isinstance(rest, float) and rest == 0.0
