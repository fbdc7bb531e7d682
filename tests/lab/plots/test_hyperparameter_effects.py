"""An effect shows every point, the best of each value, and what diverged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_effect
from gradlab.lab.plots.hyperparameter_effects import find_varied_hyperparameters, is_logarithmic

NAN = float("nan")
POINTS = {"learning_rate": [0.01, 0.01, 1.0, 1.0], "b1": [0.5, 0.9, 0.5, 0.9], "eps": [1e-8] * 4}


def drawn(dataset: xr.Dataset, name: str) -> tuple[Any, dict[str, Any]]:
    axes = draw_effect(Figure().subplots(), dataset, name)
    return axes, {str(line.get_label()): line for line in axes.lines}


def test_on_a_grid_a_line_joins_the_best(make_sweep: Callable[..., xr.Dataset]) -> None:
    dataset = make_sweep([[[1e-1, 1e-3], [1e-4, 1e-4], [1.0, 1.0], [1.0, NAN]]], POINTS)
    axes, lines = drawn(dataset, "learning_rate")
    np.testing.assert_allclose(lines["_points"].get_xdata(), POINTS["learning_rate"])
    np.testing.assert_allclose(lines["_points"].get_ydata(), [1e-2, 1e-4, 1.0, NAN])  # geometric means
    np.testing.assert_allclose(lines["sgd"].get_xydata(), [[0.01, 1e-4], [1.0, 1.0]])
    np.testing.assert_allclose(lines["_best"].get_xydata(), [[0.01, 1e-4]])
    np.testing.assert_allclose(lines["_diverged"].get_xdata(), [1.0])
    assert (axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel()) == (
        "log",
        "learning_rate",
        "loss, after 10 updates",
    )
    axes, lines = drawn(dataset, "b1")
    np.testing.assert_allclose(lines["sgd"].get_xydata(), [[0.5, 1e-2], [0.9, 1e-4]])
    assert axes.get_xscale() == "linear"


def test_samples_have_no_line(make_sweep: Callable[..., xr.Dataset]) -> None:
    _, lines = drawn(make_sweep(np.ones((1, 4, 2)), POINTS, "sobol"), "b1")
    assert set(lines) == {"_points", "_diverged", "_best"}


def test_accuracies_become_errors(make_sweep: Callable[..., xr.Dataset], accuracy: dict[str, Any]) -> None:
    dataset = make_sweep([[[0.9, 0.9], [0.8, 0.8], [0.7, 0.7], [0.99, 0.97]]], POINTS, **accuracy)
    _, lines = drawn(dataset, "b1")
    np.testing.assert_allclose(lines["_best"].get_xydata(), [[0.9, 2.0]])


def test_where_all_diverged_nothing_but_crosses_is_drawn(make_sweep: Callable[..., xr.Dataset]) -> None:
    _, lines = drawn(make_sweep(np.full((1, 4, 2), NAN), POINTS), "b1")
    np.testing.assert_allclose(lines["_diverged"].get_xdata(), [0.5, 0.9])
    assert "_best" not in lines


def test_only_what_varies_is_shown(make_sweep: Callable[..., xr.Dataset]) -> None:
    assert find_varied_hyperparameters(make_sweep(np.ones((1, 4, 1)), POINTS)) == ["learning_rate", "b1"]


def test_an_axis_is_as_its_range_was_given(make_sweep: Callable[..., xr.Dataset]) -> None:
    points = {"b1": [0.01, 0.99], "eps": [0.5, 1.0], "decay": [0.01, 1.0], "b2": [0.0, 1.0], "learning_rate": [0.5, 1]}
    dataset = make_sweep(np.ones((1, 2, 1)), points, "tpe", scales='{"b1": "lin", "eps": "log"}')
    assert not is_logarithmic(dataset, "b1")  # over two decades
    assert is_logarithmic(dataset, "eps")
    assert drawn(dataset, "b1")[0].get_xscale() == "linear"
    axes, _ = drawn(dataset, "eps")
    assert axes.get_xscale() == "log"
    assert len([at for at in axes.get_xticks() if 0.4 < at < 1.2]) >= 2  # there are numbers to read
    for name, guess in {"decay": True, "b2": False, "learning_rate": False}.items():
        assert is_logarithmic(dataset, name) is guess


def test_where_more_is_better_the_best_are_the_highest(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = [[[1.0, 1.0], [3.0, 3.0], [2.0, 2.0], [1.5, 1.5]]]
    _, lines = drawn(make_sweep(scores, POINTS, higher_is_better=1), "learning_rate")
    np.testing.assert_allclose(lines["sgd"].get_xydata(), [[0.01, 3.0], [1.0, 2.0]])
    np.testing.assert_allclose(lines["_best"].get_xydata(), [[0.01, 3.0]])


def test_a_choice_has_its_names_below_it_and_points_where_it_exists(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.4])[None, :, None]
    points = {"shape": ["a", "b", "", "b"], "rate": [0.1, 0.2, 0.3, 0.4]}
    swept = make_sweep(scores, points, "sobol", categories='{"shape": ["b", "a"]}')
    axes = draw_effect(Figure().subplots(), swept, "shape")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["b", "a"]
    dots: Any = next(line for line in axes.lines if line.get_label() == "_points")
    np.testing.assert_array_equal(np.round(dots.get_xdata()), [1, 0, 0])
    assert len(set(np.asarray(dots.get_xdata()) % 1)) == 3  # beside each other
    np.testing.assert_allclose(dots.get_ydata(), [0.1, 0.2, 0.4])
    assert find_varied_hyperparameters(swept) == ["shape", "rate"]
