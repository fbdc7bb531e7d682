"""What is typed for the axes."""

from __future__ import annotations

import pytest

from gradlab.cli.points import parse_axes
from gradlab.lab.grid import GridError, Lin, Log


def test_axes_by_name_in_order() -> None:
    axes = parse_axes(["learning_rate=log:1e-3:1:4", "b1=0.8,0.9", "b2=lin:0.9:0.99"])
    assert list(axes) == ["learning_rate", "b1", "b2"]
    assert axes == {"learning_rate": Log(1e-3, 1, 4), "b1": [0.8, 0.9], "b2": Lin(0.9, 0.99)}


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["b1"], "--set b1: expected NAME=VALUES, such as learning_rate=log:1e-4:1e-1:13"),
        (["b1=1", "b1=2"], "--set b1 is given twice"),
        (["b1=many"], "b1=many: expected numbers"),
    ],
)
def test_what_is_no_axis_is_refused(assignments: list[str], message: str) -> None:
    with pytest.raises(GridError, match=message):
        parse_axes(assignments)
