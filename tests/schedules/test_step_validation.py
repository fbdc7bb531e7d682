"""The step as users pass it: what counts as one, what is refused, and what a user's own function of it receives."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

s = gl.schedules
TABLE = jnp.arange(1.0, 21.0) / 100
halves = s.linear(0.0, 1.0, 10)


def looked_up(step: Any) -> Any:
    """A rate from a table, which only an integer can index."""
    assert isinstance(step, jax.Array)
    assert jnp.issubdtype(step.dtype, jnp.integer)
    return TABLE[step]


@pytest.mark.parametrize(
    "step",
    [3, 3.0, np.int8(3), np.uint64(3), np.float32(3), np.array(3), np.array(3.0), jnp.uint8(3), jnp.float16(3)],
    ids=lambda step: f"{type(step).__name__} {getattr(step, 'dtype', '')}",
)
def test_a_whole_number_of_any_kind_is_a_step(step: Any) -> None:
    assert halves(step) == pytest.approx(0.3)
    assert s.as_schedule(looked_up)(step) == 0.04
    if not isinstance(step, (int, float)):
        assert jax.jit(lambda step: halves(step) * 1.0)(step) == pytest.approx(0.3)


@pytest.mark.parametrize("step", [2.5, np.float32(0.1), np.nan, np.inf, jnp.asarray(2.5), np.array([1.0, 2.5])])
def test_a_float_that_is_not_whole_is_refused(step: Any) -> None:
    with pytest.raises(ValueError, match=r"a schedule counts whole steps from 0, got .*; pass an integer"):
        halves(step)


@pytest.mark.parametrize("step", [True, np.True_, jnp.asarray(True), "3", None, 1j, [3]])
def test_what_is_no_number_is_refused(step: Any) -> None:
    with pytest.raises(TypeError, match="a schedule takes the step, an integer scalar that counts from 0; got "):
        halves(step)


@pytest.mark.parametrize("schedule", [halves, s.exponential(1.0, 5, 0.5), s.as_schedule(looked_up)])
def test_a_negative_step_counts_as_step_0(schedule: Any) -> None:
    first = schedule(0)
    for step in (-1, -3.0, np.int64(-5), jnp.int32(-7)):
        assert schedule(step) == first
        assert jax.jit(lambda step: schedule(step) * 1.0)(step) == first
    joined = optax.join_schedules([optax.constant_schedule(2.0), schedule], [100])  # optax hands on negative steps
    assert joined(5) == 2.0
    assert joined(100) == first


def test_a_traced_float_is_rounded_down() -> None:
    value = jax.jit(lambda step: halves(step) * 1.0)
    for step, expected in ((3.0, 0.3), (3.9, 0.3), (-2.0, 0.0), (1e30, 1.0)):
        assert value(step) == pytest.approx(expected)
    assert np.isfinite(value(np.nan))


def test_arrays_of_steps_are_mapped_over() -> None:
    for steps in (np.arange(4), jnp.arange(4), np.arange(4.0)):
        np.testing.assert_allclose(halves(steps), [0.0, 0.1, 0.2, 0.3])


NESTED = {
    "shift": (s.shift(looked_up, 2), lambda t: t + 2),
    "shift back": (s.shift(looked_up, -2), lambda t: max(t - 2, 0)),
    "shift of a shift": (s.shift(s.shift(looked_up, 5), -3), lambda t: max(t - 3, 0) + 5),
    "join": (s.join((9.0, looked_up), (2,)), lambda t: None if t < 2 else t - 2),
    "join at a fraction": (s.join((9.0, looked_up), (1.5,)), lambda t: None if t < 2 else t - 2),
    "relative": (0.01 * s.relative(looked_up), lambda t: t),
    "combined": (s.shift(1.0 * (0.0 + s.as_schedule(looked_up)), 1), lambda t: t + 1),
    "hyperparameter": (s.shift(s.linear(looked_up, looked_up, 10), 1), lambda t: t + 1),
    "in a join in a shift": (s.shift(s.join((9.0, s.shift(looked_up, 1)), (3,)), 3), lambda t: t + 1),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_users_function_receives_the_integer_however_deep_it_is(name: str) -> None:
    schedule, index = NESTED[name]
    for step in range(5):
        at = index(step)
        expected = 9.0 if at is None else float(TABLE[at])
        assert schedule(step) == pytest.approx(expected)
        assert jax.jit(lambda step: schedule(step) * 1.0)(step) == pytest.approx(expected)


@pytest.mark.parametrize(
    "tx",
    [
        gl.sgd(looked_up, momentum=looked_up, nesterov=True),
        gl.adabound(looked_up),
        gl.nadam(looked_up, b1=looked_up),
        gl.flavors.torch.nadam(looked_up, betas=(looked_up, 0.999)),
        gl.flavors.torch.adagrad(looked_up),
        gl.flavors.torch.sgd(looked_up, momentum=looked_up),
        gl.flavors.keras.sgd(looked_up, momentum=0.9, weight_decay=looked_up),
        gl.flavors.keras.nadam(looked_up, beta_1=looked_up),
        gl.flavors.optax.nadam(looked_up, b1=looked_up),
    ],
    ids=lambda tx: tx.factory.name,
)
def test_every_optimizer_hands_users_functions_the_integer(tx: Any) -> None:
    params = jnp.ones(2)
    update = jax.jit(tx.update)
    state = tx.init(params)
    for _ in range(2):
        updates, state = update(params, state, params)
    assert np.isfinite(updates).all()


@s.schedule(step="integer")
def alternating(high: gl.Positive, low: gl.Positive):
    """A user's schedule that takes the integer."""
    return lambda step: jnp.where(step % 2 == 0, high, low)


def bare(value: gl.Positive):
    return lambda step: jnp.where(step % 2 == 0, value, 0.0)


wrapped_bare = s.schedule(bare, step="integer")


def test_a_users_schedule_may_take_the_integer() -> None:
    schedule = alternating(2.0, 1.0)
    with jax.enable_x64(False):
        assert [float(schedule(step)) for step in (2**24, 2**24 + 1, 2**24 + 2)] == [2.0, 1.0, 2.0]
        assert s.shift(schedule, 1)(2**24) == 1.0
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    wrapped = pickle.loads(pickle.dumps(wrapped_bare(2.0)))
    assert wrapped == wrapped_bare(2.0)
    assert wrapped(3) == 0.0
    assert s.schedule(bare)(2.0) != wrapped_bare(2.0)
    with pytest.raises(ValueError, match=r"step must be .*; got 'int'"):
        s.schedule(bare, step="int")
