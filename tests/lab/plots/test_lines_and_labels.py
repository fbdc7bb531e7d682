"""Lines can be told apart, and their names do not overlap."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from gradlab.lab._inputs.name_lookup import UnknownNameError
from gradlab.lab.plots.lines_and_labels import (
    EndLabel,
    find_limits,
    label_ends,
    line_style,
    look_up_optimizers,
    spread_out,
    use_log_axis,
)


def test_thirty_five_lines_look_different() -> None:
    looks = [line_style(position) for position in range(35)]
    assert len({(look.color, str(look.linestyle)) for look in looks}) == 35
    assert len({look.color for look in looks[:7]}) == 7


def test_places_are_spread_in_order_and_no_further_than_needed() -> None:
    assert spread_out([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])
    assert spread_out([0.5, 0.5], 0.2) == pytest.approx([0.4, 0.6])
    places = [0.52, 0.1, 0.5, 0.51, 0.12]
    moved = spread_out(places, 0.1)
    assert np.argsort(moved).tolist() == np.argsort(places).tolist()
    assert np.diff(sorted(moved)).min() == pytest.approx(0.1)
    assert np.mean(moved) == pytest.approx(np.mean(places))
    assert spread_out([], 0.1) == []


def test_labels_stand_beside_the_axes_without_overlap() -> None:
    axes = Figure(figsize=(5, 3)).subplots()
    axes.set_xlim(0, 10)
    axes.set_ylim(0, 1)
    labels = [EndLabel(f"line {i}", 10, 0.5 + i / 1000, "#0072B2") for i in range(4)]
    label_ends(axes, labels)
    assert [text.get_text() for text in axes.texts] == ["line 0", "line 1", "line 2", "line 3"]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert all(upper.y0 >= lower.y1 - 1 for lower, upper in pairwise(boxes))
    assert all(box.x0 > axes.get_window_extent().x1 for box in boxes)


@pytest.mark.parametrize("height", [0.0, 1.0])
def test_labels_of_lines_that_end_at_the_frame_stay_beside_the_axes(height: float) -> None:
    axes = Figure(figsize=(5, 3)).subplots()
    axes.set_ylim(0, 1)
    label_ends(axes, [EndLabel(f"line {i}", 1, height, "#0072B2") for i in range(6)])
    places = [text.get_position()[1] for text in axes.texts]
    assert len(places) == 6
    assert min(places) > -0.01
    assert max(places) < 1.01


@pytest.mark.parametrize(
    ("limits", "expected"), [((1e-2, 1e2), ["0.01", "0.1", "1"]), ((1e-9, 1e2), ["$10^{-10}$", "$10^{-4}$"])]
)
def test_ticks_are_numbers_or_over_many_decades_powers(limits: tuple[float, float], expected: list[str]) -> None:
    axes = Figure().subplots()
    axes.set_ylim(*limits)
    use_log_axis(axes, "y")
    axes.set_ylim(*limits)
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert set(expected) <= set(ticks)


def test_an_axis_that_begins_below_all_numbers_has_ticks() -> None:
    """A tick below the least number is 0, of which there is no power of ten."""
    axes = Figure().subplots()
    axes.set_ylim(1e-320, 1)
    use_log_axis(axes, "y")
    ticks = [axes.yaxis.get_major_formatter()(value, 0) for value in (0.0, 1e-300, np.inf)]
    assert ticks == ["", "$10^{-300}$", ""]


def test_limits_hold_all_that_is_known() -> None:
    low, high = find_limits(xr.DataArray([1e-3, np.nan, 10.0]))
    assert 1e-4 < low < 1e-3
    assert 10 < high < 100
    assert find_limits(xr.DataArray([np.nan])) == (0.1, 1.0)


def test_one_optimizer_or_some_or_all_are_chosen(make_sweep: Callable[..., xr.Dataset]) -> None:
    dataset = make_sweep([[[1.0, 1.0]]] * 2, {"learning_rate": [0.1]})
    assert look_up_optimizers(dataset, None) == ["sgd", "adam"]
    assert look_up_optimizers(dataset, "adam") == look_up_optimizers(dataset, ["adam"]) == ["adam"]
    with pytest.raises(UnknownNameError, match="did you mean adam"):
        look_up_optimizers(dataset, "adamm")


def test_an_axis_of_few_decades_has_numbers_between_its_powers_of_ten() -> None:
    axes = Figure().subplots()
    axes.set_ylim(0.9, 9)
    use_log_axis(axes, "y")
    ticks = [label.get_text() for label in axes.get_yticklabels()]
    assert {"1", "2", "5"} <= set(ticks)
