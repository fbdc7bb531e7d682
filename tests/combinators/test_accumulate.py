"""`accumulate`: k micro-batches are one batch, and what is inside runs once for all of them."""

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

PARAMS = {"w": jnp.array([[1.0, -2.0], [0.5, 3.0]]), "b": jnp.array(0.25)}
INNER = gl.chain(gl.clip_by_global_norm(1.5), gl.sgd(gl.schedules.linear(0.1, 0.01, 5), momentum=0.9))


def draw(count: int, seed: int = 0) -> Any:
    """Return the gradients of `count` micro-batches, along the first axis of every leaf."""
    random = np.random.default_rng(seed)
    return jax.tree.map(lambda p: jnp.asarray(random.normal(size=(count, *p.shape))), PARAMS)


def run_uncompiled(tx: Any, gradients: Any, extra: Any) -> Any:
    """Return the parameters after each micro-batch, and the last state."""
    extended = optax.with_extra_args_support(tx)

    def step(carry: Any, inputs: Any) -> Any:
        params, state = carry
        gradient, signals = inputs
        updates, state = extended.update(gradient, state, params, **signals)
        params = optax.apply_updates(params, updates)
        return (params, state), params

    (_, state), path = jax.lax.scan(step, (PARAMS, tx.init(PARAMS)), (gradients, extra))
    return path, state


run = jit_fast(run_uncompiled)


def average(gradients: Any, k: int, weights: Any = None) -> Any:
    """Return the means of k micro-batches each, computed with NumPy."""

    def one(leaf: Any) -> Any:
        groups = np.asarray(leaf).reshape(-1, k, *leaf.shape[1:])
        w = np.ones(groups.shape[:2]) if weights is None else np.asarray(weights).reshape(-1, k)
        return jnp.asarray([np.average(group, axis=0, weights=own) for group, own in zip(groups, w, strict=True)])

    return jax.tree.map(one, gradients)


def assert_close(got: Any, expected: Any, rtol: float = 1e-12) -> None:
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-14), got, expected)


@pytest.mark.parametrize("k", [1, 3, 4])
def test_k_micro_batches_are_one_batch(k: int) -> None:
    gradients = draw(12)
    path, state = run(gl.accumulate(INNER, k), gradients, {})
    whole, whole_state = run(INNER, average(gradients, k), {})
    assert_close(jax.tree.map(lambda leaf: leaf[k - 1 :: k], path), whole)
    assert_close(state.inner, whole_state)  # its schedule has counted the steps
    assert int(state.micro_batches) == 0
    moves = np.diff(np.asarray(path["b"]), prepend=0.25) != 0
    np.testing.assert_array_equal(moves, np.arange(1, 13) % k == 0)


def test_the_equality_is_exact_where_sums_are() -> None:
    gradients = jax.tree.map(lambda leaf: jnp.round(leaf * 64) / 64, draw(8))
    path, _ = run(gl.accumulate(INNER, 4), gradients, {})
    whole, _ = run(INNER, average(gradients, 4), {})
    jax.tree.map(lambda a, b: np.testing.assert_array_equal(a[3::4], b), path, whole)


def test_unequal_micro_batches_are_weighted() -> None:
    weights = jnp.array([3.0, 1.0, 4.0, 2.0, 2.0, 7.0])
    gradients = draw(6)
    path, _ = run(gl.accumulate(INNER, 3), gradients, {"weight": weights})
    whole, _ = run(INNER, average(gradients, 3, weights), {})
    assert_close(jax.tree.map(lambda leaf: leaf[2::3], path), whole)


def test_a_micro_batch_of_weight_zero_adds_nothing_not_even_a_nan() -> None:
    weights = jnp.array([3, 0, 4])  # whole numbers are weights, too
    gradients = jax.tree.map(lambda leaf: leaf.at[1].set(jnp.nan), draw(3))
    path, _ = run(gl.accumulate(INNER, 3), gradients, {"weight": weights, "value": jnp.array([1.0, jnp.nan, 2.0])})
    kept = jax.tree.map(lambda leaf: leaf[::2], gradients)
    whole, _ = run(INNER, average(kept, 2, [3, 4]), {})
    assert_close(jax.tree.map(lambda leaf: leaf[-1], path), jax.tree.map(lambda leaf: leaf[-1], whole))
    empty, _ = run(gl.accumulate(gl.sgd(0.1), 3), gradients, {"weight": jnp.zeros(3)})
    np.testing.assert_array_equal(empty["w"][-1], PARAMS["w"])


