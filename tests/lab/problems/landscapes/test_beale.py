"""Beale's function is the published one."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from gradlab.lab.problems import Beale


def test_the_value_at_the_classic_start() -> None:
    np.testing.assert_allclose(Beale().loss(jnp.asarray([1.0, 1.0]), None), 14.203125)
