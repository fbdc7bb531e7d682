"""A baseline keeps the scores and curves of a race, with rounded numbers."""

from __future__ import annotations

import numpy as np
import xarray as xr

from gradlab.lab._baselines.baseline_file import read_baseline
from gradlab.lab._baselines.compression import BITS, round_bits
from gradlab.lab._baselines.expansion import expand
from gradlab.lab.analysis.leaderboard import final_scores
from tests.lab.baselines.conftest import Races


def test_numbers_are_rounded_to_the_nearest_of_few_bits() -> None:
    numbers = np.random.RandomState(0).lognormal(0, 20, 10_000).astype(np.float32)
    error = np.abs(round_bits(numbers) / numbers - 1)
    assert 0 < error.max() <= 2.0 ** -(BITS + 1)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -2.5, np.finfo(np.float32).max], np.float32)
    np.testing.assert_array_equal(round_bits(special)[:-1], special[:-1])
    assert np.isinf(round_bits(special)[-1])  # it is nearer to the next power of two, which float32 does not have


def test_the_scores_of_all_runs_and_the_reported_curves_come_back(races: Races) -> None:
    whole = races.whole["ravine"].to_dataset().sel(optimizer=["sgd", "adam"])
    again = expand(races.baseline.dataset, whole)
    xr.testing.assert_allclose(final_scores(again), final_scores(whole), rtol=2e-4)
    assert again.diverged.equals(whole.diverged)
    assert again.divergence_step.equals(whole.divergence_step)
    assert again.composition.values.tolist() == whole.composition.values.tolist()
    assert np.isnan(again.path).all()
    assert np.isnan(again.run_seconds).all()
    kept = np.isfinite(again.final_loss.isel(seed=again.role == "report")).all(("seed", "evaluation"))
    assert kept.sum("rate").values.tolist() == [1, 1]  # the curves at the chosen rates
    for name in ("sgd", "adam"):
        chosen = kept.sel(optimizer=name).values
        own = {"optimizer": name, "seed": again.seed.values[again.role == "report"]}
        kept_curves, curves = (found.final_loss.sel(own).isel(rate=chosen).values for found in (again, whole))
        np.testing.assert_allclose(kept_curves, curves, rtol=2e-4)


def test_the_same_race_gives_the_same_file(races: Races) -> None:
    assert read_baseline(races.baseline.path).digest == races.baseline.digest
    assert races.baseline.path.stat().st_size < 5000
