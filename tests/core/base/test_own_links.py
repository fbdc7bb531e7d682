"""A link of ten lines is a value: it compares, is traced once, differentiates, maps, and takes schedules."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.core.scheduled_states import ScheduledState
from tests.core.base.links import apply, shrink


@gl.transformation
def rooted(rate: gl.Positive = 4.0):
    """A user's link that computes with its hyperparameter outside of update."""
    root = jnp.sqrt(rate)  # which no schedule can take

    def update(updates, state):
        return jax.tree.map(lambda d: root**2 * d, updates), state

    return lambda params: (), update


def test_a_users_link_computes() -> None:
    updates, state = shrink().update(jnp.array([2.0, -4.0]), shrink().init(jnp.ones(2)))
    np.testing.assert_array_equal(updates, [1.0, -2.0])
    np.testing.assert_array_equal(state.longest, [2.0, 4.0])


def test_a_users_link_is_a_value() -> None:
    tx = shrink(0.25)
    assert isinstance(tx, gl.Transformation)
    assert tx == shrink(0.25)
    assert tx != shrink(0.5)
    assert hash(tx) == hash(shrink(0.25))
    assert repr(tx) == "shrink(factor=0.25)"
    assert pickle.loads(pickle.dumps(tx)) == tx
    assert tx.replace(floor=1) == shrink(0.25, 1.0)
    assert [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tx)] == [".factor", ".floor"]
    assert shrink.__doc__ is not None
    assert shrink.__doc__.startswith("A user's link")
    assert shrink.__name__ == "shrink"


def test_a_users_link_checks_its_arguments() -> None:
    with pytest.raises(ValueError, match=r"shrink: factor must be in \(0, inf\), got 0; pass a finite number above"):
        shrink(0)


def test_a_users_link_is_traced_once_for_all_numbers() -> None:
    traces = []

    @jax.jit
    def step(tx: Any, gradient: Any) -> Any:
        traces.append(tx)
        return apply(tx, gradient)

    for factor in (0.5, 0.25, 2):
        np.testing.assert_array_equal(step(shrink(factor), jnp.ones(2)), [factor, factor])
    assert len(traces) == 1


def test_a_users_link_differentiates_and_maps() -> None:
    gradient = jax.grad(lambda tx: apply(tx, jnp.array([1.0, 2.0])).sum())(shrink(0.5))
    assert isinstance(gradient, gl.Transformation)
    assert gradient.factor == 3.0
    assert gradient.floor == 0.0
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), shrink(0.5), shrink(0.25))
    np.testing.assert_array_equal(jax.vmap(lambda tx: apply(tx, jnp.ones(2)))(stack), [[0.5, 0.5], [0.25, 0.25]])


@pytest.mark.parametrize("make", [shrink, rooted])
def test_a_users_link_takes_schedules(make: Callable[..., Any], rollout: Callable[..., Any]) -> None:
    halving = gl.schedules.exponential(1.0, 1, 0.5)
    np.testing.assert_allclose(rollout(make(halving), np.ones((3, 2)))[:, 0], [1.0, 0.5, 0.25], rtol=1e-15)
    np.testing.assert_allclose(
        rollout(make(lambda step: 1.0 / (1.0 + step.astype(float))), np.ones((3, 2)))[:, 0],
        [1, 1 / 2, 1 / 3],
        rtol=1e-15,
    )


def test_a_users_link_works_in_a_chain_and_in_optax() -> None:
    gradient = jnp.array([2.0, -4.0])
    np.testing.assert_array_equal(apply(gl.chain(shrink(), gl.scale(3.0)), gradient), [3.0, -6.0])
    np.testing.assert_array_equal(apply(optax.chain(shrink(), shrink()), gradient), [0.5, -1.0])


def test_a_scheduled_link_counts_its_updates() -> None:
    tx = gl.scale(gl.schedules.linear(0.0, 4.0, 4))
    state = tx.init(jnp.ones(2))
    assert isinstance(state, ScheduledState)
    assert (state.step.dtype, state.step.shape) == (jnp.int32, ())
    for step in range(3):
        assert state.step == step
        updates, state = tx.update(jnp.ones(2), state)
        assert updates[0] == step
    last = ScheduledState(jnp.asarray(2**31 - 1, jnp.int32), state.inner)
    assert tx.update(jnp.ones(2), last)[1].step == 2**31 - 1  # stays, and does not wrap around


def test_only_the_links_with_a_schedule_count() -> None:
    tx = gl.chain(gl.scale_by_momentum(), gl.scale(lambda step: 1.0), gl.scale(2.0))
    kinds = [isinstance(state, ScheduledState) for state in tx.init(jnp.ones(2))]
    assert kinds == [False, True, False]
    assert sum(isinstance(state, ScheduledState) for state in gl.adam(lambda step: 0.1).init(jnp.ones(2))) == 1


def test_a_link_with_a_schedule_is_made_without_computing() -> None:
    calls = []

    def rate(step):
        calls.append(step)
        return 0.1 if step < 1 else 0.01  # decides by the step, which only an uncompiled loop allows

    @gl.transformation
    def scale_by_root(factor: gl.Positive):
        root = jnp.sqrt(factor)  # a link computes with its hyperparameters, and a schedule has no root
        return optax.scale(root)

    with jax.transfer_guard("disallow"), jax.checking_leaks():
        tx, link = gl.sgd(rate), scale_by_root(rate)
    assert calls == []
    assert tx.links[0].learning_rate.function is rate
    updates, state = link.update(jnp.ones(2), link.init(jnp.ones(2)))
    assert updates == pytest.approx(np.sqrt([0.1, 0.1]))
    assert link.update(jnp.ones(2), state)[0] == pytest.approx(np.sqrt([0.01, 0.01]))
