"""A line and a band for each optimizer, over the number of trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab.analysis.statistics import tuning_budget
from gradlab.lab.analysis.statistics.sections import problem_sections
from gradlab.lab.plots import draw_tuning_budget
from gradlab.lab.plots.comparisons.figures import section_figures


def make_race(make_dataset: Callable[..., xr.Dataset], optimizers: int) -> xr.Dataset:
    scores = 10.0 ** -np.random.default_rng(0).integers(1, 5, (optimizers, 4, 4)).astype(float)
    return make_dataset(scores, [0.01, 0.1, 1, 10], ["choose", "choose", "report", "report"])


def test_the_lines_are_the_expected_scores(make_dataset: Callable[..., xr.Dataset]) -> None:
    budget = tuning_budget(make_race(make_dataset, 3))
    axes = draw_tuning_budget(Figure().subplots(), budget, ["optimizer_2", "optimizer_0"])
    lines: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
    np.testing.assert_allclose(lines["optimizer_2"].get_ydata(), budget.expected.sel(optimizer="optimizer_2"))
    assert lines["optimizer_0"].get_xdata().tolist() == [1, 2, 3, 4]
    assert "_context" in lines
    assert len(axes.collections) == 2
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("trials (learning rates)", "expected loss")
    with pytest.raises(UnknownNameError, match="optimizer_9"):
        draw_tuning_budget(Figure().subplots(), budget, "optimizer_9")


@pytest.mark.parametrize(("optimizers", "panels"), [(7, 1), (8, 2)])
def test_many_optimizers_have_a_panel_for_each_family(
    make_dataset: Callable[..., xr.Dataset], optimizers: int, panels: int
) -> None:
    figures = section_figures({"made": problem_sections(make_race(make_dataset, optimizers))})
    assert len(figures["tuning_budget_made"].axes) == panels
    assert "Tuning budget: made" in [text.get_text() for text in figures["tuning_budget_made"].texts]
