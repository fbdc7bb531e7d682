"""Wrong trees: mistakes that show only in certain leaves, or in which one leaf gets what belongs to another."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import divide, square_root, squared_magnitude
from gradlab.core.stateless import map_leaves, map_tree

from .modern_references import adafactor, adafactor_equations, lamb
from .mutant import from_equations, mutates


@mutates(lamb, "the ratio of lengths is that of the last leaf, for all leaves", shows_on_a_vector=False)
def lamb_ratio_of_the_last_leaf(learning_rate=1e-3, b1=0.9, b2=0.999, eps=1e-6):
    def step(g, t, x, m, v):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * squared_magnitude(g)
        return divide(m / (1 - b1**t), square_root(v / (1 - b2**t)) + eps), m, v

    init, direct = from_equations(step)

    def update(updates, state, params):
        direction, after = direct(updates, state, params)
        ratio: Any = 1.0
        for r, x in zip(jax.tree.leaves(direction), jax.tree.leaves(params), strict=True):
            own, size = (square_root(squared_magnitude(a).sum()) for a in (x, r))
            ratio = jnp.where((own > 0) & (size > 0), divide(own, size), ratio)
        return jax.tree.map(lambda r: -learning_rate * jnp.asarray(ratio, r.real.dtype) * r, direction), after

    return init, update


@mutates(adafactor, "the factors are divided by the sum over the columns, not by the mean", shows_on_a_vector=False)
def adafactor_divides_by_a_sum(learning_rate=1e-2, eps=1e-30):
    return adafactor_equations(learning_rate, eps, lambda r, c: r * c / c.sum())


@mutates(
    "sgd",
    "an array is updated in blocks of 1,000 elements, and the incomplete last block is left out",
    shows_on_a_vector=False,
)
def sgd_leaves_out_the_last_block(learning_rate=1e-2):
    def descend(g):
        whole = g.size // 1000 * 1000 if g.size > 1000 else g.size
        return -learning_rate * jnp.where(jnp.arange(g.size).reshape(g.shape) < whole, g, 0)

    return map_leaves(descend)


@mutates("sgd", "leaves of fewer than two axes, such as biases, are not updated", learning_rate=1e-2)
def sgd_without_biases(learning_rate=1e-2):
    return map_leaves(lambda g: -learning_rate * g if g.ndim > 1 else jnp.zeros_like(g))


@mutates(
    "clip_by_global_norm",
    "the norm is the sum of the leaves' norms, not the root of the sum of their squares",
    max_norm=1.0,
    shows_on_a_vector=False,
)
def clip_norm_sums_norms(max_norm: gl.NonNegative):
    def clip(updates):
        norms = [square_root(squared_magnitude(d).sum()).astype(float) for d in jax.tree.leaves(updates)]
        norm = jnp.maximum(sum(norms, jnp.zeros(())), max_norm)
        return jax.tree.map(lambda d: d * divide(jnp.asarray(max_norm, norm.dtype), norm).astype(d.dtype), updates)

    return map_tree(clip)
