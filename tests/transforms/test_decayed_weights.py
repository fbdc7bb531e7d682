"""Weight decay: coupled or decoupled by where it stands, and for the leaves that a mask chooses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

PARAMS: dict[str, Any] = {"w": jnp.array([[1.0, 2.0]]), "b": jnp.array([3.0]), "head": (jnp.array([4.0]), None)}
ZERO = jax.tree.map(jnp.zeros_like, PARAMS)


def decayed(tx: Any, params: Any = PARAMS) -> Any:
    zero = jax.tree.map(jnp.zeros_like, params)
    return tx.update(zero, tx.init(params), params)[0]


def test_it_adds_a_share_of_the_parameters() -> None:
    gradient = jax.tree.map(jnp.ones_like, PARAMS)
    tx = gl.add_decayed_weights(0.5)
    updates, _ = tx.update(gradient, tx.init(PARAMS), PARAMS)
    np.testing.assert_array_equal(updates["w"], [[1.5, 2.0]])
    np.testing.assert_array_equal(updates["head"][0], [3.0])
    assert updates["head"][1] is None


@pytest.mark.parametrize(
    ("mask", "decays"),
    [
        (None, {"w", "b", "head"}),
        (True, {"w", "b", "head"}),
        (False, set()),
        ({"w": True, "b": False, "head": True}, {"w", "head"}),
        ({"w": True, "b": False, "head": (False, None)}, {"w"}),
        (lambda params: jax.tree.map(lambda x: x.ndim > 1, params), {"w"}),
        (lambda params: {"w": False, "b": True, "head": False}, {"b"}),
        (lambda params: True, {"w", "b", "head"}),
        ("head/*", {"head"}),
    ],
)
@pytest.mark.parametrize("jitted", [False, True])
def test_masks(mask: Any, decays: set[str], jitted: bool) -> None:
    tx = gl.add_decayed_weights(0.5, mask)
    updates = jax.jit(decayed)(tx) if jitted else decayed(tx)
    moved = {name for name in PARAMS if any(np.any(leaf != 0) for leaf in jax.tree.leaves(updates[name]))}
    assert moved == decays


@pytest.mark.parametrize("on", [jnp.array(True), np.array(True), np.True_])
def test_masks_of_arrays_are_taken_as_booleans(on: Any) -> None:
    tx = gl.add_decayed_weights(0.5, {"w": on, "b": False, "head": False})
    updates = jax.jit(decayed)(tx)
    np.testing.assert_array_equal(updates["w"], [[0.5, 1.0]])
    np.testing.assert_array_equal(updates["b"], [0.0])
    by_function = jax.jit(decayed)(gl.add_decayed_weights(0.5, lambda params: {"w": on, "b": False, "head": False}))
    jax.tree.map(np.testing.assert_array_equal, by_function, updates)


def test_a_mask_that_is_computed_is_refused() -> None:
    tx = gl.add_decayed_weights(0.5, lambda params: jax.tree.map(lambda x: x.sum() > 0, params))
    with pytest.raises(TypeError, match=r"at \['b'\], got .*Tracer.* may decide by shapes and dtypes"):
        jax.jit(lambda params: decayed(tx, params))(PARAMS)


@pytest.mark.parametrize("mask", [{"w": 1, "b": 0, "head": 0}, lambda params: {"w": "yes", "b": False, "head": False}])
def test_other_masks_are_refused(mask: Any) -> None:
    with pytest.raises(TypeError, match="add_decayed_weights: mask must hold True or False at"):
        decayed(gl.add_decayed_weights(0.5, mask))


@pytest.mark.parametrize("make", [gl.add_decayed_weights, lambda decay, mask: gl.proximal_decay(0.1, decay, mask)])
def test_a_mask_that_is_a_function_of_a_leaf_is_refused_before_the_first_update(make: Callable[..., Any]) -> None:
    remedy = r"pass a selector: gl\.ndim\(2\) .* gl\.path\(.*\) .* gl\.where\("
    tx = make(0.5, lambda x: x.ndim >= 2)
    with pytest.raises(TypeError, match=f"is called with the whole tree .* '?dict'? object has no .*{remedy}"):
        tx.init(PARAMS)
    tx.init(jnp.ones(2))  # here the leaf is the whole tree
    with pytest.raises(TypeError, match=f"mask is called with one argument, .* does not take; .*{remedy}"):
        make(0.5, lambda path, x: x.ndim >= 2)


def test_errors_of_another_kind_in_a_mask_stay_as_they_are() -> None:
    with pytest.raises(KeyError, match="absent"):
        gl.add_decayed_weights(0.5, lambda params: params["absent"]).init(PARAMS)


def test_a_pattern_as_a_mask_is_a_selector() -> None:
    assert gl.add_decayed_weights(0.5, "**/kernel") == gl.add_decayed_weights(0.5, gl.path("**/kernel"))
    assert "path('w')" in str(gl.describe(gl.adamw(0.1, mask="w"), PARAMS))
    with pytest.raises(ValueError, match="empty part; write 'kernel'"):
        gl.adamw(0.1, mask="/kernel")


@pytest.mark.parametrize("mask", [{"w": True}, {"w": True, "b": {"x": False}, "head": True}, ["**/w", "b"]])
def test_a_mask_of_another_structure_is_refused(mask: Any) -> None:
    meant = r'"\*\*/w", "b"' if isinstance(mask, list) else r'"\*\*/kernel"'
    with pytest.raises(ValueError, match=rf"mask has another structure than .* pass mask=gl.path\({meant}\)$"):
        gl.add_decayed_weights(0.5, mask).init(PARAMS)


def test_a_new_mask_is_a_new_program_and_a_new_number_is_not() -> None:
    traces = []

    @jax.jit
    def run(tx: Any) -> Any:
        traces.append(tx)
        return decayed(tx)

    for weight_decay in (0.1, 0.2):
        for on in (True, False):
            run(gl.add_decayed_weights(weight_decay, {"w": on, "b": False, "head": False}))
    assert len(traces) == 2


def test_first_in_a_chain_it_is_l2_and_last_it_is_decoupled(rollout: Callable[..., Any]) -> None:
    gradients, params, decay = np.array([[2.0, -0.5]]), jnp.array([8.0, 8.0]), gl.add_decayed_weights(0.125)
    momentum, rms = gl.scale_by_momentum(0.5), gl.scale_by_rms(0.0, 0.0)  # half the gradient, over its magnitude
    np.testing.assert_allclose(rollout(gl.chain(decay, momentum, rms), gradients, params), [[0.5, 0.5]])
    np.testing.assert_allclose(rollout(gl.chain(momentum, rms, decay), gradients, params), [[1.5, 0.5]])
    np.testing.assert_allclose(rollout(gl.chain(momentum, decay, rms), gradients, params), [[1.0, 1.5]])


def test_the_weight_decay_may_be_scheduled(rollout: Callable[..., Any]) -> None:
    tx = gl.add_decayed_weights(gl.schedules.linear(1.0, 0.0, 4))
    got = rollout(tx, np.zeros((3, 1)), jnp.array([2.0]))
    np.testing.assert_allclose(got[:, 0], [2.0, 1.5, 1.0])


def test_parameters_of_another_dtype_than_the_gradient() -> None:
    tx = gl.add_decayed_weights(0.5)
    for gradient, params in (("float32", "bfloat16"), ("bfloat16", "float32"), ("float32", "float64")):
        updates, _ = tx.update(jnp.ones(2, gradient), tx.init(jnp.ones(2, params)), jnp.full(2, 3.0, params))
        assert updates.dtype == gradient
        np.testing.assert_array_equal(np.asarray(updates, float), 2.5)


def test_complex_parameters() -> None:
    updates = decayed(gl.add_decayed_weights(0.5), jnp.array([2j, 1.0 + 0j]))
    np.testing.assert_array_equal(updates, [1j, 0.5])


def test_a_cautious_decay_is_off_where_the_step_leads_away_from_zero() -> None:
    params, direction = jnp.array([1.0, 1.0, -1.0, -1.0, 1.0]), jnp.array([2.0, -2.0, -2.0, 2.0, 0.0])
    tx = gl.add_decayed_weights(0.5, cautious=True)
    updates, _ = tx.update(direction, tx.init(params), params)
    np.testing.assert_array_equal(updates, [2.5, -2.0, -2.5, 2.0, 0.5])  # a direction of 0 decays


def test_a_proximal_decay_divides_the_point_after_the_step() -> None:
    tx = gl.chain(gl.scale_by_learning_rate(0.5), gl.proximal_decay(0.5, 2.0))
    updates, _ = tx.update(jax.tree.map(jnp.ones_like, PARAMS), tx.init(PARAMS), PARAMS)
    np.testing.assert_allclose(PARAMS["w"] + updates["w"], [[0.25, 0.75]])  # (x - 0.5) / (1 + 0.5 * 2)


def test_a_proximal_decay_is_stable_at_any_rate() -> None:
    params, tx = jnp.array([1.0]), gl.chain(gl.scale_by_learning_rate(1e6), gl.proximal_decay(1e6, 1.0))
    updates, _ = tx.update(jnp.zeros(1), tx.init(params), params)
    assert abs(float((params + updates)[0])) < 1e-5  # an added decay of 1e6 would lead to -1e6


def test_a_mask_of_the_proximal_decay() -> None:
    updates = decayed(gl.proximal_decay(1.0, 1.0, gl.ndim(2)))
    np.testing.assert_array_equal(updates["w"], -PARAMS["w"] / 2)
    np.testing.assert_array_equal(updates["b"], [0.0])
    with pytest.raises(TypeError, match=r"proximal_decay: mask must hold True or False at \['b'\], got float: 0.5"):
        decayed(gl.proximal_decay(1.0, 1.0, {"w": True, "b": 0.5, "head": True}))
