"""`in_one_pass` computes what the function computes, each result by operations of its own; XLA makes one loop of it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import square_root
from gradlab.update_forms.one_pass import in_one_pass

from ..recipe_kernels import ELEMENTWISE, FUSION, count_in_new_process

X = jnp.arange(6.0).reshape(2, 3) - 2


def assert_close(found: Any, expected: Any) -> None:
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-12), found, expected)


def count_barriers(function: Any, *arguments: Any) -> int:
    return str(jax.make_jaxpr(in_one_pass(function))(*arguments)).count("optimization_barrier")


def test_each_result_has_operations_of_its_own() -> None:
    def function(x: Any, y: Any) -> Any:
        mean = 0.9 * x + 0.1 * y
        return mean, mean**2, x

    assert_close(jax.jit(in_one_pass(function))(X, X + 1), jax.jit(function)(X, X + 1))
    program = str(jax.make_jaxpr(in_one_pass(function))(X, X + 1))
    assert program.count("optimization_barrier") == 2  # x itself needs none
    assert program.count("0.1:f") == 2


def test_a_result_that_comes_twice_is_computed_twice() -> None:
    def function(x: Any) -> Any:
        moment = 2 * x
        return moment, moment

    assert count_barriers(function, X) == 2


def test_sums_random_numbers_and_effects_are_computed_once() -> None:
    seen = []

    def function(x: Any, key: Any) -> Any:
        noise = jax.random.normal(key, x.shape)
        jax.debug.callback(lambda: seen.append(1))
        scaled = x / jnp.sqrt(jnp.sum(x**2))
        return scaled + noise, scaled - noise, jnp.sum(x**2)

    key = jax.random.key(0)
    program = str(jax.make_jaxpr(in_one_pass(function))(X, key))
    assert program.count("random_bits") == 1
    found = jax.jit(in_one_pass(function))(X, key)
    jax.effects_barrier()
    assert len(seen) == 1
    assert_close(found, jax.jit(function)(X, key))


def test_what_comes_after_a_sum_reads_results_that_come_before_it() -> None:
    def function(x: Any, y: Any) -> Any:
        moment = jnp.sin(x) + y
        return moment, moment / jnp.sum(moment)

    program = str(jax.make_jaxpr(in_one_pass(function))(X, X))
    assert program.count("= sin") == 2  # for the sum and for the moment, and not for what reads the moment
    assert_close(in_one_pass(function)(X, X), function(X, X))
    assert_close(jax.jit(in_one_pass(function))(X, X + 1), function(X, X + 1))


def test_trees_keep_leaves_that_are_not_traced() -> None:
    def function(tree: Any) -> Any:
        return {"x": tree["x"] + 1, "name": tree["name"], "none": None, "one": 1, "constant": np.ones(2)}

    def call(x: Any) -> Any:
        result = in_one_pass(function)({"x": x, "name": "adam"})
        assert (result["name"], result["none"], result["one"]) == ("adam", None, 1)
        assert isinstance(result["constant"], np.ndarray)
        return result["x"]

    assert_close(jax.jit(call)(X), X + 1)


def test_functions_inside_are_one_operation_and_keep_their_derivative() -> None:
    @jax.jit
    def both(x: Any) -> Any:
        return x + 1, square_root(x)

    def function(x: Any) -> Any:
        more, root = both(x * x)
        return more, more * root

    assert count_barriers(function, X) == 2
    assert_close(jax.jit(in_one_pass(function))(X), function(X))
    slope = jax.grad(lambda x: jnp.sum(in_one_pass(function)(x)[1]))(X)  # of square_root too, which has its own at 0
    assert_close(slope, jax.grad(lambda x: jnp.sum(function(x)[1]))(X))
    assert np.all(np.isfinite(slope))


def test_it_maps_and_scans() -> None:
    def function(x: Any, rate: Any) -> Any:
        moment = 0.9 * x
        return moment, x - rate * moment

    rates = jnp.array([0.1, 0.2])
    mapped = jax.vmap(in_one_pass(function), (None, 0))(X, rates)
    assert_close(mapped, jax.vmap(function, (None, 0))(X, rates))
    loop = jax.lax.scan(lambda x, rate: in_one_pass(function)(x, rate), X, rates)
    assert_close(loop, jax.lax.scan(lambda x, rate: function(x, rate), X, rates))


def test_what_is_not_traced_is_computed_as_it_is() -> None:
    kinds = []
    in_one_pass(lambda x: kinds.append(type(x)))(X)
    assert kinds == [type(X)]


def test_an_update_takes_this_form_only_with_fusion(monkeypatch: pytest.MonkeyPatch) -> None:
    tx = gl.average_params(gl.adam(0.1), 0.9)  # an update within an update
    state = tx.init(X)

    def trace() -> int:
        return str(jax.make_jaxpr(lambda g: tx.update(g, state, X))(X)).count("optimization_barrier")

    assert trace() == 0
    plain = jax.jit(tx.update)(X, state, X)
    monkeypatch.setenv("XLA_FLAGS", FUSION)
    assert trace() == 4  # the moments, the average and the update; what depends on no argument needs none
    assert_close(jax.jit(lambda *a: tx.update(*a))(X, state, X), plain)


def test_with_fusion_a_step_is_one_loop() -> None:
    for name, counts in count_in_new_process(["nag", "lookahead"], FUSION).items():
        assert (name, counts.kernels, counts.copies, counts.streams) == (name, 1, 0, counts.fewest)


@pytest.mark.slow
def test_with_fusion_every_elementwise_recipe_is_one_loop() -> None:
    found = count_in_new_process(ELEMENTWISE, FUSION)
    assert {name for name, c in found.items() if (c.kernels, c.copies, c.temporaries) != (1, 0, 0)} == set()
    assert {name for name, c in found.items() if c.streams != c.fewest} == set()
