"""All statistics of a study, section by section: a table, and sentences that say what was computed, or why not."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import xarray as xr

from ..documents.table_files import finite_or_none
from ..missing_scores import describe_missing_problems, describe_missing_scores
from ..sweep_as_race import as_race
from .aggregates import (
    describe_improvement_probabilities,
    describe_interquartile_means,
    improvement_probabilities,
    interquartile_means,
)
from .budget_sentences import describe_tuning_budget
from .critical_differences import PostHoc, critical_differences, describe_critical_differences
from .many_problems import tuned_race
from .pairwise_tests import Measure, Test, describe_pairwise_tests, pairwise_tests
from .rate_sensitivity import describe_rate_sensitivity, rate_sensitivity
from .time_to_target import describe_time_to_target, time_to_target
from .tuning_budget import tuning_budget


class Section(NamedTuple):
    """One statistic of one problem, or of all problems."""

    name: str  # such as "tuning_budget"
    title: str
    table: xr.Dataset | None  # None if the results do not allow it
    sentences: list[str]


class PairOptions(NamedTuple):
    """How pairs are tested; see `pairwise_tests`."""

    target: float | None = None
    against: str | None = None
    test: Test = "t"
    alpha: float = 0.05
    power: float = 0.8


class ProblemOptions(NamedTuple):
    """How pairs are tested over problems; see `critical_differences`."""

    post_hoc: PostHoc = "wilcoxon"
    alpha: float = 0.05


def problem_sections(dataset: xr.Dataset, options: PairOptions = PairOptions()) -> list[Section]:  # noqa: B008  (immutable)
    """Return the statistics of the results on one problem."""
    section = functools.partial(_section, describe_missing_scores(dataset))

    def tests(measure: Measure) -> xr.Dataset:
        return pairwise_tests(tuned_race(dataset), measure, **options._asdict())

    return [
        section("tuning_budget", "Tuning budget", lambda: tuning_budget(dataset), describe_tuning_budget),
        section(
            "rate_sensitivity", "Sensitivity to the learning rate", lambda: rate_sensitivity(as_race(dataset)),
            describe_rate_sensitivity,
        ),
        section("score_tests", "Scores, in pairs", lambda: tests("score"), describe_pairwise_tests),
        section(
            "time_to_target", "Time to the target", lambda: time_to_target(tuned_race(dataset), options.target),
            describe_time_to_target,
        ),
        section("step_tests", "Updates to the target, in pairs", lambda: tests("steps"), describe_pairwise_tests),
        section("second_tests", "Seconds to the target, in pairs", lambda: tests("seconds"), describe_pairwise_tests),
    ]  # fmt: skip


def study_sections(
    datasets: Mapping[str, xr.Dataset],
    options: ProblemOptions = ProblemOptions(),  # noqa: B008  (immutable)
) -> list[Section]:
    """Return the statistics of the results on all problems together."""
    races = {name: tuned_race(dataset) for name, dataset in datasets.items()}
    section = functools.partial(_section, describe_missing_problems(datasets))
    return [
        section(
            "interquartile_means", "Interquartile means", lambda: interquartile_means(races),
            describe_interquartile_means,
        ),
        section(
            "improvement_probabilities", "Probability of improvement", lambda: improvement_probabilities(races),
            describe_improvement_probabilities,
        ),
        section(
            "critical_differences", "Critical differences of mean ranks",
            lambda: critical_differences(races, **options._asdict()), describe_critical_differences,
        ),
    ]  # fmt: skip


def _section(
    missing: str,
    name: str,
    title: str,
    compute: Callable[[], xr.Dataset],
    describe: Callable[[xr.Dataset], list[str]],
) -> Section:
    if missing:
        return Section(name, title, None, [f"Not computed: {missing}."])
    try:
        table = compute()
    except ValueError as error:  # these results do not allow it, and the message says why
        return Section(name, title, None, [f"Not computed: {error}."])
    return Section(name, title, table, describe(table))


def section_document(section: Section) -> dict[str, Any]:
    """Return a section as JSON can hold it: a row for each entry of the table; None for what is not finite."""
    if section.table is None:
        return {"rows": [], "sentences": section.sentences}
    frame = section.table.drop_vars("family", errors="ignore").to_dataframe().reset_index()
    frame = frame.drop(columns="pair", errors="ignore")  # which numbers the rows
    rows = [{str(name): finite_or_none(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return {"rows": rows, "sentences": section.sentences}
