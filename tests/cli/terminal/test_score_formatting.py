"""Scores are shown as what they are."""

from __future__ import annotations

import math

import pytest

from gradlab.cli.terminal.score_formatting import format_score_with_spread


@pytest.mark.parametrize(
    ("score", "spread", "higher", "logarithmic", "text"),
    [
        (0.975, 0.004, 1, 0, "97.5 ± 0.4 %"),
        (0.975, math.nan, 1, 0, "97.5 %"),
        (1.23e-9, 0.36, 0, 1, "1.2e-09 ×÷ 2.29"),  # noqa: RUF001
        (1.23e-9, 12.15, 0, 1, "1.2e-09 ×÷ 1.4e+12"),  # noqa: RUF001
        (1.23e-9, math.nan, 0, 1, "1.2e-09"),
        (1.18e-38, 0.0, 0, 1, "0"),
        (3.8, 0.034, 0, 0, "3.80 ± 0.03"),
        (12.34, 0.98, 0, 0, "12 ± 1"),
        (3.5e9, 2e7, 0, 0, "3.50e+09 ± 2e+07"),
        (0.5, 0.0, 0, 0, "0.5 ± 0"),
        (0.97512, 0.0004, 1, 0, "97.51 ± 0.04 %"),
        (1.0, 0.0, 1, 0, "100.0 ± 0 %"),
        (1.23e-9, 0.001, 0, 1, "1.2e-09 ×÷ 1.002"),  # noqa: RUF001
        (1.23e-9, 1e-8, 0, 1, "1.2e-09 (all alike)"),
        (3.775, 0.038, 0, 0, "3.77 ± 0.04"),  # bits a character: no percentage
        (3.775, math.nan, 0, 0, "3.77"),
        (math.nan, math.nan, 1, 0, "diverged"),
    ],
)
def test_each_kind_has_its_form(score: float, spread: float, higher: int, logarithmic: int, text: str) -> None:
    assert format_score_with_spread(score, spread, {"higher_is_better": higher, "logarithmic": logarithmic}) == text
