"""`in_few_passes` computes what the function computes, so that XLA on a CPU copies nothing and keeps nothing beside."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.update_forms import few_passes
from gradlab.update_forms.few_passes import in_few_passes

from ..recipe_kernels import ELEMENTWISE, count_in_new_process

X = jnp.arange(6.0).reshape(2, 3) - 2


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(few_passes, "LARGE", 2)


def assert_close(found: Any, expected: Any) -> None:
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-12), found, expected)


def count(program: Any, name: str) -> int:
    return sum(equation.primitive.name == name for equation in program.jaxpr.eqns)


def test_a_shared_quotient_is_computed_for_each_result() -> None:
    def function(gradient: Any, mean: Any) -> Any:
        direction = gradient / (3 + mean)
        return 2 * direction, 0.9 * mean + direction

    assert count(jax.make_jaxpr(function)(X, X), "div") == 1
    assert count(jax.make_jaxpr(in_few_passes(function))(X, X), "div") == 2
    assert_close(jax.jit(in_few_passes(function))(X, X + 4), function(X, X + 4))


def test_results_are_read_where_that_is_possible() -> None:
    def function(gradient: Any, mean: Any) -> Any:
        mean = 0.9 * mean + jnp.sin(gradient)
        return 2 * mean, mean

    assert count(jax.make_jaxpr(in_few_passes(function))(X, X), "sin") == 1
    assert_close(jax.jit(in_few_passes(function))(X, X), function(X, X))


def test_what_overwrites_waits_for_those_that_read() -> None:
    def function(gradient: Any, state: Any) -> Any:
        last, mean = state
        mean = 0.9 * mean + (gradient - last)
        return 2 * mean, (gradient, mean)

    state = (X + 1, X + 2)
    program = jax.make_jaxpr(in_few_passes(function))(X, state)
    (choice,) = (equation for equation in program.jaxpr.eqns if equation.primitive.name == "cond")
    (waiting,) = (equation for equation in program.jaxpr.eqns if equation.primitive.name == "select_n")
    assert program.jaxpr.outvars[2] in choice.invars  # the gradient replaces the last one, after the mean
    assert choice.outvars[0] in waiting.invars
    assert program.jaxpr.outvars[1] is waiting.outvars[0]
    assert_close(jax.jit(in_few_passes(function))(X, state), function(X, state))


def _multiply_by_mean(gradient: Any, mean: Any, params: Any = None) -> Any:
    return gradient * mean, 0.9 * mean + gradient


def test_what_overwrites_waits_for_the_sum_of_an_update_that_reads() -> None:
    function = in_few_passes(_multiply_by_mean, is_added=True)

    def step(params: Any, mean: Any, gradient: Any) -> Any:
        update, mean = function(gradient, mean, params)
        return params + update, mean

    program = jax.make_jaxpr(step)(X, X + 1, X + 2)
    (choice,) = (equation for equation in program.jaxpr.eqns if equation.primitive.name == "cond")
    first, second = (
        equation
        for equation in program.jaxpr.eqns
        if equation.outvars[0] in (choice.invars[1], program.jaxpr.outvars[0])
    )
    assert (first.primitive, first.invars) == (second.primitive, second.invars)  # which XLA computes once
    (waiting,) = (equation for equation in program.jaxpr.eqns if equation.primitive.name == "select_n")
    assert choice.outvars[0] in waiting.invars
    assert_close(jax.jit(function)(X + 2, X + 1, X), _multiply_by_mean(X + 2, X + 1))  # though nothing adds it there


@pytest.mark.parametrize("params", [None, X[:1], X.astype("float32"), X.astype("complex128"), (X, X)])
def test_an_update_that_is_no_summand_of_new_parameters_is_not_awaited(params: Any) -> None:
    function = in_few_passes(_multiply_by_mean, is_added=True)
    assert count(jax.make_jaxpr(function)(X, X, params), "cond") == 0
    assert count(jax.make_jaxpr(in_few_passes(_multiply_by_mean))(X, X, X), "cond") == 0


def test_results_that_read_each_other_wait_for_none() -> None:
    def function(gradient: Any, state: Any) -> Any:
        one, other = state
        return gradient, (one + other, other - one)

    found = jax.jit(in_few_passes(function))(X, (X, X + 1))
    assert_close(found, function(X, (X, X + 1)))
    assert count(jax.make_jaxpr(in_few_passes(function))(X, (X, X + 1)), "cond") == 1  # one of them can wait


def test_a_state_of_other_arrays_keeps_its_results() -> None:
    def function(gradient: Any, state: Any) -> Any:
        return gradient * state["a"], {"a": state["a"] + 1, "b": jnp.sum(gradient)}

    state = {"a": X, "b": jnp.zeros(())}
    assert_close(jax.jit(in_few_passes(function))(X, state), function(X, state))
    grown = jax.jit(in_few_passes(lambda g, s: (g, {"a": s, "b": s + g})))(X, X)
    assert_close(grown, (X, {"a": X, "b": X + X}))


def test_what_adds_the_update_to_the_parameters_reads_the_new_parameters() -> None:
    def function(gradient: Any, state: Any, params: Any) -> Any:
        change = gradient / (3 + params)
        return change, 0.9 * state + 0.1 * (params + change)

    program = jax.make_jaxpr(in_few_passes(function))(X, X, X + 4)
    assert count(program, "div") == 1
    assert_close(jax.jit(in_few_passes(function))(X, X, X + 4), function(X, X, X + 4))


def test_norms_of_new_arrays_come_after_what_reads_old_ones() -> None:
    def function(gradient: Any, state: Any) -> Any:
        last, mean = state
        mean = 0.9 * mean + (gradient - last) * jnp.sum(last)
        return mean / jnp.sum(mean), (gradient + 1, mean)

    state = (X + 1, X + 5)
    assert count(jax.make_jaxpr(in_few_passes(function))(X, state), "cond") == 1
    assert_close(jax.jit(in_few_passes(function))(X, state), function(X, state))


def test_what_a_sum_needs_waits_for_nothing_that_comes_after_another_sum() -> None:
    def function(gradient: Any, state: Any) -> Any:
        mean = 0.9 * state[0] + gradient
        total = jnp.sum(mean * mean)
        other = 0.5 * state[1] + state[0] * jnp.sum(gradient)  # reads the old mean
        return mean / (1 + total), (mean, other)

    state = (X + 1, X + 2)
    assert_close(jax.jit(in_few_passes(function))(X, state), function(X, state))


def test_arrays_that_move_on_in_the_state_wait_for_each_other_in_one_order() -> None:
    def function(gradient: Any, state: Any) -> Any:
        one, other = state
        return gradient, (jnp.sin(one) + other, one)

    state = (X + 1, X + 2)
    assert count(jax.make_jaxpr(in_few_passes(function))(X, state), "cond") == 1
    assert_close(jax.jit(in_few_passes(function))(X, state), function(X, state))


def test_no_tracer_outlives_its_trace() -> None:
    tx = gl.adan()
    with jax.checking_leaks():
        jax.jit(in_few_passes(lambda g, s, p: tx.update(g, s, p)))(X, tx.init(X), X)


def test_empty_leaves_beside_large_ones_wait_for_nothing() -> None:
    params = {"large": X, "empty": jnp.zeros((0, 3)), "one": jnp.ones(1)}
    for tx in (gl.adan(), gl.adopt()):
        state = tx.init(params)
        update = jax.jit(in_few_passes(lambda g, s, p, tx=tx: tx.update(g, s, p)))
        assert_close(update(params, state, params), tx.update(params, state, params))


def test_an_update_takes_this_form_if_it_is_large_and_gains_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XLA_FLAGS", "")
    monkeypatch.setattr(few_passes, "runs_on_one_cpu", lambda: True)
    x = jnp.ones(few_passes.LARGE)
    gains = {gl.adadelta(): True, gl.adopt(): True, gl.lookahead(gl.adam()): True, gl.adam(): False}
    for tx, is_used in gains.items():
        program = jax.make_jaxpr(tx.update)(x, tx.init(x), x)
        assert (count(program, "optimization_barrier") > 0) == is_used, tx
    tx = gl.adopt()
    assert count(jax.make_jaxpr(tx.update)(x[:1], tx.init(x[:1]), x[:1]), "optimization_barrier") == 0


@pytest.mark.parametrize(
    ("gradient", "params", "is_awaited"),
    [
        (X, X, True),
        (X.astype("complex128") * (1 + 2j), X.astype("complex128"), True),
        ([X, None], [X, None], True),
        (X, None, False),
        (X.astype("bfloat16"), X.astype("bfloat16"), False),
        (X.astype("float32"), X, False),
        ([X, X.astype("bfloat16")], [X, X.astype("bfloat16")], False),
    ],
)
def test_an_update_is_awaited_where_it_is_added_as_it_is(
    gradient: Any, params: Any, is_awaited: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    tx = gl.scale_by_update_rms()
    state = jax.tree.map(lambda leaf: leaf + 0.5, tx.init(gradient if params is None else params))

    def update(gradient: Any, state: Any, params: Any) -> Any:
        if isinstance(params, list) and params[1] is None:
            params = [params[0], print]  # as in a model that holds functions
        return tx.update(gradient, state, params)

    expected = jax.jit(update)(gradient, state, params)
    monkeypatch.setattr(few_passes, "runs_on_one_cpu", lambda: True)
    assert count(jax.make_jaxpr(lambda *a: update(*a))(gradient, state, params), "cond") == is_awaited
    assert_close(jax.jit(lambda *a: update(*a))(gradient, state, params), expected)


@pytest.mark.parametrize("name", ["adadelta", "adopt", "adan", "rmsprop_centered", "schedule_free_adamw", "lookahead"])
def test_it_maps_differentiates_and_shards(name: str) -> None:
    tx = ELEMENTWISE[name]
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Explicit,), devices=jax.devices()[:1])

    def step(x: Any, gradient: Any) -> Any:
        state = tx.init(x)
        for _ in range(2):
            updates, state = in_few_passes(lambda g, s, p: tx.update(g, s, p), is_added=True)(gradient, state, x)
            x = x + updates
        return x

    def loss(x: Any) -> Any:
        return jnp.sum(step(x, jnp.cos(x)) ** 2)

    def plain(x: Any, gradient: Any) -> Any:
        state = tx.init(x)
        for _ in range(2):
            updates, state = tx.update(gradient, state, x)
            x = x + updates
        return x

    gradient = jnp.cos(X)
    expected = plain(X, gradient)
    assert_close(jax.jit(step)(X, gradient), expected)
    assert_close(jax.vmap(jax.jit(step))(X, gradient), expected)
    slope = jax.grad(lambda x: jnp.sum(plain(x, jnp.cos(x)) ** 2))(X)
    assert_close(jax.jit(jax.grad(loss))(X), slope)
    assert_close(jax.jit(jax.jvp, static_argnums=0)(loss, (X,), (X,))[1], jnp.sum(slope * X))
    spec = jax.sharding.PartitionSpec("data")
    with jax.set_mesh(mesh):
        sharded = jax.device_put(X, jax.NamedSharding(mesh, spec))
        assert_close(jax.jit(step)(sharded, jnp.cos(sharded)), expected)
        mapped = jax.shard_map(step, in_specs=(spec, spec), out_specs=spec)
        assert_close(jax.jit(mapped)(sharded, jnp.cos(sharded)), expected)


@pytest.mark.slow
def test_no_recipe_copies_or_keeps_an_array() -> None:
    found = count_in_new_process(ELEMENTWISE, "")
    assert {name: (c.copies, c.temporaries) for name, c in found.items() if c.copies or c.temporaries} == {}
    assert {name: (c.streams, c.fewest) for name, c in found.items() if c.streams > 1.9 * c.fewest} == {}
