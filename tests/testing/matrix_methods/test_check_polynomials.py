"""Coefficients that were published for Newton-Schulz iterations: those that work pass, and the others are refuted.

The bands are those of the composed polynomials on a grid of two million singular values.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from gradlab.testing import check_polynomial_iteration

JORDAN = (3.4445, -4.7750, 2.0315)
QUINTIC = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
POLAR_EXPRESS = (
    (8.28721, -23.59589, 17.30039),
    (4.10706, -2.94785, 0.54484),
    (3.94869, -2.90890, 0.55182),
    (3.31842, -2.48849, 0.51005),
    (2.30065, -1.66890, 0.41881),
)
CANS = (
    (8.4703, -25.1081, 18.6293),
    (4.1828, -3.1087, 0.5806),
    (3.9619, -2.9541, 0.5630),
    (3.2866, -2.4647, 0.5074),
    (2.2737, -1.6447, 0.4162),
)
CUBIC = ((3.36566, -3.34210), (2.57445, -1.49574), (2.53690, -1.43126), (2.44189, -1.27640), (2.22305, -0.96307))
RELEASED_AS_AOL = (
    (4.0098, -7.0585, 2.4635),
    (3.4585, -5.5479, 2.5959),
    (2.7573, -3.2939, 1.4254),
    (2.7215, -3.0494, 1.3169),
)
SLOW = (2.0, -1.5, 0.5)


@pytest.mark.parametrize(
    ("coefficients", "steps", "safety", "band"),
    [
        (JORDAN, 5, 1.0, (0.6818, 1.1344)),
        (QUINTIC, 5, 1.0, (0.9777, 1.0318)),
        (POLAR_EXPRESS, 5, 1.0, (0.8764, 1.1245)),
        (POLAR_EXPRESS, 5, 1.01, (0.8764, 1.1237)),
        (CANS, 5, 1.0, (0.8843, 1.1199)),
        (CUBIC, 5, 1.0, (0.7738, 1.3001)),
        (SLOW, 12, 1.0, (1.0, 1.001)),
        ((JORDAN,) * 8 + (SLOW,) * 2, 10, 1.0, (0.9999, 1.0006)),
        (QUINTIC, 6, 1.0, (0.9784, 0.9937)),  # with the last set once more
    ],
    ids=["jordan", "quintic", "polar express", "safe", "cans", "cubic", "slow", "jordan and slow", "repeated"],
)
def test_a_set_passes_in_its_band_and_in_no_narrower_one(
    coefficients: Any, steps: int, safety: float, band: tuple[float, float]
) -> None:
    def check(band: tuple[float, float]) -> Any:
        return check_polynomial_iteration(coefficients, steps=steps, band=band, safety=safety)

    report = check(band)
    assert report.ok, str(report)
    low, high = band
    for narrower, word in (((low + 2e-3, high + 1), "below"), ((low - 1, high - 2e-3), "above")):
        report = check(narrower)
        assert [result.law for result in report.broken] == [f"in its band after {steps} steps"]
        assert word in report.broken[0].detail


@pytest.mark.parametrize(
    ("coefficients", "steps", "law"),
    [
        (RELEASED_AS_AOL, 4, "positive after 4 steps"),
        (RELEASED_AS_AOL, 5, "positive after 5 steps"),
        (CUBIC, 6, "positive after 6 steps"),
        (QUINTIC, 6, "in its band after 6 steps"),
        (CANS, 8, "in its band after 8 steps"),
        (CANS, 20, "positive after 20 steps"),
    ],
    ids=["released as aol", "released as aol, cycled", "cubic cycled", "quintic cycled", "cans cycled", "overflow"],
)
def test_a_set_that_is_used_wrongly_is_refuted(coefficients: Any, steps: int, law: str) -> None:
    report = check_polynomial_iteration(coefficients, steps=steps, cycle=True)
    assert law in {result.law for result in report.broken}, str(report)


def test_the_released_set_is_refuted_in_milliseconds_and_the_place_is_right() -> None:
    check_polynomial_iteration(RELEASED_AS_AOL)  # the first call loads LAPACK
    start = time.thread_time()
    for _ in range(10):
        report = check_polynomial_iteration(RELEASED_AS_AOL, steps=5, cycle=True)
    assert time.thread_time() - start < 1.0
    detail = report["positive after 5 steps"].detail
    assert "87.3 % of the singular values up to 1, the least of which is about 0.011" in detail
    words = detail.replace(":", " ").split()
    place, image = float(words[3]), float(words[5])
    for step in range(5):
        a, b, c = RELEASED_AS_AOL[step % 4]
        place = a * place + b * place**3 + c * place**5
    assert place == pytest.approx(image, abs=1e-3)  # the image has four digits
    assert place < -1.2


def test_each_number_of_steps_is_examined_by_itself() -> None:
    report = check_polynomial_iteration(QUINTIC, steps=(4, 5, 6), cycle=True, band=(0.9, 1.1))
    assert [result.law for result in report.broken] == ["in its band after 4 steps", "in its band after 6 steps"]
    assert report["in its band after 5 steps"].verdict == "holds"


def test_a_band_is_not_examined_if_none_is_claimed() -> None:
    report = check_polynomial_iteration(np.array(QUINTIC), band=None)
    assert report.ok
    result = report["in its band after 5 steps"]
    assert result.verdict == "not applicable"
    assert "become 0.9778 to 1.032" in result.detail


def test_the_interval_moves_the_band() -> None:
    assert not check_polynomial_iteration((1.5, -0.5), steps=5).ok
    assert check_polynomial_iteration((1.5, -0.5), steps=5, interval=(0.1, 1.0)).ok
    wide = check_polynomial_iteration(JORDAN, steps=5, interval=(0.01, 1.5))
    assert not wide.ok


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"coefficients": ()}, "a set of finite numbers"),
        ({"coefficients": ((1.0, float("nan")),)}, "a set of finite numbers"),
        ({"coefficients": "abc"}, "a set of finite numbers"),
        ({"coefficients": ((0.0, 0.0),)}, "not all zero"),
        ({"coefficients": JORDAN, "steps": 0}, "steps must be whole numbers of at least 1"),
        ({"coefficients": JORDAN, "steps": (5, 2.5)}, "steps must be whole numbers"),
        ({"coefficients": JORDAN, "band": (1.0, 0.5)}, "band must be a pair"),
        ({"coefficients": JORDAN, "band": 1.0}, "band must be a pair"),
        ({"coefficients": JORDAN, "interval": (-1, 1)}, "interval must not have negative numbers"),
        ({"coefficients": JORDAN, "safety": 0.0}, "safety must be a positive number"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_impossible_arguments_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_polynomial_iteration(**options)
