"""The export of a study: from its results to a folder that other tools open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import xarray as xr

from ...remedies.argument_names import suggest_arguments
from .._inputs.name_lookup import look_up
from .._inputs.user_errors import read_failures
from .._results.results_file import read
from ..analysis.documents.table_files import finite_or_none
from .mlflow import write_mlflow_database
from .paper.written_tables import PAPER_FORMATS, write_paper_tables
from .selection import Runs, Selection, SelectionError
from .table_formats import TABLE_FORMATS
from .tables import Table, make_tables
from .target_folder import DESCRIPTION, replace_folder, write_description
from .tensorboard import write_event_folders

Format = Literal["csv", "parquet", "latex", "markdown", "tensorboard", "mlflow"]
Progress = Callable[[int, int], None]  # is told how many rows or runs are written, of how many


class Exported(NamedTuple):
    """An export that was written: its folder and what is in it."""

    folder: Path
    files: list[tuple[str, str]]  # the name of a file or a folder in it, and what that holds


@suggest_arguments
def export(
    study: Path | str | xr.DataTree,
    to: Format,
    out: Path | str | None = None,
    *,
    problems: str | Sequence[str] | None = None,
    optimizers: str | Sequence[str] | None = None,
    seeds: int | Sequence[int] | None = None,
    best: int | None = None,
    curves: bool = True,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the results of a study to a folder that other tools open, and return that folder.

        gl.lab.export("race", to="csv")
        runs = pandas.read_csv("race/csv/runs.csv")

    `study` is the folder of a race, a sweep or a search that has finished, or the DataTree that it returned. `to` is
    "csv", "latex", "markdown", or one of "parquet", "tensorboard" and "mlflow", which need the extras of these names.
    The folder `out` may be new; left out, it is named for the format, in the folder of the study. `study.json` in it
    describes the study.

    "csv" and "parquet" are tables of the `runs` (hyperparameters, seed, status, score), of their `losses` at each step,
    of their `evaluations`, and of their `paths` where a problem has two parameters. The column `run` joins them.
    `study.json` names the dtype, the unit and the meaning of each column. All digits are kept, and so are NaN and
    infinities.

    "latex" and "markdown" are tables for a paper: the leaderboard of each problem with its intervals, the tests of its
    best optimizer against the others, and the ranks on all problems. LaTeX needs the package booktabs.

    "tensorboard" is a folder with an event file for each of at most 1,000 runs: the loss, the metrics and the score as
    scalars, in float32, and the hyperparameters. "mlflow" is a database in a file for the tracker MLflow, with an
    experiment for each problem. In both, the curves of a run that diverges end with a NaN.

    The memory that is needed does not grow with the number of runs.

    `problems`, `optimizers` and `seeds` select some of them by name or number. `best=3` selects the three best
    configurations of each optimizer on each problem, chosen on the choosing seeds. With `curves=False` only the runs
    are written. `progress` is called with the numbers of rows, or runs, that are written and that there are.

    The folder appears at the end, complete. If it exists, it is replaced only if `overwrite` is true and an export
    wrote all that it holds.

    Raises FileNotFoundError and ResultsError for what is no finished study, FolderError for a folder that must not be
    overwritten, ValueError for unknown formats, for selections that the study does not have and for too many runs,
    MissingPackageError (an ImportError) if the package of the format is not installed, and OSError if the disk refuses.

    >>> results = gl.lab.race("ravine", ["sgd", "adam"], rates=3, seeds=2, steps=12)
    >>> folder = gl.lab.export(results, to="csv", out="tables")
    >>> sorted(path.name for path in folder.iterdir())
    ['evaluations.csv', 'losses.csv', 'paths.csv', 'runs.csv', 'study.json']
    """
    selection = Selection(_as_list(problems), _as_list(optimizers), _as_list(seeds), best)
    return write_export(study, to, out, selection, curves, overwrite, progress).folder


