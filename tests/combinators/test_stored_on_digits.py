"""Adam with a state of 8 bits trains as well as Adam."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab import problems

SEEDS = 8


@jax.jit
def train(tx, keys):
    """Return the training loss of each seed, averaged over the last tenth of the steps."""
    problem = problems.Digits(hidden=128)

    def one(key):
        first, second = jax.random.split(key)
        params = problem.init(first)

        def step(carry, batch):
            params, state = carry
            loss, gradient = jax.value_and_grad(problem.loss)(params, batch)
            updates, state = tx.update(gradient, state, params)
            return (gl.apply_updates(params, updates), state), loss

        batches = problem.batches(second, problem.steps)
        return jax.lax.scan(step, (params, tx.init(params)), batches)[1][-problem.steps // 10 :].mean()

    return jax.vmap(one)(keys)


@pytest.mark.slow
def test_adam_of_8_bits_ends_within_the_spread_over_seeds():
    keys = jax.random.split(jax.random.key(0), SEEDS)
    exact = np.asarray(train(gl.adam(3e-3), keys))
    for tx in (
        gl.store(gl.adam(3e-3), gl.codecs.dynamic_blocks()),
        gl.store(gl.adam(3e-3), gl.codecs.dynamic_blocks(stochastic=True), key=0),
    ):
        losses = np.asarray(train(tx, keys))
        assert abs(losses.mean() - exact.mean()) < exact.std(ddof=1)
        assert (losses != exact).any()  # the state is rounded
