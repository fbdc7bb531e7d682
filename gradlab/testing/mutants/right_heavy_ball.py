"""A correct heavy-ball optimizer, written by hand. The mutants of the contracts are copies of it with one mistake."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import optax

from gradlab.core.boundary import raise_precision, restore_dtypes
from gradlab.core.tree_differences import require_same_trees


def heavy_ball(rate=0.1, decay=0.9):
    """Return gradient descent with momentum: float32 inside, rounded once, with errors for wrong trees and integers."""

    def init(params):
        return {"m": zeros(params)}

    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: decay * m + g, state["m"], wide(updates, state["m"]))
        return step_down(rate, m, updates), {"m": m}

    return optax.GradientTransformation(init, update)


def zeros(params):
    """Return zeros like the parameters, at least float32. Raise TypeError for integers."""
    return jax.tree.map(jnp.zeros_like, raise_precision(params, "the parameter"))


def wide(updates, moment):
    """Return the gradients in the dtypes of a moment. Raise ValueError for another structure or other shapes."""
    require_same_trees(updates, moment, "the updates", "the state")
    return restore_dtypes(raise_precision(updates, "the update"), moment)


def step_down(rate, direction, updates):
    """Return the updates along a direction, rounded to the dtypes of the gradients."""
    return restore_dtypes(jax.tree.map(lambda d: -rate * d, direction), updates)
