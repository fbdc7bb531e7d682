"""A figure of paths has a panel for each optimizer, inside the figure and in the optimizer's color."""

from __future__ import annotations

from typing import Any

import pytest
import xarray as xr
from matplotlib.colors import to_hex

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab.plots.paper.figures import paper_figures
from gradlab.lab.problems import Problem, Ravine


@pytest.fixture
def races(task_results: list[TaskResult]) -> dict[str, xr.Dataset]:
    return {"ravine": assemble_dataset(task_results)}


@pytest.mark.parametrize(("width", "height"), [(3.25, None), (6.75, None), (3.25, 1.6)])
def test_each_optimizer_has_a_panel(races: dict[str, xr.Dataset], width: float, height: float | None) -> None:
    options: Any = {"colors": {"adam": "#123456"}, "problems": {"ravine": Ravine()}}
    figure = paper_figures(races, "paths", width, height, ["adam", "sgd"], **options)["paths_ravine"]
    assert [axes.get_title("left") + axes.get_title() for axes in figure.axes] == ["adam", "sgd"]
    paths = [line for axes in figure.axes for line in axes.lines if line.get_label() == "path"]
    assert to_hex(paths[0].get_color()) == "#123456"
    assert to_hex(paths[1].get_color()) != "#123456"
    inside = figure.get_tightbbox()
    assert (inside.x0 >= 0, inside.y0 >= 0) == (True, True)
    assert (inside.x1 <= width, inside.y1 <= figure.get_size_inches()[1]) == (True, True)


def test_what_has_no_paths_is_refused(races: dict[str, xr.Dataset], slope: Problem) -> None:
    for problems in ({}, {"ravine": slope}):
        with pytest.raises(ValueError, match=r"no paths to draw on ravine: a path needs a problem of gradlab"):
            paper_figures(races, "paths", problems=problems)
    with pytest.raises(ValueError, match=r"2 paths have no room on 3\.25 by 0\.50 inches; make the figure larger"):
        paper_figures(races, "paths", height=0.5, problems={"ravine": Ravine()})
