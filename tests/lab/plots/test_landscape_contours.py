"""Heights and levels of a landscape."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np

from gradlab.lab.plots.landscape_contours import choose_levels, compute_heights
from gradlab.lab.problems import Ravine


def test_heights_are_the_loss_over_the_window() -> None:
    problem = Ravine()
    across, up, height = compute_heights(problem, 5)
    assert (across[0, 0], across[0, -1], up[0, 0], up[-1, 0]) == (-4.2, 3.2, -2.6, 2.6)
    point = jnp.array([across[1, 3], up[1, 3]], "float32")
    np.testing.assert_allclose(height[1, 3], problem.loss(point, None), rtol=1e-5)


def test_levels_crowd_at_the_bottom_and_need_no_positive_height() -> None:
    found = choose_levels(np.array([-2.0, 14.0]), 4)
    np.testing.assert_allclose(found, -2 + 16 * np.array([0.25, 0.5, 0.75]) ** 4)
