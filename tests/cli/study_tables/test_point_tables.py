"""What is typed for the axes."""

from __future__ import annotations

from pathlib import Path

import pytest

import gradlab as gl
from gradlab.cli.sessions.study_session import run_in_folder
from gradlab.cli.study_tables.point_tables import parse_axes, print_points
from gradlab.lab._studies.search_space import Linear, Log, SearchSpaceError
from gradlab.lab._studies.sweep import SweepStudy
from gradlab.lab.problems import Ravine


def test_axes_by_name_in_order() -> None:
    axes = parse_axes(["learning_rate=log:1e-3:1:4", "b1=0.8,0.9", "b2=lin:0.9:0.99"])
    assert list(axes) == ["learning_rate", "b1", "b2"]
    assert axes == {"learning_rate": Log(1e-3, 1, 4), "b1": [0.8, 0.9], "b2": Linear(0.9, 0.99)}


def test_where_nothing_survived_it_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    axes = {"learning_rate": [1e9, 1e10]}
    for axis, said in (
        (axes, "No point survived on all seeds"),
        ({"learning_rate": [0.01]}, "Ranked by"),
    ):
        study = SweepStudy((Ravine(),), {"sgd": gl.sgd}, axis, seeds=1, steps=20)
        run_in_folder(study, tmp_path, True, False, print_points)
        printed = capsys.readouterr().out
        assert said in printed
    assert "1 run. Written:" in printed


def test_a_best_rate_at_the_end_of_the_grid_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for rates, is_said in (([0.001, 0.01], True), ([0.01], False)):
        study = SweepStudy((Ravine(),), {"sgd": gl.sgd}, {"learning_rate": rates}, seeds=2, steps=20)
        run_in_folder(study, tmp_path, True, False, print_points)
        printed = " ".join(capsys.readouterr().out.split())
        assert ("The best rate of sgd lies at the end of its grid, so a better one may" in printed) == is_said


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["b1"], "--set b1: expected NAME=VALUES, such as learning_rate=log:1e-4:1e-1:13"),
        (["b1=1", "b1=2"], "--set b1 is given twice"),
        (["b1=log:1:many"], "b1=log:1:many: expected numbers"),
        (["b1=0.8 if nesterov"], "b1 if nesterov: expected a condition such as nesterov=yes"),
    ],
)
def test_what_is_no_axis_is_refused(assignments: list[str], message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        parse_axes(assignments)
