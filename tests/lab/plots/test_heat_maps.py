"""Heat has a cell for each pair of values, and a dot for each sample."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_heat_map, sweep_figures
from gradlab.lab.plots.heat_maps import choose_colors, draw_color_scale

NAN = float("nan")
POINTS = {
    "learning_rate": [0.1, 0.1, 0.1, 0.1, 1.0, 1.0, 1.0, 1.0],
    "b1": [0.5, 0.5, 0.9, 0.9, 0.5, 0.5, 0.9, 0.9],
    "b2": [0.9, 0.99] * 4,
}
SCORES = np.array([1e-1, 1e-2, 1e-3, 1e-4, 1.0, NAN, NAN, NAN])[None, :, None]


def test_a_cell_is_the_best_over_the_others(make_sweep: Callable[..., xr.Dataset]) -> None:
    axes = draw_heat_map(Figure().subplots(), make_sweep(SCORES, POINTS), "sgd", "learning_rate", "b1")
    (image,) = axes.images
    cells: Any = image.get_array()
    np.testing.assert_allclose(cells.filled(NAN), [[1e-2, 1.0], [1e-4, NAN]])
    lines: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
    np.testing.assert_allclose(lines["_best"].get_xydata(), [[0, 1]])
    np.testing.assert_allclose(lines["_diverged"].get_xydata(), [[1, 1]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0.1", "1"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("learning_rate", "b1")


def test_the_values_below_the_cells_do_not_overlap(make_sweep: Callable[..., xr.Dataset]) -> None:
    rates = [1e-4, 5.62e-4, 3.16e-3, 1.78e-2, 0.1]
    points = {"learning_rate": rates * 2, "b1": [0.5] * 5 + [0.9] * 5}
    figure = sweep_figures({"made": make_sweep(np.ones((2, 10, 1)), points)})["heat_made"]
    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    assert [label.get_text() for label in labels] == ["0.0001", "0.000562", "0.00316", "0.0178", "0.1"]
    if labels[0].get_rotation() == 0:
        boxes = [label.get_window_extent() for label in labels]
        assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    few = sweep_figures({"made": make_sweep(SCORES[:, :4], {name: at[:4] for name, at in POINTS.items()})})["heat_made"]
    assert {label.get_rotation() for label in few.axes[0].get_xticklabels()} == {0}


def test_samples_are_dots_and_the_best_are_on_top(make_sweep: Callable[..., xr.Dataset]) -> None:
    axes = draw_heat_map(Figure().subplots(), make_sweep(SCORES, POINTS, "random"), "sgd", "b1", "b2")
    dots: Any = axes.collections[0]
    np.testing.assert_allclose(dots.get_array(), [1.0, 1e-1, 1e-2, 1e-3, 1e-4])
    lines: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
    np.testing.assert_allclose(lines["_best"].get_xydata(), [[0.9, 0.99]])
    assert len(lines["_diverged"].get_xdata()) == 3


def test_the_axes_of_dots_are_as_the_ranges_were_given(make_sweep: Callable[..., xr.Dataset]) -> None:
    points = {"learning_rate": [0.1, 1.0], "b1": [0.01, 0.99]}
    for scales, wanted in (("{}", ("linear", "log")), ('{"learning_rate": "log", "b1": "lin"}', ("log", "linear"))):
        dataset = make_sweep(np.ones((1, 2, 1)), points, "random", scales=scales)
        axes = draw_heat_map(Figure().subplots(), dataset, "sgd", "learning_rate", "b1")
        assert (axes.get_xscale(), axes.get_yscale()) == wanted


def test_the_better_is_the_brighter(make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    loss, error = make_sweep(SCORES, POINTS), make_sweep(1 - SCORES / 2, POINTS, **accuracy)
    reward = make_sweep(SCORES, POINTS, higher_is_better=1)
    names = [choose_colors(dataset, dataset.final_loss)["cmap"] for dataset in (loss, error, reward)]
    assert names == ["cividis_r", "cividis_r", "cividis"]


def test_the_scale_has_the_name_of_the_score(make_sweep: Callable[..., xr.Dataset]) -> None:
    axes = draw_color_scale(Figure().subplots(), make_sweep(SCORES, POINTS))
    assert (axes.get_ylabel(), axes.get_yscale()) == ("loss, after 10 updates", "log")


def test_choices_are_cells_with_their_names_and_a_pair_that_does_not_exist_is_empty(
    make_sweep: Callable[..., xr.Dataset],
) -> None:
    points = {"shape": ["a", "b", "a", "b"], "nesterov": ["yes", "yes", "no", ""], "period": [1.0, 2.0, 2.0, NAN]}
    categories = '{"shape": ["b", "a"], "nesterov": ["no", "yes"]}'
    swept = make_sweep(SCORES[:, :4], points, "sobol", categories=categories)
    axes = draw_heat_map(Figure().subplots(), swept, "sgd", "shape", "nesterov")
    cells: Any = axes.images[0].get_array()
    np.testing.assert_allclose(cells.filled(NAN), [[NAN, 1e-3], [1e-2, 1e-1]])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["b", "a"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["no", "yes"]
    lines: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
    assert len(lines["_diverged"].get_xdata()) == 0
    axes = draw_heat_map(Figure().subplots(), swept, "sgd", "period", "nesterov")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
