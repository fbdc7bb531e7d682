"""Mutants that are not pure: hidden counters, random numbers from elsewhere, changed arguments, leaked tracers."""

from __future__ import annotations

import random
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"  # apart from its mistake, each mutant is gradient descent with momentum


@breaks("pure", of=_OF, mistake="the steps are counted in a Python variable, outside the state")
def hidden_counter():
    count = 0

    def update(updates, state, params=None):
        nonlocal count
        count += 1
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1 / count, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("pure", of=_OF, mistake="the momentum is kept in the object, not in the state")
def hidden_momentum():
    class Momentum:
        def __init__(self):
            self.m = None

        def init(self, params):
            zeros(params)
            return ()

        def update(self, updates, state, params=None):
            g = wide(updates, zeros(updates))
            self.m = g if self.m is None else jax.tree.map(lambda m, g: 0.9 * m + g, self.m, g)
            return step_down(0.1, self.m, updates), state

    momentum = Momentum()
    return optax.GradientTransformation(momentum.init, momentum.update)


@breaks("pure", of=_OF, mistake="the very first call uses a smaller rate, and later runs do not start with it")
def first_call_warms_up():
    started = False

    def update(updates, state, params=None):
        nonlocal started
        rate, started = 0.1 if started else 0.01, True
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(rate, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("pure", of=_OF, mistake="the noise comes from Python's random numbers, not from a key")
def unseeded_noise():
    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + g + 0.01 * random.gauss(0, 1), state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("pure", of=_OF, mistake="init takes its seed from the clock")
def seed_from_the_clock():
    right = heavy_ball()

    def init(params):
        return right.init(params) | {"seed": jnp.asarray(time.perf_counter_ns() % 2**31, jnp.int32)}

    def update(updates, state, params=None):
        noise = jax.random.normal(jax.random.key(state["seed"]), ())
        m = jax.tree.map(lambda m, g: 0.9 * m + g + 0.01 * noise.astype(m.dtype), state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m, "seed": state["seed"] + 1}

    return optax.GradientTransformation(init, update)


@breaks("inputs untouched", of=_OF, mistake="the new momentum is written into the state that was passed in")
def writes_into_the_state():
    def update(updates, state, params=None):
        state["m"] = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1, state["m"], updates), state

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("inputs untouched", of=_OF, mistake="NumPy gradients are scaled in place")
def scales_in_place():
    right = heavy_ball()

    def update(updates, state, params=None):
        for gradient in jax.tree.leaves(updates):
            if isinstance(gradient, np.ndarray):
                gradient *= 0.5
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("inputs untouched", of=_OF, mistake="an entry is added to the state that was passed in")
def adds_to_the_state():
    right = heavy_ball()

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        state["last"] = updates
        return changed, after

    return optax.GradientTransformation(right.init, update)


@breaks(
    "scan equals loop",
    of=_OF,
    mistake="a list grows whenever update is traced, which is only once in a compiled program",
)
def side_effect_while_tracing():
    seen: list[int] = []

    def update(updates, state, params=None):
        leaves = jax.tree.leaves(updates)
        if leaves and isinstance(leaves[0], jax.core.Tracer):
            seen.append(1)
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1 / (1 + len(seen)), m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "jit equals eager",
    of=_OF,
    mistake="the last gradient is stored in the object, so a tracer leaks out of the compiled program",
)
def leaked_tracer():
    last: dict[str, Any] = {}

    def update(updates, state, params=None):
        g = wide(updates, state["m"])
        shapes = str(jax.tree.map(jnp.shape, g))
        before, last[shapes] = last.get(shapes, g), g
        g = jax.tree.map(lambda old, new: (old + new) / 2, before, g)
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], g)
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)
