"""Interquartile means and probabilities of improvement, against numbers of rliable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.comparison import Resampling
from gradlab.lab.analysis.statistics import improvement_probabilities, interquartile_means
from gradlab.lab.analysis.statistics.aggregates import describe_improvement_probabilities

NAN = np.nan
# On (optimizer, seed, problem), two decimals of normal numbers, so that some tie.
SCORES = np.array(
    [
        [
            [0.63, 0.57, 0.73, 0.62], [0.49, 0.67, 0.86, 0.79], [0.46, 0.35, 0.48, 0.61], [0.13, 0.56, 0.35, 0.45],
            [0.49, 0.54, 0.68, 0.81],
        ],
        [
            [0.47, 0.77, 0.37, 0.57], [0.68, 0.52, 0.35, 0.32], [0.41, 0.54, 0.30, 0.46], [0.47, 0.61, 0.54, 0.57],
            [0.37, 0.47, 0.66, 0.80],
        ],
    ]
)  # fmt: skip


@pytest.fixture
def problems(make_curves: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Accuracies of two optimizers on four problems, all of which start at 0."""
    return {
        f"problem_{index}": make_curves(np.stack([0 * SCORES[..., index], SCORES[..., index]], -1), **accuracy)
        for index in range(4)
    }


def test_the_probability_of_improvement_is_that_of_rliable(problems: dict[str, xr.Dataset]) -> None:
    table = improvement_probabilities(problems)
    assert table.probability.sel(optimizer="optimizer_0", other="optimizer_1").item() == pytest.approx(0.64)
    np.testing.assert_allclose(table.probability + table.probability.T.values, 1)
    for name, reverse in (("low", "high"), ("high", "low")):
        np.testing.assert_allclose(table[name], 1 - table[reverse].T.values, atol=0.02)


def test_the_interquartile_mean_is_that_of_rliable(problems: dict[str, xr.Dataset]) -> None:
    # With a third optimizer that always reaches 1, a normalized accuracy is the accuracy.
    whole = {
        name: xr.concat(
            [dataset, _make_perfect(dataset)], "optimizer", coords="different", compat="equals", join="exact"
        )
        for name, dataset in problems.items()
    }
    table = interquartile_means(whole)
    np.testing.assert_allclose(table["mean"], [0.566, 0.502, 1.0])
    assert (table.low.values <= table["mean"].values).all()
    assert (table["mean"].values <= table.high.values).all()


def _make_perfect(dataset: xr.Dataset) -> xr.Dataset:
    one = dataset.isel(optimizer=[0]).assign_coords(optimizer=["perfect"])
    return one.assign(final_loss=one.final_loss.where(one.evaluation == 0, 1.0))


def test_the_intervals_are_those_of_a_stratified_bootstrap(problems: dict[str, xr.Dataset]) -> None:
    """The seeds of a problem are drawn together for both optimizers, and each problem draws its own."""
    table = improvement_probabilities(problems, Resampling(confidence=0.6))
    pair = table.sel(optimizer="optimizer_0", other="optimizer_1")
    random, samples = np.random.default_rng(1), []
    for _ in range(2000):
        shares = []
        for index in range(4):
            first, second = SCORES[:, random.integers(5, size=5), index]
            shares.append(np.mean((first[:, None] > second) + 0.5 * (first[:, None] == second)))
        samples.append(np.mean(shares))
    tail = Resampling(confidence=0.6).tail(5)
    assert [pair.low.item(), pair.high.item()] == pytest.approx(np.quantile(samples, [tail, 1 - tail]), abs=0.03)


def test_a_run_that_diverged_is_worst_and_untrained(make_curves: Callable[..., xr.Dataset]) -> None:
    dataset = make_curves([[[1, 1e-2], [1, NAN], [1, 1e-2]], [[1, 1e-1], [1, 1e-1], [1, 1e-1]]])
    probability = improvement_probabilities({"one": dataset}).probability
    assert probability.sel(optimizer="optimizer_0", other="optimizer_1").item() == pytest.approx(2 / 3)
    means = interquartile_means({"one": dataset})
    np.testing.assert_allclose(means["mean"], [1.0, 0.75])  # (2, 0, 2) and (1, 1, 1) decades, over 4/3
    lost = make_curves([[[1, NAN]] * 3, [[1, 1e-1]] * 3])
    np.testing.assert_allclose(interquartile_means({"one": lost})["mean"], [0, 1])
    stuck = make_curves([[[1, 1.0]] * 3, [[1, 2.0]] * 3])
    np.testing.assert_allclose(interquartile_means({"one": stuck})["mean"], [0, 0])


def test_a_pair_that_every_run_decides_has_no_interval(make_curves: Callable[..., xr.Dataset]) -> None:
    sure = make_curves([[[1, 1e-3], [1, 1e-2], [1, 1e-4]], [[1, 1e-1]] * 3, [[1, 1e-1], [1, 1e-2], [1, 1e-3]]])
    table = improvement_probabilities({"one": sure})
    pair = table.sel(optimizer="optimizer_0", other="optimizer_1")
    assert (pair.probability.item(), np.isnan(pair.low.item()), np.isnan(pair.high.item())) == (1, True, True)
    assert np.isfinite(table.low.sel(optimizer="optimizer_0", other="optimizer_2"))
    assert describe_improvement_probabilities(table)[-1].startswith("Where every run of one optimizer is better")


def test_few_seeds_have_no_interval_and_one_optimizer_is_refused(make_curves: Callable[..., xr.Dataset]) -> None:
    few = make_curves([[[1, 1e-2], [1, 1e-1]], [[1, 1e-1], [1, 1e-3]]])
    table = improvement_probabilities({"one": few})
    assert np.isnan(table.low).all()
    assert describe_improvement_probabilities(table)[1] == "Fewer than three reporting seeds give no interval."
    with pytest.raises(ValueError, match="fewer than two optimizers ran on all of one, two"):
        interquartile_means({"one": few, "two": few.isel(optimizer=[0])})
    with pytest.raises(ValueError, match="there is no problem"):
        interquartile_means({})
