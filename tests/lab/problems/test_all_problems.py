"""What holds for every problem of the table."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import gradlab as gl
from gradlab.lab._engine.training_loop import compute_draw_shapes
from gradlab.lab.problems import PROBLEMS, Problem, Transformer
from tests.lab.training import train

pytestmark = pytest.mark.parametrize("problem", [make() for make in PROBLEMS.values()], ids=list(PROBLEMS))
SMALL = {
    "transformer": Transformer(width=8, depth=1, heads=2, context=8, batch_size=8)
}  # the default trains for seconds


@pytest.fixture
def small(problem: Problem) -> Problem:
    """The problem, or an instance of it that trains in less time."""
    return SMALL.get(problem.name, problem)


def test_it_is_a_value_with_a_sentence(problem: Problem) -> None:
    assert problem == type(problem)()
    assert hash(problem) == hash(type(problem)())
    assert dataclasses.is_dataclass(problem)
    assert problem.summary[-1] in ".?"
    assert len(problem.summary) <= 110  # one line of `gradlab list`


def test_all_is_in_single_precision_although_double_is_on(problem: Problem) -> None:
    draws = compute_draw_shapes(problem, 3)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(draws.params)} == {"float32"}
    assert {leaf.dtype.name for leaf in jax.tree.leaves(draws.batches)} <= {"float32", "int32"}

    def run() -> Any:
        params = problem.init(jax.random.key(0))
        batch = jax.tree.map(lambda batches: batches[0], problem.batches(jax.random.key(1), 2))
        return problem.loss(params, batch), problem.metrics(params)

    loss, metrics = jax.eval_shape(run)
    assert {problem.score.metric, problem.score.chosen_by or problem.score.metric} <= set(metrics)
    for name, value in {"loss": loss, **metrics}.items():
        assert name.isidentifier()
        assert (value.shape, value.dtype.name) == ((), "float32")


def test_what_is_measured_on_a_test_sample_is_chosen_by_another(problem: Problem) -> None:
    metrics = jax.eval_shape(problem.metrics, compute_draw_shapes(problem, 2).params)
    tested = {name.removeprefix("test_") for name in metrics if name.startswith("test_")}
    assert tested == {name.removeprefix("validation_") for name in metrics if name.startswith("validation_")}
    if tested:
        assert problem.score.metric.startswith("test_")
        assert problem.score.chosen_by == problem.score.metric.replace("test_", "validation_", 1)
    else:  # without data, or with the expectation itself for a score
        assert problem.score.chosen_by is None


def test_the_gradient_agrees_with_central_differences(
    small: Problem, first: Callable[[Problem], Any], rng: np.random.Generator
) -> None:
    problem = small
    start, batch = first(problem)
    flat, unravel = ravel_pytree(jax.tree.map(lambda leaf: leaf.astype(jnp.float64), start))
    if problem.landscape is not None:
        flat += 0.3  # off the ridges, where gradients are next to nothing
    step, chosen = 1e-5, rng.choice(flat.size, min(4, flat.size), replace=False)
    moves = step * np.concatenate([np.eye(flat.size)[chosen], -np.eye(flat.size)[chosen]])

    @jax.jit
    def compute(flat: jax.Array, moves: jax.Array) -> Any:
        loss = lambda flat: problem.loss(unravel(flat), batch)  # noqa: E731
        return jax.grad(loss)(flat), jax.vmap(lambda move: loss(flat + move))(moves)

    gradient, losses = compute(flat, moves)
    assert losses.dtype == jnp.float64
    assert np.isfinite(gradient).all()
    differences = (losses[: len(chosen)] - losses[len(chosen) :]) / (2 * step)
    np.testing.assert_allclose(gradient[chosen], differences, rtol=1e-5, atol=1e-6 * np.abs(gradient).max())


def test_the_optimum_has_the_least_loss_and_no_slope(problem: Problem, first: Callable[[Problem], Any]) -> None:
    if problem.optimum is None or problem.minimum is None:
        pytest.skip("the optimum is not known")
    start, batch = first(problem)
    assert jax.tree.map(jnp.shape, problem.optimum) == jax.tree.map(jnp.shape, start)
    if problem.name in ("noisy_quadratic", "reddi"):
        batch = None  # for the expectation
    descend = jax.jit(jax.value_and_grad(lambda params: problem.loss(params, batch)))
    loss, gradient = descend(problem.optimum)
    np.testing.assert_allclose(loss, problem.minimum, atol=1e-10)
    if problem.name != "reddi":  # the optimum of which is a kink
        slopes, at_start = (np.abs(ravel_pytree(tree)[0]).max() for tree in (gradient, descend(start)[1]))
        assert slopes <= max(1e-5, 1e-4 * at_start)


def test_a_short_sweep_improves_every_seed(small: Problem) -> None:
    problem, steps = small, 40
    curves = train(problem, [gl.adam(rate) for rate in (0.01, 0.1)], [0, 1], steps)
    assert curves.loss.shape == (2, 2, steps)
    start, end = (jax.tree.map(lambda curve, at=at: np.asarray(curve[..., at]), curves.metrics) for at in (0, -1))
    assert all(np.isfinite(values).all() for values in start.values())
    name = "test_loss" if problem.score.higher_is_better else problem.score.metric  # accuracies move in jumps
    assert (np.nanmin(end[name], axis=0) < start[name][0]).all()
