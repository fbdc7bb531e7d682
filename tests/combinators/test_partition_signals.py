"""Both signals of a chain, the parameters and the extra arguments are divided alike."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

A, B = gl.path("a"), gl.path("b")


@pytest.fixture
def gradients(rng: np.random.Generator) -> Any:
    return {name: rng.standard_normal((6, 4)) * np.array([1.0, 1e-3, 10.0, 0.1]) for name in "ab"}


PASSES = gl.chain()
MOMENTUM, RMS, CLIP = gl.scale_by_momentum(0.9), gl.scale_by_rms(0.99), gl.clip_by_value(0.5)


@pytest.mark.parametrize(
    ("whole", "of_a", "of_b"),
    [
        ([MOMENTUM, gl.only(A, RMS)], [MOMENTUM, RMS], [MOMENTUM]),
        ([MOMENTUM, gl.partition((A, RMS), default=gl.chain(CLIP, RMS))], [MOMENTUM, RMS], [MOMENTUM, CLIP, RMS]),
        (
            [CLIP, gl.partition((A, MOMENTUM), (B, gl.chain(MOMENTUM, RMS))), RMS],
            [CLIP, MOMENTUM, RMS],
            [CLIP, MOMENTUM, RMS, RMS],
        ),
        # One group splits the gradient from the direction, and the other does not.
        ([gl.partition((A, MOMENTUM), (B, CLIP)), RMS], [MOMENTUM, RMS], [CLIP, RMS]),
        ([gl.only(A, MOMENTUM), CLIP, RMS], [MOMENTUM, CLIP, RMS], [CLIP, RMS]),
        ([gl.only(A, MOMENTUM), CLIP, MOMENTUM, RMS], [MOMENTUM, CLIP, MOMENTUM, RMS], [CLIP, MOMENTUM, RMS]),
        ([gl.only(A, MOMENTUM), gl.partition((B, gl.chain(CLIP, RMS)), default=RMS)], [MOMENTUM, RMS], [CLIP, RMS]),
        ([gl.only(A, gl.only(A, MOMENTUM)), gl.only(B, gl.chain(PASSES, CLIP)), RMS], [MOMENTUM, RMS], [CLIP, RMS]),
        ([gl.store(gl.only(A, MOMENTUM), "float64"), CLIP, RMS], [MOMENTUM, CLIP, RMS], [CLIP, RMS]),
        (
            [gl.add(gl.only(A, MOMENTUM), gl.chain(CLIP)), CLIP, RMS],
            [gl.add(MOMENTUM, CLIP), CLIP, RMS],
            [gl.add(PASSES, CLIP), CLIP, RMS],
        ),
        ([gl.isolate(gl.only(A, MOMENTUM)), gl.only(A, RMS)], [MOMENTUM, RMS], []),
    ],
)
def test_each_leaf_goes_through_the_chain_of_its_own_links(
    whole: Any, of_a: Any, of_b: Any, gradients: Any, rollout: Any
) -> None:
    got = rollout(gl.chain(*whole), gradients)
    np.testing.assert_allclose(got["a"], rollout(gl.chain(*of_a), {"a": gradients["a"]})["a"], rtol=1e-14)
    np.testing.assert_allclose(got["b"], rollout(gl.chain(*of_b), {"b": gradients["b"]})["b"], rtol=1e-14)


def test_inside_each_the_layers_decide_what_is_split(gradients: Any, rollout: Any) -> None:
    """A stack of vectors is a matrix, but each layer of it is a vector."""
    stacked = {"a": np.stack([gradients["a"], gradients["b"]], axis=1)}
    for mapped, links in (
        (gl.only(gl.ndim(2), MOMENTUM), [CLIP, RMS]),
        (gl.only(gl.ndim(1), MOMENTUM), [MOMENTUM, CLIP, RMS]),
    ):
        got = rollout(gl.chain(gl.each(mapped), CLIP, RMS), stacked)
        expected = rollout(gl.chain(*links), stacked)
        np.testing.assert_allclose(got["a"], expected["a"], rtol=1e-14)


def see(seen: dict[str, Any]) -> Any:
    """A link that notes what it receives."""

    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        seen.update(extra, params=params, updates=updates)
        return updates, state

    return optax.GradientTransformationExtraArgs(lambda params: optax.EmptyState(), update)


def test_extra_arguments_are_divided() -> None:
    params = {"a": jnp.array(1.0), "b": jnp.array(2.0)}
    seen: dict[str, Any] = {}
    tx = gl.partition((A, see(seen)), default=gl.scale(1.0))

    def value_fn(params: Any) -> Any:
        return params["a"] ** 3 * params["b"]

    def mine() -> int:
        return 3

    functions = {"value_fn": value_fn, "gradient_fn": jax.grad(value_fn), "mine": mine}
    own = {"weights": {"a": 5.0, "b": 6.0}, "other": (1, 2)}
    tx.update(params, tx.init(params), params, value=jnp.array(7.0), grad=params, **functions, **own)
    for name in ("updates", "params", "grad"):
        assert seen[name] == {"a": jnp.array(1.0), "b": None}
    assert seen["weights"] == {"a": 5.0, "b": None}
    assert (seen["value"], seen["mine"], seen["other"]) == (7.0, mine, (1, 2))
    assert seen["value_fn"]({"a": jnp.array(3.0), "b": None}) == 54.0
    assert seen["gradient_fn"]({"a": jnp.array(3.0), "b": None}) == {"a": 54.0, "b": None}


def test_an_ascent_of_one_group_leaves_the_others_where_they_are() -> None:
    """Sharpness-aware minimization of one group, against its definition."""
    params = {"a": jnp.array([1.0, -2.0]), "b": jnp.array([0.5])}

    def loss(params: Any) -> Any:
        return (jnp.sum(params["a"] ** 4) * (1.0 + params["b"][0] ** 2)).sum()

    gradient = jax.grad(loss)(params)
    tx = gl.only(A, gl.gradient_at(gl.clip_by_global_norm(0.1)))
    updates, _ = tx.update(gradient, tx.init(params), params, gradient_fn=jax.grad(loss))
    uphill = params["a"] + 0.1 * gradient["a"] / jnp.linalg.norm(gradient["a"])
    np.testing.assert_allclose(updates["a"], jax.grad(loss)(params | {"a": uphill})["a"], rtol=1e-12)
    np.testing.assert_array_equal(updates["b"], gradient["b"])


def test_a_tree_that_is_one_leaf() -> None:
    x = jnp.array([1.0, 2.0])
    tx = gl.partition((gl.ndim(2), gl.adamw(0.1)), default=gl.add_decayed_weights(0.5))
    updates, state = tx.update(x, tx.init(x), x, value=jnp.array(1.0), grad=x)
    np.testing.assert_array_equal(updates, 1.5 * x)
    with pytest.raises(ValueError, match="needs the parameters"):
        tx.update(x, state)


def test_dtypes_are_those_of_the_parameters_not_of_gradients_or_of_the_computation() -> None:
    params = {"a": jnp.ones(2, "bfloat16"), "b": jnp.ones(2, "float32")}
    gradient = jax.tree.map(lambda x: jnp.ones(2, "float32"), params)
    tx = gl.chain(gl.scale(1.0), gl.partition((gl.dtype("bfloat16"), gl.scale_by_momentum(0.5)), default=gl.scale(3.0)))
    state = tx.init(params)
    assert state[1].groups[0].moment["b"] is None
    updates, state = jax.jit(tx.update)(gradient, state, params)
    assert {name: float(update[0]) for name, update in updates.items()} == {"a": 0.5, "b": 3.0}
    with pytest.raises(ValueError, match=r"such as the selector dtype\(...\), needs the parameters: call update\("):
        tx.update(gradient, state)
    np.testing.assert_array_equal(tx.update(gradient, state, params)[0]["b"], 3.0)  # the failure left nothing behind