@pytest.mark.slow
def test_it_is_optaxs_multisteps_in_double_precision() -> None:
    gradients = draw(9)
    path, _ = run(gl.accumulate(INNER, 3), gradients, {})
    with jax.numpy_dtype_promotion("standard"):
        theirs = optax.MultiSteps(INNER, 3, accumulator_dtype=jnp.float64).gradient_transformation()
        state, params = theirs.init(PARAMS), PARAMS
        update = jit_fast(theirs.update)
        for i in range(9):
            updates, state = update(jax.tree.map(lambda leaf, i=i: leaf[i], gradients), state, params)
            params = optax.apply_updates(params, updates)
            assert_close(jax.tree.map(lambda leaf, i=i: leaf[i], path), params)


def test_the_mean_of_bfloat16_gradients_is_not_rounded_as_in_multisteps() -> None:
    params, parts = jnp.ones(1, jnp.bfloat16), jnp.array([[1.0], [1.0], [1.0078125]], jnp.bfloat16)
    seen: dict[str, Any] = {}

    def spy(name: str) -> Any:
        def update(updates: Any, state: Any, params: Any = None) -> Any:
            return updates, updates

        return optax.GradientTransformation(lambda p: jnp.zeros_like(p), update)

    with jax.numpy_dtype_promotion("standard"):
        wrapped = {
            "ours": gl.accumulate(spy("ours"), 3),
            "optax": optax.MultiSteps(gl.chain(spy("optax")), 3).gradient_transformation(),
        }
        for name, tx in wrapped.items():
            state: Any = tx.init(params)
            for part in parts:
                _, state = tx.update(part, state, params)
            seen[name] = np.asarray(jax.tree.leaves(state.inner if name == "ours" else state.inner_opt_state)[0], float)
    np.testing.assert_allclose(seen["ours"], 1 + 0.0078125 / 3, rtol=1e-7)
    assert seen["optax"] == 1.0  # a third of the last digit is lost


def test_a_nan_between_steps_does_not_leak() -> None:
    gradients = jax.tree.map(lambda leaf: leaf.at[1].set(jnp.nan), draw(6))
    path, _ = run(gl.accumulate(gl.skip_nonfinite(INNER), 3), gradients, {})
    assert bool(jnp.all(path["w"][:3] == PARAMS["w"]))  # the first batch is dropped whole
    second = jax.tree.map(lambda leaf: leaf[3:], gradients)
    whole, _ = run(INNER, average(second, 3), {})
    assert_close(jax.tree.map(lambda leaf: leaf[-1], path), jax.tree.map(lambda leaf: leaf[-1], whole))


def test_the_inner_transformation_runs_at_the_last_micro_batch_only() -> None:
    calls: list[int] = []

    @gl.transformation
    def counted():
        def update(updates, state):
            jax.debug.callback(lambda: calls.append(1))
            return updates, state

        return lambda params: (), update

    run(gl.accumulate(counted(), 4), draw(8), {})
    jax.effects_barrier()
    assert len(calls) == 2


def test_the_loss_is_averaged_and_other_arguments_are_those_of_the_last() -> None:
    seen = []

    @gl.transformation
    def spy():
        def update(updates, state, *, value, temperature, weight=None):
            seen.append((value, temperature, weight))
            return updates, state

        return lambda params: (), update

    tx = gl.accumulate(spy(), 2)
    state = tx.init(PARAMS)
    for i in range(4):
        gradient = jax.tree.map(lambda leaf, i=i: leaf[i], draw(4))
        weight = {} if i < 2 else {"weight": float(i)}
        _, state = tx.update(gradient, state, value=jnp.float32(i + 1), temperature=i, **weight)
    (first, _, none), (second, temperature, weight) = seen
    assert (float(first), none) == (1.5, None)
    np.testing.assert_allclose(second, (2 * 3 + 3 * 4) / 5)
    assert (temperature, float(weight)) == (3, 5)


def test_the_number_of_micro_batches_is_data() -> None:
    gradients, traces = draw(4), []

    def last(tx: Any) -> Any:
        traces.append(tx)
        return run_uncompiled(tx, gradients, {})[0]["b"]

    two, four = gl.accumulate(gl.sgd(0.1), 2), gl.accumulate(gl.sgd(0.1), 4)
    one = jit_fast(last)
    alone = jnp.stack([one(two), one(four)])
    assert len(traces) == 1
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), two, four)
    np.testing.assert_allclose(jit_fast(jax.vmap(last))(stack), alone, rtol=1e-14)


def test_a_schedule_can_make_the_batches_grow() -> None:
    every = gl.schedules.piecewise(1.0, (2,), (3.0,))
    path, _ = run(gl.accumulate(gl.sgd(0.1), every), draw(8), {})
    moves = np.any(np.diff(np.asarray(path["w"]), axis=0, prepend=np.asarray(PARAMS["w"])[None]) != 0, axis=(1, 2))
    assert moves.tolist() == [True, True, False, False, True, False, False, True]


