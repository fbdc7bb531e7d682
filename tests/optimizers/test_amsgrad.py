"""AMSGrad: Adam with rates that never rise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gradlab as gl


def test_by_hand(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.amsgrad(1.0, b1=0.0, b2=0.5, eps=0.0), np.array([[4.0], [1.0], [1.0]]))
    # v = 8, 4.5, 2.75; v^ = 16, 6, 22/7: the first stays the largest
    np.testing.assert_allclose(got, [[-1.0], [-0.25], [-0.25]], rtol=1e-14)


def test_the_maximum_is_of_the_corrected_moment(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[1.0], [0.5], [0.5]])
    got = rollout(gl.amsgrad(1.0, b1=0.0, b2=0.5, eps=0.0), gradients)
    # v = 1/2, 3/8, 5/16; v^ = 1, 1/2, 5/14, so its maximum is 1; that of v, corrected later, would be 1/2 / (1 - b^t)
    np.testing.assert_allclose(got, [[-1.0], [-0.5], [-0.5]], rtol=1e-14)
    raw = gl.scale_by_rms(gl.chain(gl.scale_by_momentum(0.5), gl.running_max(), gl.bias_correction(0.5)), 0.0)
    np.testing.assert_allclose(rollout(raw, gradients), [[1.0], [0.5 / np.sqrt(2 / 3)], [0.5 / np.sqrt(4 / 7)]])


def test_rates_never_rise(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((100, 3)) * 10.0 ** rng.integers(-3, 4, (100, 3))
    rates = rollout(gl.amsgrad(0.1, b1=0.0), gradients) / gradients
    assert np.all(np.diff(np.abs(rates), axis=0) <= 1e-15)
    adam = np.abs(rollout(gl.adam(0.1, b1=0.0), gradients) / gradients)
    assert np.any(np.diff(adam, axis=0) > 0)


def test_it_converges_where_adam_does_not(rollout: Callable[..., Any]) -> None:
    """Reddi et al., section 3: gradients of C at every third step and of -1 else; the minimum is at -1."""
    gradients = np.where(np.arange(3000) % 3 == 0, 3.0, -1.0)[:, None]
    rate = gl.schedules.inverse_square_root(0.1)
    adam = rollout(gl.adam(rate, b1=0.0, b2=1 / 10, eps=0.0), gradients).sum()
    amsgrad = rollout(gl.amsgrad(rate, b1=0.0, b2=1 / 10, eps=0.0), gradients).sum()
    assert adam > 0.5
    assert amsgrad < -0.5
