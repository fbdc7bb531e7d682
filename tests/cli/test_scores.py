"""Scores are shown as what they are."""

from __future__ import annotations

import math

import pytest

from gradlab.cli.scores import with_spread


@pytest.mark.parametrize(
    ("score", "spread", "higher", "logarithmic", "text"),
    [
        (0.975, 0.004, 1, 0, "97.5 ± 0.4 %"),
        (0.975, math.nan, 1, 0, "97.5 %"),
        (1.23e-9, 0.36, 0, 1, "1.2e-09 ×÷ 2.29"),  # noqa: RUF001
        (1.23e-9, 12.15, 0, 1, "1.2e-09 ×÷ 1.4e+12"),  # noqa: RUF001
        (1.23e-9, math.nan, 0, 1, "1.2e-09"),
        (1.18e-38, 0.0, 0, 1, "0"),
        (3.775, 0.038, 0, 0, "3.77 ± 0.04"),  # bits a character: no percentage
        (3.775, math.nan, 0, 0, "3.77"),
        (math.nan, math.nan, 1, 0, "diverged"),
    ],
)
def test_each_kind_has_its_form(score: float, spread: float, higher: int, logarithmic: int, text: str) -> None:
    assert with_spread(score, spread, {"higher_is_better": higher, "logarithmic": logarithmic}) == text
