"""The summary of curves that were drawn by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import summary

NAN, INF = float("nan"), float("inf")


def test_losses_are_averaged_in_decades(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = [[[1, 1e-4, 1e-2], [1, 1e-2, 1e-4]], [[1, 1, 1], [1, 1, NAN]]]
    found = summary(make_curves(curves), target=1e-2)
    assert found.attrs["target"] == 1e-2
    np.testing.assert_allclose(found.final, [1e-3, NAN])
    np.testing.assert_allclose(found.best, [1e-4, NAN])  # both runs: 1e-4
    # Mean heights by the trapezoid rule, in decades: (0 - 4) / 2 and (-4 - 2) / 2 are -2 and -3: -2.5; the other
    # run -1 and -3: -2.
    np.testing.assert_allclose(found.area, [10**-2.25, NAN])
    assert found.steps_to_target.values.tolist() == [10, INF]
    assert found.reached.values.tolist() == [1, 0]


def test_accuracies_are_averaged_as_they_are(make_curves: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    found = summary(make_curves([[[0.1, 0.9, 0.7]], [[0.1, 0.5, 0.5]]], **accuracy))
    np.testing.assert_allclose(found.final, [0.8, 0.5])  # over the second half of so short a run
    np.testing.assert_allclose(found.best, [0.9, 0.5])
    np.testing.assert_allclose(found.area, [0.65, 0.4])
    assert found.steps_to_target.values.tolist() == [10, 10]  # the default target is 0.5


def test_seconds_to_the_target_are_the_share_of_a_run(make_curves: Callable[..., xr.Dataset]) -> None:
    curves = make_curves([[[1, 1e-2, 1e-2]], [[1, 1, 1]]]).assign(run_seconds=("optimizer", [6.0, 6.0]))
    runs, steps = curves.diverged.isel(optimizer=0).size, curves.sizes["step"]
    np.testing.assert_allclose(summary(curves, target=1e-2).seconds_to_target, [10 * 6 / (runs * steps), INF])


def test_seconds_are_left_out_where_none_were_recorded(make_curves: Callable[..., xr.Dataset]) -> None:
    assert "seconds_to_target" not in summary(make_curves([[[1, 0.1]]]).drop_vars("run_seconds"))


def test_a_single_evaluation_is_its_own_area(make_curves: Callable[..., xr.Dataset]) -> None:
    np.testing.assert_allclose(summary(make_curves([[[0.25]]])).area, [0.25])


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(ValueError, match=r"gradlab.lab.analysis.sweep_as_race.as_race makes one"):
        summary(swept)
