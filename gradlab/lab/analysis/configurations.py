"""The configurations of a sweep or a search, best first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
import xarray as xr

from .._results.thinned_curves import find_completed
from .._settings import Setting, read_settings
from .leaderboard import average, final_scores, keep_metrics, select_role, spread, to_badness
from .shared_ranks import competition_ranks
from .sweep_as_race import swept_hyperparameters


class ConfigurationRow(NamedTuple):
    """One optimizer at one point, chosen on some seeds and reported on others."""

    rank: int  # equals share it
    optimizer: str
    hyperparameters: dict[str, Setting]  # those that exist at this point
    chosen_by: float  # mean over the choosing seeds, geometric if the score is logarithmic; NaN if a run diverged
    score: float  # the same over the reporting seeds, of the score's own metric
    spread: float  # standard deviation over the reporting seeds, in decades if the score is logarithmic
    diverged: int
    runs: int


@dataclass(frozen=True, eq=False)
class Ranking(Sequence[ConfigurationRow]):
    """The points of all optimizers, best first. A row is made when it is asked for, since there may be a million."""

    order: np.ndarray  # (row,): the index of each row in the flat arrays below
    ranks: list[int]  # (row,): the rank of each row; equals share one
    optimizers: list[str]
    hyperparameters: dict[str, np.ndarray]  # by name; a flat array over (optimizer, point)
    chosen_by: np.ndarray
    score: np.ndarray
    spread: np.ndarray
    diverged: np.ndarray
    runs: int

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, index: int) -> ConfigurationRow: ...

    @overload
    def __getitem__(self, index: slice) -> list[ConfigurationRow]: ...

    def __getitem__(self, index: int | slice) -> ConfigurationRow | list[ConfigurationRow]:
        rows = range(len(self))[index]
        return self._row(rows) if isinstance(rows, int) else [self._row(row) for row in rows]

    def __iter__(self) -> Iterator[ConfigurationRow]:
        return map(self._row, range(len(self)))

    def find_firsts(self) -> list[int]:
        """Return the row of the best point of each optimizer, best first."""
        whose = self.order // self._points
        return sorted(np.unique(whose, return_index=True)[1].tolist())

    @property
    def _points(self) -> int:
        """The points of an optimizer, with those that were stopped early."""
        return len(self.chosen_by) // len(self.optimizers)

    def _row(self, row: int) -> ConfigurationRow:
        at = int(self.order[row])
        return ConfigurationRow(
            self.ranks[row],
            self.optimizers[at // self._points],
            read_settings({name: values[at] for name, values in self.hyperparameters.items()}),
            float(self.chosen_by[at]),
            float(self.score[at]),
            float(self.spread[at]),
            int(self.diverged[at]),
            self.runs,
        )


def rank_configurations(dataset: xr.Dataset) -> Ranking:
    """Return all points of all optimizers, best first on the choosing seeds; points with a diverged run come last.

    Equals share a rank, and are in the order of the Dataset. Points that were stopped early are left out, because
    nobody knows what they would have come to.
    The score of the best point is of other seeds than those that chose it, so the choice does not flatter it. Raises
    ValueError for a Dataset that is of no sweep or search; `gradlab.lab.analysis.leaderboard` ranks the optimizers of a
    race.
    """
    names, logarithmic = swept_hyperparameters(dataset), bool(dataset.attrs["logarithmic"])
    choose, report = (final_scores(select_role(keep_metrics(dataset), role)) for role in ("choose", "report"))
    chosen_by, score = (average(scores, logarithmic).values for scores in (choose, report))
    spreads, diverged = spread(report, logarithmic).values, dataset.diverged.sum("seed").values
    badness = to_badness(chosen_by, dataset.attrs).ravel()
    order = np.argsort(badness, kind="stable")
    order = order[find_completed(dataset).values.ravel()[order]]
    return Ranking(
        order,
        competition_ranks(badness[order]),
        [str(name) for name in dataset.optimizer.values],
        {name: dataset[name].values.ravel() for name in names},
        chosen_by.ravel(), score.ravel(), spreads.ravel(), diverged.ravel(), dataset.sizes["seed"],
    )  # fmt: skip


def select_best_rows(ranking: Ranking, most: int) -> list[ConfigurationRow]:
    """Return the first rows of a ranking, at most `most`, and the first row of every optimizer, whatever its rank."""
    return [ranking[row] for row in sorted({*range(min(most, len(ranking))), *ranking.find_firsts()})]
