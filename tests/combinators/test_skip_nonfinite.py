"""`skip_nonfinite`: steps without a finite gradient are left out, up to a limit."""

from __future__ import annotations

import pickle
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab import public_names
from gradlab.compilation.fast_compilation import jit_fast

PARAMS = {"w": jnp.array([1.0, -2.0]), "b": jnp.array(0.25)}
INNER = gl.sgd(gl.schedules.linear(0.1, 0.01, 5), momentum=0.9)


def draw(bad: str) -> Any:
    """Return one gradient for each character: "." is finite, "n" has a NaN and "i" an infinity in one element."""
    random = np.random.default_rng(0)
    gradients = {"w": random.normal(size=(len(bad), 2)), "b": random.normal(size=len(bad))}
    gradients["w"][[c == "n" for c in bad], 1] = np.nan
    gradients["b"][[c == "i" for c in bad]] = -np.inf
    return jax.tree.map(jnp.asarray, gradients)


@jit_fast
def run(tx: Any, gradients: Any) -> Any:
    """Return the parameters after each step, and the states."""

    def step(carry: Any, gradient: Any) -> Any:
        params, state = carry
        updates, state = tx.update(gradient, state, params)
        params = optax.apply_updates(params, updates)
        return (params, state), (params, state)

    return jax.lax.scan(step, (PARAMS, tx.init(PARAMS)), gradients)[1]


def test_a_bad_step_is_as_if_it_had_not_been() -> None:
    bad = "..n.i."
    gradients = draw(bad)
    path, states = run(gl.skip_nonfinite(INNER), gradients)
    kept = np.array([c == "." for c in bad])
    whole, whole_states = run(INNER, jax.tree.map(lambda leaf: leaf[kept], gradients))
    for got, expected in ((path, whole), (states.inner, whole_states)):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a[kept], b, rtol=1e-14), got, expected)
    np.testing.assert_array_equal(path["w"][2], path["w"][1])
    assert states.nonfinite_in_a_row.tolist() == [0, 0, 1, 0, 1, 0]
    assert states.skipped.tolist() == [0, 0, 1, 1, 2, 2]
    assert states.let_through.tolist() == [0] * 6


def test_beyond_the_limit_the_gradient_goes_through() -> None:
    path, states = run(gl.skip_nonfinite(gl.sgd(0.1), limit=2), draw(".nn.nnnn"))
    assert np.isnan(path["w"][:, 1]).tolist() == [False] * 6 + [True] * 2
    assert states.nonfinite_in_a_row.tolist() == [0, 1, 2, 0, 1, 2, 3, 4]
    assert states.skipped.tolist() == [0, 1, 2, 2, 3, 4, 4, 4]
    assert states.let_through.tolist() == [0, 0, 0, 0, 0, 0, 1, 2]
    last = gl.metrics(jax.tree.map(lambda leaf: leaf[-1], states))
    names = ("nonfinite_in_a_row", "skipped", "let_through")
    assert {name: int(value) for name, value in last.items()} == dict(
        zip((f"skip_nonfinite/{name}" for name in names), (4, 4, 2), strict=True)
    )


@pytest.mark.parametrize(("limit", "moves"), [(0, True), (float("inf"), False)])
def test_the_limit_may_be_nothing_or_infinite(limit: float, moves: bool) -> None:
    path, states = run(gl.skip_nonfinite(gl.sgd(0.1), limit=limit), draw("nnnnnnnn"))
    assert bool(np.isnan(path["w"][-1, 1])) == moves
    assert int(states.skipped[-1]) == (0 if moves else 8)


@pytest.mark.parametrize("limit", [0, 2])
def test_it_is_optaxs_apply_if_finite_in_double_precision(limit: int) -> None:
    gradients = draw("..n.nn.nnn.")
    path, states = run(gl.skip_nonfinite(INNER, limit), gradients)
    theirs, their_states = run(gl.transformation(optax.apply_if_finite)(INNER, limit), gradients)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), path, theirs)
    np.testing.assert_array_equal(states.nonfinite_in_a_row, their_states.notfinite_count)
    np.testing.assert_array_equal(states.skipped + states.let_through, their_states.total_notfinite)


def test_around_accumulation_another_micro_batch_takes_the_place() -> None:
    gradients = draw("..n..")
    path, states = run(gl.skip_nonfinite(gl.accumulate(INNER, 2)), gradients)
    kept = jax.tree.map(lambda leaf: leaf[jnp.array([0, 1, 3, 4])], gradients)
    whole, _ = run(INNER, jax.tree.map(lambda leaf: leaf.reshape(2, 2, *leaf.shape[1:]).mean(1), kept))
    np.testing.assert_allclose(path["w"][jnp.array([1, 4])], whole["w"], rtol=1e-14)
    assert states.inner.micro_batches.tolist() == [1, 0, 0, 1, 0]


