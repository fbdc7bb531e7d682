"""Runs of transformations on gradient sequences in double precision, and comparisons of the points that they visit."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ..base import Transformation
from .gradient_sequences import WIDTH, draw

_SAME_POINT = 1e-9  # of the distance travelled: two runs that differ by less visit the same points


def draw_start() -> np.ndarray:
    """Draw the point at which every run starts, [WIDTH]."""
    return np.random.default_rng(99).standard_normal(WIDTH)


def perturb_last_digit(gradients: np.ndarray) -> np.ndarray:
    """Return the gradients with their last digits changed, to measure how far rounding alone moves a run."""
    return gradients * (1 + 2.0**-51 * np.sign(np.random.default_rng(98).standard_normal(gradients.shape[-2:])))


def run(tx: optax.GradientTransformation, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Return the points that a transformation visits in double precision, [sequences, steps + 1, width].

    `gradients` is [sequences, steps, width]. All sequences run in one compiled program.
    """
    extended = optax.with_extra_args_support(tx)

    def trajectory(sequence: jax.Array) -> jax.Array:
        def step(carry: Any, gradient: jax.Array) -> Any:
            point, state = carry
            updates, state = extended.update(gradient, state, point)
            point = point + updates
            return (point, state), point

        first = jnp.asarray(start)
        _, points = jax.lax.scan(step, (first, extended.init(first)), sequence)
        return jnp.concatenate([first[None], points])

    with jax.enable_x64(True):
        return np.asarray(jax.jit(jax.vmap(trajectory))(jnp.asarray(gradients)))


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
    """Return the points of `run` on the named sequences, and on the same sequences with their last digits changed."""
    gradients = draw(names, steps)
    points, perturbed = np.split(run(tx, draw_start(), np.concatenate([gradients, perturb_last_digit(gradients)])), 2)
    return points, perturbed


@_remember_values
def compute_first_points(tx: Any, names: tuple[str, ...], steps: int, count: int = 4) -> np.ndarray:
    """Return the points after 0 to `count` steps of `run`.

    Nothing is compiled, which is faster for a few steps of many transformations.
    """
    gradients = draw(names, steps)[:, :count]
    update = jax.vmap(optax.with_extra_args_support(tx).update)
    with jax.enable_x64(True):
        points = [jnp.broadcast_to(jnp.asarray(draw_start()), (len(names), WIDTH))]
        state = jax.vmap(tx.init)(points[0])
        for step in range(gradients.shape[1]):
            updates, state = update(jnp.asarray(gradients[:, step]), state, points[-1])
            points.append(points[-1] + updates)
        return np.stack([np.asarray(point) for point in points], axis=1)


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
        near = np.abs(left - right) <= _SAME_POINT * travelled + uncertainty + 1e-15
    return bool(np.all(near | (left == right) | (np.isnan(left) & np.isnan(right))))
