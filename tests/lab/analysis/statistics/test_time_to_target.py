"""The median time to a target."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from gradlab.lab.analysis.statistics.many_problems import tuned_race
from gradlab.lab.analysis.statistics.time_to_target import describe_time_to_target, time_to_target


def test_the_median_is_over_the_reporting_seeds(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = [[[1, 1e-2, 1e-3]] * 2 + [[1, 1, 1e-3]], [[1, 1, 1e-1]] * 3]
    table = time_to_target(make_curves(curves), 1e-2)
    assert table.steps.values.tolist() == [10, np.inf]
    assert table.reached.values.tolist() == [1, 0]
    assert describe_time_to_target(table) == [
        "The median over 3 reporting seeds of the updates to a loss of 0.01, exact to the distance between "
        "evaluations. Seconds are a run's share of those of the program that computed all runs at once."
    ]
    assert "seconds" not in time_to_target(make_curves(curves).drop_vars("run_seconds"))


def test_a_point_of_a_sweep_has_its_share_of_the_seconds(make_sweep: Callable[..., xr.Dataset]) -> None:
    sweep = make_sweep(np.full((2, 5, 4), 0.1), {"b1": np.arange(5)})
    race = tuned_race(sweep)
    np.testing.assert_allclose(race.run_seconds, sweep.run_seconds / 5)
    assert tuned_race(race) is race
    np.testing.assert_allclose(time_to_target(race).seconds, sweep.run_seconds / (5 * 4))
