"""The configurations of a sweep or a search, best first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from .leaderboard import average, final_scores, select_role, spread
from .sweep_as_race import swept_hyperparameters


class ConfigurationRow(NamedTuple):
    """One optimizer at one point, chosen on some seeds and reported on others."""

    rank: int
    optimizer: str
    hyperparameters: dict[str, float]
    chosen_by: float  # mean over the choosing seeds, geometric if the score is logarithmic; NaN if a run diverged
    score: float  # the same over the reporting seeds, of the score's own metric
    spread: float  # standard deviation over the reporting seeds, in decades if the score is logarithmic
    diverged: int
    runs: int


def rank_configurations(dataset: xr.Dataset) -> list[ConfigurationRow]:
    """Return all points of all optimizers, best first on the choosing seeds; points with a diverged run come last.

    The score of the best point is of other seeds than those that chose it, so the choice does not flatter it. Raises
    ValueError for a Dataset that is of no sweep or search; `gradlab.lab.analysis.leaderboard` ranks the optimizers of a
    race.
    """
    names, logarithmic = swept_hyperparameters(dataset), bool(dataset.attrs["logarithmic"])
    choose, report = (final_scores(select_role(dataset, role)) for role in ("choose", "report"))
    chosen_by, score = (average(scores, logarithmic).values for scores in (choose, report))
    spreads, diverged = spread(report, logarithmic).values, dataset.diverged.sum("seed").values
    badness = -chosen_by if dataset.attrs["higher_is_better"] else chosen_by
    badness = np.where(np.isnan(badness), np.inf, badness)
    rows: list[ConfigurationRow] = []
    for flat in np.argsort(badness, axis=None, kind="stable"):
        at = np.unravel_index(flat, badness.shape)
        point = {name: float(dataset[name].values[at]) for name in names}
        rows.append(
            ConfigurationRow(
                len(rows) + 1, str(dataset.optimizer.values[at[0]]), point, float(chosen_by[at]), float(score[at]),
                float(spreads[at]), int(diverged[at]), dataset.sizes["seed"],
            )
        )  # fmt: skip
    return rows


def select_best_rows(rows: Sequence[ConfigurationRow], most: int) -> list[ConfigurationRow]:
    """Return the first rows of a ranking, at most `most`, and the first row of every optimizer, whatever its rank."""
    first = {row.optimizer: row.rank for row in reversed(rows)}
    return [row for row in rows if row.rank <= most or first[row.optimizer] == row.rank]
