"""Agreement in sign: what a cautious optimizer keeps, and how much it enlarges that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import PartitionSpec as P

import gradlab as gl

MOMENTUM = gl.scale_by_momentum(0.5, dampening=0.0)


def test_by_hand(rollout: Callable[..., Any]) -> None:
    # The second momentum is [3, -1, 1, 0.5]; it opposes its gradient at the second element, and the last one is 0.
    gradients = np.array([[2.0, -4.0, 2.0, 1.0], [2.0, 1.0, 0.0, 0.0]])
    got = rollout(gl.chain(MOMENTUM, gl.agree_in_sign()), gradients)
    np.testing.assert_array_equal(got, [[2.0, -4.0, 2.0, 1.0], [12.0, 0.0, 0.0, 0.0]])


@pytest.mark.parametrize(("min_share", "expected"), [(1e-3, 4.0), (0.5, 2.0), (1.0, 1.0)])
def test_elements_grow_by_at_most_the_inverse_of_the_least_share(
    min_share: float, expected: float, rollout: Callable[..., Any]
) -> None:
    gradients = np.array([[1.0, 0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(rollout(gl.agree_in_sign(min_share), gradients)[0], [expected, 0.0, 0.0, 0.0])


def test_the_share_is_that_of_a_leaf() -> None:
    tx = gl.agree_in_sign()
    gradients = {"a": jnp.array([1.0, 0.0]), "b": jnp.array([1.0, 1.0]), "empty": jnp.zeros((0, 3)), "none": None}
    kept, _ = tx.update(gradients, tx.init(gradients))
    np.testing.assert_array_equal(kept["a"], [2.0, 0.0])
    np.testing.assert_array_equal(kept["b"], [1.0, 1.0])
    assert kept["empty"].shape == (0, 3)
    assert kept["none"] is None


def test_complex_elements_agree_at_an_acute_angle(rollout: Callable[..., Any]) -> None:
    gradients = np.array([[2.0, 2.0, 2.0], [1 + 1j, -0.9 + 1j, -2 + 1j]])  # momenta 2 + i, 0.1 + i, -1 + i
    got = rollout(gl.chain(MOMENTUM, gl.agree_in_sign()), gradients)[1]
    np.testing.assert_allclose(got, [2 + 1j, 0.1 + 1j, -1 + 1j])
    opposed = np.array([[2.0, 2.0], [1 + 1j, -0.9 - 0.1j]])  # the second momentum is 0.1 - 0.1i
    got = rollout(gl.chain(MOMENTUM, gl.agree_in_sign()), opposed)[1]
    np.testing.assert_allclose(got, [4 + 2j, 0.0])


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_signs_are_compared_whatever_the_size(size: float, rollout: Callable[..., Any]) -> None:
    # Products of these numbers vanish or overflow. The second momentum, of 0.5, opposes its gradient.
    got = rollout(gl.chain(MOMENTUM, gl.agree_in_sign()), size * np.array([[2.0, 2.0], [1.0, -0.5]]))
    np.testing.assert_allclose(got[1] / size, [4.0, 0.0])


def test_a_nan_passes_and_stays_in_its_element(rollout: Callable[..., Any]) -> None:
    got = rollout(gl.agree_in_sign(), np.array([[1.0, np.nan, 0.0]]))[0]
    assert np.isnan(got[1])
    np.testing.assert_array_equal(got[[0, 2]], [3.0, 0.0])


def test_the_share_of_shards_is_that_of_the_leaf() -> None:
    mesh = jax.make_mesh((2,), ("data",), axis_types=(jax.sharding.AxisType.Auto,))
    tx = gl.agree_in_sign(axis_name="data")
    gradients = jnp.array([1.0, 0.0, 0.0, 0.0])

    def kept(g: Any) -> Any:
        return tx.update(g, tx.init(g))[0]

    together = jax.jit(jax.shard_map(kept, mesh=mesh, in_specs=P("data"), out_specs=P("data")))(gradients)
    np.testing.assert_array_equal(together, [4.0, 0.0, 0.0, 0.0])
