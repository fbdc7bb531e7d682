"""`delay` gives the direction of the step before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradlab as gl

GRADIENTS = np.array([[1.0, -2.0], [3.0, 0.5], [7.0, 4.0]])


@pytest.mark.parametrize(("first", "start"), [(None, GRADIENTS[0]), (0.0, [0.0, 0.0]), (2.5, [2.5, 2.5])])
def test_each_direction_comes_a_step_later(first: Any, start: Any, rollout: Callable[..., Any]) -> None:
    np.testing.assert_array_equal(rollout(gl.delay(first), GRADIENTS), [start, *GRADIENTS[:-1]])


def test_a_delay_does_not_split_the_gradient(rollout: Callable[..., Any]) -> None:
    tx = gl.chain(gl.delay(), gl.scale_by_rms(0.0, 0.0))
    np.testing.assert_allclose(rollout(tx, GRADIENTS), np.sign([GRADIENTS[0], *GRADIENTS[:-1]]))
