"""The statistics of a race as tables of the page, each with sentences that say what was tested.

They are for the reader who asks after the answer: tests of the first optimizer against the others, what tuning brings,
and all problems together. `gradlab compare` has more. All of them take a fraction of the time of the page.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import xarray as xr

from ..._formatting import format_count
from ..._results.thinned_curves import is_pruned
from ...analysis.comparison.resampling import Resampling
from ...analysis.coordinate_order import sort_axes
from ...analysis.leaderboard import best_rate_index, keep_metrics
from ...analysis.statistics.aggregates import (
    describe_improvement_probabilities,
    describe_interquartile_means,
    improvement_probabilities,
    interquartile_means,
)
from ...analysis.statistics.budget_sentences import describe_tuning_budget
from ...analysis.statistics.critical_differences import (
    FEWEST_PROBLEMS,
    critical_differences,
    describe_critical_differences,
)
from ...analysis.statistics.pairwise_tests import Measure, describe_pairwise_tests, pairwise_tests
from ...analysis.statistics.rate_sensitivity import describe_rate_sensitivity, rate_sensitivity
from ...analysis.statistics.tables.columns import COLUMNS, Formats
from ...analysis.statistics.tuning_budget import tuning_budget
from ..number_formatting import format_number, format_score, typeset
from ..problem_findings import Finding

SHOWN = 8  # optimizers in a table, the best ones; `gradlab compare` has all
FEW_DRAWS = Resampling(500)  # for bands and intervals that decide nothing
_NAMES = ("optimizer", "against")
_FORMATS = Formats(format_score, format_number)


class StatisticsTable(NamedTuple):
    """A table with its title, and the sentences that say what was computed."""

    title: str
    columns: dict[str, Sequence[str]]  # empty if the results do not allow it
    sentences: list[str]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The texts of the table, row by row."""
        return list(zip(*self.columns.values()))

    def is_name(self, place: int) -> bool:
        """Return whether a column has names of optimizers."""
        return list(self.columns)[place] in _NAMES


def problem_statistics(finding: Finding) -> list[StatisticsTable]:
    """Return the statistics on one problem: tests of the first optimizer, and what tuning brings."""
    first, dataset = finding.rows[0].optimizer, finding.dataset
    best = [row.optimizer for row in finding.rows[:SHOWN] if not math.isnan(row.best_rate)]
    if not best:
        return []  # every optimizer diverged at every rate
    chosen, target = select_chosen_runs(dataset), float(finding.summary.attrs["target"])
    questions: list[tuple[str, str, Measure]] = [
        (f"Is {first} better?", "score_tests", "score"),
        (f"Is {first} faster, in updates?", "step_tests", "steps"),
        (f"Is {first} faster, in seconds?", "second_tests", "seconds"),
    ]
    tables = [
        _make(title, name, partial(make_lead_tests, chosen, first, measure, target), describe_pairwise_tests, best)
        for title, name, measure in questions
        if len(finding.rows) > 1
    ]
    if dataset.sizes["rate"] > 1 and not is_pruned(dataset):
        leaders = keep_metrics(dataset).sel(optimizer=best)
        tables += [
            _make(
                "What tuning brings", "tuning_budget", lambda: tuning_budget(leaders, FEW_DRAWS), describe_tuning_budget
            ),
            _make(
                "What a rate that was not tuned costs", "rate_sensitivity",
                lambda: rate_sensitivity(leaders, resampling=FEW_DRAWS), describe_rate_sensitivity,
            ),
        ]  # fmt: skip
    return _say_once(tables)


def study_statistics(findings: Sequence[Finding], order: Sequence[str]) -> list[StatisticsTable]:
    """Return the statistics over all problems; none of a single problem. The first optimizer of `order` leads."""
    if len(findings) < 2:
        return []
    races = {finding.name: select_chosen_runs(finding.dataset) for finding in findings}
    everywhere = [name for name in order if all(name in race.optimizer.values for race in races.values())]
    if len(everywhere) < 2:
        return []
    best = everywhere[:SHOWN]
    leaders = {name: race.sel(optimizer=best) for name, race in races.items()}
    return [
        _make(
            "Interquartile means", "interquartile_means", lambda: interquartile_means(races, FEW_DRAWS),
            describe_interquartile_means, best,
        ),
        _make(
            "Probability of improvement", "improvement_probabilities",
            lambda: improvement_probabilities(leaders, optimizer=best[0]), describe_improvement_probabilities, best,
        ),
        *([] if len(races) < FEWEST_PROBLEMS else [
            _make(
                "Critical differences of mean ranks", "critical_differences", lambda: critical_differences(leaders),
                describe_critical_differences,
            ),
        ]),
    ]  # fmt: skip


def select_chosen_runs(dataset: xr.Dataset) -> xr.Dataset:
    """Return a race in which each optimizer has its chosen rate alone, so that what follows takes a fraction of it."""
    curves = [name for name in dataset if {"step", "evaluation"} & set(dataset[name].dims)]
    kept = sort_axes(dataset.drop_vars(set(curves) - set(keep_metrics(dataset))))
    place = best_rate_index(kept).clip(0).values[:, None]
    race = kept.isel(rate=xr.DataArray(place, dims=("optimizer", "rate")))
    return race.assign(
        {name: race[name].transpose("optimizer", "rate", ...) for name in race if "rate" in race[name].dims}
    )


def make_lead_tests(race: xr.Dataset, first: str, measure: Measure, target: float) -> xr.Dataset:
    """Return the tests of an optimizer against each other one, with the numbers as it is ahead."""
    tests = pairwise_tests(race, measure, target=target, against=first)
    return tests.assign(
        optimizer=tests.other, other=tests.optimizer, advantage=-tests.advantage, effect=-tests.effect,
        wins=tests.attrs["seeds"] - tests.wins,
    )  # fmt: skip


def _make(
    title: str,
    name: str,
    compute: Callable[[], xr.Dataset],
    describe: Callable[[xr.Dataset], list[str]],
    shown: Sequence[str] | None = None,
) -> StatisticsTable:
    """Return the table of a statistic, with the rows of the shown optimizers, or the reason why there is none."""
    try:
        with np.errstate(invalid="ignore"):  # two runs without a score have no difference, which is shown as unknown
            table = compute()
    except ValueError as error:  # these results do not allow it, and the message says why
        return StatisticsTable(title, {}, [f"Not computed: {error}."])
    sentences, columns = describe(table), COLUMNS[name](table, _FORMATS)
    columns = {title: texts if title in _NAMES else list(map(typeset, texts)) for title, texts in columns.items()}
    whose = "against" if "against" in columns else "optimizer"
    if shown is not None and len(columns[whose]) > SHOWN:
        kept = [place for place, text in enumerate(columns[whose]) if text in shown]
        sentences.append(f"Shown: the {len(kept)} that rank best, of {format_count(len(columns[whose]), 'optimizer')}.")
        columns = {title: [texts[place] for place in kept] for title, texts in columns.items()}
    return StatisticsTable(title, columns, sentences)


def _say_once(tables: Sequence[StatisticsTable]) -> list[StatisticsTable]:
    """Return the tables without the sentences that a table before has."""
    said: set[str] = set()
    kept = []
    for table in tables:
        kept.append(table._replace(sentences=[sentence for sentence in table.sentences if sentence not in said]))
        said |= set(table.sentences)
    return kept
