"""Learning curves show the median at the best rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab.plots import draw_learning_curves

NAN = float("nan")


def test_a_line_is_the_median_over_the_reporting_seeds_at_the_best_rate(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    axes = draw_learning_curves(Figure().subplots(), dataset)
    lines = {line.get_label(): line for line in axes.lines}
    assert {"sgd", "adam"} <= set(lines)
    for name in ("sgd", "adam"):
        finals = dataset.final_loss.sel(optimizer=name, seed=[0, 1]).isel(evaluation=-1)
        best = int(np.log(finals).mean("seed", skipna=False).fillna(np.inf).argmin("rate"))
        median = dataset.final_loss.sel(optimizer=name, seed=[2, 3]).isel(rate=best).median("seed")
        np.testing.assert_allclose(np.asarray(lines[name].get_ydata()), median)
        np.testing.assert_array_equal(lines[name].get_xdata(), dataset.evaluation)
        finals = dataset.final_loss.sel(optimizer=name, seed=[2, 3]).isel(rate=best, evaluation=-1)
        bands = [np.asarray(path.vertices) for band in axes.collections for path in band.get_paths()]
        ends = {tuple(np.unique(band[band[:, 0] == dataset.evaluation.values[-1], 1])) for band in bands}
        quartiles = np.quantile(finals, [0.25, 0.75])
        assert any(len(end) == 2 and np.allclose(end, quartiles) for end in ends)
    assert len(axes.collections) == 2
    assert [text.get_text() for text in axes.texts] == ["sgd", "adam"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_yscale()) == ("updates", "loss", "log")


def test_those_not_named_are_context(task_results: list[TaskResult]) -> None:
    axes = draw_learning_curves(Figure().subplots(), assemble_dataset(task_results), ["adam"])
    labels = [line.get_label() for line in axes.lines]
    assert labels.count("_context") == 1
    assert "sgd" not in labels
    assert [text.get_text() for text in axes.texts] == ["adam"]


def test_an_optimizer_that_always_diverged_is_left_out(make_dataset: Callable[..., xr.Dataset]) -> None:
    dataset = make_dataset([[[NAN] * 2], [[0.1] * 2]], [0.1], ["choose", "report"])
    axes = draw_learning_curves(Figure().subplots(), dataset)
    assert [text.get_text() for text in axes.texts] == ["optimizer_1"]


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(ValueError, match=r"gradlab.lab.analysis.sweep_as_race.as_race makes one"):
        draw_learning_curves(Figure().subplots(), swept)


def test_an_unknown_optimizer_is_met_with_those_there_are(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    with pytest.raises(
        UnknownNameError, match="no optimizer of these results is named 'novograd'; there are adam, sgd"
    ):
        draw_learning_curves(Figure().subplots(), dataset, ["novograd"])
