"""Lanes compute runs side by side, and no lane changes another."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl
from gradlab.lab._engine.evaluation_steps import choose_evaluation_steps
from gradlab.lab._engine.random_key_conversion import unwrap_keys, wrap_keys
from gradlab.lab._engine.training_loop import draw, stack_metrics, stack_optimizers, unstack_metrics
from gradlab.lab.problems import Problem, Ravine
from tests.lab.training import train

RATES = (0.3, 0.03)


def test_lanes_equal_a_plain_loop_of_single_runs(noisy: Problem) -> None:
    steps, seeds = 6, [5, 11]
    curves = train(noisy, [gl.adam(rate) for rate in RATES], seeds, steps)
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
    together = train(noisy, [gl.adamax(rate) for rate in RATES], [0, 1, 2], 8)
    alone = train(noisy, [gl.adamax(RATES[1])], [2], 8)
    np.testing.assert_allclose(together.loss[1, 2], alone.loss[0, 0], rtol=1e-6)
    np.testing.assert_allclose(together.metrics["b"][1, 2], alone.metrics["b"][0, 0], rtol=1e-6)


def test_a_run_that_becomes_nan_changes_no_other(noisy: Problem) -> None:
    healthy, sick = ([gl.sgd(rate) for rate in (0.1, middle, 0.2)] for middle in (0.15, 1e30))
    expected, found = train(noisy, healthy, [0, 1], 8), train(noisy, sick, [0, 1], 8)
    assert found.diverged.tolist() == [[False, False], [True, True], [False, False]]
    assert np.isnan(found.loss[1, :, -1]).all()
    for lane in (0, 2):
        jax.tree.map(lambda a, b, at=lane: np.testing.assert_array_equal(a[at], b[at]), expected, found)


def test_the_step_of_divergence_is_the_first_one_beyond_the_limit(slope: Problem) -> None:
    # Rate 3 multiplies x by -2: losses 0.5 * 4^k, of which 2048 at k = 6 is the first beyond 1000.
    curves = train(slope, [gl.sgd(3.0), gl.sgd(1.5)], [0], 10)
    assert curves.divergence_step.tolist() == [[6], [-1]]
    assert curves.diverged.tolist() == [[True], [False]]
    np.testing.assert_allclose(curves.loss[0, 0, :6], 0.5 * 4.0 ** np.arange(6))
    assert np.isnan(curves.loss[0, 0, 6:]).all()
    np.testing.assert_array_equal(np.isnan(curves.metrics["final_loss"][0, 0]), choose_evaluation_steps(10) >= 6)
    assert np.isfinite(curves.loss[1]).all()
    assert np.isfinite(curves.metrics["final_loss"][1]).all()


def test_divergence_at_the_last_update_is_seen(slope: Problem) -> None:
    curves = train(slope, [gl.sgd(1e30)], [0], 1)
    assert curves.divergence_step.tolist() == [[1]]
    np.testing.assert_allclose(curves.loss[0, 0], [0.5])
    assert np.isnan(curves.metrics["final_loss"][0, 0, -1])


def test_metrics_are_those_of_the_evaluated_steps(slope: Problem) -> None:
    curves = train(slope, [gl.sgd(0.5)], [0], 50)
    at = choose_evaluation_steps(50)
    np.testing.assert_allclose(curves.metrics["final_loss"][0, 0], 0.5 * 0.25**at, rtol=1e-5, atol=1e-38)
    np.testing.assert_allclose(curves.loss[0, 0], 0.5 * 0.25 ** np.arange(50), rtol=1e-5, atol=1e-38)


def test_a_problem_with_a_landscape_has_paths() -> None:
    problem = Ravine()
    curves = train(problem, [gl.sgd(0.01)], [3], 5)
    assert curves.path is not None
    np.testing.assert_allclose(curves.path[0, 0, 0], problem.init(jax.random.split(jax.random.key(3))[0]))
    losses = [problem.loss(point, None) for point in curves.path[0, 0]]
    np.testing.assert_allclose(losses, curves.loss[0, 0], rtol=1e-5)


def test_line_searches_and_loss_scaling_get_what_they_ask_for(slope: Problem) -> None:
    search = gl.transformation(optax.scale_by_backtracking_linesearch)(max_backtracking_steps=5)
    curves = train(slope, [gl.chain(gl.scale(-1.0), search)], [0], 3)
    assert curves.loss[0, 0, -1] < curves.loss[0, 0, 0]
    plain, scaled = (train(slope, [tx], [0], 4).loss for tx in (gl.adam(0.1), gl.dynamic_loss_scale(gl.adam(0.1))))
    np.testing.assert_allclose(scaled, plain, rtol=1e-6)  # the laboratory multiplies no loss


def test_stacked_optimizers_have_arrays_of_hyperparameters() -> None:
    stacked = stack_optimizers([gl.adam(0.1), gl.adam(0.2, b1=0.5)])
    np.testing.assert_allclose(stacked.learning_rate, [0.1, 0.2])
    np.testing.assert_allclose(stacked.b1, [0.9, 0.5])


def test_what_a_seed_draws_does_not_depend_on_the_others(noisy: Problem) -> None:
    alone, among = draw(noisy, [7], 5), draw(noisy, [3, 7, 9], 5)
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[0], b[1]), alone, among)


def test_random_keys_can_be_stored_as_numbers() -> None:
    tree: Any = {"key": jax.random.split(jax.random.key(3), 2), "x": np.ones(2)}
    kept = jax.tree.map(np.asarray, unwrap_keys(tree))
    assert kept["key"].dtype == np.uint32
    back = wrap_keys(kept, tree)
    np.testing.assert_array_equal(jax.random.key_data(back["key"]), jax.random.key_data(tree["key"]))
    np.testing.assert_array_equal(back["x"], tree["x"])


def test_metrics_of_one_dtype_are_one_array() -> None:
    metrics = {"a": jnp.float32(1), "b": jnp.float64(2), "c": jnp.float32(3)}
    stacks = stack_metrics(metrics)
    assert {names: str(stack.dtype) for names, stack in stacks.items()} == {("a", "c"): "float32", ("b",): "float64"}
    assert unstack_metrics({names: np.asarray(stack) for names, stack in stacks.items()}) == metrics
