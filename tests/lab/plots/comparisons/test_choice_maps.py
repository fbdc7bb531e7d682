"""A map has a cell for each optimizer and value, with the best of a row in bold letters and a frame."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_choice_map
from gradlab.lab.plots.comparisons.choice_maps import format_short


def test_the_best_of_a_row_is_marked() -> None:
    table = xr.Dataset(
        {
            "score": (("optimizer", "value"), [[0.5, 0.25, np.nan], [2e-7, np.nan, 3.0]]),
            "best": (("optimizer", "value"), [[False, True, False], [True, False, False]]),
            "exists": (("optimizer", "value"), [[True, True, True], [True, False, True]]),
        },
        {"optimizer": ["adam", "$_x"], "value": [0.0, 1.0, 2.0], "label": ("value", ["linear", "a_$b", "none"])},
        {"hyperparameter": "my_schedule", "higher_is_better": 0, "logarithmic": 1, "score_label": "loss"},
    )
    axes = draw_choice_map(Figure().subplots(), table)
    said = {text.get_text(): text.get_fontweight() for text in axes.texts}
    assert said == {"0.5": "normal", "0.25": "bold", "diverged": "normal", "2e-7": "bold", "": "normal", "3": "normal"}
    frames = [(patch.get_x() + 0.46, patch.get_y() + 0.42) for patch in axes.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(frames, [(1, 0), (0, 1)], atol=1e-9)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["linear", "a_$b", "none"]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["adam", "$_x"]
    assert axes.get_xlabel() == "my schedule"
    axes.figure.canvas.draw()  # names are drawn as they are written


def test_scores_are_short() -> None:
    assert [format_short(score) for score in (0.2749, 12.3, 3.4e-7, 1e12, 0.0)] == ["0.27", "12", "3.4e-7", "1e12", "0"]
