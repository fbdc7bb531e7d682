"""Updates and seconds to a target, counted by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import default_target, seconds_per_update, steps_to_target

NAN, INF = float("nan"), float("inf")


def test_the_first_evaluation_at_the_target_counts(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = [
        [[1, 1e-1, 1e-3], [1, 1e-2, 1e-1]],  # it counts though the run is above it again later
        [[1, 1e-2, NAN], [1, 1, 1]],  # it does not count where the run diverged later
    ]
    steps = steps_to_target(make_curves(curves), 1e-2)
    assert steps.dims == ("optimizer", "seed")
    assert steps.values.tolist() == [[20, 10], [INF, INF]]


def test_accuracies_reach_a_target_from_below(make_curves: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    steps = steps_to_target(make_curves([[[0.1, 0.8, 0.9]]], **accuracy), 0.8)
    assert steps.values.tolist() == [[10]]


def test_half_of_the_optimizers_reach_the_default_target(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = [[[1, 1e-4]], [[1, 1e-3]], [[1, 1e-2]], [[1, NAN]]]
    dataset = make_curves(curves)
    target = default_target(dataset)
    assert target == pytest.approx(1e-2)
    assert (steps_to_target(dataset, target).values.ravel() < INF).tolist() == [True, True, True, False]


@pytest.mark.parametrize("seeds", [2, 3, 4, 5])
def test_an_optimizer_whose_median_is_the_target_reaches_it(make_curves: Callable[..., xr.Dataset], seeds: int) -> None:
    curves = [[[1, 10.0**-power] for power in range(2, 2 + seeds)]]  # their average lies above the middle run of some
    dataset = make_curves(curves)
    steps = steps_to_target(dataset, default_target(dataset))
    assert steps.median("seed").item() == 10


def test_where_everybody_diverged_there_is_no_target_to_reach(make_curves: Callable[..., xr.Dataset]) -> None:
    dataset = make_curves([[[1, NAN]], [[1, NAN]]])
    assert np.isnan(default_target(dataset))
    assert steps_to_target(dataset, default_target(dataset)).values.tolist() == [[INF], [INF]]


def test_seconds_are_shared_by_all_runs_of_a_program(make_curves: Callable[..., xr.Dataset]) -> None:
    dataset = make_curves([[[1, 1e-4], [1, 1e-4]], [[1, 1e-3], [1, 1e-3]]])  # three seeds, ten steps, 0 and 1 seconds
    seconds = seconds_per_update(dataset)
    assert seconds is not None
    np.testing.assert_allclose(seconds, [0, 1 / 30])
    assert seconds_per_update(dataset.drop_vars("run_seconds")) is None
