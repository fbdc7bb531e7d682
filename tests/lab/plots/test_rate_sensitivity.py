"""Sensitivity shows every rate, the chosen one, and where runs diverged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab._engine.task import TaskResult
from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab.plots import draw_sensitivity

NAN = float("nan")


def test_a_line_is_the_average_at_each_rate(make_dataset: Callable[..., xr.Dataset]) -> None:
    scores = [[[1e-1, 1e-3], [1e-4, 1e-4], [NAN, 1.0]], [[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]]]
    dataset = make_dataset(scores, [0.01, 0.1, 1.0], ["choose", "report"])
    axes = draw_sensitivity(Figure().subplots(), dataset, ["optimizer_0"])
    lines: dict[str, list] = {}
    for line in axes.lines:
        lines.setdefault(str(line.get_label()), []).append(line)
    (drawn,), (best,), (diverged,), (context,) = (
        lines[name] for name in ("optimizer_0", "_best", "_diverged", "_context")
    )
    np.testing.assert_allclose(drawn.get_xdata(), [0.01, 0.1, 1.0])
    np.testing.assert_allclose(drawn.get_ydata(), [1e-2, 1e-4, NAN])
    assert (best.get_xdata()[0], best.get_ydata()[0]) == (0.1, 1e-4)
    np.testing.assert_allclose(diverged.get_xdata(), [1.0])
    np.testing.assert_allclose(context.get_ydata(), [1.0, 2.0, 4.0])
    assert [text.get_text() for text in axes.texts] == ["optimizer_0"]
    assert (axes.get_xlabel(), axes.get_xscale(), axes.get_yscale()) == ("learning rate", "log", "log")
    assert axes.get_ylabel() == "loss, after 10 updates"
    low, high = axes.get_xlim()
    assert low < 0.01 < 1.0 < high


def test_a_sweep_is_no_race(make_sweep: Callable[..., xr.Dataset]) -> None:
    swept = make_sweep([[[1.0, 1.0]]], {"learning_rate": [0.1]})
    with pytest.raises(ValueError, match=r"gradlab.lab.analysis.sweep_as_race.as_race makes one"):
        draw_sensitivity(Figure().subplots(), swept)


def test_an_unknown_optimizer_is_met_with_those_there_are(task_results: list[TaskResult]) -> None:
    dataset = assemble_dataset(task_results)
    with pytest.raises(
        UnknownNameError, match="no optimizer of these results is named 'novograd'; there are adam, sgd"
    ):
        draw_sensitivity(Figure().subplots(), dataset, ["novograd"])
