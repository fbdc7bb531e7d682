"""Paths and contour lines as whole numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr

from gradlab.lab._report.landscape_data import REACH, WIDTH, path_data
from gradlab.lab._report.problem_findings import Finding, compute_findings

# The ravine's window: (-4.2, 3.2) by (-2.6, 2.6).
SCALE = WIDTH / 7.4


def test_points_are_placed_in_the_window(findings: list[Finding]) -> None:
    found = path_data(findings[1])
    assert found is not None
    assert found["height"] == round(5.2 * SCALE)
    assert found["optimum"] == pytest.approx([(1.0 + 4.2) * SCALE, (2.6 - 0.5) * SCALE], rel=1e-3)
    line = found["lines"]["sgd"]
    assert line["rate"] == 0.1
    assert len(line["points"]) == 2 * found["steps"] == 80
    assert line["points"][:2] == [round((-3.0 + 4.2) * SCALE), round((2.6 + 1.5) * SCALE)]
    assert len(line["loss"]) == 40


def test_contours_are_lines_in_the_window(findings: list[Finding]) -> None:
    found = path_data(findings[1])
    assert found is not None
    assert len(found["contours"]) >= 10
    for level in found["contours"]:
        assert re.fullmatch(r"(M-?\d+ -?\d+l-?\d+ -?\d+( -?\d+ -?\d+)*)+", level)
        for start in re.findall(r"M(-?\d+) (-?\d+)", level):
            assert 0 <= int(start[0]) <= WIDTH
            assert 0 <= int(start[1]) <= found["height"]


def test_a_path_ends_where_it_diverged_and_does_not_run_far_out(race: dict[str, xr.Dataset]) -> None:
    dataset = race["ravine"].copy(deep=True)
    dataset.path[1, :, :, 5:] = 1e30
    dataset.path[1, :, :, 9:] = np.nan
    found = path_data(compute_findings({"ravine": dataset})[0])
    assert found is not None
    line = found["lines"]["adam"]
    assert len(line["points"]) == 18
    assert max(map(abs, line["points"])) <= (REACH + 1) * WIDTH


def test_without_the_problem_there_are_paths_in_a_window_of_their_own(race: dict[str, xr.Dataset]) -> None:
    unknown = race["ravine"].assign_attrs(problem="someone's own")
    found = path_data(compute_findings({"ravine": unknown})[0])
    assert found is not None
    assert found["contours"] == []
    assert found["optimum"] is None
    assert len(found["lines"]) == 3


def test_a_problem_without_a_plane_has_none(findings: list[Finding]) -> None:
    assert path_data(findings[0]) is None
