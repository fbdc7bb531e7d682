"""Clipping: bounds on elements, on the norm of a leaf, on the norm of the whole tree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.transforms.norms import LARGEST_JOINED, MOST_JOINED


def clipped(tx: Any, tree: Any) -> Any:
    return tx.update(tree, tx.init(tree))[0]


def norm_of(tree: Any) -> float:
    return float(np.sqrt(sum(np.sum(np.abs(np.asarray(leaf, complex)) ** 2) for leaf in jax.tree.leaves(tree))))


# Elements.


@pytest.mark.parametrize("limit", [0.5, 0.0, 10.0, np.inf])
def test_clip_by_value(limit: float, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(rollout(gl.clip_by_value(limit), gradients), np.clip(gradients, -limit, limit))


@pytest.mark.parametrize(("lower", "upper"), [(-0.5, 1.0), (0.2, 0.3), (-1.0, -0.5), (0.0, 0.0)])
def test_clip_between(lower: float, upper: float, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((3, 4))
    np.testing.assert_array_equal(rollout(gl.clip_between(lower, upper), gradients), np.clip(gradients, lower, upper))


def test_where_bounds_cross_the_upper_one_holds(rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(gl.clip_between(2.0, 1.0), np.array([[0.0, 1.5, 3.0]])), [[1.0, 1.0, 1.0]])


def test_elements_are_clipped_by_parts() -> None:
    z = jnp.array([3 + 0.5j, -2j, 0.1 - 9j])
    np.testing.assert_array_equal(clipped(gl.clip_by_value(1.0), z), [1 + 0.5j, -1j, 0.1 - 1j])
    np.testing.assert_array_equal(clipped(gl.clip_between(0.0, 1.0), z), [1 + 0.5j, 0j, 0.1 + 0j])


@pytest.mark.parametrize("tx", [gl.clip_by_value(1.0), gl.clip_between(-1.0, 1.0)])
def test_infinities_are_clipped_and_nan_stays_in_its_element(tx: Any) -> None:
    got = clipped(tx, jnp.array([np.inf, -np.inf, np.nan, 0.5]))
    np.testing.assert_array_equal(got, [1.0, -1.0, np.nan, 0.5])


def test_bounds_may_be_scheduled(rollout: Callable[..., Any]) -> None:
    falling = gl.schedules.linear(1.0, 0.0, 4)
    got = rollout(gl.clip_between(-falling, falling), np.array([[2.0, -2.0]] * 3))
    np.testing.assert_allclose(got, [[1.0, -1.0], [0.75, -0.75], [0.5, -0.5]])


# Norms.


@pytest.mark.parametrize("limit", [0.5, 5.0, 1e3])
def test_clip_by_global_norm(limit: float, rng: np.random.Generator) -> None:
    tree = {"a": jnp.asarray(rng.standard_normal((3, 4))), "b": (jnp.asarray(rng.standard_normal(5)), None)}
    factor = min(1.0, limit / norm_of(tree))
    got = clipped(gl.clip_by_global_norm(limit), tree)
    jax.tree.map(lambda g, d: np.testing.assert_allclose(g, factor * d, rtol=1e-14), got, tree)
    assert norm_of(got) <= limit * (1 + 1e-14)


@pytest.mark.parametrize("limit", [0.5, 2.0, 1e3])
def test_clip_by_norm_looks_at_each_leaf(limit: float, rng: np.random.Generator) -> None:
    tree = {"a": jnp.asarray(rng.standard_normal((3, 4))), "b": jnp.asarray(10 * rng.standard_normal(5))}
    got = clipped(gl.clip_by_norm(limit), tree)
    for name, leaf in tree.items():
        np.testing.assert_allclose(got[name], leaf * min(1.0, limit / norm_of(leaf)), rtol=1e-14)


def test_they_are_optaxs_where_those_are_defined(rng: np.random.Generator) -> None:
    tree = {"a": jnp.asarray(rng.standard_normal((3, 4))), "b": jnp.asarray(10 * rng.standard_normal(5))}
    for ours, theirs in (
        (gl.clip_by_global_norm(1.0), optax.clip_by_global_norm(1.0)),
        (gl.clip_by_global_norm(1e3), optax.clip_by_global_norm(1e3)),
        (gl.clip_by_value(0.3), optax.clip(0.3)),
    ):
        with jax.numpy_dtype_promotion("standard"):
            expected, _ = theirs.update(tree, theirs.init(tree))
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-13), clipped(ours, tree), expected)


NORMS = [pytest.param(gl.clip_by_norm, id="clip_by_norm"), pytest.param(gl.clip_by_global_norm, id="global")]
each_norm = pytest.mark.parametrize("clip", NORMS)


@each_norm
def test_a_norm_at_the_limit_passes_unchanged(clip: Callable[..., Any]) -> None:
    gradient = jnp.array([3.0, 4.0])
    np.testing.assert_array_equal(clipped(clip(5.0), gradient), gradient)
    np.testing.assert_array_equal(clipped(clip(np.inf), gradient), gradient)
    np.testing.assert_array_equal(clipped(clip(1e9), 1e-9 * gradient), 1e-9 * gradient)


@each_norm
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64"])
def test_a_limit_of_zero_gives_zero(clip: Callable[..., Any], dtype: str) -> None:
    for gradient in (jnp.array([3.0, 4.0], dtype), jnp.zeros(2, dtype)):
        got = clipped(clip(0.0), gradient)
        assert got.dtype == dtype
        np.testing.assert_array_equal(got, 0)


@each_norm
def test_a_zero_gradient_stays_zero(clip: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(clipped(clip(1.0), jnp.zeros(2)), [0.0, 0.0])


@each_norm
@pytest.mark.parametrize("size", [1e25, 1e30, 1e-25, 1e-30])
def test_a_norm_whose_squares_float32_cannot_hold(clip: Callable[..., Any], size: float) -> None:
    gradient = jnp.array([3 * size, -4 * size], "float32")
    np.testing.assert_allclose(clipped(clip(size), gradient), [0.6 * size, -0.8 * size], rtol=1e-6)
    np.testing.assert_array_equal(clipped(clip(6 * size), gradient), gradient)


@each_norm
def test_the_largest_floats_are_clipped(clip: Callable[..., Any]) -> None:
    gradient = jnp.full(4, 3e38, "float32")  # their norm is beyond float32
    np.testing.assert_allclose(clipped(clip(1.0), gradient), 0.5, rtol=1e-6)


@each_norm
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_norm_of_narrow_leaves_is_taken_in_float32(clip: Callable[..., Any], dtype: str) -> None:
    gradient = jnp.full(400, 300.0, dtype)  # the sum of squares overflows float16
    got = clipped(clip(20.0), gradient)
    assert got.dtype == dtype
    np.testing.assert_allclose(np.asarray(got, float), 1.0, rtol=1e-2)


@each_norm
def test_complex_norms(clip: Callable[..., Any]) -> None:
    np.testing.assert_allclose(clipped(clip(1.0), jnp.array([3j, 4.0])), [0.6j, 0.8])
    huge = clipped(clip(1.0), jnp.array([3e25j, 4e25], "complex64"))
    np.testing.assert_allclose(huge, [0.6j, 0.8], rtol=1e-6)


@each_norm
def test_an_infinity_lets_nothing_through_unclipped(clip: Callable[..., Any]) -> None:
    got = np.asarray(clipped(clip(1.0), jnp.array([np.inf, 300.0, -400.0])))
    assert not np.any(np.abs(got[1:]) > 1.0)
    with_nan = np.asarray(clipped(clip(1.0), jnp.array([np.nan, 300.0, -400.0])))
    assert not np.any(np.abs(with_nan[1:]) > 1.0)
    assert np.isnan(with_nan[0])


def test_clip_by_norm_keeps_a_nan_in_its_leaf() -> None:
    got = clipped(gl.clip_by_norm(1.0), {"bad": jnp.array([np.nan, 1.0]), "good": jnp.array([3.0, 4.0])})
    np.testing.assert_allclose(got["good"], [0.6, 0.8])
    assert np.isnan(got["bad"][0])


@each_norm
def test_empty_trees_scalars_and_leaves_without_elements(clip: Callable[..., Any]) -> None:
    for tree in ({}, None, {"a": None}):
        assert clipped(clip(1.0), tree) == tree
    assert clipped(clip(1.0), jnp.asarray(-3.0)) == -1.0
    got = clipped(clip(1.0), {"a": jnp.zeros((0, 2)), "b": jnp.array([3.0, 4.0])})
    assert got["a"].shape == (0, 2)
    np.testing.assert_allclose(got["b"], [0.6, 0.8])


@pytest.mark.parametrize(("large", "small"), [(3.0, 4.0), (1e60, 1.0), (1e-60, 0.0), (1e-60, 1.0), (1.0, 1e-30)])
def test_a_tree_of_several_dtypes(large: float, small: float) -> None:
    tree = {"a": jnp.array([large]), "b": jnp.array([small], "float32")}
    got = clipped(gl.clip_by_global_norm(1e-70), tree)
    factor = 1e-70 / np.hypot(large, small)
    assert (got["a"].dtype, got["b"].dtype) == (jnp.float64, jnp.float32)
    np.testing.assert_allclose(got["a"], factor * large, rtol=1e-6)
    np.testing.assert_allclose(got["b"], np.float32(factor * small), rtol=1e-6)


@each_norm
def test_derivatives_are_those_of_the_formula(clip: Callable[..., Any]) -> None:
    def ours(g: jax.Array, limit: Any) -> jax.Array:
        return clipped(clip(limit), g) @ jnp.array([1.0, 2.0, 3.0])

    def formula(g: jax.Array, limit: Any) -> jax.Array:
        return limit * g / jnp.sqrt(g @ g) @ jnp.array([1.0, 2.0, 3.0])

    g = jnp.array([3.0, -4.0, 1.0])
    expected = jax.grad(formula, argnums=(0, 1))(g, 0.5)
    got = jax.grad(ours, argnums=(0, 1))(g, 0.5)
    np.testing.assert_allclose(got[0], expected[0], rtol=1e-12)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-12)
    np.testing.assert_array_equal(jax.grad(ours)(g, 100.0), [1.0, 2.0, 3.0])  # not clipped: the identity
    assert np.isfinite(jax.grad(ours)(jnp.zeros(3), 1.0)).all()


def test_a_chain_clips_what_came_before_it() -> None:
    tx = gl.chain(gl.scale(10.0), gl.clip_by_global_norm(1.0), gl.scale(2.0))
    np.testing.assert_allclose(clipped(tx, jnp.array([3.0, 4.0])), [1.2, 1.6])


# Trees of many leaves.


@pytest.mark.parametrize("scale", [1.0, 1e30, 1e-30])
@pytest.mark.parametrize("dtypes", [("float32",), ("float64", "float32", "complex64")], ids=["one", "mixed"])
def test_many_small_leaves_of_any_dtypes_and_shapes_are_clipped_together(
    dtypes: tuple[str, ...], scale: float, rng: np.random.Generator
) -> None:
    shapes = [(), (3,), (2, 3), (0,), (1, 1, 2), (LARGEST_JOINED,), (LARGEST_JOINED + 1,), (3, LARGEST_JOINED)]
    sizes = [*shapes, *[(5,)] * (2 * MOST_JOINED + 1)]
    tree = [jnp.asarray(rng.standard_normal(s) * scale, dtypes[i % len(dtypes)]) for i, s in enumerate(sizes)]
    norm = norm_of([np.asarray(leaf, complex) / scale for leaf in tree])
    got = jax.jit(clipped)(gl.clip_by_global_norm(scale * norm / 3), tree)
    for leaf, result in zip(tree, got, strict=True):
        np.testing.assert_allclose(np.asarray(result) / scale, np.asarray(leaf) / scale / 3, rtol=2e-6)
    same = jax.jit(clipped)(gl.clip_by_global_norm(scale * norm * 1.01), tree)
    jax.tree.map(np.testing.assert_array_equal, same, tree)


@pytest.mark.parametrize("place", [0, 2 * MOST_JOINED])
def test_one_nan_or_infinity_among_many_leaves_is_seen(place: int) -> None:
    tree = [jnp.ones(3, jnp.float32)] * (2 * MOST_JOINED + 1)
    nan, infinite = (jnp.array([1.0, number, 1.0], jnp.float32) for number in (np.nan, np.inf))
    got = jax.jit(clipped)(gl.clip_by_global_norm(1.0), [*tree[:place], nan, *tree[place + 1 :]])
    assert all(np.isnan(leaf).all() for leaf in got)
    got = jax.jit(clipped)(gl.clip_by_global_norm(1.0), [*tree[:place], infinite, *tree[place + 1 :]])
    assert all((np.asarray(leaf)[[0, 2]] == 0).all() for leaf in got)
