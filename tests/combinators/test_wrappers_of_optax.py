"""Wrappers of optax around links of gradlab: both signals go through them, and the chain stays a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl

PARAMS = {"w": jnp.ones((3, 2)), "b": jnp.arange(2.0)}
SECOND_HALF = {"w": True, "b": False}
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "masked": lambda tx: optax.masked(tx, dict.fromkeys(PARAMS, True)),
    "partition": lambda tx: optax.partition({"one": tx, "other": gl.scale_by_rms(0.999)}, {"w": "one", "b": "other"}),
    "apply_if_finite": lambda tx: optax.apply_if_finite(tx, 3),
    "inject_hyperparams": lambda tx: optax.inject_hyperparams(lambda x: gl.chain(tx, gl.scale(x)))(1.0),
    "chain": optax.chain,
    "named_chain": lambda tx: optax.named_chain(("inner", tx)),
    "conditionally_transform": lambda tx: optax.conditionally_transform(tx, _always),
    "conditionally_mask": lambda tx: optax.conditionally_mask(tx, _always),
    "of a user": lambda tx: _hand_on_extra(tx),
}


def _always(step: Any) -> Any:
    return step >= 0


def _hand_on_extra(tx: Any) -> Any:
    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        return tx.update(updates, state, params, **extra)

    return optax.GradientTransformationExtraArgs(tx.init, update)


def _drop_gradient(tx: Any) -> Any:
    def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
        return tx.update(updates, state, params)

    return optax.GradientTransformationExtraArgs(tx.init, update)


def adam_around(wrap: Callable[[Any], Any], rate: float = 0.1) -> Any:
    return gl.chain(gl.scale_by_momentum(0.9), wrap(gl.scale_by_rms(0.999)), gl.scale(-rate))


def run(tx: Any, steps: int = 4) -> list[Any]:
    def step(carry: Any, t: Any) -> Any:
        params, state = carry
        gradient = jax.tree.map(lambda x: jnp.cos(3 * x + t) * (1 + t), params)
        updates, state = tx.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), updates

    with jax.numpy_dtype_promotion("standard"):  # optax is not strict
        _, updates = jax.lax.scan(step, (PARAMS, tx.init(PARAMS)), jnp.arange(float(steps)))
    return jax.tree.leaves(updates)


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_that_changes_nothing_changes_nothing(name: str) -> None:
    expected = run(adam_around(lambda tx: tx))
    for got, wanted in zip(run(adam_around(WRAPPERS[name])), expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize("name", [name for name in WRAPPERS if name != "inject_hyperparams"])
def test_a_chain_with_a_wrapper_is_a_value(name: str) -> None:
    one, other = (adam_around(WRAPPERS[name]) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert jax.tree.unflatten(jax.tree.structure(one), jax.tree.leaves(other)) == one
    assert adam_around(WRAPPERS[name], rate=0.2) != one


def test_a_masked_link_measures_the_gradient_of_its_leaves() -> None:
    tx = gl.chain(gl.scale_by_momentum(0.9), optax.masked(gl.scale_by_rms(0.999), SECOND_HALF), gl.scale(-0.1))
    state = tx.init(PARAMS)
    gradient = {"w": jnp.full((3, 2), 2.0), "b": jnp.full(2, 3.0)}
    updates, _ = tx.update(gradient, state, PARAMS)
    np.testing.assert_allclose(updates["b"], -0.1 * 0.1 * 3.0, rtol=1e-6)
    np.testing.assert_allclose(updates["w"], -0.1 * 0.1 * 2.0 / np.sqrt(0.001 * 4.0), rtol=1e-6)


def test_a_momentum_inside_a_wrapper_splits_the_signals() -> None:
    plain = gl.chain(gl.scale_by_momentum(0.9), gl.scale_by_rms(0.999))
    wrapped = gl.chain(optax.apply_if_finite(gl.scale_by_momentum(0.9), 3), gl.scale_by_rms(0.999))
    assert wrapped.splits_gradient
    for got, wanted in zip(run(wrapped), run(plain), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_a_wrapper_compiles_once_for_ten_rates() -> None:
    traces = []

    @jax.jit
    def step(tx: Any, state: Any) -> Any:
        traces.append(tx)
        return tx.update(PARAMS, state, PARAMS)

    results = []
    for rate in np.linspace(0.01, 0.1, 10):
        tx = gl.chain(gl.clip_by_global_norm(1.0), optax.masked(gl.adam(rate), SECOND_HALF))
        results.append(step(tx, tx.init(PARAMS))[0]["w"][0, 0])
    assert len(traces) == 1
    np.testing.assert_allclose(results, -np.linspace(0.01, 0.1, 10), rtol=1e-5)


@pytest.mark.parametrize(
    ("wrap", "reason"),
    [
        (optax.flatten, r"flatten hands on a direction of another structure, float\d+\[8\]"),
        (lambda tx: optax.MultiSteps(tx, 2).gradient_transformation(), "MultiSteps hands on the direction only"),
        (_drop_gradient, "_drop_gradient hands on the direction only"),
    ],
)
def test_a_wrapper_that_loses_the_gradient_is_refused_with_the_way_out(wrap: Any, reason: str) -> None:
    tx = adam_around(wrap)
    with pytest.raises(ValueError, match=rf"scale_by_rms\(.*reads the gradient.*but {reason}.*isolate"):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)


@pytest.mark.parametrize("wrap", [optax.flatten, _drop_gradient])
def test_such_a_wrapper_is_accepted_where_nothing_is_lost(wrap: Any) -> None:
    before = gl.chain(wrap(gl.scale_by_rms(0.999)), gl.scale_by_momentum(0.9))
    isolated = adam_around(lambda tx: wrap(gl.isolate(tx)))
    blind = gl.chain(gl.scale_by_momentum(0.9), wrap(gl.scale(0.5)))
    for tx in (before, isolated, blind):
        assert np.isfinite(run(tx)[0]).all()


def test_a_combinator_of_a_user_that_loses_the_gradient_is_refused() -> None:
    @gl.transformation(splits_gradient="tx")
    def forgetful(tx: optax.GradientTransformation) -> Any:
        def update(updates: Any, state: Any, params: Any = None, **extra: Any) -> Any:
            return tx.update(updates, state, params, **extra)

        return tx.init, update

    tx = adam_around(forgetful)
    with pytest.raises(ValueError, match="but forgetful hands on the direction only"):
        tx.update(PARAMS, tx.init(PARAMS), PARAMS)


def test_a_nested_chain_still_has_one_signal_before_the_split() -> None:
    links = gl.clip_by_global_norm(0.1), gl.scale_by_rms(0.5)
    for nested in (gl.store(gl.chain(*links), "float64"), gl.add(gl.chain(*links)), optax.chain(gl.chain(*links))):
        for got, wanted in zip(run(gl.chain(nested)), run(gl.chain(*links)), strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_multi_steps_itself_is_refused_with_the_remedy() -> None:
    multi: Any = optax.MultiSteps(gl.adam(), 2)
    with pytest.raises(TypeError, match=r"link 0 is a MultiSteps; pass its gradient_transformation\(\)"):
        gl.chain(multi)


def test_what_a_wrapper_holds_receives_the_signals_of_a_training_step() -> None:
    step = gl.make_step(lambda params, batch: (params**4).sum() * batch, donate=False)
    params, batch = jnp.array([1.0, -2.0]), jnp.ones(())
    sam = gl.sam(gl.sgd(0.1))
    wrapped = gl.chain(optax.apply_if_finite(sam, 3))
    got, expected = (step(tx, params, tx.init(params), batch)[0] for tx in (wrapped, sam))
    np.testing.assert_allclose(got, expected)
    scaled = gl.chain(optax.apply_if_finite(gl.dynamic_loss_scale(gl.sgd(0.1)), 3))
    with pytest.raises(ValueError, match="apply_if_finite, a wrapper of another library, holds dynamic_loss_scale"):
        step(scaled, params, scaled.init(params), batch)


def test_a_point_that_a_wrapper_does_not_hand_out_is_not_taken_for_the_parameters() -> None:
    tx = gl.chain(optax.masked(gl.average_params(gl.sgd(0.1)), True))
    with pytest.raises(ValueError, match=r"average_params.*but masked, a wrapper of another library, holds it"):
        gl.eval_params(tx, tx.init(jnp.ones(2)), jnp.ones(2))
    inside = gl.average_params(gl.chain(optax.masked(gl.sgd(0.1), True)))
    np.testing.assert_array_equal(gl.eval_params(inside, inside.init(jnp.ones(2)), jnp.ones(2)), [1.0, 1.0])
