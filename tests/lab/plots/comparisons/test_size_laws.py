"""Points, intervals and laws over a size."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_size_laws


def test_a_law_is_a_line_and_what_has_none_has_points() -> None:
    sizes, nan = np.array([2.0, 4.0, 8.0]), np.nan
    scores = np.stack([1 + 4 / sizes, [3.0, 2.0, nan]])
    laws = xr.Dataset(
        {
            "score": (("optimizer", "size"), scores), "low": (("optimizer", "size"), scores * 0.9),
            "high": (("optimizer", "size"), scores * 1.2), "factor": ("optimizer", [4.0, nan]),
            "exponent": ("optimizer", [1.0, nan]), "offset": ("optimizer", [1.0, nan]),
            "scatter": ("optimizer", [0.1, nan]),
        },
        {"optimizer": ["a", "b"], "size": sizes},
        {"axis": "hidden_width", "label": "loss"},
    )  # fmt: skip
    axes = draw_size_laws(Figure().subplots(), laws, ["b", "a"], {"a": "#123456"})
    (line,) = [line for line in axes.lines if line.get_label() == "_law" and np.isfinite(line.get_ydata()).all()]
    x, y = np.asarray(line.get_xydata()).T
    np.testing.assert_allclose(y, 1 + 4 / x)
    assert line.get_color() == "#123456"
    points, _, bars = axes.containers[1]
    np.testing.assert_allclose(points.get_ydata(), scores[0])
    np.testing.assert_allclose(bars[0].get_segments()[0][:, 1], [0.9 * 3, 1.2 * 3])
    assert [text.get_text() for text in axes.texts] == ["b", "a"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_xscale()) == ("hidden width", "loss", "log")
    assert [axes.xaxis.get_major_formatter()(size, 0) for size in axes.get_xticks()] == ["2", "4", "8"]
