"""AdaBelief, Yogi, RAdam, QHM, QHAdam, cautious AdamW and NAdamW: worked out by hand, and where they are Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl


def test_adabelief_by_hand(rollout: Callable[..., Any]) -> None:
    # The surprise is 4 - 2 = 2, then 1 - 3/2 = -1/2.
    # s = 1/2 * 4 + 1/8 = 17/8, over 1/2; then 1/2 * 17/8 + 1/8 + 1/8 = 21/16, over 3/4.
    got = rollout(gl.adabelief(1.0, b1=0.5, b2=0.5, eps=0.0, eps_root=0.125), np.array([[4.0], [1.0]]))
    np.testing.assert_allclose(got, [[-4 / np.sqrt(4.25)], [-2 / np.sqrt(21 / 12)]], rtol=1e-13)


def test_adabelief_may_have_scheduled_arguments(rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((6, 3))
    constant = gl.adabelief(0.1, b2=0.9, eps_root=0.01)
    for tx in (constant.replace(b2=lambda step: 0.9), constant.replace(eps_root=lambda step: 0.01)):
        np.testing.assert_allclose(rollout(tx, gradients), rollout(constant, gradients), rtol=1e-12)


def test_yogi_by_hand(rollout: Callable[..., Any]) -> None:
    # v = 1 + 1/2 * 4 = 3, over 1/2; then 3 - 1/2 * 1, over 3/4. m^ = 2; then (1/2 + 1/2) / (3/4).
    tx = gl.yogi(1.0, b1=0.5, b2=0.5, eps=0.0, initial_accumulator_value=1.0)
    np.testing.assert_allclose(
        rollout(tx, np.array([[2.0], [1.0]])), [[-2 / np.sqrt(6)], [-4 / 3 / np.sqrt(2.5 / 0.75)]], rtol=1e-13
    )


def test_yogi_does_not_move_without_a_gradient(rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(gl.yogi(), np.zeros((3, 2))), 0.0)  # optax's does


def test_radam_steps_along_the_momentum_first(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.radam(0.5), np.full((6, 2), 3.0))
    np.testing.assert_allclose(got[:5], -1.5, rtol=1e-12)
    np.testing.assert_allclose(got[5], -0.5 * 0.0259, rtol=0.1)  # r at a length of about 6, of 2000 in the end
    assert abs(got[5, 0]) < 0.5


@pytest.mark.parametrize(
    ("tx", "same"),
    [
        (gl.qhm(0.1, 0.9, nu=1.0), gl.sgd(0.1, momentum=0.9, dampening=0.9)),
        (gl.qhm(0.1, 0.9, nu=0.0), gl.sgd(0.1)),
        (gl.qhadam(0.1, 0.9, 0.99, nu1=1.0), gl.adam(0.1, 0.9, 0.99)),
        (gl.nadamw(0.1, 0.9, 0.99), gl.adamw(0.1, 0.9, 0.99, nesterov=True)),
        (gl.nadamw(0.1, 0.9, 0.99, weight_decay=0.0), gl.nadam(0.1, 0.9, 0.99)),
    ],
    ids=repr,
)
def test_special_cases(tx: Any, same: Any, rollout: Callable[..., Any], rng: np.random.Generator) -> None:
    gradients = rng.standard_normal((10, 3))
    np.testing.assert_allclose(rollout(tx, gradients), rollout(same, gradients), rtol=1e-12)


def test_qhadam_mixes_both_moments(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.qhadam(1.0, 0.5, 0.5, 0.0, nu1=0.5, nu2=0.25), np.array([[2.0], [1.0]]))
    # m^ = (1/2 + 1/2) / (3/4) = 4/3; v^ = (1 + 1/2) / (3/4) = 2
    np.testing.assert_allclose(got, [[-1.0], [-(2 / 3 + 1 / 2) / np.sqrt(0.5 + 0.75)]], rtol=1e-13)


def test_cautious_adamw_decays_where_it_does_not_step(rollout: Callable[..., Any]) -> None:
    tx = gl.cautious_adamw(1.0, b1=0.5, b2=0.0, eps=0.0, weight_decay=0.1)
    got = rollout(tx, np.array([[4.0, 4.0], [-1.0, 4.0]]), np.array([10.0, 20.0]))
    # The second m^ is (1 - 1/2) / (3/4) = 2/3, against its gradient; and 4, over 4, times 2.
    np.testing.assert_allclose(got, [[-2.0, -3.0], [-1.0, -4.0]], rtol=1e-13)
