"""The rules of claim 5: updates of one size, and ranges of good rates that are narrower than SGD's."""

from __future__ import annotations

from typing import Any

import pytest

from gradlab.lab._literature_claims.adaptive_rates.sign import judge


def numbers_of(widths: list[float], updates: list[list[float]]) -> dict[str, Any]:
    problems = {
        f"problem {number}": {"optimizers": {"sign_sgd": {"good_decades": width}, "sgd": {"good_decades": 1.0}}}
        for number, width in enumerate(widths)
    }
    return {"brief": False, "problems": problems, "updates": updates}


@pytest.mark.parametrize(
    ("widths", "word"),
    [([0.5, 0.5, 1.5], "holds"), ([0.5, 1.0, 1.5], "not reproduced"), ([0.95, 0.95, 0.5], "not reproduced")],
)
def test_it_is_sensitive_if_most_ranges_are_narrower(widths: list[float], word: str) -> None:
    assert judge(numbers_of(widths, [[-0.25, 0.0], [-0.25, 0.0]]))[1].word == word


@pytest.mark.parametrize("updates", [[[-0.25, 0.0], [0.25, 0.0]], [[-0.25, -0.5], [-0.25, -0.5]]])
def test_updates_that_are_not_signs_do_not_hold(updates: list[list[float]]) -> None:
    assert judge(numbers_of([1.0], updates))[0].word == "not reproduced"
