"""Runs of transformations on gradient sequences in double precision, and comparisons of the points that they visit."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ...compilation.fast_compilation import jit_fast
from ...core.base import Transformation
from ..inputs.gradient_sequences import VECTOR, draw
from ..inputs.trees import map_shapes

_SAME_POINT = 1e-9  # of the distance travelled: two runs that differ by less visit the same points


def draw_start(shapes: Any = VECTOR) -> Any:
    """Draw the point at which every run starts, a tree of arrays."""
    random = np.random.default_rng(99)
    return map_shapes(lambda shape: np.asarray(random.standard_normal(shape)), shapes)


def perturb_last_digit(gradients: Any) -> Any:
    """Return the gradients with their last digits changed, to measure how far rounding alone moves a run."""
    random = np.random.default_rng(98)

    def perturb(leaf: np.ndarray) -> np.ndarray:
        """Change all sequences, [sequences, steps, *shape], in the same way."""
        return leaf * (1 + 2.0**-51 * np.sign(random.standard_normal(leaf.shape[1:])))

    return jax.tree.map(perturb, gradients)


def run(tx: optax.GradientTransformation, start: Any, gradients: Any, extra: Mapping[str, Any] | None = None) -> Any:
    """Return the sums of the updates so far, in double precision: a tree with leaves [lanes, steps + 1, *shape].

    The leaves of `gradients` are [lanes, steps, *shape]. All lanes run in one compiled program, in which the
    hyperparameters are constants. The sums are the points minus the start, without the rounding of the points.
    """
    with jax.enable_x64(True):
        lanes = jax.vmap(lambda lane: _run_lane(tx, start, lane, extra))
        return jax.tree.map(np.asarray, jit_fast(lanes)(gradients))


def run_each(
    values: Sequence[Transformation], start: Any, gradients: Any, extra: Mapping[str, Any] | None = None
) -> Any:
    """Return the sums of `run`, with another gradlab value in each lane.

    The values must have the same structure, and so differ in numbers only. The numbers are arguments of the program.
    """
    with jax.enable_x64(True):
        stacked = jax.tree.map(lambda *numbers: jnp.stack([jnp.asarray(number) for number in numbers]), *values)
        lanes = jax.vmap(lambda tx, lane: _run_lane(tx, start, lane, extra))
        return jax.tree.map(np.asarray, jit_fast(lanes)(stacked, gradients))


def pick_lane(tree: Any, lane: int) -> Any:
    """Return one lane of a tree whose leaves are [lanes, ...]."""
    return jax.tree.map(lambda leaf: leaf[lane], tree)


def _run_lane(tx: Any, start: Any, gradients: Any, extra: Mapping[str, Any] | None) -> Any:
    extended = optax.with_extra_args_support(tx)

    def step(carry: Any, gradient: Any) -> Any:
        point, total, state = carry
        updates, state = extended.update(gradient, state, point, **(extra or {}))
        point, total = (jax.tree.map(lambda x, u: x + u.astype(x.dtype), tree, updates) for tree in (point, total))
        return (point, total, state), total

    first = jax.tree.map(jnp.asarray, start)
    zero = jax.tree.map(jnp.zeros_like, first)
    _, totals = jax.lax.scan(step, (first, zero, extended.init(first)), gradients)
    return jax.tree.map(lambda x, xs: jnp.concatenate([x[None], xs]), zero, totals)


def _remember_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the results for gradlab values, which equality identifies. An `(init, update)` pair may hide a state."""
    remembering = functools.lru_cache(maxsize=256)(function)

    @functools.wraps(function)
    def call(tx: Any, *arguments: Any) -> Any:
        try:
            hash(tx)
        except TypeError:
            return function(tx, *arguments)
        return (remembering if isinstance(tx, Transformation) else function)(tx, *arguments)

    return call


@_remember_values
def compute_points(tx: Any, names: tuple[str, ...], steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the sums of `run` on a vector, for the sequences and for the same with their last digits changed."""
    gradients = draw(names, steps)
    points, perturbed = np.split(run(tx, draw_start(), np.concatenate([gradients, perturb_last_digit(gradients)])), 2)
    return points, perturbed


@_remember_values
def compute_first_points(tx: Any, names: tuple[str, ...], steps: int, count: int = 4) -> np.ndarray:
    """Return the sums after 0 to `count` steps of `run` on a vector.

    Nothing is compiled, which is faster for a few steps of many transformations.
    """
    gradients = draw(names, steps)[:, :count]
    update = jax.vmap(optax.with_extra_args_support(tx).update)
    with jax.enable_x64(True):
        point = jnp.broadcast_to(jnp.asarray(draw_start()), (len(names), *VECTOR))
        totals, state = [jnp.zeros_like(point)], jax.vmap(tx.init)(point)
        for step in range(gradients.shape[1]):
            updates, state = update(jnp.asarray(gradients[:, step]), state, point)
            point, total = point + updates, totals[-1] + updates
            totals.append(total)
        return np.stack([np.asarray(total) for total in totals], axis=1)


def visits(tx: optax.GradientTransformation, points: np.ndarray, names: tuple[str, ...]) -> bool:
    """Return whether a transformation visits these points on the named sequences, up to rounding.

    False for a transformation that cannot run.
    """
    steps = points.shape[1] - 1
    try:
        first = compute_first_points(tx, names, steps)
        if not are_same_points(first, points[:, : first.shape[1]]):
            return False  # most transformations differ here already, and need not be compiled
        own, perturbed = compute_points(tx, names, steps)
    except Exception:  # a known mistake need not run with these hyperparameters
        return False
    with np.errstate(invalid="ignore"):
        uncertainty = 100 * np.maximum.accumulate(np.nan_to_num(np.abs(perturbed - own)), axis=1)
    return are_same_points(own, points, uncertainty)


def are_same_points(left: np.ndarray, right: np.ndarray, uncertainty: Any = 0.0) -> bool:
    """Return whether two runs visit the same points, up to rounding and an uncertainty. NaN equals NaN."""
    with np.errstate(invalid="ignore"):
        distance = np.nan_to_num(np.abs(right - right[:, :1]))
        travelled = np.maximum.accumulate(distance, axis=1).max(axis=2, keepdims=True)
        near = np.abs(left - right) <= _SAME_POINT * travelled + uncertainty + 1e-40
    return bool(np.all(near | (left == right) | (np.isnan(left) & np.isnan(right))))
