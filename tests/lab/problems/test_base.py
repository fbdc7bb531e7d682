"""A user's own problem, and what it gets for free."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.lab.problems import Problem
from tests.lab.training import train


class Bowl(Problem):
    name, summary = "bowl", "The simplest problem: every direction is equally steep."

    def init(self, key: jax.Array) -> jax.Array:
        return jax.random.normal(key, (10,), jnp.float32)

    def loss(self, params: jax.Array, batch: object) -> jax.Array:
        return jnp.sum(params**2)


def test_two_methods_make_a_problem() -> None:
    curves = train(Bowl(), [gl.sgd(0.1), gl.sgd(0.2)], seeds=[0, 1, 2], steps=4)
    assert curves.loss.shape == (2, 3, 4)
    assert curves.path is None
    assert set(curves.metrics) == {"final_loss"}
    # The gradient is 2x, so each step at rate r multiplies the loss by (1 - 2r)^2.
    np.testing.assert_allclose(curves.loss[0, :, 3] / curves.loss[0, :, 0], 0.8**6, rtol=1e-5)
    np.testing.assert_allclose(curves.loss[1, :, 3] / curves.loss[1, :, 0], 0.6**6, rtol=1e-5)


def test_defaults_are_a_deterministic_problem_ranked_by_its_loss() -> None:
    bowl = Bowl()
    assert bowl.batches(jax.random.key(0), 5) is None
    assert bowl.landscape is None
    assert bowl.score.metric == "final_loss"
    assert not bowl.score.higher_is_better
