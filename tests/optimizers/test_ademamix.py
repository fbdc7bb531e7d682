"""AdEMAMix, and the warm-up of its slow momentum."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl


def test_without_the_slow_momentum_it_is_adamw(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    got = rollout(gl.ademamix(0.1, alpha=0.0, weight_decay=0.3), gradients)
    np.testing.assert_allclose(got, rollout(gl.adamw(0.1, weight_decay=0.3), gradients), rtol=1e-12)


def test_the_slow_momentum_is_not_corrected(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.ademamix(1.0, b3=0.75, alpha=2.0, eps=0.0), np.array([[4.0]]))
    np.testing.assert_allclose(got, [[-(4.0 + 2.0 * 1.0) / 4.0]])


def test_the_warm_up_counts_from_one_as_in_the_paper(rollout: Callable[..., Any]) -> None:
    # With b1 = 1/4 and b3 = 1/16, the half-lives are 1/2 and 1/4, so b3 at the first of two steps is 2^(-1 / 0.375).
    first = 2 ** (-1 / 0.375)
    tx = gl.ademamix(1.0, b1=0.25, b2=0.0, b3=0.0625, alpha=2.0, eps=0.0, warmup_steps=2)
    slow = 1 - first, 0.0625 * (1 - first) + 0.9375
    np.testing.assert_allclose(rollout(tx, np.ones((2, 1)))[:, 0], [-1 - slow[0], -1 - 2 * slow[1]], rtol=1e-12)


def test_both_may_be_schedules_of_ones_own(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((12, 3))
    s = gl.schedules
    own = gl.ademamix(
        0.1, b3=s.shift(s.half_life(0.9, 0.999, 8), 1), alpha=lambda step: 5.0 * ((step + 1) / 8).clip(max=1.0)
    )
    made = gl.ademamix(0.1, b3=0.999, warmup_steps=8)
    np.testing.assert_allclose(rollout(own, gradients), rollout(made, gradients), rtol=1e-12)


def test_a_warm_up_of_a_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="got a schedule for alpha; pass numbers, or leave warmup_steps out"):
        gl.ademamix(alpha=gl.schedules.linear(0.0, 5.0, 10), warmup_steps=10)
