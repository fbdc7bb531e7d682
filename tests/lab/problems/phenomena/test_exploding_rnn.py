"""The task is the adding problem; gradients explode, and clipping keeps the network alive (claim 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.training_loop import draw
from gradlab.lab.problems import ExplodingRnn


def test_two_numbers_are_marked_one_in_each_half() -> None:
    batches = np.asarray(ExplodingRnn(length=6).batches(jax.random.key(0), 50))
    assert batches.shape == (50, 32, 6, 2)
    numbers, marks = batches[..., 0], batches[..., 1]
    assert ((numbers >= 0) & (numbers < 1)).all()
    np.testing.assert_array_equal(marks.reshape(50, 32, 2, 3).sum(-1), np.ones((50, 32, 2)))
    np.testing.assert_allclose(marks.mean((0, 1)), 1 / 3, atol=0.05)


def test_the_network_is_to_tell_their_sum(first: Callable[..., Any]) -> None:
    problem = ExplodingRnn()
    start, batch = first(problem)
    params = jax.tree.map(jnp.zeros_like, start)
    params["output"]["bias"] += 1.0  # always guesses one
    sums = (batch[..., 0] * batch[..., 1]).sum(-1)
    np.testing.assert_allclose(problem.loss(params, batch), ((sums - 1) ** 2).mean(), rtol=1e-5)
    np.testing.assert_allclose(problem.metrics(params)["test_loss"], 1 / 6, rtol=0.1)


def test_gradients_explode_with_the_gain() -> None:
    descend = jax.jit(jax.vmap(jax.grad(ExplodingRnn().loss)))  # the gain is in the starts only

    def norms(gain: float) -> np.ndarray:
        starts, batches = draw(ExplodingRnn(gain=gain), range(8), 1)
        squares = [leaf.reshape(8, -1) ** 2 for leaf in jax.tree.leaves(descend(starts, batches[:, 0]))]
        return np.sqrt(np.concatenate(squares, 1).sum(1))

    exploding, calm = norms(1.6), norms(0.8)
    assert calm.max() < 10
    assert np.median(exploding) > 20 * np.median(calm)
    assert exploding.max() > 100 * exploding.min()


def test_plain_descent_dies_and_clipping_keeps_it_alive(final_scores: Callable[..., np.ndarray]) -> None:
    problem, rates, steps = ExplodingRnn(), [1e-4, 1e-3, 1e-2, 1e-1], 150
    plain = final_scores(problem, gl.sgd, rates, steps, seeds=8)
    assert np.isnan(plain).any(1).all()  # some seed dies even at the smallest rate
    clip = gl.clip_by_global_norm(1.0)
    clipped = final_scores(problem, lambda rate: gl.chain(clip, gl.sgd(rate)), rates, steps, seeds=8)
    assert np.isfinite(clipped).all()
    assert np.median(clipped[-1]) < 0.2  # it begins at 1 and more


def test_an_odd_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="each half of the series has one mark, got 7"):
        ExplodingRnn(length=7)
