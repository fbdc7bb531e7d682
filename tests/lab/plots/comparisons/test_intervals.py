"""A row for each optimizer, with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab.analysis.statistics import improvement_probabilities, interquartile_means
from gradlab.lab.plots import draw_improvement, draw_interquartile_means


@pytest.fixture
def race(make_dataset: Callable[..., xr.Dataset]) -> xr.Dataset:
    scores = 10.0 ** -np.random.default_rng(0).uniform(1, 3, (3, 1, 8))
    return make_dataset(scores, [0.1], ["choose"] * 4 + ["report"] * 4)


def find(axes: Any, label: str) -> Any:
    return next(each for each in [*axes.lines, *axes.collections] if each.get_label() == label)


def test_interquartile_means_are_ordered(race: xr.Dataset) -> None:
    means = interquartile_means({"one": race})
    axes = draw_interquartile_means(Figure().subplots(), means)
    drawn = find(axes, "value").get_xdata()
    np.testing.assert_allclose(drawn, np.sort(means["mean"].values)[::-1])
    best = str(means["mean"].idxmax().item())
    assert axes.get_yticklabels()[0].get_text() == best
    bar = find(axes, "interval").get_segments()[0]
    np.testing.assert_allclose(bar[:, 0], [means.low.sel(optimizer=best), means.high.sel(optimizer=best)])
    assert len(find(draw_interquartile_means(Figure().subplots(), means, best), "value").get_xdata()) == 1


def test_improvements_are_those_of_one_optimizer(race: xr.Dataset) -> None:
    probabilities = improvement_probabilities({"one": race})
    axes = draw_improvement(Figure().subplots(), probabilities, "optimizer_1")
    others = probabilities.probability.sel(optimizer="optimizer_1", other=["optimizer_0", "optimizer_2"])
    np.testing.assert_allclose(find(axes, "value").get_xdata(), np.sort(others.values))
    assert find(axes, "_half").get_xdata() == [0.5, 0.5]
    assert axes.get_xlabel() == "probability that optimizer_1 is better"
    with pytest.raises(UnknownNameError, match="optimizer_7"):
        draw_improvement(Figure().subplots(), probabilities, "optimizer_7")
