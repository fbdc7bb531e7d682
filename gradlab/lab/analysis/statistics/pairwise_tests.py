"""Tests of all pairs of optimizers over the reporting seeds, which they share."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Literal, get_args

import numpy as np
import xarray as xr

from ..._formatting import format_count, join_names
from ..._inputs.name_lookup import look_up
from ..comparison.rates_at_edge import find_at_edge, limit_by_edges
from ..comparison.reporting_runs import run_badness, select_reporting_runs
from ..comparison.resampling import MINIMUM_SEEDS
from ..comparison.targets import default_target, seconds_per_update, steps_to_target
from ..leaderboard import require_race
from .hypothesis_tests import correct_by_holm, count_seeds_needed, effect_size, signed_rank_test, t_test

Measure = Literal["score", "steps", "seconds"]
Test = Literal["t", "wilcoxon"]
_RELATIVE_EFFICIENCY = 3 / np.pi  # of the signed-rank test, against the t-test, where differences are normal


def pairwise_tests(
    dataset: xr.Dataset,
    measure: Measure = "score",
    *,
    target: float | None = None,
    against: str | None = None,
    test: Test = "t",
    alpha: float = 0.05,
    power: float = 0.8,
) -> xr.Dataset:
    """Test each pair of the optimizers of a race, each at its chosen rate, on the reporting seeds.

    What is compared is the `measure` of each run: its "score", in decades if that is logarithmic; the logarithm of the
    "steps" to the `target` (a score; by default that of `default_target`); or of the "seconds" to it, at the mean time
    of an update of each optimizer. All optimizers have the same seeds, so the test is of the differences from each
    seed. It is two-sided: "t", the paired t-test, which takes the differences for normal, or "wilcoxon", the exact
    signed-rank test, which cannot find anything with fewer than six seeds. `against` names an optimizer: then only the
    pairs with it are tested.

    On (pair), the better optimizer of a pair first (or, with `against`, the other one last):

    - `optimizer` and `other`;
    - `advantage`, the mean difference in favor of the first: in the unit of the score, or in decades;
    - `wins`, the number of seeds on which the first is better, where a tie counts one half;
    - `effect`, the effect size, which is Hedges' g of the differences (see `hypothesis_tests`);
    - `p`, and `p_holm`, which is corrected for all pairs of the table by the method of Holm (1979);
    - `differs`, whether `p_holm` is at most `alpha`;
    - `seeds_needed`, the number of reporting seeds with which the test finds this effect size with probability `power`
      at level `alpha` divided by the number of pairs. It is as uncertain as the effect size itself.

    A run that diverged, or that never reached the target, is worse than all that did. It has no number, so the t-test
    of its pairs is not made, and those columns are NaN; "wilcoxon" ranks it. They are NaN, too, for a pair whose
    difference is the same from every seed: then the seeds say nothing.

    Raises ValueError for a Dataset that is not of a race, for fewer than two optimizers or three reporting seeds, for
    seconds that were not recorded, and for an unknown measure, test or probability.
    """
    require_race(dataset)
    _require_choice("measure", measure, get_args(Measure))
    _require_choice("test", test, get_args(Test))
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must lie between 0 and 1; got {value}")
    goal = float("nan") if measure == "score" else default_target(dataset) if target is None else float(target)
    values = _measure_runs(dataset, measure, goal)
    names, seeds = [str(name) for name in values.optimizer.values], values.sizes["seed"]
    if len(names) < 2:
        raise ValueError(f"{names[0]} is the only optimizer, so there is no pair to test")
    if seeds < MINIMUM_SEEDS:
        raise ValueError(
            f"{format_count(seeds, 'reporting seed')} cannot be tested; use {2 * MINIMUM_SEEDS} seeds or more, half of "
            "which report"
        )
    runs = dict(zip(names, values.transpose("optimizer", "seed").values))
    pairs = _choose_pairs(runs, against)
    with np.errstate(invalid="ignore"):  # the difference of two infinities is NaN
        differences = [runs[other] - runs[name] for name, other in pairs]
    p_values = np.array([(t_test if test == "t" else signed_rank_test)(each) for each in differences])
    corrected = correct_by_holm(p_values)
    effects = [effect_size(each) for each in differences]
    needed = [_count_seeds(effect, alpha / len(pairs), power, test) for effect in effects]
    columns = {
        "optimizer": [name for name, _ in pairs],
        "other": [other for _, other in pairs],
        "advantage": [each.mean() if np.isfinite(each).all() else np.nan for each in differences],
        "wins": [float((each > 0).sum() + 0.5 * (np.isnan(each) | (each == 0)).sum()) for each in differences],
        "effect": effects,
        "p": p_values,
        "p_holm": corrected,
        "differs": corrected <= alpha,
        "seeds_needed": needed,
    }
    return xr.Dataset({name: ("pair", np.array(column)) for name, column in columns.items()}).assign_attrs(
        dataset.attrs
        | {
            "measure": measure, "test": test, "alpha": alpha, "power": power, "seeds": seeds, "target": goal,
            "at_edge": find_at_edge(dataset),
        }
    )  # fmt: skip


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}")


def _measure_runs(dataset: xr.Dataset, measure: str, target: float) -> xr.DataArray:
    """Return what is compared of each run, where less is better, and infinite is a run that failed."""
    if measure == "score":
        return run_badness(select_reporting_runs(dataset)).round(12)
    if not np.isfinite(target):
        raise ValueError("too few runs survived to choose a target; pass one")
    steps = steps_to_target(dataset, target).clip(min=1).reset_coords(drop=True)  # 1 where the start has reached it
    if measure == "steps":
        return steps.copy(data=np.log10(steps.values))
    seconds = seconds_per_update(dataset)
    if seconds is None or not (seconds > 0).all():
        raise ValueError("the seconds of these runs were not recorded")
    product = steps * seconds.reset_coords(drop=True)
    return product.copy(data=np.log10(product.values))


def _choose_pairs(runs: dict[str, np.ndarray], against: str | None) -> list[tuple[str, str]]:
    """Return the pairs to test, in the order of the means, the better one of a pair first."""
    means = {name: (values.mean(), name) for name, values in runs.items()}
    ordered = sorted(runs, key=means.__getitem__)
    if against is None:
        return list(combinations(ordered, 2))
    baseline = look_up(against, {name: name for name in runs}, "optimizer of these results")
    return [(name, baseline) for name in ordered if name != baseline]


def _count_seeds(effect: float, alpha: float, power: float, test: str) -> float:
    """Return the number of seeds that a test needs, which the signed-rank test multiplies by its efficiency."""
    needed = count_seeds_needed(effect, alpha, power)
    if test == "t" or not np.isfinite(needed):
        return needed
    return float(max(np.ceil(needed / _RELATIVE_EFFICIENCY), np.ceil(np.log2(2 / alpha))))  # 2 / 2^n is the least p


def describe_pairwise_tests(tests: xr.Dataset) -> list[str]:
    """Return what was tested, in sentences, and which pairs the test tells apart."""
    attributes = tests.attrs
    what = {
        "score": f"the {attributes['score_label']}",
        "steps": f"the logarithm of the updates to a {attributes['score_label']} of {attributes['target']:.3g}",
        "seconds": f"the logarithm of the seconds to a {attributes['score_label']} of {attributes['target']:.3g}",
    }[attributes["measure"]]
    kind = {"t": "paired t-test", "wilcoxon": "exact signed-rank test of Wilcoxon"}[attributes["test"]]
    if attributes["measure"] == "score" and attributes["logarithmic"]:
        what = what.replace("the ", "the logarithm of the ", 1)
    count = tests.sizes["pair"]
    sentences = [
        f"Tested: {what}, by a two-sided {kind} over {format_count(attributes['seeds'], 'reporting seed')}, with "
        f"p-values corrected for {format_count(count, 'pair')} by Holm's method, at alpha = {attributes['alpha']:g}.",
        f"The test tells {int(tests.differs.sum())} of {format_count(count, 'pair')} apart{_limit_difference(tests)}.",
    ]
    rows = list(zip(tests.optimizer.values, tests.other.values, tests.p.values, tests.advantage.values))
    lost = [f"{name} against {other}" for name, other, p, advantage in rows if np.isnan(p) and np.isnan(advantage)]
    alike = [f"{name} against {other}" for name, other, p, advantage in rows if np.isnan(p) and not np.isnan(advantage)]
    if lost:
        why = "diverged" if attributes["measure"] == "score" else "did not reach the target"
        sentences.append(
            f"Not tested, because a run {why}: {join_names(lost)}. The test of Wilcoxon ranks such runs last."
        )
    if alike:
        sentences.append(f"Not tested, because every seed gives the same difference: {join_names(alike)}.")
    return [
        *sentences,
        "Effect: Hedges' g, the mean difference over the standard deviation of the differences, corrected for few "
        "seeds.",
        f"Seeds needed: reporting seeds with which the test finds this effect with probability "
        f"{attributes['power']:g} at alpha / {count}; a study needs twice as many.",
    ]


def _limit_difference(tests: xr.Dataset) -> str:
    """Return what limits the differences that were found: losers whose best rate lies at the end of their grid."""
    has_won = tests.wins.values * 2 >= tests.attrs["seeds"]
    losers = np.where(has_won, tests.other.values, tests.optimizer.values)[tests.differs.values].tolist()
    names = [name for name in tests.attrs["at_edge"] if name in losers]
    return limit_by_edges(names, bool(json.loads(tests.attrs.get("trained", "[]"))))
