"""A race against baselines is the race of all, except that only the new optimizer is trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._baselines.baseline_file import write_baseline
from gradlab.lab.analysis.comparison import ranks, verdict
from gradlab.lab.analysis.comparison.rates_at_edge import limit_by_edges
from gradlab.lab.analysis.leaderboard import leaderboard
from tests.lab.baselines.conftest import OPTIONS, Races
from tests.lab.baselines.conftest import races as races


def test_the_leaderboard_is_that_of_a_race_of_all(races: Races, tmp_path: Path) -> None:
    results = gl.lab.race("ravine", "lion", against=races.folder, out=tmp_path)
    own, whole = results["ravine"].to_dataset(), races.whole["ravine"].to_dataset()
    assert own.optimizer.values.tolist() == ["lion", "sgd", "adam"]
    for mine, theirs in zip(leaderboard(own), leaderboard(whole)):
        assert mine.optimizer == theirs.optimizer
        assert (mine.rank, mine.best_rate, mine.diverged, mine.runs) == (
            theirs.rank, theirs.best_rate, theirs.diverged, theirs.runs,
        )  # fmt: skip
        assert mine.score == pytest.approx(theirs.score, rel=2e-4)
        assert np.isnan(mine.seconds) == (mine.optimizer != "lion")
    drop = ["run_seconds", "compile_seconds"]
    xr.testing.assert_equal(
        own.sel(optimizer="lion").drop_vars(drop), whole.sel(optimizer="lion").drop_vars(drop)
    )  # to the last bit
    assert {name: value for name, value in own.attrs.items() if name != "trained"} == whole.attrs
    parts = json.loads(results.attrs["parts"])
    assert [part["folder"] for part in parts] == ["baseline on ravine: 2 optimizers"]
    assert "gl.lab.race" in parts[0]["command"]
    assert len(json.loads((tmp_path / "plan.json").read_text())["tasks"]) == 1
    page = (tmp_path / "report.html").read_text()
    assert "baseline on ravine: 2 optimizers" in page
    assert (tmp_path / "paths_ravine.png").exists()
    assert gl.lab.read_results(tmp_path)["ravine"].to_dataset().identical(own)


def test_the_verdict_says_where_the_new_optimizer_is(races: Races) -> None:
    dataset = gl.lab.race("ravine", "lion", against=races.folder)["ravine"].to_dataset()
    table = ranks(dataset)
    row = next(row for row in leaderboard(dataset) if row.optimizer == "lion")
    said = verdict(leaderboard(dataset), table)[-1]
    low, high = (int(table[end].sel(optimizer="lion")) for end in ("low", "high"))
    limit = limit_by_edges(["lion"], against_baselines=True) if row.at_edge else ""
    assert said == f"lion has rank {row.rank} of 3, between {low} and {high} with 95 % confidence{limit}."
    assert row.rank > 1


def test_a_finished_race_takes_up_baselines_and_no_fewer(races: Races, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    shutil.copytree(races.own, folder)
    grown = gl.lab.race("ravine", "lion", against=races.folder, out=folder)
    assert grown.identical(gl.lab.read_results(folder))
    assert grown["ravine"].optimizer.values.tolist() == ["lion", "sgd", "adam"]
    more = gl.lab.race("ravine", ["lion", "signum"], against=races.folder, out=folder)["ravine"].to_dataset()
    assert more.optimizer.values.tolist() == ["lion", "signum", "sgd", "adam"]
    assert more.loss.sel(optimizer="lion").equals(grown["ravine"].loss.sel(optimizer="lion"))
    with pytest.raises(gl.lab.FolderError, match=r"baselines: ravine [0-9a-f]{16} in the folder, none requested"):
        gl.lab.race("ravine", ["lion", "signum"], **OPTIONS, out=folder)
    with pytest.raises(ValueError, match="holds a race against baselines, of which only scores and curves are kept"):
        gl.lab.merge([folder, races.own], out=tmp_path / "merged")


def test_runs_that_begin_elsewhere_are_refused(races: Races, tmp_path: Path) -> None:
    old = races.baseline
    moved = old.dataset.assign(start_score=old.dataset.start_score * np.float32(1.01))
    write_baseline(tmp_path / old.path.name, moved, old.origin, old.definition, old.settings, 1.0)
    with pytest.raises(ValueError, match=r"ravine begins at final_loss .* from seed 0 here, and at .* in the baseline"):
        gl.lab.race("ravine", "lion", against=tmp_path)
