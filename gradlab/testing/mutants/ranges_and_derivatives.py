"""Mutants that are wrong for large gradients, in later steps of complex leaves, or in their derivatives only."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide

_OF = "sgd"


@breaks(
    "rounded once",
    of=_OF,
    mistake="gradients are bounded so that their squares fit the dtype of the gradient, which is 256 in float16",
)
def bound_of_the_gradients_dtype():
    right = heavy_ball()

    def bound(g):
        limit = float(np.sqrt(float(jnp.finfo(g.dtype).max)))
        return g if jnp.iscomplexobj(g) else jnp.clip(g, jnp.asarray(-limit, g.dtype), jnp.asarray(limit, g.dtype))

    def update(updates, state, params=None):
        wide(updates, state["m"])
        return right.update(jax.tree.map(bound, updates), state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("rounded once", of=_OF, mistake="gradients below the smallest normal number of their dtype are taken for zero")
def flushes_small_gradients():
    right = heavy_ball(rate=1.0)

    def flush(g):
        return jnp.where(jnp.abs(g) < float(jnp.finfo(g.dtype).tiny), jnp.zeros_like(g), g)

    def update(updates, state, params=None):
        wide(updates, state["m"])
        return right.update(jax.tree.map(flush, updates), state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("complex leaves", of=_OF, mistake="the momentum loses its imaginary part when the next step uses it")
def forgets_the_imaginary_part():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m.real.astype(m.dtype) + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "finite derivatives",
    of=_OF,
    mistake="a root is taken only of positive parameters, but its derivative is NaN at negative ones",
)
def root_of_negative_parameters():
    right = heavy_ball()

    def update(updates, state, params=None):
        changed, after = right.update(updates, state, params)
        if params is not None:
            factor = jax.tree.map(lambda p: 1 + jnp.where(p.real > 0, jnp.sqrt(p.real), 0), params)
            changed = jax.tree.map(lambda u, f: u * f.astype(u.dtype), changed, factor)
        return changed, after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "finite derivatives",
    of="bias_correction",
    mistake="a rectification is the root of a negative number in the first steps, where only its derivative is used",
)
@gl.transformation
def rectifies_with_a_negative_root(decay: gl.Decay = 0.9):
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"weight": jnp.zeros((), jnp.float32)}

    def update(updates, state, params):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        weight = (decay * state["weight"] + (1 - decay)).astype(jnp.float32)
        factor = jnp.where(weight > 0.2, jnp.sqrt(weight - 0.2), 1.0)
        changed = jax.tree.map(lambda u: u * factor.astype(u.dtype), changed)
        return changed, after | {"weight": weight}

    return init, update


@jax.custom_jvp
def _double(u):
    return 2 * u


@_double.defjvp
def _(primals, tangents):
    return 2 * tangents[0], 2 * primals[0]


@breaks("finite derivatives", of=_OF, mistake="the rule for a derivative returns the derivative before the value")
def swaps_the_results_of_a_derivative_rule():
    right = heavy_ball()

    def update(updates, state, params=None):
        changed, after = right.update(updates, state, params)
        return jax.tree.map(_double, changed), after

    return optax.GradientTransformation(right.init, update)
