"""Factored second moments: a running mean of squares that keeps the means of rows and columns alone."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from ..arithmetic.leaf_maps import map_by_shape
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of, is_zero
from ..values.numeric_arguments import Decay, NonNegative


class FactoredMeanState(NamedTuple):
    """The state of `factored_mean`. A leaf of r x c numbers has r + c of them."""

    rows: Any  # R, the means over the largest axis, which has the size 1; of a leaf that is not factored, v itself
    columns: Any  # C, the means over the next largest axis; of a leaf that is not factored, a zero that is not used


@transformation(splits_gradient=True, claims=("contained",))
def factored_mean(decay: Decay = 0.999, eps: NonNegative = 0.0, min_size: int = 128):
    r"""Replace a matrix by the product of the running means of its rows and its columns, $V_t = R_t C_t^\top /
    \operatorname{mean}(R_t)$.

    It is an estimator of the squared gradient, as in `scale_by_rms(factored_mean())`. $R_t = \beta R_{t-1} + (1 -
    \beta) \operatorname{mean}_c(d_t + \epsilon)$ has a number for each row, and $C_t$ likewise one for each column.
    $V_t$ has their sums, and is exact where the mean of squares has rank one. `decay` is $\beta$ in [0, 1), and `eps`
    in [0, inf), in units of the squared gradient.

    A leaf is factored over its two largest axes, if both have at least `min_size` elements; all others separate
    matrices. A row runs along the larger of the two, wherever it stands, so a row of a 256 by 128 leaf is what is
    usually called a column. Any other leaf has a running mean for each element. Inside `jax.shard_map`, every device
    needs whole leaves. Raises ValueError for a `min_size` below 1.
    Source: Shazeer & Stern (2018), algorithms 2 and 4.

    >>> tx, squares = gl.factored_mean(0.0, min_size=2), jnp.array([[1.0, 2.0], [3.0, 6.0]])
    >>> estimate, state = tx.update(squares, tx.init(squares))
    >>> print(estimate)  # of rank one, so it is exact
    [[1. 2.]
     [3. 6.]]
    >>> print(state.rows, state.columns)
    [[1.5]
     [4.5]] [[2. 4.]]
    """
    if min_size < 1:
        raise ValueError(f"factored_mean: min_size must be at least 1, got {min_size}")

    def init_rows(p):
        axes = _find_axes(p.shape, min_size)
        return jnp.zeros_like(p) if axes is None else jnp.zeros(_reduce(p.shape, axes[0]), p.dtype)

    def init_columns(p):
        axes = _find_axes(p.shape, min_size)
        return jnp.zeros(() if axes is None else _reduce(p.shape, axes[1]), p.dtype)

    def init(params):
        return FactoredMeanState(map_by_shape(init_rows, params), map_by_shape(init_columns, params))

    def average(old, d, axis):
        return decay * old + (1 - decay) * (d + eps if axis is None else jnp.mean(d + eps, axis=axis, keepdims=True))

    def average_rows(old, d):
        axes = _find_axes(d.shape, min_size)
        return average(old, d, None if axes is None else axes[0])

    def average_columns(old, d):
        axes = _find_axes(d.shape, min_size)
        return old if axes is None else average(old, d, axes[1])

    def multiply(d, rows, columns):
        axes = _find_axes(d.shape, min_size)
        # The quotient comes first, because a product of two small means would vanish.
        if axes is None:
            return rows
        mean = jnp.mean(rows, axis=axes[1], keepdims=True)
        return rows / jnp.where(mean == 0, 1, mean) * columns

    def update(updates, state):
        rows = map_by_shape(average_rows, state.rows, updates)
        columns = map_by_shape(average_columns, state.columns, updates)
        return map_by_shape(multiply, updates, rows, columns), FactoredMeanState(rows, columns)

    return init, update


def _find_axes(shape: tuple[int, ...], min_size: int) -> tuple[int, int] | None:
    """Return the largest axis and the next largest one, or None if the latter is too small to gain by factors."""
    if len(shape) < 2 or not math.prod(shape):
        return None
    *_, second, first = map(int, np.argsort(shape, stable=True))
    return (first, second) if shape[second] >= min_size else None


def _reduce(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], 1, *shape[axis + 1 :])


@equation_of(factored_mean)
def _(write: Writer, decay: Any, eps: Any, min_size: int) -> Expression:
    square, beta = write.direction(), write.decay(decay, "2")
    raised = square if is_zero(eps) else square.plus(Expression(str(write.number(r"\epsilon", eps))))
    means = []
    for letter, axis in (("R", "c"), ("C", "r")):
        mean = write.fresh(letter)
        new = Expression(rf"\operatorname{{mean}}_{axis}({raised})", "product").times(beta.rest)
        means.append(write.line(mean, Expression(f"{beta} {mean}_{{t-1}}").plus(new)))
    rows, columns = means
    return write.line(write.fresh(write.letter), rf"\frac{{{rows} {columns}}}{{\operatorname{{mean}}({rows})}}")
