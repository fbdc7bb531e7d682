"""The right version of what the mutants of the contracts are wrong versions of: a heavy ball, written by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gradlab.boundary import raise_precision, require_same_trees, restore_dtypes


def heavy_ball(rate=0.1, decay=0.9):
    """Lawful by hand: wide inside, refused where trees differ or leaves are integers, rounded once at the end."""

    def init(params):
        return {"m": zeros(params)}

    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: decay * m + g, state["m"], wide(updates, state["m"]))
        return step_down(rate, m, updates), {"m": m}

    return optax.GradientTransformation(init, update)


def zeros(params):
    """A moment like the parameters, at least float32; refuses integers."""
    return jax.tree.map(jnp.zeros_like, raise_precision(params, "the parameter"))


def wide(updates, moment):
    """The gradients in the dtypes of a moment; refuses a tree of another structure or shapes."""
    require_same_trees(updates, moment, "the updates", "the state")
    return restore_dtypes(raise_precision(updates, "the update"), moment)


def step_down(rate, direction, updates):
    """The updates along a direction, rounded to the dtypes of the gradients."""
    return restore_dtypes(jax.tree.map(lambda d: -rate * d, direction), updates)
