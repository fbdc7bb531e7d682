"""Transformations of optax are links of a chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

import gradlab as gl
from tests.combinators.links import B1, B2, EPS, LINKS, RATE, in_series, momentum, rms


def ours(rollout: Callable[..., Any], tx: Any, gradients: np.ndarray) -> np.ndarray:
    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        return rollout(tx, gradients)


def test_optax_adam_as_a_link(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(optax.scale_by_adam(B1, B2, EPS), gl.scale_by_learning_rate(RATE))
    np.testing.assert_allclose(ours(rollout, tx, gradients), rollout(gl.adam(RATE), gradients), rtol=1e-10)


def test_an_optax_link_before_the_split_makes_the_new_gradient(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    tx = gl.chain(optax.clip(0.5), LINKS["momentum"](), LINKS["rms"]())
    np.testing.assert_allclose(
        ours(rollout, tx, gradients), in_series(momentum, rms)(np.clip(gradients, -0.5, 0.5)), rtol=1e-12
    )


def test_an_optax_link_never_splits(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(optax.ema(B1, debias=False), LINKS["rms"]())
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(ours(rollout, tx, gradients), rms(m, m), rtol=1e-12)


def test_an_optax_link_behind_the_split_gets_the_direction(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    tx = gl.chain(LINKS["momentum"](), optax.clip(0.05), LINKS["rms"]())
    expected = rms(np.clip(momentum(gradients, gradients), -0.05, 0.05), gradients)
    np.testing.assert_allclose(ours(rollout, tx, gradients), expected, rtol=1e-12)


def test_an_optax_link_is_not_handed_grads_but_every_other_extra() -> None:
    seen = []

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        seen.append(extra)
        return updates, state

    foreign = optax.GradientTransformationExtraArgs(lambda params: (), update)
    tx = gl.chain(gl.scale_by_momentum(), foreign, gl.isolate(foreign), gl.precondition(foreign))
    tx.update(jnp.ones(2), tx.init(jnp.ones(2)), value=3.0)
    assert seen == [{"value": 3.0}] * 3


def test_an_optax_link_that_takes_no_extra_arguments_is_handed_none() -> None:
    """optax itself leaves them out, and `make_step` always passes `value`."""
    for foreign in (optax.clip(0.5), optax.masked(optax.clip(0.5), True)):
        tx = gl.chain(foreign, gl.reduce_on_plateau(), gl.scale(-1.0))
        assert tx == gl.chain(foreign, gl.reduce_on_plateau(), gl.scale(-1.0))
        got, _ = tx.update(jnp.ones(2), tx.init(jnp.ones(2)), value=3.0)
        np.testing.assert_array_equal(got, [-0.5, -0.5])
    step = gl.make_step(lambda params, batch: (params * batch).sum())
    got, _, _ = step(tx, jnp.ones(2), tx.init(jnp.ones(2)), jnp.ones(2))
    np.testing.assert_array_equal(got, [0.5, 0.5])


def test_an_optax_link_gets_the_parameters(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(optax.add_decayed_weights(0.5), gl.scale(2.0))
    got = rollout(tx, np.ones((1, 2)), jnp.array([2.0, 4.0]))
    np.testing.assert_array_equal(got, [[4.0, 6.0]])


def test_a_pair_of_functions_is_a_link_like_optaxs() -> None:
    pair: Any = (lambda params: (), lambda updates, state, params=None: (2 * updates, state))
    tx = gl.chain(pair, gl.scale(3.0))
    np.testing.assert_array_equal(tx.update(jnp.ones(2), tx.init(jnp.ones(2)))[0], [6.0, 6.0])
