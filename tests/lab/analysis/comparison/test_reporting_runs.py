"""What counts, and on which scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from gradlab.lab.analysis.comparison.reporting_runs import badness, from_badness, select_reporting_runs

NAN = float("nan")


def test_only_reporting_seeds_at_the_chosen_rate_are_left(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-2, 1e-9, 1e-9], [1e-4, 1e-3, 1e-5]], [[NAN, 1.0, 1.0], [NAN, 2.0, 2.0]]]
    runs = select_reporting_runs(make_dataset(scores, [0.01, 0.1], ["choose", "report", "report"]))
    assert runs.final_loss.dims == ("optimizer", "seed", "evaluation")
    np.testing.assert_allclose(runs.final_loss.isel(optimizer=0, evaluation=-1), [1e-3, 1e-5])
    assert runs.learning_rate.values[0] == 0.1
    assert runs.has_rate.values.tolist() == [True, False]
    assert np.isnan(runs.final_loss.isel(optimizer=1)).all()


def test_less_badness_is_better_and_divergence_is_the_worst(accuracy: dict[str, Any]) -> None:
    losses = {"higher_is_better": 0, "logarithmic": 1}
    scores = xr.DataArray(np.array([1e-3, 0.1, NAN], "float32"), dims="seed")
    np.testing.assert_allclose(badness(scores, losses), [-3, -1, np.inf], rtol=1e-6)
    np.testing.assert_allclose(badness(scores, accuracy), [-1e-3, -0.1, np.inf], rtol=1e-6)
    for attributes in (losses, accuracy):
        np.testing.assert_allclose(from_badness(badness(scores, attributes), attributes), scores, rtol=1e-6)


def test_a_loss_of_zero_is_the_best_there_is() -> None:
    zero = xr.DataArray([0.0, 1e-30], dims="seed")
    first, second = badness(zero, {"higher_is_better": 0, "logarithmic": 1}).values
    assert -np.inf < first < second
