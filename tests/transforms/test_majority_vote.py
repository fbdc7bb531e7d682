"""Majority vote: the sign that most workers vote for, exchanged in bits."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.bench.inspection.collectives import find_collectives

from .workers import AXIS, count_votes, run_workers

MESH = jax.make_mesh((2,), (AXIS,), axis_types=(jax.sharding.AxisType.Auto,))
SHAPES = {"kernel": (5, 3), "bias": (9,), "scalar": (), "empty": (0, 2)}


def directions(workers: int, rng: np.random.Generator) -> Any:
    """Return directions [worker, ...], among which zeros and ties are frequent."""
    return {name: rng.integers(-1, 2, (workers, *shape)).astype(float) for name, shape in SHAPES.items()}


@pytest.mark.parametrize("workers", [1, 3, 8])
@pytest.mark.parametrize("zeros", ["alternate", "plus", "abstain"])
def test_the_result_is_that_of_the_votes(workers: int, zeros: str, rng: np.random.Generator) -> None:
    votes = directions(workers, rng)
    for ties in ("zero", "plus"):
        tx = gl.majority_vote(AXIS, zeros=zeros, ties=ties)
        updates, _ = run_workers(tx, jax.tree.map(lambda d: d[None], votes))
        for name, found in updates.items():
            expected = count_votes(votes[name], zeros, ties)
            for worker in range(workers):
                np.testing.assert_array_equal(found[0, worker], expected, err_msg=name)


def test_zeros_and_nan_are_sent_as_documented() -> None:
    votes = np.array([[0.0, np.nan, 1.0, 0.0], [0.0, np.nan, np.nan, -1.0]])[None]
    found = {zeros: run_workers(gl.majority_vote(AXIS, zeros=zeros), votes)[0][0, 0].tolist() for zeros in ZEROS}
    assert found == {"alternate": [0, 0, 0, 0], "plus": [1, 1, 1, 0], "abstain": [0, 0, 1, -1]}


ZEROS = ("alternate", "plus", "abstain")


def test_both_parts_of_complex_numbers_vote() -> None:
    votes = np.array([[1 + 1j, 2 - 1j], [3 - 2j, -1 - 1j], [-1 + 1j, -2 - 3j]])[None]
    np.testing.assert_array_equal(run_workers(gl.majority_vote(AXIS), votes)[0][0, 0], [1 + 1j, -1 - 1j])
    alone, z = gl.majority_vote(), jnp.asarray([3 - 2j])
    np.testing.assert_array_equal(alone.update(z, alone.init(z))[0], [1 - 1j])


def test_half_precision_keeps_its_dtype() -> None:
    votes = jnp.asarray([[[1.0, -2.0], [3.0, -4.0]]], jnp.bfloat16)
    found, _ = run_workers(gl.majority_vote(AXIS), votes)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_array_equal(found[0], [[1, -1]] * 2)


def train(params: Any, state: Any, batch: Any) -> Any:
    local = jax.lax.pcast(params, AXIS, to="varying")
    gradient = jax.grad(lambda p: jnp.mean((batch @ p) ** 2))(local)
    updates, state = TX.update(gradient, state, params)
    return gl.apply_updates(params, updates), state


TX = gl.chain(
    gl.per_worker(gl.chain(gl.scale_by_momentum(0.5), gl.majority_vote(AXIS))),
    gl.scale_by_learning_rate(gl.schedules.linear(0.1, 0.0, 10)),
)
SPECS = (jax.P(AXIS), jax.P())


def test_a_training_step_on_two_devices(rng: np.random.Generator) -> None:
    params, batch = jnp.asarray(rng.standard_normal((40, 7))), jnp.asarray(rng.standard_normal((6, 40)))
    mapped = jax.shard_map(train, mesh=MESH, in_specs=(jax.P(), SPECS, jax.P(AXIS)), out_specs=(jax.P(), SPECS))
    state = jax.jit(jax.shard_map(TX.init, mesh=MESH, in_specs=jax.P(), out_specs=SPECS))(params)
    step = jax.jit(mapped).lower(params, state, batch).compile()
    # 280 elements are two slices of 144, or 18 bytes. Each sends one of signs, and one of results in two bits.
    assert [(found.kind, found.sent) for found in find_collectives(step)] == [("all-to-all", 18), ("all-gather", 36)]
    moments, expected = np.zeros((2, 40, 7)), np.asarray(params)
    for rate in (0.1, 0.09):
        params, state = step(params, state, batch)
        slopes = [2 * part.T @ (part @ expected) / (3 * 7) for part in np.split(np.asarray(batch), 2)]
        moments = 0.5 * moments + 0.5 * np.stack(slopes)
        expected = expected - rate * count_votes(moments)
        np.testing.assert_allclose(params, expected, rtol=1e-12)
        np.testing.assert_allclose(state[0][0].moment, moments, rtol=1e-12)


def vote_on_devices(tx: Any, average: bool = False) -> None:
    def vote(d: Any, state: Any) -> Any:
        return tx.update(jax.lax.psum(d, AXIS) if average else d, state)[0]

    specs = jax.tree.map(lambda _: jax.P(AXIS), state := tx.init(jnp.ones(2)))
    jax.jit(jax.shard_map(vote, mesh=MESH, in_specs=(jax.P(AXIS), specs), out_specs=jax.P())).lower(jnp.ones(2), state)


@pytest.mark.parametrize("links", [(), (gl.scale_by_momentum(),)])
def test_gradients_that_were_averaged_are_refused(links: Any) -> None:
    with pytest.raises(ValueError, match=r"already the same on all devices along 'data', .* jax.lax.pcast\(params"):
        vote_on_devices(gl.chain(*links, gl.majority_vote(AXIS)), average=True)


def test_a_gradient_read_behind_the_vote_is_noticed() -> None:
    with pytest.raises(ValueError, match="replicated across mesh axis 'data'"):
        vote_on_devices(gl.chain(gl.scale_by_momentum(), gl.majority_vote(AXIS), gl.scale_by_rms()))


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match=r"zeros must be one of 'alternate', 'plus', 'abstain'; got 'none'"):
        gl.majority_vote(AXIS, zeros="none")
    with pytest.raises(ValueError, match=r"ties must be one of 'zero', 'plus'; got 'minus'"):
        gl.majority_vote(AXIS, ties="minus")
    with pytest.raises(ValueError, match="names 'data', but update was called outside"):
        gl.majority_vote(AXIS).update(jnp.ones(2), gl.majority_vote(AXIS).init(jnp.ones(2)))
