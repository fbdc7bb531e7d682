"""Rectification: when a second moment rests on enough gradients, and how much it is trusted then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl


def published_length(decay: float, t: int) -> float:
    return 2 / (1 - decay) - 1 - 2 * t * decay**t / (1 - decay**t)


def factors(decay: float, steps: int, dtype: Any = jnp.float64, threshold: float = 5.0) -> np.ndarray:
    """Return the factors of `rectify`, of a transformation that multiplies by -1: positive before the threshold."""
    tx = gl.rectify(gl.scale(-1.0), decay, threshold)
    ones = jnp.ones((steps, 1), dtype)
    return np.asarray(jax.jit(lambda: jax.lax.scan(lambda s, g: tx.update(g, s)[::-1], tx.init(ones[0]), ones)[1])())[
        :, 0
    ]


@pytest.mark.parametrize("decay", [0.9, 0.99, 0.999])
@pytest.mark.parametrize("threshold", [4.0, 5.0])
def test_the_factors_are_those_of_the_paper(decay: float, threshold: float) -> None:
    got, limit = factors(decay, 30, threshold=threshold), 2 / (1 - decay) - 1
    for t, factor in enumerate(got, 1):
        rho = published_length(decay, t)
        r = np.sqrt(max((rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho), 0))
        assert factor == pytest.approx(-r if rho > threshold else 1.0, rel=1e-9)


def test_in_float32_the_threshold_is_passed_at_the_same_step() -> None:
    for decay in (0.99, 0.999, 0.9999, 0.99999):
        exact = [published_length(decay, t) > 5 for t in range(1, 12)]
        assert (factors(decay, 11, jnp.float32) < 0).tolist() == exact, decay


def test_a_short_memory_is_never_scaled() -> None:
    np.testing.assert_array_equal(factors(0.5, 200), 1.0)
    np.testing.assert_array_equal(factors(0.0, 5), 1.0)


@pytest.mark.parametrize(("threshold", "decay"), [(4.0, 0.6), (5.0, 2 / 3)])
def test_the_docstring_says_which_decays_never_exceed_the_threshold(threshold: float, decay: float) -> None:
    assert decay == pytest.approx((threshold - 1) / (threshold + 1))
    assert (factors(decay - 0.005, 200, threshold=threshold) == 1).all()
    assert (factors(decay + 0.005, 200, threshold=threshold) < 0).any()


def test_the_inner_state_moves_from_the_first_step(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((12, 3))
    inside = gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.9), gl.bias_correction(0.9)))
    plain, got = rollout(inside, gradients), rollout(gl.rectify(inside, 0.9), gradients)
    np.testing.assert_array_equal(got[:4], gradients[:4])
    ratio = got[8:] / plain[8:]
    np.testing.assert_allclose(ratio, np.broadcast_to(ratio[:, :1], ratio.shape), rtol=1e-12)


def test_a_threshold_below_four_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rectify: threshold must be .*\[4, inf\).*got 3"):
        gl.rectify(gl.scale(1.0), 0.9, 3.0)