def test_within_accumulation_the_whole_batch_is_dropped() -> None:
    gradients = draw("n.....")
    path, states = run(gl.accumulate(gl.skip_nonfinite(INNER), 2), gradients)
    later = jax.tree.map(lambda leaf: leaf[2:].reshape(2, 2, *leaf.shape[1:]).mean(1), gradients)
    whole, _ = run(INNER, later)
    np.testing.assert_array_equal(path["w"][1], PARAMS["w"])
    np.testing.assert_allclose(path["w"][3::2], whole["w"], rtol=1e-14)
    assert states.inner.skipped.tolist() == [0, 1, 1, 1, 1, 1]


def test_both_signals_are_examined_and_handed_on() -> None:
    clean = jnp.ones(2)
    tx = gl.skip_nonfinite(gl.scale_by_rms(0.5))
    state = tx.init(clean)
    _, skipped = tx.update(clean, state, grads=clean * jnp.nan)
    assert int(skipped.skipped) == 1
    got, _ = tx.update(clean, state, grads=4 * clean)
    expected, _ = gl.scale_by_rms(0.5).update(clean, state.inner, grads=4 * clean)
    np.testing.assert_array_equal(got, expected)
    adam = [gl.scale_by_momentum(0.9), gl.scale_by_rms(0.99), gl.scale(-0.1)]
    path, _ = run(gl.chain(adam[0], gl.skip_nonfinite(adam[1]), adam[2]), draw("..."))
    np.testing.assert_array_equal(path["w"], run(gl.chain(*adam), draw("..."))[0]["w"])


def test_all_devices_skip_together() -> None:
    def one(gradient: Any) -> Any:
        tx = gl.skip_nonfinite(gl.sgd(1.0), axis_name="data")
        return tx.update(gradient, tx.init(gradient))

    gradients = jnp.array([[1.0, 2.0], [3.0, jnp.nan]])
    updates, state = jax.vmap(one, axis_name="data")(gradients)
    np.testing.assert_array_equal(updates, 0)
    assert state.skipped.tolist() == [1, 1]
    np.testing.assert_array_equal(jax.vmap(one, axis_name="data")(gradients[:1])[0], -gradients[:1])
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    spread = jax.shard_map(lambda g: one(g)[0], mesh=mesh, in_specs=jax.P("data"), out_specs=jax.P("data"))
    np.testing.assert_array_equal(jax.jit(spread)(gradients), 0)


def test_nothing_is_computed_at_a_skipped_step() -> None:
    calls: list[int] = []

    @gl.transformation
    def counted():
        def update(updates, state):
            jax.debug.callback(lambda: calls.append(1))
            return updates, state

        return lambda params: (), update

    run(gl.skip_nonfinite(counted()), draw(".n.i"))
    jax.effects_barrier()
    assert len(calls) == 2


def test_it_is_a_value() -> None:
    tx = gl.skip_nonfinite(gl.adam(1e-3), limit=5)
    assert tx == pickle.loads(pickle.dumps(tx)) == eval(repr(tx), vars(public_names))
    assert tx != gl.skip_nonfinite(gl.adam(1e-3), limit=6)
    stack = jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *(gl.skip_nonfinite(gl.sgd(0.1), limit) for limit in (0, 9))
    )
    path, _ = jax.vmap(run, in_axes=(0, None))(stack, draw("n"))
    assert np.isnan(path["w"][:, 0, 1]).tolist() == [True, False]


@pytest.mark.parametrize("params", [{}, {"a": None, "b": jnp.ones(2)}, (jnp.ones((), jnp.complex128),)], ids=str)
def test_any_tree(params: Any) -> None:
    tx = gl.skip_nonfinite(gl.sgd(0.5))
    bad = jax.tree.map(lambda leaf: leaf * jnp.inf, params)
    updates, state = tx.update(bad, tx.init(params), params)
    assert not any(jnp.any(leaf != 0) for leaf in jax.tree.leaves(updates))
    assert int(state.skipped) == bool(jax.tree.leaves(params))


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"skip_nonfinite: limit must be in \[0, inf\], got -1; pass a number that is"):
        gl.skip_nonfinite(gl.sgd(0.1), -1)


def test_a_gradient_that_is_not_finite_at_a_point_of_the_inner_transformation_is_skipped() -> None:
    tx = gl.skip_nonfinite(gl.sam(gl.sgd(0.1, momentum=0.9)), limit=1)
    gradient, state = draw("."), tx.init(PARAMS)
    gradient = jax.tree.map(lambda g: g[0], gradient)
    before = state.inner
    for factor, moves, counts in ((jnp.nan, False, (1, 1, 0)), (1.0, True, (0, 1, 0)), (jnp.inf, False, (1, 2, 0))):
        point = lambda params, factor=factor: jax.tree.map(lambda g: factor * g, gradient)  # noqa: E731
        updates, state = tx.update(gradient, state, PARAMS, gradient_fn=point)
        assert tuple(map(int, state[:3])) == counts
        assert (jnp.abs(updates["w"]).max() > 0) == moves
        assert all(map(jnp.array_equal, jax.tree.leaves(state.inner), jax.tree.leaves(before))) != moves
        before = state.inner
    updates, state = tx.update(gradient, state, PARAMS, gradient_fn=point)  # beyond the limit
    assert int(state.let_through) == 1
    assert not jnp.isfinite(updates["w"]).all()
