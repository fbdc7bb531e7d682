"""The mean in one bit, with error feedback at both ends."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

from .workers import AXIS, mean_in_one_bit, run_workers


@pytest.mark.parametrize(("workers", "shape"), [(8, (5, 3)), (3, (50,)), (2, ()), (1, (4,))])
def test_the_results_are_those_of_the_publication(workers: int, shape: Any, rng: np.random.Generator) -> None:
    steps = rng.standard_normal((4, workers, *shape)) * (rng.random((4, workers, *shape)) < 0.8)
    updates, _ = run_workers(gl.one_bit_mean(AXIS), {"w": steps, "empty": np.zeros((4, workers, 0))})
    expected = mean_in_one_bit(steps)
    for worker in range(workers):
        np.testing.assert_allclose(updates["w"][:, worker], expected, rtol=1e-12, atol=1e-14)


def test_one_worker_computes_ef_sign_sgd(rng: np.random.Generator) -> None:
    steps = rng.standard_normal((4, 1, 9))
    alone = mean_in_one_bit(steps)
    tx, error = gl.one_bit_mean(), np.zeros(9)
    state = tx.init(jnp.zeros(9))
    for direction, expected in zip(steps[:, 0], alone, strict=True):
        updates, state = tx.update(jnp.asarray(direction), state)
        q = direction + error
        error = q - np.abs(q).mean() * np.sign(q)
        np.testing.assert_allclose(updates, expected, rtol=1e-12)
        np.testing.assert_allclose(state.error, error, rtol=1e-12, atol=1e-14)


def test_an_optimizer_behind_it_moves_all_workers_alike(rng: np.random.Generator) -> None:
    steps = rng.standard_normal((3, 2, 5))
    tx = gl.adam(0.1)
    updates, _ = run_workers(gl.chain(gl.one_bit_mean(AXIS), tx), steps)
    expected = tx.init(jnp.zeros(5))
    for found, mean in zip(updates, mean_in_one_bit(steps), strict=True):
        update, expected = tx.update(jnp.asarray(mean), expected)
        np.testing.assert_allclose(found, [update, update], rtol=1e-12)


def test_what_was_applied_and_what_is_kept_add_up_to_the_means(rng: np.random.Generator) -> None:
    steps = rng.standard_normal((30, 4, 21)) + rng.standard_normal((4, 21))  # each worker has a gradient of its own
    updates, state = run_workers(gl.one_bit_mean(AXIS), steps)
    kept = state.error.mean(axis=0) + state.owner_error.ravel()[:21]
    np.testing.assert_allclose(updates[:, 0].sum(axis=0) + kept, steps.mean(axis=1).sum(axis=0), rtol=1e-11)
    assert np.all(state.owner_error.ravel()[21:] == 0)
    assert np.abs(state.error).max() < 30  # the errors do not grow with the number of steps


def test_both_parts_of_complex_numbers_are_sent(rng: np.random.Generator) -> None:
    z = rng.standard_normal((3, 2, 6)) + 1j * rng.standard_normal((3, 2, 6))
    parts = np.concatenate([z.real, z.imag], axis=-1)
    expected = mean_in_one_bit(parts)
    found = run_workers(gl.one_bit_mean(AXIS), z)[0][:, 1]
    np.testing.assert_allclose(np.concatenate([found.real, found.imag], axis=-1), expected, rtol=1e-12, atol=1e-14)


def test_on_two_devices_all_get_the_same(rng: np.random.Generator) -> None:
    mesh = jax.make_mesh((2,), (AXIS,), axis_types=(jax.sharding.AxisType.Auto,))
    tx = gl.chain(gl.scale_by_learning_rate(0.5), gl.per_worker(gl.one_bit_mean(AXIS)))
    steps = rng.standard_normal((2, 2, 20))
    specs = (jax.P(), jax.P(AXIS))
    axis = jax.P(AXIS)
    state = jax.jit(jax.shard_map(tx.init, mesh=mesh, in_specs=jax.P(), out_specs=specs))(jnp.zeros(20))
    assert state[1].error.shape == (2, 20)
    assert state[1].owner_error.shape == (2, 16)

    def update(direction: Any, state: Any) -> Any:
        return tx.update(direction[0], state)

    mapped = jax.jit(jax.shard_map(update, mesh=mesh, in_specs=(axis, specs), out_specs=(jax.P(), specs)))
    for direction, expected in zip(steps, mean_in_one_bit(-0.5 * steps), strict=True):
        updates, state = mapped(jnp.asarray(direction), state)
        np.testing.assert_allclose(updates, expected, rtol=1e-12)


def test_init_outside_of_the_workers_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"names 'data', but"):
        gl.one_bit_mean(AXIS).init(jnp.ones(3))
