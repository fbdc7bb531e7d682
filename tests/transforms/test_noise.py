"""Gradient noise: its size, its fading, and that it follows from the key and the step alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl

COUNT = 20_000


def noise_at(step: int, like: Any = None, **arguments: Any) -> Any:
    tx = gl.add_noise(**arguments)
    zeros = jnp.zeros(COUNT) if like is None else like
    state = tx.init(zeros)._replace(step=jnp.asarray(step, jnp.int32))
    return tx.update(zeros, state)[0]


@pytest.mark.parametrize("step", [0, 1, 9, 999])
@pytest.mark.parametrize(("eta", "gamma"), [(0.01, 0.55), (4.0, 1.0), (1.0, 0.0)])
def test_mean_and_variance_of_many_draws(step: int, eta: float, gamma: float) -> None:
    noise = np.asarray(noise_at(step, eta=eta, gamma=gamma)) / np.sqrt(eta / (1 + step) ** gamma)
    assert abs(noise.mean()) < 4 / np.sqrt(COUNT)
    assert abs(noise.var() - 1) < 4 * np.sqrt(2 / COUNT)
    assert abs((noise**3).mean()) < 4 * np.sqrt(15 / COUNT)  # a normal one has no third moment,
    assert abs((noise**4).mean() - 3) < 4 * np.sqrt(96 / COUNT)  # and a fourth of 3


def test_without_variance_there_is_no_noise() -> None:
    np.testing.assert_array_equal(noise_at(0, eta=0.0), 0.0)


def test_noise_is_added_to_the_gradient() -> None:
    tx = gl.add_noise(0.5)
    gradient = jnp.linspace(-1, 1, COUNT)
    updates, _ = tx.update(gradient, tx.init(gradient))
    np.testing.assert_allclose(updates - gradient, noise_at(0, eta=0.5), rtol=1e-9, atol=1e-12)


def test_the_same_key_and_step_give_the_same_noise() -> None:
    np.testing.assert_array_equal(noise_at(3, key=7), noise_at(3, key=7))
    np.testing.assert_array_equal(noise_at(3, key=7), noise_at(3, key=jax.random.key(7)))


@pytest.mark.parametrize(
    ("other", "arguments"), [(3, {"key": 8}), (4, {"key": 7}), (3, {"key": -7}), (3, {"key": 2**40 + 7})]
)
def test_another_key_or_step_gives_other_noise(other: int, arguments: dict[str, Any]) -> None:
    first = np.asarray(noise_at(3, key=7, gamma=0.0))
    second = np.asarray(noise_at(other, gamma=0.0, **arguments))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(COUNT)


def test_leaves_get_different_noise() -> None:
    tree = {"a": jnp.zeros(COUNT), "b": jnp.zeros(COUNT)}
    noise = noise_at(0, tree)
    assert abs(np.corrcoef(noise["a"], noise["b"])[0, 1]) < 4 / np.sqrt(COUNT)


def test_a_complex_leaf_gets_half_the_variance_on_each_part() -> None:
    noise = np.asarray(noise_at(0, jnp.zeros(COUNT, complex), eta=2.0))
    for part in (noise.real, noise.imag):
        assert abs(part.var() - 1.0) < 4 * np.sqrt(2 / COUNT)
    assert abs(np.corrcoef(noise.real, noise.imag)[0, 1]) < 4 / np.sqrt(COUNT)


def test_noise_has_the_dtype_of_the_leaf_and_is_drawn_in_float32() -> None:
    tree = {"a": jnp.zeros(3, "bfloat16"), "b": jnp.zeros(3, "float32"), "c": None, "d": jnp.zeros((0,))}
    noise = noise_at(0, tree)
    assert noise["a"].dtype == jnp.bfloat16
    assert noise["b"].dtype == jnp.float32
    assert noise["c"] is None
    assert noise["d"].shape == (0,)
    assert gl.add_noise().update({}, gl.add_noise().init({}))[0] == {}


def test_it_counts_its_steps(rollout: Callable[..., Any]) -> None:
    tx = gl.add_noise(key=5)
    got = rollout(tx, np.zeros((3, 2)))
    for step in range(3):
        np.testing.assert_allclose(got[step], noise_at(step, jnp.zeros(2), key=5), rtol=1e-14)
    assert len(np.unique(got)) == 6


def test_before_the_split_second_moments_see_the_noise(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.add_noise(1.0), gl.scale_by_momentum(0.5), gl.scale_by_rms(0.0, 0.0))
    np.testing.assert_allclose(np.abs(rollout(tx, np.zeros((1, 3)))), 0.5)


def test_a_new_key_is_no_new_program_and_keys_can_be_mapped() -> None:
    traces = []

    @jax.jit
    def draw(tx: Any) -> Any:
        traces.append(tx)
        return tx.update(jnp.zeros(3), tx.init(jnp.zeros(3)))[0]

    separate = [draw(gl.add_noise(key=key)) for key in range(4)]
    assert len(traces) == 1
    stack = jax.tree.map(lambda *leaves: jnp.stack(leaves), *[gl.add_noise(key=key) for key in range(4)])
    np.testing.assert_allclose(jax.vmap(draw)(stack), separate, rtol=1e-14)
    keys = jax.vmap(lambda key: draw(gl.add_noise(key=key)))(jax.vmap(jax.random.key)(jnp.arange(4)))
    np.testing.assert_allclose(keys, separate, rtol=1e-14)


def test_size_and_fading_are_differentiable() -> None:
    def size(tx: Any) -> Any:
        state = tx.init(jnp.zeros(3))._replace(step=jnp.asarray(4, jnp.int32))
        return (tx.update(jnp.zeros(3), state)[0] ** 2).sum()

    tx = gl.add_noise(0.5, 0.3)
    gradient = jax.grad(size, allow_int=True)(tx)
    np.testing.assert_allclose(gradient.eta, size(tx) / 0.5, rtol=1e-10)  # the square is eta / 5^gamma times a constant
    np.testing.assert_allclose(gradient.gamma, -np.log(5) * size(tx), rtol=1e-10)


def test_a_legacy_key_is_refused_with_the_remedy() -> None:
    with pytest.raises((TypeError, ValueError), match=r"jax\.random\.key"):
        noise_at(0, key=jax.random.PRNGKey(0))
