"""A chain carries the gradient and the direction, which a momentum splits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

import gradlab as gl
from tests.combinators.links import EPS, LINKS, in_series, momentum, rms


def test_rms_behind_momentum_reads_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(gradients), rtol=1e-12)
    serial = rms(momentum(gradients, gradients), momentum(gradients, gradients))  # what one signal would give
    assert np.abs(got - serial).max() > 0.1


def test_rms_before_momentum_scales_what_momentum_averages(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["rms"](), LINKS["momentum"]()), gradients)
    np.testing.assert_allclose(got, momentum(rms(gradients, gradients), gradients), rtol=1e-12)
    assert np.abs(got - in_series(momentum, rms)(gradients)).max() > 1e-3


def test_before_the_split_each_link_rewrites_the_gradient(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(gl.clip_by_value(0.5), LINKS["momentum"](), LINKS["rms"]()), gradients)
    np.testing.assert_allclose(got, in_series(momentum, rms)(np.clip(gradients, -0.5, 0.5)), rtol=1e-12)


def test_behind_the_split_the_direction_only(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.clip_by_value(0.05), LINKS["rms"]()), gradients)
    expected = rms(np.clip(momentum(gradients, gradients), -0.05, 0.05), gradients)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_scaling_links_do_not_split(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(gl.scale(3.0), LINKS["rms"](), gl.scale_by_rms(0.5, EPS)), gradients)
    once = rms(3 * gradients, 3 * gradients)
    np.testing.assert_allclose(got, rms(once, once, 0.5), rtol=1e-12)  # the second RMS measures what the first made


def test_a_second_momentum_averages_the_direction(rollout: Callable[..., Any], gradients: np.ndarray) -> None:
    got = rollout(gl.chain(LINKS["momentum"](), gl.scale_by_momentum(0.5)), gradients)
    np.testing.assert_allclose(got, momentum(momentum(gradients, gradients), gradients, 0.5), rtol=1e-12)


@pytest.mark.parametrize(
    ("tx", "splits"),
    [
        (gl.scale_by_momentum(), True),
        (gl.nesterov(), True),
        (gl.running_max(), True),
        (gl.running_sum(), True),
        (gl.scale_by_rms(), False),
        (gl.scale_by_rms(gl.chain(gl.scale_by_momentum(), gl.running_max())), False),
        (gl.scale_by_stddev(), False),
        (gl.clip_by_global_norm(1.0), False),
        (gl.chain(), False),
        (gl.chain(gl.scale(1.0), gl.scale_by_momentum()), True),
        (gl.isolate(gl.scale_by_momentum()), True),
        (gl.isolate(gl.scale_by_rms()), False),
        (gl.isolate(gl.isolate(gl.chain(gl.scale_by_momentum()))), True),
        (gl.precondition(gl.scale_by_momentum()), True),
        (gl.precondition(gl.scale_by_rms()), False),
        (gl.isolate(optax.trace(0.9)), False),
        (gl.chain(optax.scale_by_adam()), False),
        (gl.adam(), True),
        (gl.rmsprop(), False),
        (gl.rmsprop(momentum=0.9), True),
        (gl.adagrad(), False),
        (gl.sgd(0.1), False),
        (gl.sgd(0.1, momentum=0.9), True),
    ],
)
def test_which_links_split(tx: Any, splits: bool) -> None:
    assert tx.splits_gradient is splits


def test_a_link_called_by_hand_takes_its_own_input_or_the_grads_it_is_given() -> None:
    tx = gl.scale_by_rms(0.0, 0.0)
    d, g = jnp.array([6.0, -6.0]), jnp.array([2.0, 3.0])
    np.testing.assert_allclose(tx.update(d, tx.init(d))[0], [1.0, -1.0])
    np.testing.assert_allclose(tx.update(d, tx.init(d), grads=g)[0], [3.0, -2.0])
    chained = gl.chain(gl.scale(2.0), tx)
    np.testing.assert_allclose(chained.update(d, chained.init(d), grads=g)[0], [6.0, -4.0])  # so it is split already


def test_grads_reach_only_links_that_name_them() -> None:
    seen = []

    @gl.transformation
    def any_name():
        def update(updates, state, **extra):
            seen.append(set(extra))
            return updates, state

        return lambda params: (), update

    gl.chain(gl.scale_by_momentum(), any_name()).update(
        jnp.ones(2), gl.chain(gl.scale_by_momentum(), any_name()).init(jnp.ones(2)), other=1
    )
    assert seen == [{"other"}]


CLIPPED = gl.chain(gl.clip_by_value(0.5), gl.probe("clipped"), gl.scale_by_momentum())
WRAPPED = {
    "skip_nonfinite": gl.skip_nonfinite(CLIPPED, gl.schedules.linear(1.0, 9.0, 5)),
    "partition": gl.only(True, CLIPPED),
    "store": gl.store(gl.chain(CLIPPED), "bfloat16"),
    "masked": optax.masked(CLIPPED, True),
}


@pytest.mark.parametrize("outer", WRAPPED)
def test_a_gradient_that_was_changed_within_a_wrapper_is_not_read_behind_it(outer: str) -> None:
    message = f"scale_by_rms reads.*clip_by_value within {outer} has changed it.*Put clip_by_value in front of {outer}"
    with pytest.raises(ValueError, match=message):
        gl.chain(WRAPPED[outer], gl.scale_by_rms()).init(jnp.ones(2))


def test_a_gradient_that_a_wrapper_changes_itself_is_not_read_behind_it() -> None:
    with pytest.raises(ValueError, match=r"which accumulate changes.*put scale_by_stddev inside accumulate, too"):
        gl.chain(gl.accumulate(gl.scale_by_momentum()), gl.scale_by_stddev()).init(jnp.ones(2))


@pytest.mark.parametrize(
    "links",
    [
        (gl.clip_by_value(0.5), gl.store(gl.chain(gl.probe("g"), gl.scale_by_momentum())), gl.scale_by_rms()),
        (gl.store(gl.chain(gl.scale_by_momentum(), gl.clip_by_value(0.5))), gl.scale_by_rms()),
        (gl.store(gl.clip_by_value(0.5)), gl.scale_by_rms()),  # it does not split, so its result is the gradient
        (gl.store(CLIPPED), gl.probe("u", "effective_rate"), gl.majority_vote(), gl.isolate(gl.scale_by_rms())),
        (gl.add(CLIPPED), gl.scale_by_rms()),  # each branch has a gradient of its own
        (CLIPPED, gl.scale_by_rms()),
    ],
)
def test_a_gradient_that_is_known_behind_a_wrapper_is_read(links: Any) -> None:
    gl.chain(*links).init(jnp.ones(2))