def write_export(
    study: Path | str | xr.DataTree,
    to: str,
    out: Path | str | None,
    selection: Selection,
    curves: bool = True,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Exported:
    """Write an export, and say what is in it; see `export`."""
    write = _look_up_format(to)
    datasets, attributes = _read_study(study)
    folder = _choose_folder(study, to, out)
    parts = selection.find(datasets)
    if not sum(part.run_count for part in parts):
        raise SelectionError("no run is selected")
    with replace_folder(folder, overwrite) as temporary:
        files, description = write(temporary, parts, attributes, curves, progress or (lambda done, total: None))
        write_description(temporary, {**describe_study(datasets, attributes), **description})
    columns = "the meaning, dtype and unit of each column, and " if "tables" in description else ""
    return Exported(folder, [*files, (DESCRIPTION, f"{columns}the problems of the study")])


def _write_tables(
    suffix: str, folder: Path, parts: Sequence[Runs], curves: bool, progress: Progress
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    tables = make_tables(parts, curves)
    done, total = 0, sum(table.count for table in tables)

    def advance(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done, total)

    for table in tables:
        TABLE_FORMATS[suffix](folder / f"{table.name}.{suffix}", table, advance)
    files = [(f"{table.name}.{suffix}", f"{table.count:,} rows: {table.description}") for table in tables]
    return files, {"tables": {f"{table.name}.{suffix}": _describe_table(table) for table in tables}}


def _describe_table(table: Table) -> dict[str, Any]:
    return {
        "description": table.description,
        "rows": table.count,
        "columns": {
            column.name: {"dtype": column.dtype, "unit": column.unit, "description": column.description}
            for column in table.columns
        },
    }


def describe_study(datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return what the results say about the study and its problems and optimizers, as JSON can hold it."""

    def plain(value: Any) -> Any:
        return finite_or_none(value.item() if isinstance(value, np.generic) else value)

    return {
        "study": {name: value for name, value in attributes.items() if name not in ("format", "failed")},
        "failed": read_failures(attributes) if "failed" in attributes else {},
        "problems": {
            problem: {
                **{str(name): plain(value) for name, value in dataset.attrs.items()},
                "optimizers": {
                    str(name): {
                        key: plain(dataset[key].values[index])
                        for key in ("family", "composition", "compile_seconds", "run_seconds")
                        if key in dataset
                    }
                    for index, name in enumerate(dataset.optimizer.values)
                },
            }
            for problem, dataset in datasets.items()
        },
    }


def _read_study(study: Path | str | xr.DataTree) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
    if not isinstance(study, xr.DataTree):
        return read(study)
    datasets = {str(name): node.to_dataset() for name, node in study.children.items() if "optimizer" in node.dims}
    if not datasets:
        raise SelectionError("this DataTree is not of a study: pass what race, sweep, search or read_results returned")
    return datasets, {str(name): str(value) for name, value in study.attrs.items()}


def _choose_folder(study: Path | str | xr.DataTree, to: str, out: Path | str | None) -> Path:
    if out is not None:
        return Path(out)
    if isinstance(study, xr.DataTree):
        raise TypeError("out must name a folder, because results in memory have none; pass out='results_csv'")
    path = Path(study)
    return (path if path.is_dir() else path.parent) / to


def _look_up_format(to: str) -> Callable[..., Any]:
    try:
        return look_up(to, FORMATS, "format")
    except KeyError as error:
        raise ValueError(str(error)) from None


def _as_list(given: Any) -> list[Any] | None:
    return None if given is None else [given] if isinstance(given, (str, int, np.integer)) else list(given)


def _make_paper_writer(form: str) -> Callable[..., Any]:
    return lambda *arguments: write_paper_tables(form, *arguments)


def _make_table_writer(suffix: str) -> Callable[..., Any]:
    return lambda folder, parts, attributes, curves, progress: _write_tables(suffix, folder, parts, curves, progress)


FORMATS: dict[str, Callable[..., Any]] = {
    **{suffix: _make_table_writer(suffix) for suffix in TABLE_FORMATS},
    **{form: _make_paper_writer(form) for form in PAPER_FORMATS},
    "tensorboard": write_event_folders,
    "mlflow": write_mlflow_database,
}
assert set(FORMATS) == set(get_args(Format))
