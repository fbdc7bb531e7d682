"""Figures have a panel for each, and become files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pytest

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab.plots import draw_learning_curves, draw_sensitivity, family_figure, paths_figure, save_race_pictures
from gradlab.lab.plots.race_figures import race_figures
from gradlab.lab.problems import Ravine, Rosenbrock


def test_each_family_has_a_panel_with_its_own_optimizers(task_results: list[TaskResult]) -> None:
    figure = family_figure(assemble_dataset(task_results), draw_learning_curves, "A title", "a note")
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == ["gradient descent", "Adam"]
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [["sgd"], ["adam"]]
    assert [text.get_text() for text in figure.texts] == ["A title", "a note"]


@pytest.mark.parametrize("draw", [draw_learning_curves, draw_sensitivity])
def test_a_family_of_which_nothing_survived_says_so(task_results: list[TaskResult], draw: Any) -> None:
    dataset = assemble_dataset(task_results).copy(deep=True)
    dataset[dataset.attrs["score"]][1] = np.nan
    figure = family_figure(dataset, draw, "A title", "a note")
    assert [[text.get_text() for text in axes.texts] for axes in figure.axes] == [
        ["sgd"],
        ["nothing to draw: runs diverged"],
    ]


def test_names_stay_inside_the_picture(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    longest = dataset.assign_coords(optimizer=["rmsprop_momentum", "rmsprop eps=0.0001 decay=0.999"])
    figure = family_figure(longest, draw_learning_curves, "A title", "a note")
    figure.draw_without_rendering()
    for axes in figure.axes:
        for text in axes.texts:
            assert text.get_window_extent().x1 <= figure.bbox.x1


def test_each_optimizer_has_a_panel_of_paths(task_results: list[TaskResult]) -> None:
    figure = paths_figure(assemble_dataset(task_results), Ravine())
    assert [axes.get_title("left").split(",")[0] or axes.get_title().split(",")[0] for axes in figure.axes] == [
        "sgd",
        "adam",
    ]


def test_the_numbers_of_two_panels_of_paths_do_not_touch(task_results: list[TaskResult]) -> None:
    figure = paths_figure(assemble_dataset(task_results), Rosenbrock())  # whose window ends at a number
    figure.draw_without_rendering()
    left, right = (
        [label.get_window_extent() for label in axes.get_xticklabels() if label.get_text()] for axes in figure.axes
    )
    assert max(box.x1 for box in left) + 10 < min(box.x0 for box in right)
    assert len(right) == len(left) + 1


def test_grey_is_explained_where_there_is_any(task_results: list[TaskResult]) -> None:
    for count, is_there in ((2, True), (1, False)):
        figures = race_figures({"ravine": assemble_dataset(task_results).isel(optimizer=slice(count))}, {})
        assert ["gray" in figure.texts[1].get_text() for figure in figures.values()] == [is_there] * 2


def test_pictures_are_written(task_results: list[TaskResult], tmp_path: Path) -> None:
    written = save_race_pictures(tmp_path, {"ravine": assemble_dataset(task_results)}, {"ravine": Ravine()})
    assert [path.name for path in written] == [
        "learning_curves_ravine.png",
        "sensitivity_ravine.png",
        "paths_ravine.png",
    ]
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in written}
    for path in written:
        assert matplotlib.image.imread(path).shape[1] > 800


def test_one_seed_one_optimizer_and_one_rate_are_enough(task_results: list[TaskResult], tmp_path: Path) -> None:
    dataset = (
        assemble_dataset(task_results).isel(optimizer=[0], rate=[2], seed=[0]).assign_coords(role=("seed", ["both"]))
    )
    assert len(save_race_pictures(tmp_path, {"ravine": dataset}, {"ravine": Ravine()})) == 3
