"""Ranks are drawn from the top, each with its interval."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_rank_intervals


def test_rows_are_in_the_order_of_the_ranks() -> None:
    columns = {"rank": [2, 1, 3], "low": [1, 1, 3], "high": [2, 2, 3]}
    table = xr.Dataset(
        {name: ("optimizer", values) for name, values in columns.items()}, {"optimizer": ["b", "a", "c"]}
    )
    axes = draw_rank_intervals(Figure().subplots(), table)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "c"]
    (dots,) = (line for line in axes.lines if line.get_label() == "rank")
    np.testing.assert_array_equal(dots.get_xdata(), [1, 2, 3])
    (bars,) = (c for c in axes.collections if isinstance(c, LineCollection) and c.get_label() == "interval")
    assert [segment[:, 0].tolist() for segment in bars.get_segments()] == [[1, 2], [1, 2], [3, 3]]
    low, high = axes.get_ylim()
    assert low > high
