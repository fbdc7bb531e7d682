"""Sizes are read from what made the problems."""

from __future__ import annotations

import pytest
import xarray as xr

from gradlab.lab._inputs.problem_arguments import read_arguments
from gradlab.lab.analysis.statistics.axes.sizes import find_sizes


def study(*setups: str) -> dict[str, xr.Dataset]:
    return {f"problem_{place}": xr.Dataset(attrs={"setup": setup}) for place, setup in enumerate(setups)}


def test_the_only_argument_that_differs_is_the_size() -> None:
    own = study("Net(width=16, depth=2)", "Net(width=4, depth=2)")
    assert find_sizes(own) == ("width", {"problem_1": 4.0, "problem_0": 16.0})
    assert find_sizes(own, "width")[0] == "width"
    assert find_sizes(study("mine:net(width=1)", "mine:net(width=2.5)"))[1] == {"problem_0": 1.0, "problem_1": 2.5}
    assert read_arguments("mine:net(width=2, of=Other(3), text='a, b')") == {
        "width": 2,
        "of": "Other(3)",
        "text": "a, b",
    }
    assert read_arguments("mine.Net()") == read_arguments("<a net>") == read_arguments("a(b") == {}


@pytest.mark.parametrize(
    ("setups", "axis", "message"),
    [
        (("Net(width=1)",), None, r"problem_0 do not differ in a size; race one problem with several values"),
        (("Net(width=1)", "Bowl(width=2)"), None, "do not differ in a size"),
        (("mine.Net()", "mine.Net()"), None, "do not differ in a size"),
        (("Net(width=1, depth=1)", "Net(width=2, depth=3)"), None, "differ in width and also in depth; name those"),
        (("Net(width=1, depth=1)", "Net(width=2, depth=3)"), "depth", "differ in depth and also in width"),
        (("Net(kind='a')", "Net(kind='b')"), None, "kind of problem_0 is 'a', and a size is a number above zero"),
        (("Net(width=0)", "Net(width=1)"), None, "width of problem_0 is 0, and a size"),
        (("Net(big=True)", "Net(big=False)"), None, "big of problem_0 is True, and a size"),
        (
            ("Net(width=1)", "Net(width=2)"),
            "widht",
            "no argument of these problems is named 'widht'; did you mean width",
        ),
    ],
)
def test_what_is_no_size_is_refused(setups: tuple[str, ...], axis: str | None, message: str) -> None:
    with pytest.raises((ValueError, KeyError), match=message):
        find_sizes(study(*setups), axis)
