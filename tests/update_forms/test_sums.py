"""Sums in `in_few_passes`: each is computed with all that leads to it, in slices or by XLA's library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import bound_for_squaring, bounded_square, divide, square_root
from gradlab.update_forms import few_passes, sums
from gradlab.update_forms.few_passes import in_few_passes

HUGE = float(np.finfo(np.float64).max)
NUMBERS = jnp.asarray(np.random.default_rng(0).standard_normal((64, 6)))

BEFORE_A_SUM: dict[str, Callable[[Any, Any], Any]] = {
    "a bound": lambda x, y: bound_for_squaring(x) * y,
    "a bounded square": lambda x, y: bounded_square(x) + y,
    "a quotient": lambda x, y: divide(x, y),
    "a root": lambda x, y: square_root(x) * y,
    "a floor": lambda x, y: jnp.minimum(jnp.maximum(x, 0.5), 2.0) * y,
    "a product": lambda x, y: x * y,  # for XLA's library
}
SUMS: dict[str, Callable[..., Any]] = {"sum": jnp.sum, "max": jnp.max, "min": jnp.min}


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_passes, "LARGE", 2)


def find(program: Any, name: str) -> list[Any]:
    return [equation for equation in program.jaxpr.eqns if equation.primitive.name == name]


def find_sums(program: Any) -> list[str]:
    """Return how the sums that are computed apart are computed: by which function."""
    found = [call.params["name"] for call in find(program, "jit")]
    for call in find(program, "custom_jvp_call"):
        found += find_sums(call.params["call_jaxpr"])
    return [name for name in found if name in ("compute_whole", "_add_slices")]


@pytest.mark.xla_defaults
@pytest.mark.parametrize("special", [1.5, 0.0, -0.0, np.inf, -np.inf, np.nan, HUGE, -HUGE, 2.0**484])
def test_a_sum_is_computed_with_all_that_leads_to_it(special: float) -> None:
    def function(x: Any, y: Any) -> Any:
        found: dict[str, Any] = {name: lead(x, y) for name, lead in BEFORE_A_SUM.items()}
        return found, {name: {how: take(array) for how, take in SUMS.items()} for name, array in found.items()}

    x, y = NUMBERS.at[0, 0].set(special), jnp.abs(NUMBERS[::-1])
    form = in_few_passes(function)
    if special == 1.5:
        expected = ["_add_slices"] * 3 * (len(BEFORE_A_SUM) - 1) + ["compute_whole"] * 3
        assert sorted(find_sums(jax.make_jaxpr(form)(x, y))) == sorted(expected)
    for first, second in ((x, y), (y, jnp.abs(x))):
        jax.tree.map(
            lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-12),
            jax.jit(form)(first, second),
            function(first, second),
        )


@pytest.mark.parametrize("shape", [(384,), (16, 24), (3, 128), (257,), (2, 3, 64), (7, 55)])
@pytest.mark.parametrize("axes", [None, 0, -1])
def test_every_element_is_in_one_slice(shape: tuple[int, ...], axes: int | None) -> None:
    x = jnp.asarray(np.random.default_rng(1).standard_normal(shape))
    row = x[..., 0:1]

    def function(x: Any, row: Any) -> Any:
        values = jax.lax.select(x > 0, x, -2 * x) * row + x.sum()
        return values, jnp.sum(values, axis=axes)

    form, expected = in_few_passes(function), function(x, row)
    np.testing.assert_allclose(jax.jit(form)(x, row)[1], expected[1], rtol=1e-12, atol=1e-12)
    is_few = x.size < 64 * expected[1].size  # elements for each sum
    assert ("_add_slices" in find_sums(jax.make_jaxpr(form)(x, row))) is not is_few


def test_slices_of_a_large_array_are_staggered() -> None:
    x = jnp.asarray(np.random.default_rng(1).standard_normal(2**21))  # 2^17 elements in each slice

    def function(x: Any, y: Any) -> Any:
        roots = jnp.sqrt(x * x + 1)
        return (roots, jnp.sum(roots)), y

    form = in_few_passes(function)
    assert f"f64[{2**17 - sums.STAGGER}]" in str(jax.make_jaxpr(form)(x, x))
    np.testing.assert_allclose(jax.jit(form)(x, x)[0][1], np.sum(np.sqrt(np.asarray(x) ** 2 + 1)), rtol=1e-12)


def test_a_sum_in_slices_has_the_derivative_of_the_whole() -> None:
    """That of a root at 0 is 0, which only the rule of `square_root` knows."""

    def function(x: Any, y: Any) -> Any:
        roots = square_root(x) / (5 + y)
        return roots, jnp.sum(roots)

    x, y = jnp.abs(NUMBERS).at[3].set(0.0), NUMBERS
    found = jax.jit(jax.grad(lambda x: in_few_passes(function)(x, y)[1]))(x)
    np.testing.assert_allclose(found, jax.grad(lambda x: function(x, y)[1])(x), rtol=1e-12)
    assert not found[3].any()
    stacks = jax.jit(jax.vmap(in_few_passes(function)))(jnp.stack([x, 2 * x]), jnp.stack([y, y]))
    np.testing.assert_allclose(stacks[1], [function(x, y)[1], function(2 * x, y)[1]], rtol=1e-12)


def test_sums_along_an_axis_and_of_repeated_rows_are_apart() -> None:
    def function(x: Any, row: Any) -> Any:
        square = bounded_square(x) + 1e-3
        column = jnp.sum(square, axis=1, keepdims=True)
        direction = x / jnp.sqrt(column * (row + jnp.sum(square, axis=0)))
        return direction / jnp.sum(direction * direction), row

    x, row = jnp.concatenate([NUMBERS, NUMBERS.T.reshape(64, 6) + 1] * 16, axis=1), jnp.ones(192)
    program = jax.make_jaxpr(in_few_passes(function))(x, row)
    assert len(find_sums(program)) == 3
    for one, other in zip(jax.jit(in_few_passes(function))(x, row), function(x, row), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_a_result_waits_for_the_sum_of_what_it_overwrites() -> None:
    def function(gradient: Any, state: Any, params: Any) -> Any:
        mean, progress = state
        progress = progress + jnp.sum(gradient * (mean - params))
        return -0.1 * gradient, (0.9 * mean + gradient, progress)

    arguments = NUMBERS, (NUMBERS + 1, jnp.ones(())), NUMBERS + 2
    form = in_few_passes(function, is_added=True)
    program = jax.make_jaxpr(form)(*arguments)
    assert len(find(program, "select_n")) == 2  # the mean, and the update that overwrites the parameters
    apart = jax.make_jaxpr(in_few_passes(function))(*arguments)
    assert len(find(apart, "select_n")) == 1
    jax.tree.map(
        lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-12),
        jax.jit(form)(*arguments),
        function(*arguments),
    )


def test_what_only_a_branch_needs_is_computed_in_it() -> None:
    def function(gradient: Any, mean: Any) -> Any:
        direction = gradient / (3 + mean)
        total = jnp.sum(gradient)
        size = jax.lax.cond(total > 0, lambda: total, lambda: jnp.sum(jnp.sin(direction)))
        return size * direction, mean

    program = jax.make_jaxpr(in_few_passes(function))(NUMBERS, NUMBERS)
    (choice,) = find(program, "cond")
    assert {v for v in choice.invars if v.aval.shape} <= set(program.jaxpr.invars)
    for sign in (1, -1):
        found = jax.jit(in_few_passes(function))(sign * jnp.abs(NUMBERS), NUMBERS)
        np.testing.assert_allclose(found[0], function(sign * jnp.abs(NUMBERS), NUMBERS)[0], rtol=1e-12)


def test_norms_that_equal_leaves_share_are_sums_too() -> None:
    """Four equal leaves share one traced function, which is taken apart."""
    tx = gl.scale_by_trust_ratio()
    leaves = [jnp.tile(NUMBERS, 32) + 4 * place for place in range(1, 5)]  # too large to be joined for their norms

    def function(updates: Any, state: Any, params: Any) -> Any:
        quotients = jax.tree.map(lambda g, p: g / (1 + p), updates, params)
        return tx.update(quotients, state, params)

    form = in_few_passes(function)
    (compiled,) = jax.make_jaxpr(jax.jit(form))(leaves, (), leaves).jaxpr.eqns
    assert len(find_sums(compiled.params["jaxpr"])) == 16  # two for each norm, of a leaf and of its direction
    found, expected = jax.jit(form)(leaves, (), leaves), jax.jit(function)(leaves, (), leaves)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-12), found, expected)


def test_effects_without_results_stay() -> None:
    seen: list[Any] = []

    def function(gradient: Any, mean: Any) -> Any:
        jax.debug.callback(seen.append, jnp.sum(gradient / (3 + mean)))
        return gradient / (3 + mean), mean + gradient / (3 + mean)

    jax.block_until_ready(jax.jit(in_few_passes(function))(NUMBERS, NUMBERS + 4))
    jax.effects_barrier()
    np.testing.assert_allclose(seen, [jnp.sum(NUMBERS / (7 + NUMBERS))], rtol=1e-12)
