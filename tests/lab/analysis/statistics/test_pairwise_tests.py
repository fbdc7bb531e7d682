"""The tests of all pairs of a race, on known scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from gradlab.lab.analysis.statistics import describe_pairwise_tests, pairwise_tests

NAN = np.nan


@pytest.fixture
def race(make_curves: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Three optimizers from six reporting seeds; the last one has a run that diverged."""
    final = 10.0 ** -(np.array([[4.0], [3.0], [2.0]]) + np.random.default_rng(0).normal(0, 0.5, (3, 6)))
    final[2, 0] = NAN
    curves = np.stack([np.ones_like(final), np.sqrt(final), final], -1)  # on (optimizer, seed, evaluation)
    return make_curves(curves)


def test_scores_are_compared_in_decades_from_the_same_seeds(race: xr.Dataset) -> None:
    tests = pairwise_tests(race)
    rows = tests.to_dataframe().set_index(["optimizer", "other"])
    levels = np.log10(race.final_loss.isel(rate=0, seed=slice(1, None), evaluation=[1, 2]).values).mean(-1)
    first = rows.loc["optimizer_0", "optimizer_1"]
    assert first.p == pytest.approx(stats.ttest_rel(levels[0], levels[1]).pvalue)
    assert first.advantage == pytest.approx((levels[1] - levels[0]).mean())
    assert (first.wins, first.p_holm) == ((levels[0] < levels[1]).sum(), pytest.approx(min(1, 3 * first.p)))
    assert first.effect > 0.5
    assert 3 <= first.seeds_needed < 50
    lost = rows.loc["optimizer_0", "optimizer_2"]
    assert np.isnan([lost.p, lost.p_holm, lost.effect, lost.advantage, lost.seeds_needed]).all()
    assert (lost.wins, bool(lost.differs)) == (6, False)


def test_the_signed_rank_test_ranks_what_diverged_last(race: xr.Dataset) -> None:
    rows = pairwise_tests(race, test="wilcoxon").to_dataframe().set_index(["optimizer", "other"])
    assert rows.loc["optimizer_0", "optimizer_2"].p == pytest.approx(2 / 2**6)
    assert rows.loc["optimizer_0", "optimizer_1"].seeds_needed >= np.log2(2 * 3 / 0.05)  # fewer can find nothing
    by_t = pairwise_tests(race).to_dataframe().set_index(["optimizer", "other"])
    assert rows.loc["optimizer_0", "optimizer_1"].seeds_needed >= by_t.loc["optimizer_0", "optimizer_1"].seeds_needed


def test_updates_and_seconds_are_compared_as_factors(race: xr.Dataset) -> None:
    steps = pairwise_tests(race, "steps", target=2e-2, test="wilcoxon")
    assert steps.attrs["target"] == 2e-2
    made = race.assign(run_seconds=("optimizer", [1.0, 3.0, 1.0]))
    pair = {"optimizer": "optimizer_0", "other": "optimizer_1"}

    def advantage(dataset: xr.Dataset, measure: Any) -> float:
        rows = pairwise_tests(dataset.isel(optimizer=[0, 1]), measure, target=0.5).to_dataframe()
        assert rows[[*pair]].iloc[0].to_dict() == pair
        return float(rows.advantage.iloc[0])

    assert advantage(made, "seconds") == pytest.approx(advantage(made, "steps") + np.log10(3))
    with pytest.raises(ValueError, match="the seconds of these runs were not recorded"):
        pairwise_tests(race.drop_vars("run_seconds"), "seconds")


def test_only_pairs_with_one_optimizer_are_corrected_for_less(race: xr.Dataset) -> None:
    tests = pairwise_tests(race, against="optimizer_1")
    assert tests.optimizer.values.tolist() == ["optimizer_0", "optimizer_2"]
    assert set(tests.other.values.tolist()) == {"optimizer_1"}
    np.testing.assert_allclose(tests.p_holm[0], min(1, 2 * float(tests.p[0])))
    with pytest.raises(KeyError, match="optimizer_7"):
        pairwise_tests(race, against="optimizer_7")


def test_the_sentences_say_what_was_tested(race: xr.Dataset) -> None:
    tests = pairwise_tests(race, alpha=0.1, power=0.9)
    first, second, third, effect, needed = describe_pairwise_tests(tests)
    assert first == (
        "Tested: the logarithm of the loss, by a two-sided paired t-test over 6 reporting seeds, with p-values "
        "corrected for 3 pairs by Holm's method, at alpha = 0.1."
    )
    assert effect.startswith("Effect: Hedges' g, the mean difference over the standard deviation of the differences,")
    assert needed == (
        "Seeds needed: reporting seeds with which the test finds this effect with probability 0.9 at alpha / 3; a "
        "study needs twice as many."
    )
    assert second == f"The test tells {int(tests.differs.sum())} of 3 pairs apart."
    assert third == (
        "Not tested, because a run diverged: optimizer_0 against optimizer_2 and optimizer_1 against optimizer_2. The "
        "test of Wilcoxon ranks such runs last."
    )
    steps = describe_pairwise_tests(pairwise_tests(race, "steps", target=1e-3, test="wilcoxon"))[0]
    assert "the logarithm of the updates to a loss of 0.001, by a two-sided exact signed-rank test of Wilcoxon" in steps


def test_seeds_that_change_nothing_prove_nothing(make_curves: Callable[..., xr.Dataset]) -> None:
    alike = make_curves([[[1, 1e-2]] * 4, [[1, 1e-1]] * 4])
    tests = pairwise_tests(alike)
    assert np.isnan(tests.p.item())
    assert tests.advantage.item() == pytest.approx(1)
    assert describe_pairwise_tests(tests)[2] == (
        "Not tested, because every seed gives the same difference: optimizer_0 against optimizer_1."
    )


def test_what_cannot_be_tested_is_refused(race: xr.Dataset, make_sweep: Callable[..., xr.Dataset]) -> None:
    with pytest.raises(ValueError, match="optimizer_0 is the only optimizer"):
        pairwise_tests(race.isel(optimizer=[0]))
    with pytest.raises(ValueError, match="2 reporting seeds cannot be tested; use 6 seeds or more"):
        pairwise_tests(race.isel(seed=slice(0, 3)))
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"measure": "speed"}, "measure must be one of score, steps, seconds; got 'speed'"),
        ({"test": "z"}, "test must be one of t, wilcoxon; got 'z'"),
        ({"alpha": 1.5}, "alpha must lie between 0 and 1; got 1.5"),
        ({"power": 0.0}, "power must lie between 0 and 1; got 0.0"),
    ]
    for options, message in wrong:
        with pytest.raises(ValueError, match=message):
            pairwise_tests(race, **options)
    with pytest.raises(ValueError, match="expected the Dataset of a race"):
        pairwise_tests(make_sweep(np.ones((2, 2, 4)), {"b1": [0.8, 0.9]}))
