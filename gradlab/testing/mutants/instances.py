"""Mutants that remember calls, trees, dtypes or arrays outside the state, or write into what they are given."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@breaks("pure for 200 calls", of=_OF, mistake="the rate falls to a tenth after 100 calls, which are counted in Python")
def rate_falls_after_100_calls():
    calls = 0

    def update(updates, state, params=None):
        nonlocal calls
        calls += 1
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1 if calls <= 100 else 0.01, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "pure for 200 calls",
    of=_OF,
    mistake="the momentum restarts every 128 calls, which are counted in a default argument",
)
def restarts_by_a_default_argument():
    def count_call(calls=[0]):  # noqa: B006
        calls[0] += 1
        return calls[0]

    def update(updates, state, params=None):
        decay = 0.0 if count_call() % 128 == 0 else 0.9
        m = jax.tree.map(lambda m, g: decay * m + (2 - decay) * g, state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "new instance resumes",
    of=_OF,
    mistake="the momentum starts at the first gradient that the object sees, which a flag in the object says",
    is_factory=True,
)
def starts_at_the_first_gradient():
    started = False

    def update(updates, state, params=None):
        nonlocal started
        decay, started = 0.9 if started else 0.0, True
        m = jax.tree.map(lambda m, g: decay * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks(
    "new instance agrees",
    of=_OF,
    mistake="the first parameters that the object sees determine the dtype of all its moments",
    is_factory=True,
)
def dtype_of_the_first_parameters():
    right, first_dtype = heavy_ball(), None

    def init(params):
        nonlocal first_dtype
        state = right.init(params)
        if first_dtype is None and (leaves := jax.tree.leaves(params)):
            first_dtype = jnp.result_type(leaves[0])
        return jax.tree.map(lambda m: m if jnp.iscomplexobj(m) else m.astype(first_dtype), state)

    return optax.GradientTransformation(init, right.update)


@breaks(
    "new instance agrees",
    of=_OF,
    mistake="each new shape gets random factors, seeded by the number of shapes that the object has seen",
    is_factory=True,
)
def factors_by_the_number_of_shapes():
    factors: dict[Any, np.ndarray] = {}

    def scale(g):
        if g.shape not in factors:
            factors[g.shape] = np.random.default_rng(len(factors)).choice([0.9, 1.1], g.shape)
        return g * jnp.asarray(factors[g.shape], g.dtype)

    def update(updates, state, params=None):
        m = jax.tree.map(lambda m, g: 0.9 * m + scale(g), state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("donatable", of=_OF, mistake="one tree of zeros serves both moments")
def one_array_for_two_moments():
    right = heavy_ball()

    def init(params):
        start = zeros(params)
        return {"m": start, "slow": start}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        slow = jax.tree.map(lambda s, m: 0.99 * s + 0.01 * m, state["slow"], after["m"])
        return changed, after | {"slow": slow}

    return optax.GradientTransformation(init, update)


@breaks("donatable", of=_OF, mistake="zeros are kept by shape and dtype, and every call of init returns the same ones")
def zeros_from_a_cache():
    cache: dict[Any, Any] = {}

    def init(params):
        def remember(zero):
            if isinstance(zero, jax.core.Tracer):
                return zero
            return cache.setdefault((zero.shape, zero.dtype.name), zero)

        return {"m": jax.tree.map(remember, zeros(params))}

    return optax.GradientTransformation(init, heavy_ball().update)


@breaks("inputs untouched", of=_OF, mistake="a momentum restored as NumPy arrays is updated in place")
def updates_a_restored_state_in_place():
    def accumulate(m, g):
        if isinstance(m, np.ndarray) and m.ndim:
            m *= 0.9
            m += np.asarray(g)
            return jnp.asarray(m)
        return 0.9 * m + g

    def update(updates, state, params=None):
        m = jax.tree.map(accumulate, state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)


@breaks("inputs untouched", of=_OF, mistake="the keys of the user's parameters are sorted in place")
def sorts_the_parameters():
    right = heavy_ball()

    def init(params):
        if isinstance(params, dict):
            for name in sorted(params):
                params[name] = params.pop(name)
        return right.init(params)

    return optax.GradientTransformation(init, right.update)
