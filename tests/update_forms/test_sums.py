"""Sums in `in_few_passes`: each with all that leads to it, by operations that XLA's sums on CPUs contain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.safe_arithmetic import bound_for_squaring, bounded_square, divide, square_root
from gradlab.update_forms import few_passes
from gradlab.update_forms.few_passes import in_few_passes
from gradlab.update_forms.traced_programs import list_primitives

HUGE = float(np.finfo(np.float64).max)
NUMBERS = jnp.asarray(np.random.default_rng(0).standard_normal((64, 6)))

BEFORE_A_SUM: dict[str, Callable[[Any, Any], Any]] = {
    "a bound": lambda x, y: bound_for_squaring(x) * y,
    "a bounded square": lambda x, y: bounded_square(x) + y,
    "a quotient": lambda x, y: divide(x, y),
    "a root": lambda x, y: square_root(x) * y,
    "a floor": lambda x, y: jnp.minimum(jnp.maximum(x, 0.5), 2.0) * y,
    "a larger one": lambda x, y: jnp.maximum(x, y),
}


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_passes, "LARGE", 2)


def find(program: Any, name: str) -> list[Any]:
    return [equation for equation in program.jaxpr.eqns if equation.primitive.name == name]


def find_sums(program: Any) -> list[Any]:
    """Return the calls that hold a sum."""
    return [call for call in find(program, "jit") if find(call.params["jaxpr"], "reduce_sum")]


@pytest.mark.xla_defaults
@pytest.mark.parametrize("special", [1.5, 0.0, -0.0, np.inf, -np.inf, np.nan, HUGE, -HUGE, 2.0**484])
@pytest.mark.parametrize("name", BEFORE_A_SUM)
def test_what_leads_to_a_sum_is_arithmetic_with_the_same_result(name: str, special: float) -> None:
    lead = BEFORE_A_SUM[name]

    def function(x: Any, y: Any) -> Any:
        values = lead(x, y)
        return values, jnp.sum(values)

    function = in_few_passes(function)
    x, y = NUMBERS.at[0, 0].set(special), jnp.abs(NUMBERS[::-1])
    program = jax.make_jaxpr(function)(x, y)
    (call,) = find_sums(program)
    used = {name for step in call.params["jaxpr"].eqns for name in list_primitives(step)}
    assert not used & {"select_n", "clamp", "is_finite", "eq"}
    for first, second in ((x, y), (y, jnp.abs(x))):
        found, expected = jax.jit(function)(first, second)[1], jnp.sum(lead(first, second))
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_sum_of_what_its_library_lacks_is_left_to_xla() -> None:
    def function(x: Any, y: Any) -> Any:
        values = jnp.where(x > y, x, jnp.sin(y)) / (3 + y)
        return values, jnp.sum(values)

    x, y = NUMBERS, NUMBERS[::-1]
    assert not find_sums(jax.make_jaxpr(in_few_passes(function))(x, y))
    np.testing.assert_allclose(jax.jit(in_few_passes(function))(x, y)[1], function(x, y)[1], rtol=1e-12)


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
    assert len(find_sums(compiled.params["jaxpr"])) == 8  # of a leaf, and of its direction
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
