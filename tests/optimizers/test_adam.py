"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adam(1.0, b1=0.5, b2=0.75, eps=0.0), np.array([[2.0], [-2.0]]))
    # m^ = 2, v^ = 4; m = -1/2, m^ = -2/3, v^ = 4
    np.testing.assert_allclose(got, [[-1.0], [1 / 3]], rtol=1e-14)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e6])
def test_the_first_step_is_the_rate_whatever_the_gradient(size: float, rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adam(0.1), size * np.array([[1.0, -1.0, 0.0]]))
    np.testing.assert_allclose(got, [[-0.1, 0.1, 0.0]], rtol=1e-4)


def test_a_constant_gradient_gives_constant_steps(rollout: Callable[..., Any]) -> None:
    np.testing.assert_allclose(rollout(gl.adam(0.1, eps=0.0), np.full((50, 2), 7.0)), -0.1, rtol=1e-13)


def test_it_is_momentum_plus_rms_plus_correction(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    assert gl.adam(0.1, 0.8, 0.9, 1e-3).links == (
        gl.scale_by_momentum(0.8),
        gl.bias_correction(0.8),
        gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9)), 1e-3),
        gl.scale_by_learning_rate(0.1),
    )


def test_the_efficient_form_is_equal_without_eps_and_differs_by_where_eps_stands(
    rollout: Callable[..., Any], rng: np.random.Generator
) -> None:
    gradients = 1e-4 * rng.standard_normal((20, 3))

    def efficient(eps: float) -> Any:
        return gl.chain(
            gl.scale_by_momentum(0.9),
            gl.scale_by_rms(0.999, eps),
            gl.bias_correction(0.9, 0.999),
            gl.scale_by_learning_rate(0.1),
        )

    np.testing.assert_allclose(
        rollout(gl.adam(0.1, eps=0.0), gradients), rollout(efficient(0.0), gradients), rtol=1e-11
    )
    corrected = np.sqrt(1 - 0.999)
    first = np.abs(gradients[0])
    got, hat = rollout(gl.adam(0.1, eps=1e-4), gradients)[0], rollout(efficient(1e-4), gradients)[0]
    np.testing.assert_allclose(np.abs(got), 0.1 * first / (first + 1e-4), rtol=1e-10)
    np.testing.assert_allclose(np.abs(hat), 0.1 * first / (first + 1e-4 / corrected), rtol=1e-10)


def test_without_memory_it_is_sign_descent(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((5, 3))
    np.testing.assert_allclose(
        rollout(gl.adam(0.1, b1=0.0, b2=0.0, eps=0.0), gradients), -0.1 * np.sign(gradients), rtol=1e-14
    )


def test_steps_are_bounded_by_a_few_rates(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((200, 10)) * 10.0 ** rng.integers(-6, 7, (200, 10))
    bound = 0.1 * max(1.0, (1 - 0.9) / np.sqrt(1 - 0.999))  # Kingma & Ba, section 2.1
    assert np.abs(rollout(gl.adam(0.1), gradients)).max() <= bound * (1 + 1e-9)


@pytest.mark.parametrize("recipe", [gl.adam, gl.adamw, gl.nadam, gl.amsgrad])
def test_eps_root_is_off_unless_it_is_given(recipe: Any) -> None:
    tx = recipe(0.1)
    assert tx.eps_root is None
    assert "eps_root" not in repr(tx)
    assert len(jax.tree.leaves(tx.replace(eps_root=0.0))) == len(jax.tree.leaves(tx)) + 1
    assert tx.replace(eps_root=0.0).links == tx.links


def test_eps_root_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adam(1.0, b1=0.0, b2=0.0, eps=2.0, eps_root=7.0), np.array([[3.0]]))
    np.testing.assert_allclose(got, [[-3 / (4 + 2)]], rtol=1e-14)  # sqrt(9 + 7) = 4


def test_with_nesterov_it_is_nadam() -> None:
    warming = gl.schedules.nadam_momentum()
    for b1 in (0.8, warming):
        assert gl.adam(0.1, b1, 0.9, 1e-3, 1e-4, nesterov=True).links == gl.nadam(0.1, b1, 0.9, 1e-3, 1e-4).links


# AdamW.


def test_nesterov_is_before_the_decay(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients, params = rng.standard_normal((5, 3)), jnp.array([10.0, -20.0, 0.0])
    got = rollout(gl.adamw(0.1, weight_decay=0.5, nesterov=True), gradients, params)
    np.testing.assert_allclose(got - rollout(gl.nadam(0.1), gradients), [[-0.5, 1.0, 0.0]] * 5, rtol=1e-12, atol=1e-15)


def test_weights_decay_beside_adam(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients, params = rng.standard_normal((5, 3)), jnp.array([10.0, -20.0, 0.0])
    got = rollout(gl.adamw(0.1, weight_decay=0.5), gradients, params)
    np.testing.assert_allclose(got - rollout(gl.adam(0.1), gradients), [[-0.5, 1.0, 0.0]] * 5, rtol=1e-12, atol=1e-15)


def test_the_decay_does_not_depend_on_the_size_of_the_gradient(rollout: Callable[..., Any]) -> None:
    params = jnp.array([10.0])
    for size in (1e-4, 1e4):
        got = rollout(gl.adamw(0.1, weight_decay=0.5, eps=0.0), np.array([[size]]), params)
        np.testing.assert_allclose(got, [[-0.1 - 0.5]], rtol=1e-12)


def test_the_mask_chooses_what_decays() -> None:
    params = {"w": jnp.ones((2, 2)), "b": jnp.ones(2)}
    zero = {"w": jnp.zeros((2, 2)), "b": jnp.zeros(2)}
    tx = gl.adamw(0.1, weight_decay=0.5, mask={"w": True, "b": False})
    updates, _ = tx.update(zero, tx.init(params), params)
    np.testing.assert_allclose(updates["w"], -0.05, rtol=1e-15)
    np.testing.assert_array_equal(updates["b"], 0.0)


def test_no_decay_is_adam(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((5, 3))
    tx = gl.adamw(0.1, weight_decay=0.0)
    np.testing.assert_array_equal(rollout(tx, gradients, jnp.ones(3)), rollout(gl.adam(0.1), gradients))
