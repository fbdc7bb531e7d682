"""`gradlab export`: what is printed, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gradlab.lab._results import results_file
from gradlab.lab._storage.lock import lock_folder
from tests.lab.exports.conftest import make_problem


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "a study"
    folder.mkdir()
    made = make_problem("made", ["adam"], ["final_loss"], "point")
    results_file.write(folder / "results.nc", {"made": made}, {"format": results_file.FORMAT})
    return folder


def test_the_files_are_named(gradlab: Callable[..., Any], study: Path, tmp_path: Path) -> None:
    code, printed, err = gradlab("export", str(study), "--to", "csv")
    assert (code, err) == (0, "")
    assert printed.splitlines()[:3] == [
        f"Written to {study / 'csv'}:",
        "  runs.csv         6 rows: one for each run",
        "  losses.csv       24 rows: one for each update of each run: the loss on its batch",
    ]
    selection = "--best", "1", "--seed", "0", "--seed", "2", "--optimizer", "adam", "--problem", "made", "--no-curves"
    out = tmp_path / "deep" / "out"
    assert gradlab("export", str(study / "results.nc"), "--to", "csv", "--out", str(out), *selection).code == 0
    assert len((out / "runs.csv").read_text().splitlines()) == 3
    code, _, err = gradlab("export", str(study), "--to", "csv")
    assert (code, "holds an export already; --overwrite" in err) == (2, True)
    assert gradlab("export", str(study), "--to", "csv", "--overwrite").code == 0
    code, printed, err = gradlab("export", str(study), "--to", "tensorboard")
    assert (code, err) == (0, "")
    assert printed.splitlines()[1:] == [
        "  made/       a folder for each of 6 runs: loss, final_loss, score, hyperparameters",
        "  study.json  the problems of the study",
    ]


def test_what_is_wrong_is_said_in_one_line(
    gradlab: Callable[..., Any], study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: str) -> tuple[int, str]:
        code, out, err = gradlab("export", *arguments)
        assert (out, err.count("\n"), err.startswith("gradlab: ")) == ("", 1, True)
        return code, err

    assert refused(str(study)) == (
        2,
        "gradlab: export needs --to: the format; one of csv, parquet, latex, markdown, tensorboard, mlflow\n",
    )
    assert (
        "--to must be one of csv, parquet, latex, markdown, tensorboard, mlflow"
        in refused(str(study), "--to", "xls")[1]
    )
    code, err = refused(str(tmp_path / "nowhere"), "--to", "csv")
    assert (code, "holds no finished study" in err) == (2, True)
    assert "has no optimizer 'adm'; it has adam" in refused(str(study), "--to", "csv", "--optimizer", "adm")[1]
    code, err = refused(str(study), "--to", "csv", "--out", str(study / "results.nc" / "csv"))
    assert (code, "cannot write" in err, "pass another --out" in err) == (1, True, True)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, err = refused(str(study), "--to", "parquet")
    assert (code, 'pip install "pyarrow>=18"' in err) == (1, True)

    running = tmp_path / "running"
    running.mkdir()
    (running / "plan.json").write_text('{"format": "gradlab-plan-4", "kind": "sweep"}')
    assert "the sweep in" in refused(str(running), "--to", "csv")[1]
    with lock_folder(running):
        assert "is still running" in refused(str(running), "--to", "csv")[1]
