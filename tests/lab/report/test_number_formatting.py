"""Numbers are written as people read them."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradlab.lab._report.number_formatting import format_number, format_score, format_score_with_spread, round_for_json

NAN = float("nan")
LOSS: dict[str, Any] = {"logarithmic": 1, "higher_is_better": 0}
ACCURACY: dict[str, Any] = {"logarithmic": 0, "higher_is_better": 1}
PLAIN: dict[str, Any] = {"logarithmic": 0, "higher_is_better": 0}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.05623, "0.056"), (0.1, "0.1"), (17.78, "18"), (400, "400"), (1.835e-11, "1.8×10⁻¹¹"), (2e6, "2.0×10⁶"),
        (0, "0"), (-0.5, "−0.5"), (-1e-9, "−1.0×10⁻⁹"), (math.inf, "∞"), (-math.inf, "−∞"), (NAN, "–"),
        (0.000562, "0.00056"),
    ],
)  # fmt: skip
def test_a_number(value: float, text: str) -> None:
    assert format_number(value) == text


def test_scores_of_each_kind() -> None:
    assert format_score(0.9783, ACCURACY) == "97.8 %"
    assert format_score(1.2e-9, LOSS) == "1.2×10⁻⁹"
    assert format_score(NAN, LOSS) == "diverged"
    assert format_score_with_spread(0.9783, 0.003, ACCURACY) == "97.8 % ± 0.3"
    assert format_score_with_spread(1e-9, 0.5, LOSS) == "1.0×10⁻⁹ ×÷ 3.16"
    assert format_score_with_spread(1e-9, 4.1, LOSS) == "1.0×10⁻⁹ ×÷ 1.3×10⁴"
    assert (format_score(1.18e-38, LOSS), format_score_with_spread(1.18e-38, 0.0, LOSS)) == ("0", "0")
    assert format_score(0.0, ACCURACY) == "0.0 %"
    assert format_score_with_spread(2.0, 0.25, PLAIN) == "2.0 ± 0.2"
    assert format_score_with_spread(3.8, 0.034, PLAIN) == "3.80 ± 0.03"
    assert format_score_with_spread(1e-9, 0.001, LOSS) == "1.0×10⁻⁹ ×÷ 1.002"
    assert format_score_with_spread(1e-9, 0.0, LOSS) == "1.0×10⁻⁹ (all alike)"
    assert format_score_with_spread(0.9783, NAN, ACCURACY) == "97.8 %"


def test_numbers_for_json_are_short_and_finite() -> None:
    assert round_for_json(np.array([[1.0, 0.123456], [np.nan, np.inf]])) == [[1, 0.1235], [None, None]]
    assert round_for_json(1e9, 3) == 1e9
