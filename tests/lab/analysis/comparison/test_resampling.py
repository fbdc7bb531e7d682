"""The bootstrap: paired, seeded, and not narrower than so few seeds allow."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from gradlab.lab.analysis.comparison import Resampling


def array(values: Any, *dims: str) -> xr.DataArray:
    return xr.DataArray(np.asarray(values, float), dims=dims)


def test_samples_are_the_same_each_time_and_for_every_optimizer() -> None:
    values = array([[1, 2, 4], [2, 3, 5]], "optimizer", "seed")
    first, again = Resampling().means(values), Resampling().means(values)
    assert first.dims == ("draw", "optimizer")
    assert first.sizes["draw"] == 2000
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first.isel(optimizer=1) - first.isel(optimizer=0), 1)  # paired: the difference is sure
    assert not np.array_equal(first, Resampling(key=1).means(values))


def test_a_sample_with_a_diverged_run_is_infinite() -> None:
    means = Resampling().means(array([[1, 2, np.inf]], "optimizer", "seed"))
    share = float(np.isinf(means).mean())
    assert share == pytest.approx(1 - (2 / 3) ** 3, abs=0.04)
    assert not np.isnan(means).any()


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_intervals_hold_the_mean_about_as_often_as_they_say(seeds: int) -> None:
    rng = np.random.default_rng(0)
    values = array(rng.normal(size=(400, seeds)), "case", "seed")
    resampling = Resampling(draws=1000)
    low, high = resampling.interval(resampling.means(values), seeds)
    coverage = float(((low <= 0) & (high >= 0)).mean())
    assert coverage > (0.70 if seeds == 3 else 0.90)


def test_tails_approach_the_plain_ones_with_many_seeds() -> None:
    assert Resampling().tail(100_000) == pytest.approx(0.025, rel=1e-3)
    assert Resampling(confidence=0.5).tail(100_000) == pytest.approx(0.25, rel=1e-3)
    expected = stats.norm.cdf(-2.7764451 * np.sqrt(5 / 4))
    assert Resampling().tail(5) == pytest.approx(expected, rel=1e-4)


def test_the_comparison_does_without_the_import_of_all_distributions() -> None:
    script = "import sys, gradlab.lab.analysis.comparison\n"
    script += "print('scipy.special' in sys.modules, 'scipy.stats' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "True False\n"


def test_wrong_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="draws must be at least 100"):
        Resampling(draws=10)
    with pytest.raises(ValueError, match="confidence must lie between 0 and 1"):
        Resampling(confidence=95)
