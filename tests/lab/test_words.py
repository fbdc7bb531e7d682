"""One is no plural."""

from __future__ import annotations

from gradlab.lab.words import counted


def test_one_is_no_plural() -> None:
    assert [counted(count, "run") for count in (0, 1, 2, 2080)] == ["0 runs", "1 run", "2 runs", "2,080 runs"]
