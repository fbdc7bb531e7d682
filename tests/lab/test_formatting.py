"""Numbers and lists in words."""

from __future__ import annotations

import pytest

from gradlab.lab.formatting import counted, listed, phrase, shortest, told_apart


def test_one_is_no_plural() -> None:
    assert [counted(count, "run") for count in (0, 1, 2, 2080)] == ["0 runs", "1 run", "2 runs", "2,080 runs"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e-8, "1e-08"), (0.9999999, "0.9999999"), (1 / 3, "0.3333333333333333")],
)
def test_a_number_reads_back_as_the_same(value: float, text: str) -> None:
    assert shortest(value) == text
    assert float(text) == value


def test_different_numbers_look_different() -> None:
    assert told_apart([0.001, 0.1]) == ["0.001", "0.1"]
    assert told_apart([0.123456, 0.123457]) == ["0.123456", "0.123457"]
    assert told_apart([1.0, 1.0 + 2**-52]) == ["1", "1.0000000000000002"]


def test_a_long_list_is_cut() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed([*"abcdefghijklm"]) == "a, b, c, d, e, f, g, h, i, j and 3 more"


def test_names_as_a_phrase() -> None:
    assert phrase(["a"]) == "a"
    assert phrase(["a", "b", "c"]) == "a, b and c"
    assert phrase("abcdefg", most=4) == "a, b, c and 4 more"
