"""The sensitivity to the learning rate, worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.statistics import describe_rate_sensitivity, rate_sensitivity

NAN = np.nan
ROLES = ["choose", "report", "report", "report"]
GRID = [1e-3, 1e-2, 1e-1, 1.0]


def make_curve(make_dataset: Callable[..., xr.Dataset], *levels: Any, **attributes: Any) -> xr.Dataset:
    """A race with the same scores from all seeds."""
    return make_dataset(np.tile(np.array(levels)[..., None], (1, 1, 4)), GRID, ROLES, **attributes)


def test_it_is_the_mean_excess_over_the_best_rate(make_dataset: Callable[..., xr.Dataset]) -> None:
    """As in Wortsman et al. (2023), where a run that diverged has the loss of the start."""
    found = rate_sensitivity(make_curve(make_dataset, [0.8, 0.4, 0.2, NAN], [0.5] * 4, logarithmic=0))
    excess = np.array([0.6, 0.2, 0.0, 0.8])  # the start has the loss 1
    np.testing.assert_allclose(found.sensitivity, [np.mean((excess[1:] + excess[:-1]) / 2), 0])
    assert found.best_rate.values.tolist() == [0.1, 0.001]
    assert (found["first"].values.tolist(), found["last"].values.tolist()) == ([1e-3] * 2, [1.0] * 2)
    np.testing.assert_allclose(found.low, found.sensitivity)  # all seeds are alike


def test_decades_and_accuracies(make_dataset: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    losses = rate_sensitivity(make_curve(make_dataset, [1e-1, 1e-3, 1e-3, 1e-1]))
    assert losses.sensitivity.item() == pytest.approx(2 / 3)
    shares = rate_sensitivity(make_curve(make_dataset, [1.0, 1.0, 1.0, 1.0], **accuracy))
    assert shares.sensitivity.item() == 0
    assert "in percentage points of the test accuracy" in describe_rate_sensitivity(shares)[0]


def test_a_range_within_the_grid_is_interpolated(make_dataset: Callable[..., xr.Dataset]) -> None:
    dataset = make_curve(make_dataset, [0.9, 0.5, 0.3, 0.7], logarithmic=0)
    found = rate_sensitivity(dataset, (10**-2.5, 1.0))
    # From 0.7 in the middle of the first two rates: half a decade, and two whole ones.
    mean = (0.5 * (0.7 + 0.5) / 2 + (0.5 + 0.3) / 2 + (0.3 + 0.7) / 2) / 2.5
    assert found.sensitivity.item() == pytest.approx(mean - 0.3)
    narrow = rate_sensitivity(dataset, (1e-3, 1e-2))
    assert narrow.best_rate.item() == 1e-2  # the best one of the grid lies outside
    assert narrow.sensitivity.item() == pytest.approx(0.2)
    for wrong in ((1e-4, 1.0), (1e-3, 2.0), (1.0, 1e-3)):
        with pytest.raises(ValueError, match=r"within the learning rates of optimizer_0, 0\.001 to 1; got"):
            rate_sensitivity(dataset, wrong)
    with pytest.raises(ValueError, match=r"fewer than two learning rates from 0\.002 to 0\.05"):
        rate_sensitivity(dataset, (0.002, 0.05))


def test_the_best_rate_is_chosen_on_other_seeds(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = np.array([[[0.9, 0.1, 0.1, 0.1], [0.2, 0.5, 0.5, 0.5]]])
    found = rate_sensitivity(make_dataset(scores, [0.1, 1], ROLES, logarithmic=0))
    assert found.best_rate.item() == 1
    assert found.sensitivity.item() == pytest.approx(0.3 - 0.5)  # noise of the choice is not hidden


def test_what_is_not_known_is_nan(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = np.full((2, 2, 4), 0.5)
    scores[1, :, 0] = NAN
    found = rate_sensitivity(make_dataset(scores, [0.1, 1], ROLES))
    assert np.isnan(found.sensitivity).values.tolist() == [False, True]
    assert describe_rate_sensitivity(found)[1] == "Not known of optimizer_1: a choosing run diverged at every rate."
    few = rate_sensitivity(make_dataset(np.random.default_rng(0).random((1, 2, 2)), [0.1, 1], ["choose", "report"]))
    assert np.isnan(few.low.item())
    assert not np.isnan(few.sensitivity.item())


def test_the_interval_covers_what_other_seeds_give(make_dataset: Callable[..., xr.Dataset]) -> None:
    random = np.random.default_rng(0)
    scores = np.exp(-np.abs(np.arange(4)[:, None] - 1) / 2) * 0.5 + random.normal(0, 0.02, (1, 4, 12))
    dataset = make_dataset(1 - scores, GRID, ["choose"] * 6 + ["report"] * 6, logarithmic=0)
    found = rate_sensitivity(dataset)
    assert found.low.item() < found.sensitivity.item() < found.high.item()
    assert found.high.item() - found.low.item() < 0.1


def test_other_grids_are_refused(
    make_dataset: Callable[..., xr.Dataset], make_sweep: Callable[..., xr.Dataset]
) -> None:
    with pytest.raises(ValueError, match="fewer than two learning rates"):
        rate_sensitivity(make_dataset(np.ones((1, 1, 4)), [0.1], ROLES))
    with pytest.raises(ValueError, match="which lies in no decade"):
        rate_sensitivity(make_dataset(np.ones((1, 2, 4)), [0.0, 0.1], ROLES))
    with pytest.raises(ValueError, match="expected the Dataset of a race"):
        rate_sensitivity(make_sweep(np.ones((1, 2, 4)), {"b1": [0.8, 0.9]}))
