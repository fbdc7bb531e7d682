"""Mutants that change what surrounds them, or depend on it: global random numbers, settings, and the x64 mode."""

from __future__ import annotations

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import optax

from .mutant import breaks
from .right_heavy_ball import heavy_ball, step_down, wide, zeros

_OF = "sgd"


@breaks(
    "surroundings untouched",
    of=_OF,
    mistake="init seeds NumPy's global random numbers, so that its own draws are the same in every run",
)
def seeds_numpy():
    right = heavy_ball()

    def init(params):
        np.random.seed(0)
        return right.init(params) | {"offset": jnp.asarray(1e-6 * np.random.standard_normal(), jnp.float32)}

    def update(updates, state, params=None):
        changed, after = right.update(updates, {"m": state["m"]}, params)
        return changed, after | {"offset": state["offset"]}

    return optax.GradientTransformation(init, update)


@breaks("surroundings untouched", of=_OF, mistake="warnings are switched off for the whole program")
def silences_all_warnings():
    right = heavy_ball()

    def update(updates, state, params=None):
        warnings.simplefilter("ignore")
        return right.update(updates, state, params)

    return optax.GradientTransformation(right.init, update)


@breaks("surroundings untouched", of=_OF, mistake="the precision of all matrix products of the program is set in init")
def sets_the_matmul_precision():
    right = heavy_ball()

    def init(params):
        jax.config.update("jax_default_matmul_precision", "highest")
        return right.init(params)

    return optax.GradientTransformation(init, right.update)


@breaks(
    "surroundings unused",
    of="add_noise",
    mistake="where no seed is given, the factory draws one from NumPy's global random numbers",
    is_factory=True,
)
def draws_its_seed(seed=None):
    right, own_seed = heavy_ball(), np.random.randint(2**31) if seed is None else seed

    def init(params):
        return right.init(params) | {"seed": jnp.asarray(own_seed, jnp.int32)}

    def update(updates, state, params=None):
        noise = jax.random.normal(jax.random.key(state["seed"]), (), jnp.float32)
        m = jax.tree.map(lambda m, g: 0.9 * m + g + 0.01 * noise.astype(m.dtype), state["m"], wide(updates, state["m"]))
        return step_down(0.1, m, updates), {"m": m, "seed": state["seed"] + 1}

    return optax.GradientTransformation(init, update)


@breaks(
    "x64 changes nothing",
    of=_OF,
    mistake="the momentum has the default dtype, which is float64 with x64 even for float32 parameters",
)
def momentum_of_the_default_dtype():
    def init(params):
        def start(zero):
            return zero if jnp.iscomplexobj(zero) else jnp.zeros(zero.shape)

        return {"m": jax.tree.map(start, zeros(params))}

    return optax.GradientTransformation(init, heavy_ball().update)


@breaks(
    "x64 changes nothing",
    of=_OF,
    mistake="eps is a root of the rounding unit of the default dtype, which is another one with x64",
)
def eps_of_the_default_dtype():
    def update(updates, state, params=None):
        eps = float(jnp.finfo(jnp.result_type(float)).eps) ** 0.25
        m = jax.tree.map(lambda m, g: 0.9 * m + g, state["m"], wide(updates, state["m"]))
        return step_down(0.1 / (1 + eps), m, updates), {"m": m}

    return optax.GradientTransformation(heavy_ball().init, update)
