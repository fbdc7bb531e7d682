"""Lengths are read with their units, and others are refused."""

from __future__ import annotations

import pytest

from gradlab.lab.plots.paper.lengths import to_inches


@pytest.mark.parametrize(
    ("text", "inches"), [("3.25in", 3.25), ("2.54 cm", 1), ("50.8mm", 2), ("144.54pt", 2), ("144bp", 2), ("3IN", 3)]
)
def test_a_length_in_inches(text: str, inches: float) -> None:
    assert to_inches(text) == pytest.approx(inches)


@pytest.mark.parametrize("text", ["", "3.25", "in", "3 miles", "-3in", "nanin", "1.2.3in", "0in", "1e9in", "9e999in"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 3\.25in|wide and high, got"):
        to_inches(text)
