"""Exports are read back by their own tools, and hold what the study holds: every digit, NaN and infinity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._engine.task import TaskResult
from gradlab.lab._exports import tables
from gradlab.lab._exports.selection import SelectionError
from gradlab.lab._exports.table_formats import MissingPackageError
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab._results_tree import as_tree
from gradlab.lab.analysis.leaderboard import final_scores


def read_back(folder: Path, form: str) -> dict[str, pd.DataFrame]:
    """The tables of an export, with the dtypes that its description states."""
    described = json.loads((folder / "study.json").read_text(encoding="utf-8"))["tables"]
    found = {}
    for name, table in described.items():
        dtypes = {column: about["dtype"] for column, about in table["columns"].items()}
        path = folder / name
        frame = pd.read_parquet(path) if form == "parquet" else pd.read_csv(path, dtype=dtypes)
        assert len(frame) == table["rows"]
        found[name.partition(".")[0]] = frame.astype(dtypes)
    return found


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_hold_what_the_study_holds(form: Any, study: Path, datasets: dict[str, xr.Dataset]) -> None:
    folder = gl.lab.export(study, form)
    assert folder == study / form
    read = read_back(folder, form)
    assert set(read) == {"runs", "losses", "evaluations"}
    runs = read["runs"]
    assert runs.run.tolist() == list(range(24))
    assert set(runs.optimizer) == ({"'=sgd", "ada,m", "adam"} if form == "csv" else {"=sgd", "ada,m", "adam"})
    assert runs.problem.drop_duplicates().tolist() == list(datasets)
    assert runs.status.tolist() == (["finished"] * 5 + ["diverged"]) * 4
    assert runs.updates.tolist() == ([4] * 5 + [2]) * 4
    first = 0
    for problem, dataset in datasets.items():
        count, own = dataset.diverged.size, runs[runs.problem == problem]
        assert own.seed.tolist() == [0, 1, 2] * 4
        assert own.learning_rate.tolist() == [0.1] * 3 + [1 / 3] * 3 + [0.1] * 3 + [1 / 3] * 3
        np.testing.assert_array_equal(own.score, final_scores(dataset).values.ravel())
        for name, kind, length in [("loss", "losses", "step"), ("final_loss", "evaluations", "evaluation")]:
            table = read[kind][read[kind].run.between(first, first + count - 1)]
            np.testing.assert_array_equal(table[name], dataset[name].values.ravel())  # NaN equals NaN here
            assert table[name].dtype == np.float32
            assert table.step.tolist() == dataset[length].values.tolist() * count
        first += count
    assert np.isnan(read["evaluations"].accuracy[: 12 * 3]).all()  # the first problem has none


def test_parquet_distinguishes_nan_from_what_does_not_exist_and_states_units(study: Path) -> None:
    file = pyarrow.parquet.read_table(gl.lab.export(study, "parquet") / "evaluations.parquet")
    assert file["accuracy"].null_count == 36
    assert file["final_loss"].null_count == 0
    assert file.schema.field("step").metadata[b"unit"] == b"updates"


def test_the_description_names_problems_failures_and_columns(study: Path) -> None:
    described = json.loads((gl.lab.export(study, "csv") / "study.json").read_text(encoding="utf-8"))
    assert described["failed"] == {"made": {"mine": "raised ValueError"}}
    assert described["study"]["command"] == "gradlab race --out race"
    assert described["problems"]["made"]["optimizers"]["ada,m"]["composition"] == "chain()"
    assert described["tables"]["losses.csv"]["columns"]["step"]["unit"] == "updates"
    assert described["files"] == ["evaluations.csv", "losses.csv", "runs.csv"]


def test_small_blocks_give_the_same_file(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gl.lab.export(study, "csv")
    monkeypatch.setattr(tables, "ROWS_AT_A_TIME", 1)
    told: list[tuple[int, int]] = []
    parts = gl.lab.export(study, "csv", study / "parts", progress=lambda done, total: told.append((done, total)))
    for path in whole.iterdir():
        assert path.read_bytes() == (parts / path.name).read_bytes()
    assert len(told) == 24
    assert told[-1] == (24 + 24 * 4 + 24 * 3,) * 2


def test_a_study_in_memory_and_a_selection(task_results: list[TaskResult], tmp_path: Path) -> None:
    results = as_tree({"ravine": assemble_dataset(task_results)}, {"kind": "race"})
    with pytest.raises(TypeError, match="out must name a folder"):
        gl.lab.export(results, "csv")
    folder = gl.lab.export(results, "csv", tmp_path / "out", optimizers="adam", seeds=[1, 3], best=2)
    read = read_back(folder, "csv")
    assert set(read) == {"runs", "losses", "evaluations", "paths"}
    runs, dataset = read["runs"], results["ravine"].to_dataset()
    assert runs.seed.tolist() == [1, 3, 1, 3]
    best = results.gradlab.best("ravine", "adam").hyperparameters["learning_rate"]
    assert best in runs.learning_rate.tolist()
    run = runs[(runs.learning_rate == best) & (runs.seed == 3)].run.item()
    assert np.unravel_index(run, dataset.diverged.shape)[::2] == (1, 3)  # numbers count all runs of the study
    path = read["paths"][read["paths"].run == run][["parameter_0", "parameter_1"]].values
    at = dataset.learning_rate.sel(optimizer="adam").values.tolist().index(best)
    np.testing.assert_array_equal(path, dataset.path.values[1, at, 3])


def test_a_hyperparameter_with_the_name_of_a_column(datasets: dict[str, xr.Dataset], tmp_path: Path) -> None:
    dataset = datasets["made"].assign_coords(score=(("optimizer", "rate"), np.full((2, 2), 7)))
    dataset = dataset.assign_coords(kind=("rate", ["a", "b"]))
    folder = gl.lab.export(as_tree({"made": dataset}, {}), "csv", tmp_path / "out", curves=False)
    assert [path.name for path in sorted(folder.iterdir())] == ["runs.csv", "study.json"]
    runs = read_back(folder, "csv")["runs"]
    assert (set(runs.score_hyperparameter), runs.kind.tolist()[:4]) == ({7}, ["a"] * 3 + ["b"])


def test_what_cannot_be_exported_is_refused(study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"no format is named 'exel'; .*csv"):
        gl.lab.export(study, "exel")  # type: ignore[arg-type]
    for options, message in {
        "problems": (["nowhere"], "has no problem 'nowhere'; it has made, mäde"),
        "optimizers": ("adm", "has no optimizer 'adm'"),
        "seeds": (7, "has no seed 7; it has 0, 1, 2"),
        "best": (0, "best must be at least 1"),
    }.items():
        with pytest.raises(ValueError, match=message[1]):
            gl.lab.export(study, "csv", **{options: message[0]})  # type: ignore[arg-type]
    with pytest.raises(SelectionError, match="no run is selected"):
        gl.lab.export(study, "csv", problems="made", optimizers="adam")
    with pytest.raises(SelectionError, match="not of a study"):
        gl.lab.export(xr.DataTree(), "csv", tmp_path / "out")
    with pytest.raises(FileNotFoundError):
        gl.lab.export(tmp_path / "nothing", "csv")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingPackageError, match=r'pyarrow is missing; install it with: pip install "pyarrow>='):
        gl.lab.export(study, "parquet")
    assert sorted(path.name for path in study.iterdir()) == ["provenance.json", "results.nc"]
