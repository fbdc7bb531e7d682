"""Maps that trace one function for all leaves of one shape: few equations, and the results of a map leaf by leaf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.arithmetic import leaf_maps
from gradlab.arithmetic.leaf_maps import FEWEST, map_by_shape

MANY = 2 * FEWEST
TREE = {
    "weights": [np.linspace(-1, 1, 6).reshape(2, 3) * scale for scale in range(1, MANY + 1)],
    "biases": tuple(np.arange(3.0) - index for index in range(MANY)),
    "one": np.float64(0.5),
    "nothing": None,
    "narrow": [np.ones(3, np.float32)] * 2,
}


def count_calls(function: Callable[..., Any]) -> tuple[list[Any], Callable[..., Any]]:
    calls: list[Any] = []

    def counted(*leaves: Any) -> Any:
        calls.append(leaves)
        return function(*leaves)

    return calls, counted


def test_a_program_traces_the_function_once_for_each_frequent_shape() -> None:
    calls, double = count_calls(lambda x: 2 * x)
    got = jax.jit(lambda tree: map_by_shape(double, tree))(TREE)
    assert len(calls) == 1 + 1 + 3  # two frequent shapes, and three leaves of rare ones
    jax.tree.map(lambda x, y: np.testing.assert_array_equal(y, 2 * x), TREE, got)


@pytest.mark.parametrize("transform", ["eager", "vmap", "grad"])
def test_nothing_is_compiled_outside_of_a_program(transform: str) -> None:
    calls, double = count_calls(lambda x: 2 * x)
    function = {
        "eager": lambda tree: map_by_shape(double, tree),
        "vmap": jax.vmap(lambda tree: map_by_shape(double, tree)),
        "grad": jax.grad(lambda tree: sum(leaf.sum() for leaf in map_by_shape(double, tree))),
    }[transform]
    function([jnp.ones((2, 3))] * MANY)
    assert len(calls) == MANY


def test_leaves_that_are_not_chosen_stay_as_they_are() -> None:
    chosen = {**jax.tree.map(lambda x: False, TREE), "biases": (True, False) * FEWEST}
    for run in (jax.jit, lambda function: function):
        got = run(lambda tree: map_by_shape(lambda x, y: x + y, tree, tree, only=chosen))(TREE)
        jax.tree.map(lambda x, y, on: np.testing.assert_array_equal(y, 2 * x if on else x), TREE, got, chosen)


def test_other_trees_may_hold_trees_in_the_places_of_leaves() -> None:
    pairs = jax.tree.map(lambda x: {"more": x, "less": -x}, TREE)
    got = jax.jit(lambda tree, pairs: map_by_shape(lambda x, pair: x + pair["more"], tree, pairs))(TREE, pairs)
    jax.tree.map(lambda x, y: np.testing.assert_array_equal(y, 2 * x), TREE, got)


def test_trees_that_differ_in_structure_are_refused() -> None:
    with pytest.raises(ValueError, match=r"arity|mismatch|keys"):
        map_by_shape(jnp.add, [1.0, 2.0], [1.0])


def test_leaves_that_differ_in_weak_type_or_axes_do_not_share() -> None:
    calls, same = count_calls(lambda x: x)
    jax.jit(lambda x, y: map_by_shape(same, [x] * FEWEST + [y] * FEWEST))(1.0, jnp.ones(()))
    assert len(calls) == 2


RECIPES = {
    "adam": lambda: gl.adam(0.1),
    "adamw, masked": lambda: gl.adamw(0.1, mask=gl.selectors.ndim(2)),
    "nadam": lambda: gl.nadam(0.1),
    "amsgrad": lambda: gl.amsgrad(0.1),
    "adadelta": lambda: gl.adadelta(1.0),
    "rmsprop": lambda: gl.rmsprop(0.1, centered=True, momentum=0.9),
    "clipping": lambda: gl.chain(gl.clip_by_global_norm(0.1), gl.clip_by_norm(0.05), gl.adamw(0.1)),
    "lamb": lambda: gl.lamb(0.1),
    "schedule_free": lambda: gl.schedule_free(gl.sgd(0.1)),
    "prodigy": lambda: gl.prodigy(),
    "dog": lambda: gl.dog(),
    "adafactor": lambda: gl.adafactor(0.1),
    "radam": lambda: gl.radam(0.1),
    "ademamix": lambda: gl.ademamix(0.1),
    "averaged": lambda: gl.average_params(gl.nadam(0.1), 0.9),
    "accumulated": lambda: gl.accumulate(gl.adam(0.1), 2),
    "scheduled": lambda: gl.adam(gl.schedules.linear(0.1, 0.0, 9), gl.schedules.linear(0.5, 0.9, 9)),
    "torch": lambda: gl.flavors.torch.adam(0.1),
}


@pytest.fixture
def sharing(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    return lambda shares: monkeypatch.setattr(leaf_maps, "FEWEST", FEWEST if shares else 10**9)


@pytest.mark.parametrize("name", RECIPES)
def test_steps_are_the_same_with_and_without_it(name: str, sharing: Callable[[bool], None]) -> None:
    params = {**TREE, "complex": [np.array([1 + 2j, 3j])] * FEWEST}
    tx, results = RECIPES[name](), []
    for shares in (False, True):
        sharing(shares)

        @jax.jit
        def train(tx: Any, params: Any) -> Any:
            state = tx.init(params)
            for _ in range(3):
                updates, state = tx.update(jax.tree.map(lambda x: x * x - 0.1, params), state, params)
                params = optax.apply_updates(params, updates)
            return params, state

        results.append(train(tx, params))
    jax.tree.map(lambda x, y: np.testing.assert_allclose(y, x, rtol=1e-12, atol=1e-14), *results)


def test_it_works_mapped_differentiated_and_sharded(sharing: Callable[[bool], None]) -> None:
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    tx, params = gl.chain(gl.clip_by_global_norm(0.1, axis_name=None), gl.adam(0.1)), [np.arange(4.0)] * FEWEST

    def loss(params: Any) -> Any:
        state = tx.init(params)
        updates, _ = tx.update(jax.tree.map(lambda x: x - 1, params), state, params)
        return sum((x * u).sum() for x, u in zip(params, updates, strict=True))

    def run(transformed: Callable[..., Any], *arguments: Any) -> list[Any]:
        results = []
        for shares in (False, True):
            sharing(shares)
            jax.clear_caches()
            results.append(jax.jit(transformed)(*arguments))
        return results

    stacked = [np.stack([x, -x]) for x in params]
    local = jax.shard_map(
        lambda params: jax.lax.psum(loss(params), "data"), mesh=mesh, in_specs=jax.P("data"), out_specs=jax.P()
    )
    for transformed, argument in ((jax.vmap(loss), stacked), (jax.grad(loss), params), (local, params)):
        one, other = run(transformed, argument)
        jax.tree.map(lambda x, y: np.testing.assert_allclose(y, x, rtol=1e-10), one, other)
