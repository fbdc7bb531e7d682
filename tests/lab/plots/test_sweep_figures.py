"""The figures of a sweep have a panel for each hyperparameter, and for each two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from gradlab.lab.plots import save_sweep_pictures, sweep_figures
from gradlab.lab.plots.sweep_figures import MOST_PANELS

POINTS = {"learning_rate": [0.1, 0.1, 1.0, 1.0], "b1": [0.5, 0.9, 0.5, 0.9], "eps": [1e-8] * 4}


def test_panels_are_of_what_varies(make_sweep: Callable[..., xr.Dataset]) -> None:
    scores = np.random.default_rng(0).random((2, 4, 3))
    figures = sweep_figures({"made": make_sweep(scores, POINTS)})
    assert list(figures) == ["effects_made", "heat_made"]
    effects, heats = figures.values()
    assert [axes.get_xlabel() for axes in effects.axes] == ["learning_rate", "b1"]
    assert [axes.get_ylabel() for axes in effects.axes] == ["loss, after 10 updates", ""]
    assert effects.axes[0].get_ylim() == effects.axes[1].get_ylim()
    assert [text.get_text() for text in effects.legends[0].get_texts()] == ["sgd", "adam"]
    assert [axes.get_title("left") for axes in heats.axes] == ["sgd", "adam", ""]  # and the scale


def test_one_hyperparameter_has_no_heat_and_none_has_nothing(make_sweep: Callable[..., xr.Dataset]) -> None:
    one = {"learning_rate": [0.1, 0.2], "b1": [0.9, 0.9]}
    assert list(sweep_figures({"made": make_sweep(np.ones((1, 2, 1)), one)})) == ["effects_made"]
    assert sweep_figures({"made": make_sweep(np.ones((1, 1, 1)), {"b1": [0.9]})}) == {}


def test_everything_stays_inside_and_many_pairs_are_cut(make_sweep: Callable[..., xr.Dataset]) -> None:
    names = ["learning_rate", "b1", "b2", "eps", "weight_decay", "momentum"]
    points = {name: np.linspace(0.1, 1, 9) for name in names}
    figures = sweep_figures({"made": make_sweep(np.random.default_rng(0).random((1, 9, 2)), points, "sobol")})
    assert len(figures["heat_made"].axes) == MOST_PANELS + 1
    for figure in figures.values():
        figure.draw_without_rendering()
        texts = [*figure.texts, *(axes.xaxis.label for axes in figure.axes), *(axes.title for axes in figure.axes)]
        for text in texts:
            box = text.get_window_extent()
            assert box.x1 <= figure.bbox.x1
            assert box.y0 >= 0


def test_they_are_written(make_sweep: Callable[..., xr.Dataset], tmp_path: Path) -> None:
    written = save_sweep_pictures(tmp_path, {"made": make_sweep(np.ones((1, 4, 1)), POINTS, "tpe")})
    assert [path.name for path in written] == ["effects_made.png", "heat_made.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in written)
