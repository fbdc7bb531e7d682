"""Long numbers within a text have six digits, and all else stays."""

from __future__ import annotations

import pytest

from gradlab.explanations.long_numbers import shorten_numbers


@pytest.mark.parametrize(
    ("text", "decimals", "expected"),
    [
        ("mix(share=0.9090909090909092, eps=1e-08)", 6, "mix(share=0.909091, eps=1e-08)"),
        ("decay=1.2345678901e-05", 6, "decay=1.23457e-05"),
        ("9.999999999999991e-14 and 0.12345678", 9, "1e-13 and 0.12345678"),
        ("0.12345678", 6, "0.123457"),
        ("rate=0.000244140625, damping=0.00034526698300124393", 6, "rate=2**-12, damping=2**-11.5"),
        ("0.015625 and 0.000000", 6, "0.015625 and 0"),
        ("12345678901, b1=0.9, weights[0]", 6, "12345678901, b1=0.9, weights[0]"),
    ],
)
def test_long_numbers_have_six_digits(text: str, decimals: int, expected: str) -> None:
    assert shorten_numbers(text, decimals) == expected
