"""`lookahead` is algorithm 1 of its paper, and optax's with its pair of trees."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.claims import claims_of

from .point_runs import START, STEPS, slope, visit


def algorithm_1(k: int, alpha: float, rate: float, decay: float, reset: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the fast and the slow weights after each step, as two nested loops around momentum."""
    slow = START
    fast_after: list[np.ndarray] = []
    slow_after: list[np.ndarray] = []
    v = np.zeros(3)
    while len(fast_after) < STEPS:
        fast = slow
        for i in range(k):
            v = decay * v + slope(fast)
            fast = fast - rate * v
            if i < k - 1:
                fast_after.append(fast)
                slow_after.append(slow)
        slow = slow + alpha * (fast - slow)
        v = np.zeros(3) if reset else v
        fast_after.append(slow)
        slow_after.append(slow)
    return np.stack(fast_after[:STEPS]), np.stack(slow_after[:STEPS])


@pytest.mark.parametrize(("k", "alpha", "reset"), [(5, 0.5, False), (5, 0.5, True), (1, 0.3, False), (4, 1.0, False)])
def test_it_is_the_algorithm_of_the_paper(k: int, alpha: float, reset: bool) -> None:
    run = visit(gl.lookahead(gl.sgd(0.1, momentum=0.9), k, alpha, reset))
    fast, slow = algorithm_1(k, alpha, 0.1, 0.9, reset)
    np.testing.assert_allclose(run.params, fast, rtol=1e-12)
    np.testing.assert_allclose(run.evaluated, slow, rtol=1e-12)
    np.testing.assert_array_equal(run.gradient[1:], run.params[:-1])


@pytest.mark.parametrize("reset", [False, True])
def test_it_is_optaxs_without_its_pair_of_trees(reset: bool) -> None:
    other = optax.lookahead(optax.adam(0.1), 4, 0.3, reset_state=reset)

    @jax.jit
    def step(pair: Any, state: Any) -> Any:
        updates, state = other.update(slope(pair.fast), state, pair)
        return optax.apply_updates(pair, updates), state

    pair = optax.LookaheadParams.init_synced(jnp.asarray(START))
    state = other.init(pair)
    run = visit(gl.lookahead(gl.adam(0.1), 4, 0.3, reset))
    with jax.numpy_dtype_promotion("standard"):  # which optax needs
        for fast, slow in zip(run.params, run.evaluated, strict=True):
            pair, state = step(pair, state)
            np.testing.assert_allclose(fast, pair.fast, rtol=1e-10)
            np.testing.assert_allclose(slow, pair.slow, rtol=1e-10)


def test_a_nan_is_forgotten_where_the_state_starts_anew() -> None:
    """optax multiplies the old state by zero, which keeps a NaN."""
    tx = gl.lookahead(gl.sgd(0.1, momentum=0.9), 2, 0.0, reset=True)
    x = jnp.asarray(START)
    state = tx.init(x)
    for gradient in (jnp.full(3, jnp.nan), jnp.ones(3)):
        _, state = tx.update(gradient, state, x)
    assert np.isfinite(state.inner[0].moment).all()


def test_random_keys_in_the_state_start_anew_too() -> None:
    tx = gl.lookahead(gl.chain(gl.add_noise(0.1), gl.sgd(0.1)), 2, reset=True)
    x = jnp.zeros(3)
    state = tx.init(x)
    for _ in range(2):
        first, state = tx.update(x, state, x)
    again, _ = tx.update(x, state, x)
    np.testing.assert_array_equal(again, tx.update(x, tx.init(x), x)[0])
    assert not np.array_equal(first, again)


def test_parameters_in_half_precision_have_slow_weights_in_float32() -> None:
    tx = gl.lookahead(gl.sgd(1.0), 1, 1e-3)
    x = jnp.ones(2, jnp.bfloat16)
    _, state = tx.update(jnp.ones(2, jnp.bfloat16), tx.init(x), x)
    np.testing.assert_allclose(state.slow, np.full(2, 0.999, np.float32), rtol=1e-6)


def test_what_cannot_follow_the_parameters_back_is_refused() -> None:
    for inner in (gl.average_params(gl.sgd(0.1)), gl.schedule_free(gl.sgd(0.1)), gl.lookahead(gl.sgd(0.1))):
        with pytest.raises(ValueError, match=r"lookahead moves the parameters, but the point .* would stay behind"):
            gl.lookahead(inner)
    with pytest.raises(ValueError, match="k is the number of steps between two returns, at least 1; got 0"):
        gl.lookahead(gl.sgd(0.1), 0)
    assert gl.lookahead(gl.nag(0.1)).links  # its gradient point moves with the parameters


@pytest.mark.parametrize("owner", [gl.lookahead, gl.schedule_free])
def test_accumulation_and_rounding_go_around_what_moves_the_parameters(owner: Any) -> None:
    with pytest.raises(ValueError, match=rf"put accumulate around it: accumulate\({owner.__name__}\(tx\), every\)"):
        owner(gl.chain(gl.accumulate(gl.sgd(0.1))))
    with pytest.raises(ValueError, match=rf"put master_params around it: master_params\({owner.__name__}\(tx\)\)"):
        owner(gl.master_params(gl.sgd(0.1)))
    gl.accumulate(owner(gl.sgd(0.1)))


def test_the_law_of_arguments_holds_without_a_state_that_reset_could_reset() -> None:
    law = "every argument matters"
    for inner in (
        gl.sgd(0.1),
        gl.chain(gl.clip_by_norm(1.0), gl.sign_sgd(0.1)),
        gl.partition((gl.ndim(2), gl.sgd(0.1))),
    ):
        assert law in claims_of(gl.lookahead(inner))["except"]
    for inner in (gl.sgd(0.1, momentum=0.9), gl.sgd(gl.schedules.cosine(0.1, 10)), gl.chain(optax.sgd(0.1, 0.9))):
        assert law not in claims_of(gl.lookahead(inner)).get("except", ())
