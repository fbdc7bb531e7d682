"""A run that diverged, or that ended worse than it began, counts as untrained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from gradlab.lab.analysis.statistics.capped_scores import capped_badness

NAN = np.nan


def test_no_run_is_worse_than_its_start(make_curves: Callable[..., xr.Dataset]) -> None:
    dataset = make_curves([[[1e-1, 1e-3], [1e-1, 1e2], [1e-1, NAN]]])  # one seed more chooses
    levels = capped_badness(dataset).isel(optimizer=0, rate=0, seed=slice(1, None))
    np.testing.assert_allclose(levels, [-3, -1, -1])


def test_accuracies_are_capped_from_below(make_curves: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    dataset = make_curves([[[0.1, 0.9], [0.1, 0.05], [0.1, NAN]]], **accuracy)
    levels = capped_badness(dataset).isel(optimizer=0, rate=0, seed=slice(1, None))
    np.testing.assert_allclose(levels, [-0.9, -0.1, -0.1])
