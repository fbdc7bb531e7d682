"""A finite gradient without a finite square: every second moment takes it as exact arithmetic would, and recovers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from gradlab.arithmetic.safe_arithmetic import bound_for_squaring, squared_magnitude


@gl.transformation(splits_gradient="tx")  # which decides on the square too
def passed_on(tx: optax.GradientTransformation):
    return tx.init, lambda updates, state, params=None, *, grads=None: tx.update(updates, state, params, grads=grads)


# Every recipe and link that squares the gradient, with a memory so short that 700 steps forget the largest float32.
CASES: dict[str, Callable[[], Any]] = {
    "adam": lambda: gl.adam(0.1, 0.5, 0.7),
    "adamw": lambda: gl.adamw(0.1, 0.5, 0.7),
    "nadam": lambda: gl.nadam(0.1, 0.5, 0.7),
    "rmsprop": lambda: gl.rmsprop(0.1, 0.7, momentum=0.5, nesterov=True),
    "rmsprop, centered": lambda: gl.rmsprop(0.1, 0.7, 1.0, centered=True),
    "the efficient form": lambda: gl.chain(
        gl.scale_by_momentum(0.5), gl.scale_by_rms(0.7, 1e-8), gl.bias_correction(0.5, 0.7), gl.scale(-0.1)
    ),
    "isolated": lambda: gl.chain(gl.scale_by_momentum(0.5), gl.isolate(gl.scale_by_rms(0.7, 1e-8)), gl.scale(-0.1)),
    "stored": lambda: gl.chain(
        gl.scale_by_momentum(0.5), gl.store(gl.scale_by_rms(0.7, 1e-8), "float64"), gl.scale(-0.1)
    ),
    "stored in a preconditioner": lambda: gl.chain(
        gl.scale_by_momentum(0.5), gl.precondition(gl.store(gl.scale_by_rms(0.7, 1e-8), "float64")), gl.scale(-0.1)
    ),
    "in a wrapper of one's own": lambda: gl.chain(
        gl.scale_by_momentum(0.5), passed_on(gl.scale_by_rms(0.7, 1e-8)), gl.scale(-0.1)
    ),
    "bare": lambda: gl.scale_by_rms(0.7, 1e-8),
    "scheduled": lambda: gl.adam(0.1, 0.5, gl.schedules.linear(0.5, 0.7, 9)),
    "torch": lambda: gl.flavors.torch.adam(0.1, (0.5, 0.7)),
}
LASTING: dict[str, Callable[[], Any]] = {  # what forgets it later, or never, in exact arithmetic as well
    "adadelta": lambda: gl.adadelta(1.0, 0.7),
    "adagrad": lambda: gl.adagrad(0.1),
    "amsgrad": lambda: gl.amsgrad(0.1, 0.5, 0.7),
    "adamax": lambda: gl.adamax(0.1, 0.5, 0.7),
}


def gradients(spike: float, dtype: str, steps: int = 700) -> Any:
    g = np.tile(np.array([1.0, -2.0, 0.5]), (steps, 1))
    g[5] = [spike, 1.0, -spike]
    return jnp.asarray(g, dtype)


@pytest.mark.parametrize("spike", [1e20, 3e38])
@pytest.mark.parametrize("name", CASES | LASTING)
def test_the_steps_are_those_of_exact_arithmetic(name: str, spike: float, rollout: Callable[..., Any]) -> None:
    tx = (CASES | LASTING)[name]()
    got = rollout(tx, gradients(spike, "float32"))
    exact = rollout(tx, gradients(spike, "float64"))  # whose squares are finite, and far below its bound
    scale = np.abs(exact[:100]).max(axis=0)
    rounding = 1e-3 if "centered" in name else 1e-5  # a variance cancels most digits of the second moment
    np.testing.assert_allclose(got[:100] / scale, exact[:100] / scale, atol=rounding)
    assert np.isfinite(got).all()
    if name in CASES:  # the steps are as long again as before, at the sixth step
        np.testing.assert_allclose(got[-1], exact[-1], rtol=1e-3, atol=1e-6)
        assert (np.abs(got[-1]) > 1e-3 * np.abs(got[4])).all()


def test_the_references_of_adam_by_hand_and_what_peers_do(rollout: Callable[..., Any]) -> None:
    g = gradients(1e20, "float64")
    m, v, expected = np.zeros(3), np.zeros(3), []
    for t, row in enumerate(np.asarray(g), 1):
        m, v = 0.5 * m + 0.5 * row, 0.7 * v + 0.3 * row**2
        expected.append(-0.1 * m / (1 - 0.5**t) / (np.sqrt(v / (1 - 0.7**t)) + 1e-8))
    got = rollout(gl.adam(0.1, 0.5, 0.7), gradients(1e20, "float32"))
    np.testing.assert_allclose(got[:100], expected[:100], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(got[-1], expected[-1], rtol=1e-4)
    with jax.numpy_dtype_promotion("standard"):
        frozen = rollout(gl.transformation(optax.adam)(0.1, 0.5, 0.7), gradients(1e20, "float32"))
    np.testing.assert_array_equal(frozen[6:, [0, 2]], 0.0)  # for ever: the peer's second moment is infinite


def test_complex_gradients_keep_their_phase(rollout: Callable[..., Any]) -> None:
    turned = np.exp(0.7j)
    for name in ("adam", "rmsprop", "bare"):
        tx = CASES[name]()
        got = rollout(tx, (gradients(1e20, "complex128", 60) * turned).astype("complex64"))
        exact = rollout(tx, gradients(1e20, "complex128", 60) * turned)
        np.testing.assert_allclose(got, exact, rtol=1e-4, atol=1e-6)


def test_a_sum_of_the_largest_squares_does_not_overflow(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.scale_by_rss(0.0, 0.0, 1e30), np.full((200, 1), 3e38, np.float32))
    np.testing.assert_allclose(got[:, 0], 1 / np.sqrt(np.arange(1, 201) + 1e30 / 2.0**102), rtol=1e-5)
    largest = squared_magnitude(bound_for_squaring(jnp.float32(3e38)))
    total = jnp.float32(2.0**24) * largest
    assert jnp.isfinite(total + largest)
    assert total + largest == total  # so it grows no further


def test_the_second_half_of_adadelta_stays_finite(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.scale_by_update_rms(0.9, 1e-6), np.array([[1e20], [1e20], [1.0], [1.0]], np.float32))
    assert np.isfinite(got).all()
    np.testing.assert_allclose(got[0], 1e17, rtol=1e-6)
    assert (got[2:] > 0).all()


def test_clipping_before_the_moments_is_not_changed_by_the_bound(rollout: Callable[..., Any]) -> None:
    g = np.array([[1e30, -1e28, 1.0]])
    tx = gl.chain(gl.clip_by_global_norm(1.0), gl.scale_by_momentum(0.0), gl.scale_by_rms(0.0, 1.0))
    clipped = g / 1e30 / np.sqrt(1.0001)
    np.testing.assert_allclose(rollout(tx, g.astype(np.float32)), clipped / (np.abs(clipped) + 1), rtol=1e-6)


@pytest.mark.parametrize("tx", [gl.sgd(0.1), gl.sgd(1e-20, 0.9), gl.clip_between(-1e25, 1e25), gl.running_sum()])
def test_what_squares_nothing_is_not_bounded(tx: Any, rollout: Callable[..., Any]) -> None:
    g = np.array([[1e20, -1e30]])
    np.testing.assert_allclose(rollout(tx, g.astype(np.float32)), rollout(tx, g), rtol=1e-6)


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 2.0**51), ("float64", 2.0**484)])
def test_ordinary_numbers_are_the_same_to_the_bit(dtype: str, largest: float) -> None:
    x = jnp.array([0.0, -0.0, 1e-37, -1e-30, 1.5, largest, -largest, np.inf, -np.inf, np.nan], dtype)
    np.testing.assert_array_equal(bound_for_squaring(x).view(f"uint{x.itemsize * 8}"), x.view(f"uint{x.itemsize * 8}"))
    np.testing.assert_array_equal(bound_for_squaring(jnp.array([2, -4], dtype) * largest), [largest, -largest])
    z = jax.lax.complex(x, x[::-1])
    np.testing.assert_array_equal(bound_for_squaring(z).real, x)
    np.testing.assert_array_equal(bound_for_squaring(z).imag, x[::-1])
    np.testing.assert_allclose(
        bound_for_squaring(jnp.array([4 - 2j], z.dtype) * largest), [(1 - 0.5j) * largest], rtol=1e-6
    )


def test_infinities_stay_what_they_are(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.adam(0.1), np.array([[np.inf, np.nan, 1.0]] * 2, np.float32))
    assert np.isnan(got[:, :2]).all()
    np.testing.assert_allclose(got[:, 2], -0.1, rtol=1e-6)


@pytest.mark.parametrize("x", [0.0, 3.0, -1e30, 2.0**600, 1j, 1e300j])
def test_the_derivative_is_finite(x: Any) -> None:
    derivative = jax.grad(lambda x: bound_for_squaring(x).real)(jnp.asarray(x))
    assert np.isfinite(derivative)
    assert derivative == (1 if abs(x) < 2.0**484 else 2.0**484 / abs(x) if isinstance(x, complex) else 0)


def test_links_of_ones_own_declare_that_they_square() -> None:
    @gl.transformation(squares_gradient=True)
    def by_square():
        return lambda params: (), lambda updates, state, *, grads=None: (jax.tree.map(lambda g: g * g, grads), state)

    tx = gl.chain(gl.scale_by_momentum(0.5), gl.isolate(gl.scale(1.0)), by_square())
    assert tx.squares_gradient
    assert not gl.chain(gl.sgd(0.1, 0.9)).squares_gradient
    assert gl.adabound().squares_gradient  # inside of precondition
    updates, state = tx.update(jnp.float32(1e20), tx.init(jnp.float32(0)))
    assert updates == 2.0**102
    assert state[0].moment == 2.0**50
