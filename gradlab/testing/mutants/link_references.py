"""References of some links in NumPy, and the links as transformations of a vector of six numbers.

`apply_to_tree` shows what a link does to a matrix or a tree: it hands the vector to the link as a tree of other shapes.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.hyperparameters import Limit, NonNegative
from gradlab.testing.references._arithmetic import Array, State, Step

TREE: Any = {"a": (2,), "b": (2, 2)}
TWINS: Any = {"a": (3,), "b": (3,)}


def apply_to_tree(link: Any, shapes: Any) -> tuple[Any, Any]:
    """Return the pair that hands each vector of six numbers to a link as a tree of these shapes, in order."""
    init_link, update_link = link
    structure: Any
    pieces, structure = jax.tree.flatten(shapes, is_leaf=lambda node: isinstance(node, tuple))
    ends = np.cumsum([math.prod(shape) for shape in pieces])[:-1]

    def split(leaf: Any) -> Any:
        if leaf.shape != (6,):
            return leaf
        return structure.unflatten([part.reshape(shape) for part, shape in zip(jnp.split(leaf, ends), pieces)])

    def join(part: Any, leaf: Any) -> Any:
        return part if leaf.shape != (6,) else jnp.concatenate([piece.ravel() for piece in jax.tree.leaves(part)])

    def init(params: Any) -> Any:
        return init_link(jax.tree.map(split, params))

    def update(updates: Any, state: Any) -> Any:
        outer: Any
        parts, state = update_link(jax.tree.map(split, updates), state)
        leaves, outer = jax.tree.flatten(updates)
        return outer.unflatten(map(join, outer.flatten_up_to(parts), leaves)), state

    return init, update


def clip_by_value(g: Array, state: State, t: int, x: Array, *, limit: float) -> Step:
    """Bound every element: min(max(g, -c), c)."""
    return np.minimum(np.maximum(g, -limit), limit), {}


@gl.transformation
def right_clip_by_value(limit: Limit):
    return gl.clip_by_value(limit)


def clip_by_global_norm(g: Array, state: State, t: int, x: Array, *, max_norm: float) -> Step:
    """Shorten the whole vector to c where it is longer. Source: Pascanu et al. (2013), Algorithm 1."""
    norm = np.linalg.norm(g)
    return (g * (max_norm / norm) if norm > max_norm else g), {}


@gl.transformation
def right_clip_by_global_norm(max_norm: Limit):
    return apply_to_tree(gl.clip_by_global_norm(max_norm), TREE)


def centralize(g: Array, state: State, t: int, x: Array) -> Step:
    """Subtract the mean of each column of the matrix in the last four numbers. The first two numbers are a bias."""
    kernel = g[2:].reshape(2, 2)
    return np.concatenate([g[:2], (kernel - kernel.mean(axis=0)).ravel()]), {}


@gl.transformation
def right_centralize():
    return apply_to_tree(gl.centralize(), TREE)


def add_noise(g: Array, state: State, t: int, x: Array, *, eta: float, gamma: float) -> Step:
    """Add the normal numbers that JAX draws for two leaves of three numbers at step t - 1, with variance eta / t^gamma.

    Source: Neelakantan et al. (2015), Equation 1.
    """
    return g + math.sqrt(eta / t**gamma) * _draw_normal_numbers(t - 1), {}


@functools.cache
def _draw_normal_numbers(step: int) -> Array:
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.fold_in(jax.random.key(0), step), 2)
        return np.concatenate([np.asarray(jax.random.normal(key, (3,), np.float64)) for key in keys])


@gl.transformation
def right_add_noise(eta: NonNegative, gamma: NonNegative):
    return apply_to_tree(gl.add_noise(eta, gamma), TWINS)
