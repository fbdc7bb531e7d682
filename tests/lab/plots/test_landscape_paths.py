"""Paths show the run at the best rate."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab.analysis.leaderboard import best_rate_index
from gradlab.lab.plots import draw_path
from gradlab.lab.plots.landscape_contours import find_exits
from gradlab.lab.problems import Problem, Ravine


def test_the_path_is_the_first_reporting_run_at_the_best_rate(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    axes = draw_path(Figure().subplots(), dataset, Ravine(), "sgd")
    lines = {line.get_label(): np.asarray(line.get_xydata()) for line in axes.lines}
    best = int(best_rate_index(dataset).sel(optimizer="sgd"))
    np.testing.assert_allclose(lines["path"], dataset.path.sel(optimizer="sgd", seed=2).isel(rate=best))
    np.testing.assert_allclose(lines["start"][0], lines["path"][0])
    np.testing.assert_allclose(lines["optimum"][0], [1.0, 0.5])
    assert axes.get_title() == f"sgd, rate {float(dataset.learning_rate.sel(optimizer='sgd')[best]):.2g}"
    assert (*axes.get_xlim(), *axes.get_ylim()) == (-4.2, 3.2, -2.6, 2.6)
    (contours,) = axes.collections
    assert isinstance(contours, ContourSet)
    across, up = np.meshgrid([-4.2, 3.2], [-2.6, 2.6])
    corners = [float(Ravine().loss(jnp.array(point, "float32"), None)) for point in zip(across.flat, up.flat)]
    levels = np.asarray(contours.levels)
    assert 0 < levels[0] < levels[-1] < max(corners)  # the loss is 0 at the optimum


def test_a_path_that_leaves_the_window_says_so(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    far = dataset.assign(path=dataset.path + 100)
    assert draw_path(Figure().subplots(), far, Ravine(), "adam").get_title().endswith("(leaves the window)")


def test_where_a_path_leaves_the_frame_is_marked(task_results: list[TaskResult]) -> None:
    window = ((0.0, 4.0), (0.0, 2.0))
    points = np.array([[1, 1], [3, 1], [7, 2], [3, 1], [3, -1], [1, 1], [np.nan, np.nan]])
    found = find_exits(points, window)
    np.testing.assert_allclose(found, np.array([[1, 4, 1.25], [3, 3, 0]]))  # a quarter, and half, of the way
    assert find_exits(points[:2], window).shape == (0, 3)
    dataset = assemble_dataset(task_results)
    moved = dataset.assign(path=dataset.path + 8.0 * (dataset.step > 3))
    axes = draw_path(Figure().subplots(), moved, Ravine(), "sgd")
    (mark,) = (line for line in axes.lines if line.get_label() == "exit")
    x, y = np.asarray(mark.get_xydata())[0]
    assert x == pytest.approx(3.2) or y == pytest.approx(2.6)


def test_an_optimizer_that_always_diverged_has_no_path(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    lost = dataset.assign(final_loss=dataset.final_loss * np.nan)
    axes = draw_path(Figure().subplots(), lost, Ravine(), "adam")
    assert [text.get_text() for text in axes.texts] == ["diverged at every rate"]


def test_a_problem_without_a_landscape_is_an_error(task_results: list[TaskResult], slope: Problem) -> None:
    with pytest.raises(ValueError, match="slope has no landscape"):
        draw_path(Figure().subplots(), assemble_dataset(task_results), slope, "adam")
