"""Profiles are steps."""

from __future__ import annotations

from typing import Any

import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab.plots import draw_performance_profiles


def test_a_profile_is_a_step_function_from_one() -> None:
    profiles = xr.Dataset(
        {"profile": (("optimizer", "factor"), [[0.5, 1.0], [0.5, 0.5]])},
        {"optimizer": ["a", "b"], "factor": [1.0, 4.0]},
    )
    axes = draw_performance_profiles(Figure().subplots(), profiles, ["a"])
    lines: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
    assert list(lines["a"].get_ydata()) == [0.5, 1, 1]
    assert list(lines["_context"].get_ydata()) == [0.5, 0.5, 0.5]
    assert lines["a"].get_drawstyle() == "steps-post"
    assert axes.get_xlim()[0] == 1
    assert [text.get_text() for text in axes.texts] == ["a"]
    assert (axes.get_xscale(), axes.get_ylabel()) == ("log", "share of the cases")
