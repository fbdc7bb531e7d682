"""Leaderboards as files."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import xarray as xr

from gradlab.lab.analysis.documents.leaderboard_files import leaderboard_document, write_leaderboard_csv
from gradlab.lab.analysis.documents.table_files import escape_formula, write_json
from gradlab.lab.analysis.leaderboard import leaderboard

NAN = float("nan")


def test_csv_and_json_hold_the_rows(make_dataset: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    dataset = make_dataset([[[1e-3] * 2], [[NAN] * 2]], [0.1], ["choose", "report"])
    boards = {"made": leaderboard(dataset)}
    write_leaderboard_csv(tmp_path / "leaderboard.csv", boards)
    with (tmp_path / "leaderboard.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["problem"], row["rank"], row["optimizer"]) for row in rows] == [
        ("made", "1", "optimizer_0"),
        ("made", "2", "optimizer_1"),
    ]
    assert (rows[0]["best_rate"], rows[1]["best_rate"], rows[1]["diverged"]) == ("0.1", "", "2")
    assert "seconds" not in rows[0]

    content = leaderboard_document(boards, {"made": dataset}, {"made": ["It ran alone."]}, {"gradlab": "1"}, ["a.png"])
    write_json(tmp_path / "leaderboard.json", content)
    found = json.loads((tmp_path / "leaderboard.json").read_text())
    assert found == content
    assert found["problems"]["made"]["leaderboard"][1]["score"] is None
    assert found["problems"]["made"]["leaderboard"][0]["best_rate"] == 0.1
    assert (found["problems"]["made"]["steps"], found["gradlab"]) == (10, "1")
    assert found["problems"]["made"]["verdict"] == ["It ran alone."]
    assert found["files"] == ["a.png"]
    assert "seconds" not in found["problems"]["made"]["leaderboard"][0]


def test_a_name_is_no_formula() -> None:
    names = ["=1+1", "+a", "-a", "@a", "\ta", "\ra"]
    assert [escape_formula(name) for name in names] == [f"'{name}" for name in names]
    assert [escape_formula(value) for value in ("adam", "a=b", "", -0.5, 3, None)] == ["adam", "a=b", "", -0.5, 3, None]
