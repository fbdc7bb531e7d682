"""A sweep that keeps fewer losses ranks the same, and says what it does not have."""

from __future__ import annotations

from pathlib import Path

import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._results.thinned_curves import count_updates, describe_thinning
from gradlab.lab._storage.files import read_json
from gradlab.lab._studies.sweep import sweep
from gradlab.lab.problems import Problem

AXES = {"learning_rate": [0.05, 0.1, 0.2]}


def test_scores_are_the_same_and_all_pages_say_what_is_kept(noisy: Problem, tmp_path: Path) -> None:
    whole = sweep(noisy, gl.sgd, AXES, seeds=2, steps=40, out=tmp_path / "whole")
    thinned = sweep(noisy, gl.sgd, AXES, seeds=2, steps=40, out=tmp_path / "thinned", curve_points=5)
    dataset = thinned.gradlab.dataset()
    assert dataset.step.values.tolist() == [0, 10, 20, 29, 39]
    xr.testing.assert_equal(dataset.loss, whole.gradlab.dataset().loss.sel(step=dataset.step))
    assert thinned.gradlab.configurations().equals(whole.gradlab.configurations())
    assert (count_updates(dataset), count_updates(whole.gradlab.dataset())) == (40, 40)
    assert describe_thinning(dataset) == "losses at 5 of 40 updates are kept"
    assert describe_thinning(whole.gradlab.dataset()) == ""
    assert read_json(tmp_path / "thinned" / "points.json")["problems"]["noisy"]["steps"] == 40
    page = (tmp_path / "thinned" / "report.html").read_text()
    assert "of 40 updates; " in page
    assert "losses at 5 of 40 updates are kept" in page
    assert "updates are kept" not in (tmp_path / "whole" / "report.html").read_text()


def test_another_thinning_is_another_plan(noisy: Problem, tmp_path: Path) -> None:
    sweep(noisy, gl.sgd, AXES, seeds=2, steps=8, out=tmp_path, curve_points=5)
    with pytest.raises(FolderError, match="curve_points of sgd on noisy: 5 in the folder, 6 requested"):
        sweep(noisy, gl.sgd, AXES, seeds=2, steps=8, out=tmp_path, curve_points=6)
    with pytest.raises(FolderError, match="curve_points of sgd on noisy: 5 in the folder, None requested"):
        sweep(noisy, gl.sgd, AXES, seeds=2, steps=8, out=tmp_path)
    assert sweep(noisy, gl.sgd, AXES, seeds=2, steps=8, out=tmp_path, curve_points=5).gradlab.problems == ("noisy",)
    with pytest.raises(ValueError, match="curve_points must be at least 1, got 0"):
        sweep(noisy, gl.sgd, AXES, curve_points=0)
