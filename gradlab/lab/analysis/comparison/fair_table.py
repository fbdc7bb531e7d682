"""The fair table: all optimizers of a race across its problems, each at its own best rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import xarray as xr

from ..._formatting import format_count
from ..._results.thinned_curves import count_updates, is_pruned
from ..leaderboard import Row, leaderboard
from ..shared_ranks import SHARED, mean_ranks
from .rank_intervals import ranks
from .resampling import MINIMUM_SEEDS


class Cell(NamedTuple):
    """One optimizer on one problem: its row of the leaderboard, with the intervals that `ranks` computes."""

    row: Row
    mean_rank: float  # that of the row, but equal optimizers have the mean of their ranks, not the best
    rank_low: int
    rank_high: int
    score_low: float  # the ends of the interval of the average score; NaN with too few seeds or diverged runs
    score_high: float


class TableRow(NamedTuple):
    """One optimizer across the problems."""

    optimizer: str
    mean_rank: float  # the mean of its ranks on the problems on which it ran
    cells: Mapping[str, Cell]  # its row of each leaderboard, by problem
    state_bytes: float  # bytes of state for each parameter (see `step_costs`); NaN if not measured
    step_time: float  # the time of an update, as a multiple of that of sgd; NaN if it was not measured

    @property
    def edges(self) -> int:
        """The number of problems on which the best rate is the first or the last of the grid."""
        return sum(cell.row.at_edge for cell in self.cells.values())


def fair_table(datasets: Mapping[str, xr.Dataset], costs: Mapping[str, Mapping[str, float]]) -> list[TableRow]:
    """Return a row for each optimizer of a race, by the mean of its ranks on all problems.

    Equal optimizers on a problem have the mean of their ranks. `datasets` are those of the race by problem. `costs` has
    `state_bytes` and `step_time` by optimizer. An optimizer that failed on some of the problems comes after all others,
    because a mean over fewer problems is another number. Equal means are in the order of the names. Raises ValueError
    if runs were stopped early: the optimizers would have different budgets.
    """
    for problem, dataset in datasets.items():
        if is_pruned(dataset):
            raise ValueError(
                f"runs on {problem} were stopped early, so that the optimizers did not have the same budget; a fair "
                f"table needs a race without prune"
            )
    cells: dict[str, dict[str, Cell]] = {}
    for problem, dataset in datasets.items():
        board = leaderboard(dataset)
        intervals = ranks(dataset, rows=board)
        for row, mean_rank in zip(board, mean_ranks([row.rank for row in board])):
            at = intervals.sel(optimizer=row.optimizer)
            ends = int(at.low), int(at.high), float(at.score_low), float(at.score_high)
            cells.setdefault(row.optimizer, {})[problem] = Cell(row, float(mean_rank), *ends)
    rows = [
        TableRow(
            optimizer,
            sum(cell.mean_rank for cell in of_problem.values()) / len(of_problem),
            of_problem,
            float(costs.get(optimizer, {}).get("state_bytes", math.nan)),
            float(costs.get(optimizer, {}).get("step_time", math.nan)),
        )
        for optimizer, of_problem in cells.items()
    ]
    return sorted(rows, key=lambda row: (-len(row.cells), row.mean_rank, row.optimizer))


def describe_budget(datasets: Mapping[str, xr.Dataset]) -> str:
    """Return the tuning budget of each optimizer on each problem, in a sentence."""
    first = next(iter(datasets.values()))
    rates, seeds = first.sizes["rate"], first.sizes["seed"]
    steps = sorted({count_updates(dataset) for dataset in datasets.values()})
    length = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    spans = sorted({round(span, 2) for dataset in datasets.values() for span in _spans(dataset)})
    decades = f"{spans[0]:g}" if len(spans) == 1 else f"{spans[0]:g} to {spans[-1]:g}"
    same = all(
        (dataset.learning_rate == dataset.learning_rate.isel(optimizer=0)).all() for dataset in datasets.values()
    )
    where = f"over {decades} decades, " + ("the same for all" if same else "around a center of its own")
    use = "which chooses the rate and is reported, too" if seeds == 1 else "half of which choose the rate"
    return (
        f"Budget of each optimizer on each problem: {format_count(rates, 'learning rate')} {where}, times "
        f"{format_count(seeds, 'seed')}, {use}; {length} updates a run{', as the problem says' * (len(steps) > 1)}."
    )


def describe_shared_ranks(rows: Sequence[TableRow]) -> str:
    """Return a sentence on how equal optimizers share ranks, which begins with a space; empty if none do."""
    if all(cell.mean_rank == cell.row.rank for row in rows for cell in row.cells.values()):
        return ""
    return f" {SHARED} In a mean rank, each of them counts with the mean of their places (1, 2.5, 2.5, 4)."


def _spans(dataset: xr.Dataset) -> list[float]:
    """The decades that the learning rates of each optimizer span."""
    rates = dataset.learning_rate.transpose("optimizer", "rate").values
    return [math.log10(max(of_one) / min(of_one)) for of_one in rates]


def describe_limits(
    datasets: Mapping[str, xr.Dataset], rows: Sequence[TableRow], costs: Mapping[str, Any], failed: Mapping[str, Any]
) -> list[str]:
    """Return what the table does not show, in sentences: limits of its budget, its problems and its measurements."""
    edges = sum(row.edges for row in rows)
    of = sum(len(row.cells) for row in rows)
    reporting = int((next(iter(datasets.values())).role != "choose").sum())
    limits = [
        "The problems are small, and training is short: a rank here says little about a model of a billion parameters.",
        "Only the learning rate is tuned, and it is constant. All other hyperparameters have their defaults, so a "
        "method whose defaults were chosen for large models, or that needs a schedule, is at a disadvantage.",
        "The mean rank weighs all problems alike, and depends on which optimizers and problems are in the table.",
        "Combinators, such as lookahead, sam and mechanic, need an optimizer to wrap, so they are not in the table. "
        "Write a function that makes one, and pass --optimizer module:function.",
    ]
    if edges:
        limits.append(
            f"* {edges} of {of} best rates lie at the end of the grid: a better rate may lie beyond, so the budget was "
            "not fair to that optimizer."
        )
    if reporting < MINIMUM_SEEDS:
        limits.append(f"{format_count(reporting, 'reporting seed')} cannot bound a rank: use six seeds or more.")
    if costs:
        limits.append(
            f"State bytes and time are those of one update of {costs['tree']}. State is exact. Time is the median of "
            f"{costs['rounds']} interleaved rounds of {costs['steps']} updates on {costs['device']}, divided by that "
            "of sgd, without the gradient of a model. Other shapes and devices give other times, and work that is done "
            f"less often than every {costs['steps']} updates may be missing. A busy machine slows methods with large "
            "products of matrices more than others."
        )
    for problem, of_problem in failed.items():
        limits += [f"Left out on {problem}: {name} ({reason})." for name, reason in of_problem.items()]
    return limits
