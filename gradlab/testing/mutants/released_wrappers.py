"""Mistakes that other libraries released from 2023 to 2026 in what is wrapped around an optimizer."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

import gradlab as gl
from gradlab.core.boundary import raise_precision, restore_dtypes

from .accumulation import accumulate
from .modern_references import slow_weights, slow_weights_equations
from .mutant import breaks, mutates
from .right_heavy_ball import heavy_ball

_SGD = gl.sgd(0.1, momentum=0.9)
_CLIPPED = gl.chain(gl.clip_by_global_norm(1.0), gl.sgd(0.1, momentum=0.9))


@breaks(
    "accumulates",
    of="accumulate",
    mistake="the weights decay at each micro-batch, not once in a batch",
    claims={"accumulates": (4, _SGD)},
    source="Keras, issue 19990, 2024",
)
def accumulate_decays_at_each_micro_batch():
    right = accumulate(_SGD)

    def update(updates, state, params):
        emitted, after = right.update(updates, state, params)
        wide = raise_precision(params, "the parameter")
        decayed = jax.tree.map(lambda u, p: u.astype(p.dtype) - 0.001 * p, emitted, wide)
        return restore_dtypes(decayed, updates), after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "accumulates",
    of="accumulate_clipped",
    mistake="each micro-batch is clipped, not their mean",
    claims={"accumulates": (4, _CLIPPED)},
    source="Keras, pull request 19998, 2024",
)
def accumulate_clips_each_micro_batch():
    right, clip = accumulate(_SGD), gl.clip_by_global_norm(1.0)

    def init(params):
        return accumulate(_CLIPPED).init(params)

    def update(updates, state, params=None):
        own = right.init(updates)
        clipped = clip.update(updates, clip.init(updates), params)[0]
        inner = jax.tree.unflatten(jax.tree.structure(own.inner), jax.tree.leaves(state.inner))
        emitted, after = right.update(clipped, state._replace(inner=inner), params)
        kept = jax.tree.unflatten(jax.tree.structure(state.inner), jax.tree.leaves(after.inner))
        return emitted, after._replace(inner=kept)

    return optax.GradientTransformation(init, update)


def accumulate_clipped():
    """Return the right version: the mean of four micro-batches is clipped."""
    return accumulate(_CLIPPED)


@mutates(
    slow_weights,
    "the average starts at zero, not at the parameters",
    source="Keras, pull request 18972, 2023",
    learning_rate=0.1,
)
def slow_weights_start_at_zero(learning_rate=0.1, decay=0.5):
    return slow_weights_equations(learning_rate, decay, lambda t, x, slow: slow)


@mutates(slow_weights, "the average starts again at every hundredth step", learning_rate=0.1)
def slow_weights_start_again(learning_rate=0.1, decay=0.5):
    return slow_weights_equations(learning_rate, decay, lambda t, x, slow: jnp.where(t % 100 == 1, x, slow))


@breaks(
    "new instance resumes",
    of="sgd",
    mistake="the average is kept in the object that wraps the optimizer, and a stored state does not hold it",
    is_factory=True,
    source="pytorch_optimizer, issue 237 and pull request 310 (of Lookahead), 2024",
)
def average_in_the_object():
    right = heavy_ball()
    averages: dict[str, Any] = {}

    def update(updates, state, params=None):
        changed, after = right.update(updates, state, params)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(changed)):
            return changed, after
        shapes = str(jax.tree.map(jnp.shape, changed))
        average = jax.tree.map(lambda old, new: (old + new) / 2, averages.get(shapes, changed), changed)
        averages[shapes] = average
        return restore_dtypes(average, updates), after

    return optax.GradientTransformation(right.init, update)
