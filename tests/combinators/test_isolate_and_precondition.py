"""`isolate` hides the gradient of a chain, and `precondition` multiplies by rates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from tests.combinators.links import B2, EPS, LINKS, RATE, in_series, momentum, rms


def test_isolate_takes_its_own_input_as_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), LINKS["isolated"]()), gradients)
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(got, rms(m, m), rtol=1e-12)


def test_isolate_of_a_chain_hides_the_gradient_from_all_of_it(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    inner = gl.chain(gl.scale_by_momentum(0.5), gl.scale_by_rms(B2, EPS))
    got = rollout(gl.chain(LINKS["momentum"](), gl.isolate(inner)), gradients)
    m = momentum(gradients, gradients)
    np.testing.assert_allclose(got, rms(momentum(m, m, 0.5), m), rtol=1e-12)


def test_behind_an_isolated_split_the_gradient_is_the_one_before(
    rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.chain(gl.isolate(LINKS["momentum"]()), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(gradients), rtol=1e-12)


def test_isolate_alone_changes_nothing(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    for tx in (gl.adam(RATE), gl.scale_by_rms()):
        np.testing.assert_array_equal(rollout(gl.isolate(tx), gradients), rollout(tx, gradients))


def test_precondition_multiplies_by_the_rates_of_ones(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    rates = gl.chain(gl.scale_by_rms(B2, EPS), gl.clip_between(5.0, 50.0))
    got = rollout(gl.chain(LINKS["momentum"](), gl.precondition(rates)), gradients)
    bounded = np.clip(rms(np.ones_like(gradients), gradients), 5.0, 50.0)
    np.testing.assert_allclose(got, bounded * momentum(gradients, gradients), rtol=1e-12)
    assert set(np.unique(bounded)) >= {5.0, 50.0}


@pytest.mark.parametrize("inner", [gl.scale_by_rms(0.9, 1e-3), gl.scale_by_infinity_norm(0.9, 1e-3), gl.scale(0.5)])
def test_precondition_is_the_link_itself_for_links_that_scale(
    inner: Any, rollout: Callable[..., Any], gradients: np.ndarray
) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.precondition(inner)), gradients)
    np.testing.assert_allclose(got, rollout(gl.chain(LINKS["momentum"](), inner), gradients), rtol=1e-14)


def test_precondition_gives_complex_leaves_real_rates(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[3 + 4j, 1j, 0]])
    got = rollout(gl.precondition(gl.scale_by_rms(0.0, 0.0)), gradients)
    np.testing.assert_allclose(got, [[0.6 + 0.8j, 1j, 0]], atol=1e-15)
