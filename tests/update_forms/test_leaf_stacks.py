"""Updates with stacked leaves have the same results, and a shorter compiled program."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.update_forms import leaf_stacks
from gradlab.update_forms.as_written import as_written
from gradlab.update_forms.leaf_stacks import wants_stacks

STACK, MANY = 2, 5  # two stacks, and a leaf that is left
PARAMS = {
    "matrices": [np.linspace(-1, 1, 6).reshape(2, 3) * scale for scale in range(1, MANY + 1)],
    "vectors": tuple(np.arange(4.0) - index for index in range(MANY)),
    "complex": [np.array([1 + 2j, 3j]) * scale for scale in range(1, MANY + 1)],
    "scalars": [np.float64(index) for index in range(MANY)],
    "narrow": [np.ones(3, np.float16) * index for index in range(MANY)],
    "nothing": None,
}
Stacking = Callable[[bool], None]


@pytest.fixture
def stacking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stacking]:
    """A function that turns it on or off for the small trees of these tests. All that was traced is dropped."""
    monkeypatch.setattr(jax, "device_count", lambda: 1)
    monkeypatch.setattr(leaf_stacks, "STACK", STACK)

    def turn(is_on: bool) -> None:
        monkeypatch.setattr(leaf_stacks, "FEWEST", MANY if is_on else 10**9)
        jax.clear_caches()

    yield turn
    jax.clear_caches()


def make_step(tx: Any) -> Callable[[Any, Any], Any]:
    def step(params: Any, state: Any) -> Any:
        gradient = jax.tree.map(lambda x: (x * x - 0.1).astype(x.dtype), params)
        updates, state = tx.update(gradient, state, params)
        return optax.apply_updates(params, updates), state

    return step


def compare(stacking: Stacking, run: Callable[..., Any], *arguments: Any, rtol: float = 1e-11) -> None:
    """Compare what `run` computes with it and without it, and the stacks in the programs."""
    results, stacks = [], []
    for is_on in (False, True):
        stacking(is_on)
        stacks.append(str(jax.make_jaxpr(run)(*arguments)).count("concatenate["))
        results.append(jax.jit(run)(*arguments))
    jax.tree.map(lambda x, y: np.testing.assert_allclose(y, x, rtol=rtol, atol=1e-13), *results)
    assert stacks[0] < stacks[1]


RECIPES = {
    "adam": lambda: gl.adam(0.1),
    "clipped adamw": lambda: gl.chain(gl.clip_by_global_norm(0.1), gl.adamw(0.1, mask=gl.selectors.ndim(2))),
    "lamb": lambda: gl.lamb(0.1),
    "scheduled": lambda: gl.adam(gl.schedules.linear(0.1, 0.0, 9), gl.schedules.linear(0.5, 0.9, 9)),
    "partitioned": lambda: gl.chain(gl.only(gl.selectors.ndim(1), gl.scale_by_rms(0.9)), gl.signum(0.1)),
}


@pytest.mark.parametrize("name", RECIPES)
def test_steps_are_the_same(name: str, stacking: Stacking) -> None:
    def train(tx: Any, params: Any) -> Any:
        step, state = make_step(tx), tx.init(params)
        return jax.lax.scan(lambda carry, _: (step(*carry), None), (params, state), length=3)[0]

    params = jax.tree.map(jnp.asarray, PARAMS)
    compare(stacking, train, RECIPES[name](), {**params, "narrow": None} if name == "partitioned" else params)


@pytest.mark.slow
def test_it_works_mapped_and_differentiated(stacking: Stacking) -> None:
    params = {"vectors": PARAMS["vectors"]}

    def loss(rate: Any, params: Any) -> Any:
        tx = gl.adam(rate)
        state = tx.init(params)
        for _ in range(2):
            params, state = make_step(tx)(params, state)
        return sum((x * x).sum() for x in jax.tree.leaves(params))

    stacked = jax.tree.map(lambda x: np.stack([x, -x]), params)
    compare(stacking, jax.grad(loss, (0, 1)), 0.1, params)  # with respect to the learning rate, too
    compare(stacking, jax.vmap(loss, (0, 0)), np.array([0.1, 0.2]), stacked)


def test_a_zero_gradient_has_finite_derivatives(stacking: Stacking) -> None:
    """The rule of `square_root` for its derivative is kept."""
    zeros = [np.zeros(3)] * MANY

    def loss(gradient: Any) -> Any:
        updates, _ = gl.adam(0.1).update(gradient, gl.adam(0.1).init(zeros), zeros)
        return sum(u.sum() for u in updates)

    stacking(True)
    assert all(np.isfinite(slope).all() for slope in jax.jit(jax.grad(loss))(zeros))


def test_the_program_is_shorter(stacking: Stacking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaf_stacks, "STACK", 8)
    params, tx = [np.ones(4, np.float32)] * 35, gl.adam(0.1)  # three are left
    entered, compiled = [], []
    for is_on in (False, True):
        stacking(is_on)
        lowered = jax.jit(make_step(tx), donate_argnums=(0, 1)).lower(params, tx.init(params))
        text = lowered.compile().as_text() or ""
        assert text.count(" copy(") <= 2  # of the two scalars of the state
        assert text.count(" call(") == (4 if is_on else 0)
        assert text.count(" concatenate(") == (4 * 3 if is_on else 0)  # of the gradient and two moments
        entered.append(lowered.as_text().count("\n    %"))
        compiled.append(text.count(" = "))
    assert entered[1] < 0.85 * entered[0]
    assert compiled[1] < 0.75 * compiled[0]


def test_it_is_left_alone_where_it_does_not_help(stacking: Stacking, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[bool] = []

    def ask(tree: Any) -> Any:
        found.append(wants_stacks(tree))
        return tree

    equal, mixed = [np.ones(2)] * MANY, [np.ones(size) for size in range(1, 2 * MANY)]
    stacking(True)
    ask(equal)  # nothing is compiled
    jax.jit(ask)(equal)
    jax.jit(ask)(mixed)
    jax.jit(ask)(equal[:3])
    jax.jit(ask)([np.ones(leaf_stacks.LARGEST + 1)] * MANY)
    jax.jit(ask)([np.ones(())] * MANY)
    jax.jit(ask)([np.ones((3, 0))] * MANY)
    jax.jit(ask)([])
    assert found == [False, True, False, False, False, False, False, False]
    found.clear()
    explicit = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Explicit,))
    jax.jit(ask)([jax.device_put(np.ones((4, 4)), jax.NamedSharding(explicit, jax.P("data")))] * MANY)
    mesh = jax.make_mesh((1,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    jax.jit(jax.shard_map(ask, mesh=mesh, in_specs=jax.P(), out_specs=jax.P()))(equal)
    monkeypatch.setattr(jax, "device_count", lambda: 2)
    jax.clear_caches()
    jax.jit(ask)(equal)
    assert found == [False, False, False]


def test_what_is_counted_is_what_is_written(stacking: Stacking) -> None:
    stacking(True)
    leaves, tx = [np.ones(2)] * MANY, gl.signum(0.1)
    programs = []
    for context in (contextlib.nullcontext(), as_written()):
        with context:
            programs.append(str(jax.make_jaxpr(make_step(tx))(leaves, tx.init(leaves))))
            jax.clear_caches()
    assert ["concatenate[" in program for program in programs] == [True, False]
