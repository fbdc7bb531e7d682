"""References of some links in NumPy, and the right versions of these links."""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import numpy as np

import gradlab as gl
from gradlab.hyperparameters import Limit, NonNegative
from gradlab.testing.references import whole_tree
from gradlab.testing.references._arithmetic import Array, State, Step
from gradlab.testing.references.runner import Leaves


def clip_by_value(g: Array, state: State, t: int, x: Array, *, limit: float) -> Step:
    """Bound every element: min(max(g, -c), c)."""
    return np.minimum(np.maximum(g, -limit), limit), {}


@gl.transformation
def right_clip_by_value(limit: Limit):
    return gl.clip_by_value(limit)


@whole_tree
def clip_by_global_norm(g: Leaves, state: State, t: int, x: Leaves, *, max_norm: float) -> tuple[Leaves, State]:
    """Shorten the whole tree to c where it is longer. Source: Pascanu et al. (2013), Algorithm 1."""
    norm = math.sqrt(sum(float(np.sum(leaf**2)) for leaf in g.values()))
    factor = max_norm / norm if norm > max_norm else 1.0
    return {path: leaf * factor for path, leaf in g.items()}, {}


@gl.transformation
def right_clip_by_global_norm(max_norm: Limit):
    return gl.clip_by_global_norm(max_norm)


def centralize(g: Array, state: State, t: int, x: Array) -> Step:
    """Subtract from a kernel [..., in, out] the mean over the inputs of each output. Other leaves stay as they are."""
    return (g - g.mean(axis=tuple(range(g.ndim - 1)), keepdims=True) if g.ndim > 1 else g), {}


@gl.transformation
def right_centralize():
    return gl.centralize()


@whole_tree
def add_noise(g: Leaves, state: State, t: int, x: Leaves, *, eta: float, gamma: float) -> tuple[Leaves, State]:
    """Add the normal numbers that JAX draws for each leaf at step t - 1, with variance eta / t^gamma.

    Source: Neelakantan et al. (2015), Equation 1.
    """
    noise = _draw_normal_numbers(t - 1, tuple(leaf.shape for leaf in g.values()))
    return {path: leaf + math.sqrt(eta / t**gamma) * n for (path, leaf), n in zip(g.items(), noise, strict=True)}, {}


@functools.cache
def _draw_normal_numbers(step: int, shapes: tuple[tuple[int, ...], ...]) -> list[Array]:
    return [np.asarray(leaf) for leaf in _compile_draws(shapes)(step)]


@functools.cache
def _compile_draws(shapes: tuple[tuple[int, ...], ...]) -> Any:
    def draw(step: Any) -> Any:
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), step), len(shapes))
        return [jax.random.normal(key, shape, np.float64) for key, shape in zip(keys, shapes, strict=True)]

    def in_double_precision(step: int) -> Any:
        with jax.enable_x64(True):
            return compiled(np.int32(step))

    compiled = jax.jit(draw)
    return in_double_precision


@gl.transformation
def right_add_noise(eta: NonNegative, gamma: NonNegative):
    return gl.add_noise(eta, gamma)