def test_one_buffer_more_than_the_inner_state() -> None:
    state = gl.accumulate(gl.adam(0.1), 4).init(PARAMS)
    inner = gl.adam(0.1).init(PARAMS)
    extra = sum(leaf.size for leaf in jax.tree.leaves(state)) - sum(leaf.size for leaf in jax.tree.leaves(inner))
    assert extra == sum(leaf.size for leaf in jax.tree.leaves(PARAMS)) + 3
    assert gl.metrics(state) == {"accumulate/micro_batches": 0}


def test_it_is_a_value() -> None:
    tx = gl.accumulate(gl.adam(1e-3), every=4)
    assert tx == pickle.loads(pickle.dumps(tx)) == eval(repr(tx), vars(public_names))
    assert tx != gl.accumulate(gl.adam(1e-3), every=5)
    assert tx.splits_gradient
    assert not gl.accumulate(gl.scale(0.1)).splits_gradient


@pytest.mark.parametrize(
    "params",
    [{}, {"a": None, "b": jnp.ones(2)}, (jnp.ones((), jnp.complex128), [jnp.ones(2, jnp.bfloat16)]), jnp.ones((0, 2))],
    ids=["empty", "None", "complex and bfloat16", "no elements"],
)
def test_any_tree(params: Any) -> None:
    tx = gl.accumulate(gl.sgd(0.5), 2)
    state = jax.eval_shape(tx.init, params)
    assert jax.eval_shape(tx.update, params, state, params)[1] == state
    first, held = tx.update(params, tx.init(params), params)
    second, _ = tx.update(params, held, params)
    assert not any(jnp.any(leaf != 0) for leaf in jax.tree.leaves(first))
    jax.tree.map(
        lambda u, p: np.testing.assert_allclose(np.asarray(u, complex), -0.5 * np.asarray(p, complex)), second, params
    )


# What is refused.


def test_a_split_direction_is_refused_if_the_gradient_is_read() -> None:
    tx = gl.chain(gl.scale_by_momentum(), gl.accumulate(gl.scale_by_rms(), 2))
    with pytest.raises(ValueError, match=r"put the whole chain inside: accumulate\(chain\(...\)\)"):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)
    fine = gl.chain(gl.scale_by_momentum(), gl.accumulate(gl.scale_by_learning_rate(0.1), 2))
    fine.update(PARAMS, fine.init(PARAMS), PARAMS)


def test_behind_a_clip_the_clipped_gradients_are_collected() -> None:
    gradients = draw(2)
    path, _ = run(gl.chain(gl.clip_by_value(0.1), gl.accumulate(gl.adam(0.1), 2)), gradients, {})
    clipped = jax.tree.map(lambda leaf: jnp.clip(leaf, -0.1, 0.1), gradients)
    whole, _ = run(gl.adam(0.1), average(clipped, 2), {})
    assert_close(jax.tree.map(lambda leaf: leaf[-1], path), jax.tree.map(lambda leaf: leaf[-1], whole))


@pytest.mark.parametrize("name", ["grad", "value_fn", "gradient_fn"])
def test_what_belongs_to_one_micro_batch_is_refused(name: str) -> None:
    def asking():
        def update(updates, state, **extra):
            return updates, state

        def naming(updates, state, *, grad=None, value_fn=None, gradient_fn=None):
            return updates, state

        return lambda params: (), naming if name else update

    asking.__name__ = "asking"
    with pytest.raises(ValueError, match=rf"accumulate: asking reads .*{name}.*gl\.make_step\(loss, micro_batches=4\)"):
        gl.accumulate(gl.transformation(asking)(), 2)


@pytest.mark.parametrize("every", [0, 0.5, -1, float("nan")])
def test_fewer_than_one_micro_batch_is_refused(every: float) -> None:
    with pytest.raises(ValueError, match=r"accumulate: every must be in \[1, inf\), got .*; pass a number of micro-"):
        gl.accumulate(gl.sgd(0.1), every)


def test_a_fraction_of_a_micro_batch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"every must be a whole number of micro-batches, got 2\.5"):
        gl.accumulate(gl.sgd(0.1), 2.5)


def test_a_state_of_changing_structure_is_refused() -> None:
    with jax.numpy_dtype_promotion("standard"):
        tx = gl.accumulate(gl.chain(optax.monitor({"norm": optax.tree.norm}), gl.sgd(0.1)), 1)
        with pytest.raises(ValueError, match="must keep the structure and the shapes"):
            tx.update(PARAMS, tx.init(PARAMS), PARAMS)
