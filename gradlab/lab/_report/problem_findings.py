"""Findings: everything that the report says about one problem, computed once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from .._inputs.loading import find_own_problem
from ..analysis.comparison import MINIMUM_SEEDS, Resampling, ranks, rate_intervals, summary
from ..analysis.leaderboard import Row, leaderboard
from ..analysis.shared_ranks import mean_ranks
from ..analysis.sweep_as_race import as_race
from ..problems.base import Problem


class ReportError(ValueError):
    """Results that cannot be reported."""


class Finding(NamedTuple):
    """The results of a race on one problem, and what they say."""

    name: str
    dataset: xr.Dataset
    problem: Problem | None  # None if it is unknown, so that there are no contours to draw
    rows: list[Row]
    summary: xr.Dataset
    ranks: xr.Dataset
    rates: xr.Dataset

    @property
    def seeds(self) -> tuple[int, int]:
        """The numbers of choosing and of reporting seeds."""
        roles = self.dataset.role.values
        return tuple(int(np.isin(roles, (role, "both")).sum()) for role in ("choose", "report"))  # type: ignore[return-value]

    @property
    def is_sure(self) -> bool:
        """True if there are enough reporting seeds to say how sure a rank is."""
        return self.seeds[1] >= MINIMUM_SEEDS


def compute_findings(
    datasets: Mapping[str, xr.Dataset], problems: Mapping[str, Problem] | None = None
) -> list[Finding]:
    """Return the findings on each problem. `problems` are the problems themselves, as far as the caller has them.

    A sweep of a grid is taken as a race of its combinations (see `gradlab.lab.analysis.sweep_as_race`). Raises
    ReportError for results without learning rates to choose among.
    """
    try:
        datasets = {name: as_race(dataset) for name, dataset in datasets.items()}
    except ValueError as error:
        reason = f"the report compares optimizers over learning rates: {error}"
        raise ReportError(f"{reason}; pictures of these results can be drawn (--format png)") from None
    if not datasets:
        raise ReportError("there is nothing to report: the results are of no problem")
    resampling = Resampling()
    findings = []
    for name, dataset in datasets.items():
        rows = leaderboard(dataset)
        table = ranks(dataset, resampling, rows)
        findings.append(
            Finding(
                name,
                dataset,
                (problems or {}).get(name)
                or find_own_problem(dataset.attrs["problem"], dataset.attrs.get("setup", "")),
                rows,
                summary(dataset),
                table,
                rate_intervals(dataset, resampling),
            )
        )
    return findings


def order_by_mean_rank(findings: list[Finding]) -> list[str]:
    """Return the names of all optimizers, by their mean rank over the problems that they ran on."""
    ranks_of: dict[str, list[float]] = {}
    for finding in findings:
        for row, rank in zip(finding.rows, mean_ranks([row.rank for row in finding.rows])):
            ranks_of.setdefault(row.optimizer, []).append(float(rank))
    return sorted(ranks_of, key=lambda name: float(np.mean(ranks_of[name])))


def select_for_charts(findings: list[Finding], count: int = 6) -> list[str]:
    """Return the optimizers that the charts show at first.

    They are those that were raced against baselines, the first two on every problem, and then the best overall.
    """
    own = [name for finding in findings for name in json.loads(finding.dataset.attrs.get("trained", "[]"))]
    leaders = [row.optimizer for finding in findings for row in finding.rows[:2]]
    return list(dict.fromkeys([*own, *leaders, *order_by_mean_rank(findings)]))[:count]
