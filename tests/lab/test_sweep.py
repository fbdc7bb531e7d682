"""A sweep is the same runs, side by side, and none touches another."""

from __future__ import annotations

import jax
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.lab.problems import Problem, Ravine
from gradlab.lab.sweep import compile_sweep, draw, evaluation_steps, stack, sweep

RATES = (0.3, 0.03)


def test_a_sweep_equals_a_plain_loop_of_single_runs(noisy: Problem) -> None:
    steps, seeds = 6, [5, 11]
    curves = sweep(noisy, stack([gl.adam(rate) for rate in RATES]), seeds, steps)
    for row, rate in enumerate(RATES):
        for column, seed in enumerate(seeds):
            start, batch_key = jax.random.split(jax.random.key(seed))
            params, batches = noisy.init(start), noisy.batches(batch_key, steps)
            tx = gl.adam(rate)
            state, losses = tx.init(params), []
            for batch in batches:
                loss, grads = jax.value_and_grad(noisy.loss)(params, batch)
                updates, state = tx.update(grads, state, params)
                params = optax.apply_updates(params, updates)
                losses.append(loss)
            np.testing.assert_allclose(curves.loss[row, column], losses, rtol=1e-5)
            for name, value in noisy.metrics(params).items():
                np.testing.assert_allclose(curves.metrics[name][row, column, -1], value, rtol=1e-5)


def test_a_run_is_the_same_alone(noisy: Problem) -> None:
    together = sweep(noisy, stack([gl.adamax(rate) for rate in RATES]), [0, 1, 2], 8)
    alone = sweep(noisy, stack([gl.adamax(RATES[1])]), [2], 8)
    np.testing.assert_allclose(together.loss[1, 2], alone.loss[0, 0], rtol=1e-6)
    np.testing.assert_allclose(together.metrics["b"][1, 2], alone.metrics["b"][0, 0], rtol=1e-6)


def test_a_run_that_becomes_nan_changes_no_other(noisy: Problem) -> None:
    draws = draw(noisy, [0, 1], 8)
    healthy, sick = (stack([gl.sgd(rate) for rate in (0.1, middle, 0.2)]) for middle in (0.15, 1e30))
    program = compile_sweep(noisy, healthy, draws, 8)
    expected, found = program(healthy, draws), program(sick, draws)
    assert found.diverged.tolist() == [[False, False], [True, True], [False, False]]
    assert np.isnan(found.loss[1, :, -1]).all()
    for lane in (0, 2):
        jax.tree.map(lambda a, b, at=lane: np.testing.assert_array_equal(a[at], b[at]), expected, found)


def test_the_step_of_divergence_is_the_first_one_beyond_the_limit(slope: Problem) -> None:
    # Rate 3 multiplies x by -2: losses 0.5 * 4^k, of which 2048 at k = 6 is the first beyond 1000.
    curves = sweep(slope, stack([gl.sgd(3.0), gl.sgd(1.5)]), [0], 10)
    assert curves.divergence_step.tolist() == [[6], [-1]]
    assert curves.diverged.tolist() == [[True], [False]]
    np.testing.assert_allclose(curves.loss[0, 0, :6], 0.5 * 4.0 ** np.arange(6))
    assert np.isnan(curves.loss[0, 0, 6:]).all()
    np.testing.assert_array_equal(np.isnan(curves.metrics["final_loss"][0, 0]), evaluation_steps(10) >= 6)
    assert np.isfinite(curves.loss[1]).all()
    assert np.isfinite(curves.metrics["final_loss"][1]).all()


def test_divergence_at_the_last_update_is_seen(slope: Problem) -> None:
    curves = sweep(slope, stack([gl.sgd(1e30)]), [0], 1)
    assert curves.divergence_step.tolist() == [[1]]
    np.testing.assert_allclose(curves.loss[0, 0], [0.5])
    assert np.isnan(curves.metrics["final_loss"][0, 0, -1])


def test_metrics_are_those_of_the_evaluated_steps(slope: Problem) -> None:
    curves = sweep(slope, stack([gl.sgd(0.5)]), [0], 50)
    at = evaluation_steps(50)
    np.testing.assert_allclose(curves.metrics["final_loss"][0, 0], 0.5 * 0.25**at, rtol=1e-5, atol=1e-38)
    np.testing.assert_allclose(curves.loss[0, 0], 0.5 * 0.25 ** np.arange(50), rtol=1e-5, atol=1e-38)


def test_paths_are_kept_where_there_is_a_landscape() -> None:
    problem = Ravine()
    curves = sweep(problem, stack([gl.sgd(0.01)]), [3], 5)
    assert curves.path is not None
    np.testing.assert_allclose(curves.path[0, 0, 0], problem.init(jax.random.split(jax.random.key(3))[0]))
    losses = [problem.loss(point, None) for point in curves.path[0, 0]]
    np.testing.assert_allclose(losses, curves.loss[0, 0], rtol=1e-5)


def test_evaluation_steps_include_both_ends() -> None:
    assert evaluation_steps(3).tolist() == [0, 1, 2, 3]
    assert evaluation_steps(1).tolist() == [0, 1]
    many = evaluation_steps(1000)
    assert (many[0], many[-1], len(many)) == (0, 1000, 33)


def test_stack_makes_arrays_of_every_hyperparameter() -> None:
    stacked = stack([gl.adam(0.1), gl.adam(0.2, b1=0.5)])
    np.testing.assert_allclose(stacked.learning_rate, [0.1, 0.2])
    np.testing.assert_allclose(stacked.b1, [0.9, 0.5])


def test_nothing_to_run_is_an_error(slope: Problem) -> None:
    with pytest.raises(ValueError, match="at least one step and one seed, got 0 steps and 1 seeds"):
        sweep(slope, stack([gl.sgd(0.1)]), [0], 0)
    with pytest.raises(ValueError, match="got 2 steps and 0 seeds"):
        sweep(slope, stack([gl.sgd(0.1)]), [], 2)
