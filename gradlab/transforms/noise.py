"""Gradient noise: Gaussian noise that fades with the steps."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from ..arithmetic.safe_arithmetic import square_root
from ..core.claims import NOT_SYMMETRIC
from ..core.decorators import transformation
from ..equations import Expression, Writer, equation_of
from ..values.numeric_arguments import NonNegative, Seed, draw_keys


class NoiseState(NamedTuple):
    """The state of `add_noise`."""

    step: jax.Array  # int32 scalar, the number of updates so far


@transformation(claims={"contained": True} | NOT_SYMMETRIC)
def add_noise(eta: NonNegative = 0.01, gamma: NonNegative = 0.55, key: Seed = 0):
    r"""Add Gaussian noise that fades, $d' = d + \mathcal N(0, \eta / (1 + t)^\gamma)$, $t$ counted from 0.

    `eta` in [0, inf) is the variance at the first step, and `gamma` in [0, inf) is the speed at which it fades. `key`
    is an integer or a `jax.random.key`. The noise of a step follows from the key and the step alone, so a resumed run
    repeats it. Inside `jax.shard_map`, all shards of a leaf therefore get equal noise, unless the key differs between
    them: `jax.random.fold_in(key, jax.lax.axis_index("model"))`. A complex element gets noise of this variance in all,
    half in each part. Differentiate with `allow_int=True`, because the key is a leaf, too.

    Source: Neelakantan et al. (2015), equation 1.

    >>> tx = gl.add_noise(eta=0.01)
    >>> noise, state = tx.update(jnp.zeros(1000), tx.init(jnp.zeros(1000)))
    >>> print(f"{jnp.std(noise):.1f}")  # the root of eta
    0.1
    """

    def init(params):
        return NoiseState(jnp.zeros((), jnp.int32))

    def update(updates, state):
        leaves, structure = jax.tree.flatten(updates)
        keys = draw_keys(key, state.step, len(leaves))
        deviation = square_root(eta / (1 + state.step.astype(float)) ** gamma)
        noisy = [
            d + deviation.astype(d.dtype) * jax.random.normal(leaf_key, d.shape, d.dtype)
            for d, leaf_key in zip(leaves, keys)
        ]
        return jax.tree.unflatten(structure, noisy), NoiseState(optax.safe_increment(state.step))

    return init, update


@equation_of(add_noise)
def _(write: Writer, eta: Any, gamma: Any, key: Any) -> Expression:
    variance, speed = write.number(r"\eta", eta), write.number(r"\gamma", gamma)
    noise = write.distribution(write.fresh(r"\xi"), rf"\mathcal N(0, {variance} / t^{{{speed}}})")  # t from 1 here
    return write.whole().plus(noise)
