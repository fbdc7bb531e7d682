"""The answer on each problem: which optimizer is best, at which configuration, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import xarray as xr

from .._formatting import format_count, join_names
from .._settings import format_setting
from ..analysis.choosing_metric import describe_choosing_metric
from ..analysis.comparison import describe_certainty, describe_places, describe_stuck
from ..analysis.late_window import describe_window
from ..analysis.tuned_optimizers import tuned_leaderboard
from .configuration_tables import describe_tuning
from .number_formatting import format_number, format_score_with_spread
from .problem_findings import Finding


class Winner(NamedTuple):
    """The optimizer that ranks first."""

    optimizer: str
    setting: str  # its learning rate, or all hyperparameters that were tuned
    score: str
    measure: str  # what the score is


class Answer(NamedTuple):
    """The answer of the results on one problem, in words."""

    winner: Winner | None
    failure: str  # why there is no winner to show; empty if there is one
    sentences: list[str]


def answer_race(finding: Finding) -> Answer:
    """Return the answer of a race on one problem."""
    first, bad_start, remarks = finding.rows[0], finding.ranks.attrs["bad_start"], finding.ranks.attrs["remarks"]
    if math.isnan(first.score) and bad_start:
        return Answer(None, f"No optimizer has a score: {bad_start}.", [])
    if all(math.isnan(row.best_rate) for row in finding.rows):
        return Answer(None, " ".join(["Every optimizer diverged at every learning rate.", *remarks]), [])
    if math.isnan(first.score):
        rates = join_names(
            f"{row.optimizer} at learning rate {format_number(row.best_rate)}"
            for row in finding.rows
            if not math.isnan(row.best_rate)
        )
        failure = f"No optimizer has a score: the reporting runs diverged, of {rates}."
        return Answer(None, " ".join([failure, *remarks]), [])
    places = describe_places(finding.ranks, first.optimizer)
    sentences = [*describe_certainty(finding.ranks), _describe_rate(finding), *describe_stuck(finding.ranks), *places]
    if first.diverged_at_best:
        were = "run diverged and is" if first.diverged_at_best == 1 else "runs diverged and are"
        sentences.append(f"{first.diverged_at_best} reporting {were} not in this score.")
    sentences += remarks
    return Answer(_winner(first, f"learning rate {format_number(first.best_rate)}", finding.dataset), "", sentences)


def answer_sweep(dataset: xr.Dataset) -> Answer:
    """Return the answer of a sweep or a search on one problem: the optimizers compared at their best configurations."""
    rows, sentences = tuned_leaderboard(dataset)
    first, sentences = rows[0], [*sentences, describe_tuning(dataset)]
    if math.isnan(first.score):
        return Answer(None, "", sentences)
    setting = ", ".join(f"{name} = {format_setting(value)}" for name, value in first.hyperparameters.items())
    return Answer(_winner(first, setting, dataset), "", sentences)


def _winner(row: Any, setting: str, dataset: xr.Dataset) -> Winner:
    attributes: Mapping[str, Any] = dataset.attrs
    score = format_score_with_spread(row.score, row.spread, attributes)
    return Winner(row.optimizer, setting, score, f"{attributes['score_label']}, {describe_window(dataset)}")


def _describe_rate(finding: Finding) -> str:
    """How sure the choice of the first optimizer's learning rate is."""
    first = finding.rows[0]
    if len(finding.dataset.rate) == 1:
        return "It ran at one learning rate only."
    interval = finding.rates.sel(optimizer=first.optimizer)
    low, high = float(interval.low), float(interval.high)
    choice = describe_choosing_metric(finding.dataset.attrs)
    by = f"by {choice} on" if choice else "on"
    sentences = [f"Its learning rate was chosen {by} {format_count(finding.seeds[0], 'seed')}."]
    if low == high:
        sentences.append("Other seeds, or another stop, would have led to the same choice.")
    elif not math.isnan(low):
        span = f"{format_number(low)} to {format_number(high)}"
        sentences.append(f"Other seeds, or another stop, could have led to any choice from {span}.")
    if first.at_edge:
        sentences.append("It lies at the end of the grid, so a better one may lie beyond.")
    return " ".join(sentences)
