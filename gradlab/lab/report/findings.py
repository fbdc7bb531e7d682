"""Findings: all that the report says about one problem, computed once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..analysis.comparison import MINIMUM_SEEDS, Resampling, ranks, rate_intervals, summary
from ..analysis.comparison.rank_intervals import select_level_with_first
from ..analysis.leaderboard import Row, leaderboard
from ..analysis.sweep_as_race import as_race
from ..problems import PROBLEMS
from ..problems.base import Problem


class ReportError(ValueError):
    """Results that a report cannot be made of."""


class Finding(NamedTuple):
    """One problem's results, and what they say."""

    name: str
    dataset: xr.Dataset
    problem: Problem | None  # None if it is not known here; then there are no contours to draw
    rows: list[Row]
    summary: xr.Dataset
    ranks: xr.Dataset
    rates: xr.Dataset
    level: list[str]  # the optimizers that cannot be told from the first

    @property
    def seeds(self) -> tuple[int, int]:
        """The numbers of seeds for choosing and for reporting."""
        roles = self.dataset.role.values
        return tuple(int(np.isin(roles, (role, "both")).sum()) for role in ("choose", "report"))  # type: ignore[return-value]

    @property
    def is_sure(self) -> bool:
        """Whether there are enough reporting seeds to say how sure a rank is."""
        return self.seeds[1] >= MINIMUM_SEEDS


def compute_findings(
    datasets: Mapping[str, xr.Dataset], problems: Mapping[str, Problem] | None = None
) -> list[Finding]:
    """The findings on each problem; `problems` are the values that were raced on, where they are at hand.

    A sweep of a grid is taken as a race of its combinations (see `gradlab.lab.analysis.sweep_as_race`). Raises
    ReportError for results without a learning rate to choose.
    """
    try:
        datasets = {name: as_race(dataset) for name, dataset in datasets.items()}
    except ValueError as error:
        raise ReportError(
            f"a report compares optimizers over learning rates, and {error}; pictures can be drawn of it (--format png)"
        ) from None
    for name, dataset in datasets.items():
        if "rate" not in dataset.dims or "learning_rate" not in dataset.coords:
            raise ReportError(
                f"a report compares optimizers over learning rates, and {name} has none: found {_axes(dataset)}"
            )
    if not datasets:
        raise ReportError("there are no results to report: the file holds no problem")
    resampling = Resampling()
    findings = []
    for name, dataset in datasets.items():
        table = ranks(dataset, resampling)
        findings.append(
            Finding(
                name,
                dataset,
                (problems or {}).get(name) or _known(dataset.attrs),
                leaderboard(dataset),
                summary(dataset),
                table,
                rate_intervals(dataset, resampling),
                select_level_with_first(table),
            )
        )
    return findings


def _axes(dataset: xr.Dataset) -> str:
    return ", ".join(map(str, dataset.dims)) or "nothing"


def order_by_mean_rank(findings: list[Finding]) -> list[str]:
    """All optimizers, by their mean rank over the problems that they ran on."""
    ranks_of: dict[str, list[int]] = {}
    for finding in findings:
        for row in finding.rows:
            ranks_of.setdefault(row.optimizer, []).append(row.rank)
    return sorted(ranks_of, key=lambda name: float(np.mean(ranks_of[name])))


def select_for_charts(findings: list[Finding], count: int = 6) -> list[str]:
    """The optimizers to draw before the reader chooses: the first two of every problem, then the best overall."""
    leaders = [row.optimizer for finding in findings for row in finding.rows[:2]]
    return list(dict.fromkeys([*leaders, *order_by_mean_rank(findings)]))[:count]


def _known(attributes: Mapping[str, Any]) -> Problem | None:
    """The problem of that name, if it is set up as the one that was raced on."""
    make = PROBLEMS.get(attributes["problem"])
    problem = None if make is None else make()
    return problem if repr(problem) == attributes.get("setup") else None
