"""The laboratory measures metrics at the evaluation point, and takes gradients at the gradient point."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import gradlab as gl
from gradlab.compilation.fast_compilation import jit_fast
from gradlab.lab._engine.evaluation_steps import choose_evaluation_steps
from gradlab.lab._engine.training_loop import ProblemFunctions, make_initial_carry, run_chunk, unstack_metrics
from gradlab.lab.problems import Problem
from tests.lab.training import train

STEPS = 12


def test_metrics_are_those_at_the_evaluation_point(slope: Problem) -> None:
    curves = train(slope, [gl.average_params(gl.sgd(0.5))], [0], STEPS)
    points = 0.5 ** np.arange(STEPS + 1)
    averages = np.array([1.0, *(points[1 : t + 1].mean() for t in range(1, STEPS + 1))])
    at = choose_evaluation_steps(STEPS)
    np.testing.assert_allclose(curves.metrics["final_loss"][0, 0], 0.5 * averages[at] ** 2, rtol=1e-5)
    np.testing.assert_allclose(curves.loss[0, 0], 0.5 * points[:-1] ** 2, rtol=1e-5)


def test_loss_and_gradient_are_those_at_the_gradient_point(slope: Problem) -> None:
    curves, x, v, losses, metrics = train(slope, [gl.nag(0.1, 0.9)], [0], STEPS), 1.0, 0.0, [], [0.5]
    for _ in range(STEPS):
        ahead = x + 0.9 * v
        losses.append(0.5 * ahead**2)
        v = 0.9 * v - 0.1 * ahead
        x += v
        metrics.append(0.5 * x**2)
    np.testing.assert_allclose(curves.loss[0, 0], losses, rtol=1e-4)
    at = choose_evaluation_steps(STEPS)
    np.testing.assert_allclose(curves.metrics["final_loss"][0, 0], np.array(metrics)[at], rtol=1e-4)


def test_links_may_ask_for_the_gradient_elsewhere(slope: Problem) -> None:
    curves, x = train(slope, [gl.sam(gl.sgd(0.1), 0.2)], [0], 4), 1.0
    for step in range(4):
        np.testing.assert_allclose(curves.loss[0, 0, step], 0.5 * x**2, rtol=1e-5)
        x -= 0.1 * (x + 0.2)


def test_results_without_points_are_those_of_a_loop_that_knows_none(noisy: Problem) -> None:
    tx, carry = gl.adam(0.1), make_initial_carry(gl.adam(0.1), noisy.init(jax.random.key(0)))
    batches, evaluate = noisy.batches(jax.random.key(1), 3), jnp.ones(3, bool)

    def step(carry: Any, batch: Any) -> Any:
        params, state = carry
        loss, grads = jax.value_and_grad(noisy.loss)(params, batch)
        updates, state = tx.update(grads, state, params)
        return (gl.apply_updates(params, updates), state), (loss, noisy.metrics(params))

    expected, (losses, metrics) = jit_fast(lambda: jax.lax.scan(step, carry, batches))()
    found, trace = jit_fast(lambda: run_chunk(ProblemFunctions(noisy), tx, carry, batches, evaluate))()
    results = found, trace.loss, unstack_metrics(trace.metrics)
    jax.tree.map(np.testing.assert_array_equal, results, (expected, losses, metrics))
