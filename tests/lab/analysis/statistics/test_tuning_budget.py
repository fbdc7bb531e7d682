"""The expected score after some trials, against all draws that there are."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product

import numpy as np
import pytest
import xarray as xr

from gradlab.lab.analysis.statistics import describe_tuning_budget, tuning_budget
from gradlab.lab.analysis.statistics.tuning_budget import weigh_trials

NAN = np.nan
ROLES = ["choose", "choose", "report", "report", "report"]


def test_the_weights_are_shares_of_all_draws() -> None:
    choosing = np.random.default_rng(0).normal(size=6)
    for k, weights in zip(range(1, 7), weigh_trials(choosing, np.arange(1, 7))):
        draws = list(combinations(range(6), k))
        kept = [min(draw, key=lambda trial: choosing[trial]) for draw in draws]
        np.testing.assert_allclose(weights, np.bincount(kept, minlength=6) / len(draws), atol=1e-12)


def test_the_estimate_of_the_expected_maximum_is_unbiased() -> None:
    """Tang et al. (2020): the mean of the estimate over all samples is the mean of the best of k independent ones."""
    values, k = np.array([0.0, 1.0, 3.0]), 2
    truth = np.mean([max(draw) for draw in product(values, repeat=k)])
    samples = np.array(list(product(values, repeat=4)))
    estimates = [weigh_trials(-sample, np.array([k]))[0] @ sample for sample in samples]
    assert np.mean(estimates) == pytest.approx(truth, abs=1e-12)
    with_repetition = (np.arange(1, 5) / 4) ** k - (np.arange(4) / 4) ** k  # of Dodge et al. (2019)
    biased = [with_repetition @ np.sort(sample) for sample in samples]
    assert np.mean(biased) < truth - 0.05


def test_a_large_number_of_trials_is_no_difficulty() -> None:
    weights = weigh_trials(np.arange(5000.0), np.array([1, 50, 5000]))
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(weights[0], 1 / 5000, rtol=1e-9)
    assert weights[1, 0] == pytest.approx(50 / 5000, rel=1e-9)  # the best trial is in such a share of the draws
    assert weights[2].tolist() == [1.0] + [0.0] * 4999


def test_trials_are_chosen_on_some_seeds_and_reported_on_others(make_dataset: Callable[..., xr.Dataset]) -> None:
    # The second rate is the best one on the choosing seeds, and the first one on the reporting seeds.
    scores = [[[1e-2, 1e-2, 1e-8, 1e-8, 1e-8], [1e-4, 1e-4, 1e-3, 1e-3, 1e-3], [1e-1, 1e-1, 1e-1, 1e-1, 1e-1]]]
    budget = tuning_budget(make_dataset(scores, [0.1, 1, 10], ROLES))
    levels = np.log10(budget.expected.values[0])
    np.testing.assert_allclose(levels, [-(8 + 3 + 1) / 3, -(2 * 3 + 8) / 3, -3])
    assert budget.trials.values.tolist() == [1, 2, 3]
    np.testing.assert_allclose(budget.low, budget.expected.where(budget.trials == 3, budget.low))


def test_trials_that_tie_share_their_weight(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1, 1, 1e-2, 1e-2, 1e-2], [1, 1, 1e-4, 1e-4, 1e-4]]]
    budget = tuning_budget(make_dataset(scores, [0.1, 1], ROLES))
    np.testing.assert_allclose(budget.expected, 1e-3)


def test_a_run_that_diverged_counts_as_untrained(make_dataset: Callable[..., xr.Dataset]) -> None:
    lost, good = [NAN, 1e-4, 1e-4, 1e-4, 1e-4], [1e-2, 1e-2, 1e-2, 1e-2, NAN]  # the start has the score 1
    budget = tuning_budget(make_dataset([[lost, good, lost]], [0.1, 1, 10], ROLES))
    np.testing.assert_allclose(budget.failed, [[2 / 3, 1 / 3, 0]])
    np.testing.assert_allclose(np.log10(budget.expected[0, 2]), -(2 + 2 + 0) / 3)
    assert describe_tuning_budget(budget)[-1] == "A choosing run diverged at some trials of optimizer_0 (67 %)."


def test_the_band_is_that_of_draws_and_seeds(make_dataset: Callable[..., xr.Dataset]) -> None:
    values = np.linspace(0.1, 0.8, 8)
    scores = np.tile(values[:, None], (1, 1, 5))
    budget = tuning_budget(make_dataset(scores, np.logspace(-3, 0, 8), ROLES, logarithmic=0))
    draws = np.array([min(values[list(draw)]) for draw in combinations(range(8), 3)])
    at = budget.sel(trials=3).isel(optimizer=0)
    assert at.expected.item() == pytest.approx(draws.mean())
    assert [at.low.item(), at.high.item()] == pytest.approx(np.quantile(draws, [0.25, 0.75], method="inverted_cdf"))
    noisy = scores + np.linspace(-0.05, 0.05, 5)
    last = tuning_budget(make_dataset(noisy, np.logspace(-3, 0, 8), ROLES, logarithmic=0)).isel(optimizer=0, trials=-1)
    assert last.low < last.expected < last.high  # all trials are drawn, and the seeds still vary


def test_the_trials_of_a_search_come_in_their_order(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = np.tile([[[1e-2], [1e-1], [1e-5], [1e-3]]], (1, 1, 4))
    points = {"learning_rate": [0.1, 0.2, 0.3, 0.4]}
    budget = tuning_budget(make_sweep(scores, points, sampler="tpe"))
    np.testing.assert_allclose(budget.expected[0], [1e-2, 1e-2, 1e-5, 1e-5])
    assert "of the first of 4 points, in the order in which they ran, the best is" in describe_tuning_budget(budget)[0]
    scores[0, :2] = NAN
    lost = describe_tuning_budget(tuning_budget(make_sweep(scores, points, sampler="tpe")))
    assert lost[-1] == "A choosing run diverged at each of the first 2 trials of sgd."
    scores[0, :2] = [[1e-2], [1e-1]]
    shuffled = tuning_budget(make_sweep(scores, points, sampler="random"))
    np.testing.assert_allclose(np.log10(shuffled.expected[0, 0]), -11 / 4)


def test_the_sentences_say_who_leads_and_how_that_was_found(make_dataset: Callable[..., xr.Dataset]) -> None:
    steady, late = [[1e-2] * 5, [1e-2] * 5, [1e-2] * 5], [[1] * 5, [1] * 5, [1e-4] * 5]
    sentences = describe_tuning_budget(tuning_budget(make_dataset([steady, late], [0.1, 1, 10], ROLES)))
    assert sentences == [
        "The expected loss (the geometric mean) after some trials of tuning: of so many of 3 learning rates, drawn at "
        "random without repetition (Tang et al. 2020), the best is chosen on 2 seeds, and reported on 3 others. A run "
        "that diverged counts as untrained.",
        "Expected to lead: optimizer_0 after 1 and optimizer_1 from 2 trials on.",
    ]
    alone = describe_tuning_budget(tuning_budget(make_dataset([steady], [0.1, 1, 10], ROLES)))
    assert len(alone) == 1
    one_seed = make_dataset(np.ones((2, 2, 1)), [0.1, 1], ["both"])
    assert (
        "chosen on 1 seed, and reported on the same, which flatters it"
        in describe_tuning_budget(tuning_budget(one_seed))[0]
    )


def test_other_data_is_refused() -> None:
    with pytest.raises(ValueError, match="with the dimension rate or point; got one with x"):
        tuning_budget(xr.Dataset({"a": ("x", [1.0])}))
