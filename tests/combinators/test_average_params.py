"""`average_params` averages what the optimizer visits, and leaves its updates alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.claims import claims_of
from gradlab.testing import check

from .point_runs import START, STEPS, visit

INNER = gl.sgd(0.1, momentum=0.9)


def expected(points: np.ndarray, decay: Any, debias: bool = False, start: int = 0) -> np.ndarray:
    """Return the averages by their definitions: weighted sums of the points, one by one."""
    points, averages = np.concatenate([START[None], points]), []
    for t in range(1, len(points)):
        if t <= start:
            averages.append(points[t])
        elif decay is None:
            averages.append(points[start + 1 : t + 1].mean(axis=0))
        else:
            weights = (1 - decay) * decay ** np.arange(t - start)[::-1]
            first = 0.0 if debias else decay ** (t - start)
            total = weights @ points[start + 1 : t + 1] + first * points[start]
            averages.append(total / (weights.sum() + first))
    return np.stack(averages)


@pytest.mark.parametrize(
    "options",
    [
        {"decay": None},
        {"decay": 0.8},
        {"decay": 0.8, "debias": True},
        {"decay": None, "start": 7},
        {"decay": 0.8, "start": 7},
        {"decay": 0.8, "debias": True, "start": 7},
        {"decay": 0.0},
    ],
    ids=str,
)
def test_it_is_the_average_of_the_points_after_each_step(options: dict[str, Any]) -> None:
    run = visit(gl.average_params(INNER, **options))
    np.testing.assert_array_equal(run.params, visit(INNER).params)
    np.testing.assert_allclose(run.evaluated, expected(run.params, **options), rtol=1e-13)


def test_a_debiased_average_is_that_of_optax() -> None:
    run = visit(gl.average_params(INNER, 0.9, debias=True))
    mean = optax.ema(0.9, debias=True)
    state = mean.init(jnp.asarray(START))
    with jax.numpy_dtype_promotion("standard"):  # which optax needs
        for point, average in zip(run.params, run.evaluated, strict=True):
            other, state = mean.update(jnp.asarray(point), state)
            np.testing.assert_allclose(average, other, rtol=1e-12)


def test_a_decay_may_warm_up() -> None:
    def warm_up(t: Any) -> Any:
        return jnp.minimum(0.99, (1 + t) / (10 + t))

    run, average = visit(gl.average_params(INNER, warm_up)), START
    for t, point in enumerate(run.params):
        decay = min(0.99, (1 + t) / (10 + t))
        average = decay * average + (1 - decay) * point
        np.testing.assert_allclose(run.evaluated[t], average, rtol=1e-12)


def test_before_the_first_step_it_is_the_parameters() -> None:
    for tx in (gl.average_params(INNER), gl.average_params(INNER, 0.9), gl.average_params(INNER, 0.9, debias=True)):
        x = jnp.asarray(START)
        np.testing.assert_array_equal(gl.eval_params(tx, tx.init(x), x), START)


def test_parameters_in_half_precision_have_an_average_in_float32() -> None:
    """At decay 0.9999 a step of the average is far below the rounding of bfloat16, and 1000 of them are not."""
    tx = gl.average_params(gl.chain(gl.scale(0.0)), 0.9999)
    x = jnp.ones(2, jnp.bfloat16)
    state = tx.init(x)
    update = jax.jit(lambda state, x: tx.update(jnp.zeros_like(x), state, x)[1])
    for _ in range(1000):
        state = update(state, 2 * x)
    assert state.average.dtype == jnp.float32
    np.testing.assert_allclose(state.average, 2 - 0.9999**1000, rtol=1e-4)
    assert gl.eval_params(tx, state, x).dtype == jnp.bfloat16


def test_an_average_stays_at_a_constant_in_float32() -> None:
    """In float32 the shares 0.9999 and 1 - 0.9999 do not add up to 1, so that a sum of shares would drift."""
    tx = gl.average_params(gl.chain(gl.scale(0.0)), 0.9999)
    x = jnp.full(1, 1.1, jnp.float32)

    @jax.jit
    def run(state: Any) -> Any:
        return jax.lax.fori_loop(0, 30_000, lambda _, state: tx.update(jnp.zeros_like(x), state, x)[1], state)

    assert run(tx.init(x)).average == x


def test_an_optimizer_with_a_point_of_its_own_is_averaged_there() -> None:
    inside = visit(gl.lookahead(INNER, 4, 0.3)).evaluated
    run = visit(gl.average_params(gl.lookahead(INNER, 4, 0.3), 0.8))
    np.testing.assert_allclose(run.evaluated, expected(inside, 0.8), rtol=1e-12)


@pytest.mark.slow
def test_the_kit_knows_what_it_averages() -> None:
    for tx, law in (
        (gl.average_params(gl.sgd(0.1), 0.9), "averages"),
        (gl.average_params(gl.sgd(0.1), 0.9, debias=True), "averages"),
        (gl.average_params(gl.sgd(0.1)), "averages the last"),
    ):
        result = check(tx, laws=(), claims={law: claims_of(tx)[law]}, dtypes=("float32", "bfloat16"))[law]
        assert result.verdict == "holds", result.detail


def test_the_plain_mean_has_nothing_to_debias() -> None:
    with pytest.raises(
        ValueError, match=r"the plain mean has no bias; leave debias out, or pass a decay, such as 0\.9"
    ):
        gl.average_params(INNER, debias=True)
    with pytest.raises(ValueError, match="needs the parameters"):
        gl.average_params(INNER).update(jnp.ones(3), gl.average_params(INNER).init(jnp.ones(3)))


@pytest.mark.slow
def test_around_every_recipe_updates_stay_and_points_are_averaged() -> None:
    from gradlab import registry

    for name, entry in registry.of_kind("recipe").items():
        plain = visit(entry.example)
        run = visit(gl.average_params(entry.example, 0.8))
        np.testing.assert_allclose(run.params, plain.params, rtol=1e-12, err_msg=name)
        np.testing.assert_allclose(run.evaluated, expected(plain.evaluated, 0.8), rtol=1e-12, err_msg=name)
    assert len(run.params) == STEPS
