"""The diagram: a line from each rank to its name, and dots on bars."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_critical_differences
from gradlab.lab.plots.comparisons.figures import critical_differences_figure


def make_table(post_hoc: str) -> xr.Dataset:
    """Four optimizers, two of the same rank, of which the first and the last two do not differ, nor the first three."""
    differs = np.zeros((4, 4), bool)
    differs[1, 3] = differs[3, 1] = True
    names = ["a", "b_1", "c", "$d$"]
    return xr.Dataset(
        {"mean_rank": ("optimizer", [1.5, 1.5, 3.0, 4.0]), "differs": (("optimizer", "other"), differs)},
        {"optimizer": names, "other": names},
        {"critical_difference": 1.2, "post_hoc": post_hoc, "problems": 9},
    )


@pytest.mark.parametrize("post_hoc", ["wilcoxon", "nemenyi"])
def test_the_lines_and_bars_are_at_the_ranks(post_hoc: str) -> None:
    axes = draw_critical_differences(Figure().subplots(), make_table(post_hoc))
    lines: list[Any] = list(axes.lines)
    at = {line.get_label(): line.get_xdata()[0] for line in lines}
    assert (at["c"], at["$d$"]) == (3, 4)
    assert at["a"] < 1.5 < at["b_1"]  # side by side
    groups = [list(line.get_xdata()) for line in lines if line.get_label() == "_group"]
    assert groups == [[at["a"], at["b_1"], at["c"]], [at["a"], at["c"], at["$d$"]]]
    heights = {line.get_ydata()[0] for line in lines if line.get_label() == "_group"}
    assert len(heights) == 2
    texts = [text.get_text() for text in axes.texts]
    assert texts[:4] == ["a  1.50", "b_1  1.50", "3.00  c", "4.00  $d$"]
    assert texts[4:] == ["critical difference 1.20"] * (post_hoc == "nemenyi")


def test_the_figure_has_room_for_names() -> None:
    short, long = make_table("wilcoxon"), make_table("wilcoxon")
    long = long.assign_coords(optimizer=["a" * 40, "b", "c", "d"], other=["a" * 40, "b", "c", "d"])
    assert critical_differences_figure(long).get_figwidth() > critical_differences_figure(short).get_figwidth() + 2
