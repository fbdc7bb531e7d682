"""The tidy tables of a study: the runs, their losses, their evaluations and their paths, block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._results.thinned_curves import count_updates, is_pruned
from ..analysis.choosing_metric import choosing_metric, with_choosing_metric
from ..analysis.leaderboard import final_scores
from .selection import Block, Runs, find_axis, list_hyperparameters

ROWS_AT_A_TIME = 2**17  # of a table, in memory

# What a run is named by. A hyperparameter of one of these names becomes, for example, `seed_hyperparameter`.
_OWN = ("run", "problem", "optimizer", "family", "configuration", "seed", "role", "status", "updates", "score")
_OWN_NAMES = {*_OWN, "choosing_score"}

Rows = Mapping[str, np.ndarray]  # column -> its values in some rows; a column that is missing is empty there


class Column(NamedTuple):
    """A column of a table."""

    name: str
    dtype: str  # of NumPy: "int64", "float32", "str", ...
    unit: str  # empty for names, and for numbers in the unit of the problem
    description: str


@dataclass(frozen=True)
class Table:
    """A table: its columns, its number of rows, and the runs that it is made of."""

    name: str
    description: str
    columns: Sequence[Column]
    count: int
    parts: Sequence[Runs]

    def rows(self) -> Iterator[Rows]:
        """Yield the rows, some at a time, in the order of the runs."""
        for runs in self.parts:
            lengths = {"runs": 1, "losses": "step", "paths": "step", "evaluations": "evaluation"}
            length = lengths[self.name]
            size = runs.dataset.sizes[length] if isinstance(length, str) else 1
            make = _RunRows(runs) if self.name == "runs" else _make_curve_rows
            for block in runs.blocks(ROWS_AT_A_TIME // max(1, size)):
                yield make(block, self)


def make_tables(parts: Sequence[Runs], curves: bool = True) -> list[Table]:
    """Return the tables of the selected runs: those of curves only if they are wanted, and if the study has them."""
    tables = [_make_runs_table(parts)]
    if curves:
        tables += [table for name in ("losses", "evaluations", "paths") if (table := _make_curve_table(name, parts))]
    return tables


def _make_runs_table(parts: Sequence[Runs]) -> Table:
    names = list(dict.fromkeys(name for part in parts for name in list_hyperparameters(part.dataset)))
    kinds = {name: _join_dtypes([part.dataset[name].dtype for part in parts if name in part.dataset]) for name in names}
    columns = [
        Column("run", "int64", "", "the number of the run, from 0, as in the other tables"),
        Column("problem", "str", "", "the problem"),
        Column("optimizer", "str", "", "the optimizer, or contestant"),
        Column("family", "str", "", "contestants of one family are drawn together"),
        Column("configuration", "int64", "", "the number of the optimizer's configuration, from 0"),
        *(Column(column_name(name), kinds[name], "", _describe_coordinate(name)) for name in names),
        Column("seed", "int64", "", "of the initial parameters and the batches"),
        Column("role", "str", "", "whether the seed chooses the best configuration, reports on it, or both"),
        Column("status", "str", "", "finished, diverged, or stopped early"),
        Column("updates", "int64", "updates", "made, until the run diverged or was stopped early"),
        Column(
            "score",
            "float64",
            "",
            "of the metric that the problem names, over the last evaluations; NaN: there are none",
        ),
    ]
    if any(choosing_metric(part.dataset.attrs) != part.dataset.attrs["score"] for part in parts):
        columns.append(Column("choosing_score", "float64", "", "the same, of the metric that chooses configurations"))
    count = sum(part.run_count for part in parts)
    return Table("runs", "one for each run", columns, count, parts)


def _make_curve_table(name: str, parts: Sequence[Runs]) -> Table | None:
    length = "evaluation" if name == "evaluations" else "step"
    variables = {
        part.problem: [str(key) for key, array in part.dataset.data_vars.items() if _is_in(name, str(key), array)]
        for part in parts
    }
    parts = [part for part in parts if variables[part.problem]]
    if not parts:
        return None
    columns = [
        Column("run", "int64", "", "the number of the run, as in the table of the runs"),
        Column("step", "int64", "updates", "made before"),
    ]
    for key in dict.fromkeys(key for part in parts for key in variables[part.problem]):
        found = [part.dataset[key] for part in parts if key in part.dataset]
        dtype = _join_dtypes([array.dtype for array in found])
        label = str(found[0].attrs.get("long_name", key))
        width = max(array.shape[4] if array.ndim == 5 else 1 for array in found)
        for index in range(width if name == "paths" else 1):
            own = f"parameter_{index}" if name == "paths" else key
            columns.append(Column(own, dtype, "", f"{label}; NaN from a divergence or an early stop on"))
    count = sum(part.run_count * part.dataset.sizes[length] for part in parts)
    descriptions = {
        "losses": "one for each update of each run: the loss on its batch",
        "evaluations": "one for each evaluation of each run: the metrics of the problem",
        "paths": "one for each update of each run on a problem with two parameters: where it was",
    }
    return Table(name, descriptions[name], columns, count, parts)


def _is_in(table: str, name: str, array: Any) -> bool:
    """Return whether a variable of a Dataset belongs into a table of curves."""
    last = array.dims[3:]
    return last == {"losses": ("step",), "evaluations": ("evaluation",), "paths": ("step", "parameter")}[table]


class _RunRows:
    """Makes the rows of the table of runs. The scores of all runs of a problem are averaged once."""

    def __init__(self, runs: Runs):
        dataset = runs.dataset
        order = ("optimizer", find_axis(dataset), "seed")
        self.scores = final_scores(dataset).transpose(*order).values
        has_other = choosing_metric(dataset.attrs) != dataset.attrs["score"]
        chosen = final_scores(with_choosing_metric(dataset)) if has_other else None
        self.choosing_scores = None if chosen is None else chosen.transpose(*order).values

    def __call__(self, block: Block, table: Table) -> Rows:
        dataset, (points, seeds) = block.runs.dataset, block.shape
        count = points * seeds
        diverged, updates = block.read("diverged"), count_updates(dataset)
        ends = block.read("divergence_step") if "divergence_step" in dataset else np.where(diverged, -1, updates)
        status = np.where(diverged, "diverged", "finished").astype(object)
        ends = np.where(diverged, ends, updates)
        if is_pruned(dataset):
            stopped = block.read("pruned_step")
            status[~diverged & (stopped >= 0)] = "stopped early"
            ends = np.where(~diverged & (stopped >= 0), stopped, ends)
        rows: dict[str, np.ndarray] = {
            "run": block.numbers(),
            "problem": np.repeat(np.array([block.runs.problem], object), count),
            "configuration": np.repeat(block.points, seeds),
            "seed": np.tile(dataset.seed.values[block.runs.seeds], points),
            "role": np.tile(dataset.role.values.astype(object)[block.runs.seeds], points),
            "status": status,
            "updates": ends.astype(np.int64),
            "score": self._pick(self.scores, block),
        }
        for name in ("optimizer", "family"):
            rows[name] = np.repeat(dataset[name].values.astype(object)[[block.optimizer]], count)
        for name in list_hyperparameters(dataset):
            rows[column_name(name)] = np.repeat(read_coordinate(block, name), seeds)
        if self.choosing_scores is not None:
            rows["choosing_score"] = self._pick(self.choosing_scores, block)
        return rows

    def _pick(self, scores: np.ndarray, block: Block) -> np.ndarray:
        return scores[np.ix_(np.array([block.optimizer]), block.points, block.runs.seeds)].ravel()


def _make_curve_rows(block: Block, table: Table) -> Rows:
    dataset = block.runs.dataset
    length = "evaluation" if table.name == "evaluations" else "step"
    steps, numbers = dataset[length].values, block.numbers()
    rows = {"run": np.repeat(numbers, len(steps)), "step": np.tile(steps, len(numbers))}
    if table.name == "paths":
        path = block.read("path")
        return rows | {f"parameter_{index}": path[..., index].ravel() for index in range(path.shape[-1])}
    names = [column.name for column in table.columns[2:] if column.name in dataset]
    return rows | {name: block.read(name).ravel() for name in names}


def read_coordinate(block: Block, name: str) -> np.ndarray:
    """Return a coordinate of the configurations of a block, on (configuration,)."""
    array = block.runs.dataset[name]
    values = array.isel(optimizer=block.optimizer).values if "optimizer" in array.dims else array.values
    return np.broadcast_to(values, block.runs.dataset.sizes[find_axis(block.runs.dataset)])[block.points]


def column_name(hyperparameter: str) -> str:
    """Return the column of a hyperparameter: its name, unless the table has another column of that name."""
    return f"{hyperparameter}_hyperparameter" if hyperparameter in _OWN_NAMES else hyperparameter


def _describe_coordinate(name: str) -> str:
    return "the round of the search, from 0" if name == "round" else f"the hyperparameter {name}"


def _join_dtypes(dtypes: Sequence[np.dtype]) -> str:
    """Return the dtype of a column. One that holds several has the smallest that holds them all without loss."""
    if any(dtype.kind not in "biuf" for dtype in dtypes):
        return "str"
    return str(np.result_type(*dtypes))
