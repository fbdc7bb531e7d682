"""Numbers and lists as text for people."""

from __future__ import annotations

import pytest

from gradlab.lab._formatting import format_count, format_distinct, format_float, join_at_most, join_names


def test_one_is_no_plural() -> None:
    assert [format_count(count, "run") for count in (0, 1, 2, 2080)] == ["0 runs", "1 run", "2 runs", "2,080 runs"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e-8, "1e-08"), (0.9999999, "0.9999999"), (1 / 3, "0.3333333333333333")],
)
def test_a_number_reads_back_as_the_same(value: float, text: str) -> None:
    assert format_float(value) == text
    assert float(text) == value


def test_different_numbers_look_different() -> None:
    assert format_distinct([0.001, 0.1]) == ["0.001", "0.1"]
    assert format_distinct([0.123456, 0.123457]) == ["0.123456", "0.123457"]
    assert format_distinct([1.0, 1.0 + 2**-52]) == ["1", "1.0000000000000002"]


def test_a_long_list_is_cut() -> None:
    assert join_at_most(["a", "b"]) == "a, b"
    assert join_at_most([*"abcdefghijklm"]) == "a, b, c, d, e, f, g, h, i, j and 3 more"


def test_names_as_a_phrase() -> None:
    assert join_names(["a"]) == "a"
    assert join_names(["a", "b", "c"]) == "a, b and c"
    assert join_names("abcdefg", most=4) == "a, b, c and 4 more"
