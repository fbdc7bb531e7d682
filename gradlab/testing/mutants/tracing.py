"""Mutants that JAX cannot trace, compile, map or export."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl
from gradlab.values.numeric_arguments import Decay, NonNegative

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide

_OF = "sgd"


@breaks("traceable", of=_OF, mistake="a Python if on the value of the decay decides whether there is momentum")
@gl.transformation
def branches_on_a_value(learning_rate: NonNegative = 0.1, decay: Decay = 0.9):
    right = heavy_ball(learning_rate, decay)
    if decay > 0:
        return right.init, right.update
    return optax.identity().init, lambda updates, state: (step_down(learning_rate, updates, updates), state)


@breaks("traceable", of=_OF, mistake="the learning rate is converted to a Python float")
@gl.transformation
def converts_to_float(learning_rate: NonNegative = 0.1, decay: Decay = 0.9):
    right = heavy_ball(float(learning_rate), decay)
    return right.init, right.update


@breaks("traceable", of=_OF, mistake="NumPy computes a power of the decay when the optimizer is made")
@gl.transformation
def computes_with_numpy(learning_rate: NonNegative = 0.1, decay: Decay = 0.9):
    kept = float(np.power(decay, 2)) ** 0.5
    right = heavy_ball(learning_rate, kept)
    return right.init, right.update


@breaks("schedulable", of=_OF, mistake="the root of the rate is taken before its schedule has a value")
@gl.transformation
def computes_with_a_schedule(learning_rate: NonNegative = 0.1):
    return gl.chain(gl.scale_by_momentum(0.9, dampening=0.0), gl.scale(-jnp.sqrt(learning_rate)))


@breaks("abstract init", of=_OF, mistake="init looks at the values of the parameters")
def init_looks_at_values():
    right = heavy_ball()

    def init(params):
        for leaf in jax.tree.leaves(params):
            if leaf.size and not bool(jnp.isfinite(leaf).all()):
                raise ValueError("the parameters are not finite")
        return right.init(params)

    return optax.GradientTransformation(init, right.update)


@breaks(
    "vmap equals loop",
    of="clip_by_norm",
    mistake="NumPy computes the norm on the host, over all runs of a vmap together",
)
def norm_on_the_host():
    def shorten(m):
        m = np.asarray(m)
        return np.asarray(m / max(1.0, float(np.linalg.norm(m))), m.dtype)

    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        short = jax.tree.map(
            lambda m: jax.pure_callback(shorten, jax.ShapeDtypeStruct(m.shape, m.dtype), m, vmap_method="expand_dims"),
            m,
        )
        return step_down(0.1, short, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("exports", of=_OF, mistake="update still contains a debugging callback")
def prints_its_progress():
    right = heavy_ball()

    def update(updates, state, params=None):
        for leaf in jax.tree.leaves(updates):
            jax.debug.callback(lambda size: None, jnp.abs(leaf).sum())
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("compiled once", of=_OF, mistake="update looks at the values of the gradients, in Python")
def update_looks_at_values():
    right = heavy_ball()

    def update(updates, state, params=None):
        if any(bool(jnp.isnan(leaf).any()) for leaf in jax.tree.leaves(updates)):
            return jax.tree.map(jnp.zeros_like, updates), state
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks(
    "jit equals eager",
    of=_OF,
    mistake="a run is recognized by the id of its state, which a compiled program does not keep",
)
def remembers_by_identity():
    right = heavy_ball()
    known: dict[int, int] = {}

    def update(updates, state, params=None):
        changed, after = right.update(updates, state, params)
        known[id(after)] = known.get(id(state), 0) + 1
        return jax.tree.map(lambda u: u / known[id(after)], changed), after

    return optax.GradientTransformation(right.init, update)
