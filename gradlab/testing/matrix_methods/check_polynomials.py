"""`check_polynomial_iteration`, which examines the coefficients of a polynomial iteration and reports in words."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..verdicts.report import BROKEN, HOLDS, NOT_APPLICABLE, Report, Result
from .polynomial_iterations import PolynomialIteration

BELONGS = (
    "The number of steps belongs to the coefficients: sets that were tuned one after the other must not be cycled, cut "
    "or reordered, and only a set that maps 1 to 1 may be repeated. Otherwise a coefficient is wrong."
)
_PROMISE = " A method that promises less has a band and an interval of its own: pass them."


def make_polynomial_iteration(
    coefficients: Any, steps: int | None = None, *, cycle: bool = False, safety: float = 1.0
) -> PolynomialIteration:
    """Return the polynomial iteration of a number of steps. The arguments are those of `check_polynomial_iteration`."""
    sets = read_coefficients(coefficients)
    count = len(sets) if steps is None else steps
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise ValueError(f"steps must be whole numbers of at least 1, got {count!r}")
    if not (isinstance(safety, int | float) and np.isfinite(safety) and safety > 0):
        raise ValueError(f"safety must be a positive number, got {safety!r}")
    chosen = [sets[step % len(sets) if cycle else min(step, len(sets) - 1)] for step in range(count)]
    shrunk = [tuple(c / safety ** (2 * power + 1) for power, c in enumerate(p)) for p in chosen[:-1]]
    return PolynomialIteration((*shrunk, chosen[-1]))


def check_polynomial_iteration(
    coefficients: Any,
    *,
    steps: int | Sequence[int] | None = None,
    band: tuple[float, float] | None = (0.5, 1.5),
    interval: tuple[float, float] = (0.01, 1.0),
    cycle: bool = False,
    safety: float = 1.0,
) -> Report:
    r"""Examine the polynomial by which an iteration changes each singular value of a matrix, and return a report.

    Methods such as Muon apply odd polynomials $a X + b (X X^\top) X + c (X X^\top)^2 X$ to a matrix, so that a singular
    value $s$ becomes $a s + b s^3 + c s^5$. `coefficients` is one set `(a, b, c)`, of any length, or a sequence of
    sets, one for each step. Where there are more steps than sets, the last set is repeated; with `cycle`, they start
    again with the first. `safety` is the factor of Amsel et al. (2025) by which the argument of each step but the last
    is divided.

    `steps` is the number of steps, or several numbers, each of which is examined. By default it is the number of sets.
    Whatever the number, no singular value up to the end of the interval may become zero, negative or larger than the
    largest float32. Singular values within `interval` must become numbers within `band`, which is not examined if it is
    None. The default band is what the author of Muon found to be enough. The interval is relative to the norm by which
    the matrix is divided first. All bounds are exact but for the rounding of float64.

    Raises ValueError for coefficients that are not numbers, and for impossible steps, bands and intervals.

    >>> from gradlab import testing
    >>> testing.check_polynomial_iteration((3.4445, -4.775, 2.0315), steps=5).ok
    True
    >>> testing.check_polynomial_iteration((3.4445, -4.775, 2.0315), steps=1).ok
    False
    """
    low, high = _require_range("interval", interval)
    if low < 0:
        raise ValueError(f"interval must not have negative numbers, got {interval!r}")
    if band is not None:
        _require_range("band", band)
    counts = list(steps) if isinstance(steps, Sequence | np.ndarray) else [steps]
    results = []
    for count in counts:
        iteration = make_polynomial_iteration(coefficients, count, cycle=cycle, safety=safety)
        results += [_examine_sign(iteration, high), _examine_band(iteration, low, high, band)]
    return Report(
        f"polynomial iteration of {len(read_coefficients(coefficients))} sets of coefficients", tuple(results)
    )


def find_wrong_sign(iteration: PolynomialIteration, high: float) -> str | None:
    """Return the singular value in (0, high] that overflows or does not stay positive, in words, or None."""
    overflow = iteration.find_overflow(high)
    if overflow is not None:
        return f"the singular value {overflow:.6g} exceeds the largest float32 on the way"
    change = iteration.find_sign_change(high)
    if change is None:
        return None
    lowest, _ = iteration.find_extremes(0.0, high)
    if not iteration(lowest) < 0:
        return f"the singular value {change:.12g} becomes {iteration(change):.6g}, and not a positive number"
    points = np.linspace(0.0, high, 2001)[1:]
    wrong = np.flatnonzero(iteration(points) <= 0)
    share = max(len(wrong) / len(points), 0.001)
    least = points[wrong[0]] if wrong.size else lowest  # between two points of the grid
    return (
        f"the singular value {_write_with_image(iteration, lowest)}: the update points uphill along its direction. The "
        f"sign is wrong for about {100 * share:.3g} % of the singular values up to {high:g}, the least of which is "
        f"about {least:.2g}"
    )


def _write_with_image(iteration: PolynomialIteration, value: float) -> str:
    """Return a singular value and what it becomes, with so many digits that both numbers belong together."""
    image = iteration(value)
    texts = (f"{value:.{digits}g}" for digits in range(4, 17))
    text = next((text for text in texts if abs(iteration(float(text)) - image) <= 1e-3 * abs(image)), f"{value!r}")
    return f"{text} becomes {image:.4g}"


def find_out_of_band(iteration: PolynomialIteration, low: float, high: float, band: tuple[float, float]) -> str | None:
    """Return the singular value in [low, high] whose image is outside the band, in words, or None."""
    slack = 1e-9 * max(map(abs, band))
    least, greatest = iteration.find_image(low, high)
    if band[0] - slack <= least and greatest <= band[1] + slack:
        return None
    lowest, highest = iteration.find_extremes(low, high)
    found = []
    if not least >= band[0] - slack:
        found.append(f"the singular value {_write_with_image(iteration, lowest)}, which is below {band[0]:g}")
    if not greatest <= band[1] + slack:
        found.append(f"the singular value {_write_with_image(iteration, highest)}, which is above {band[1]:g}")
    return ", and ".join(found)


def _examine_sign(iteration: PolynomialIteration, high: float) -> Result:
    start = time.perf_counter()
    found = find_wrong_sign(iteration, high)
    return _make_result(
        f"positive after {_count(iteration)}", f"singular values up to {high:g} stay positive", found, start
    )


def _examine_band(iteration: PolynomialIteration, low: float, high: float, band: tuple[float, float] | None) -> Result:
    start = time.perf_counter()
    name = f"in its band after {_count(iteration)}"
    if iteration.find_overflow(high) is not None:
        statement = f"singular values from {low:g} to {high:g} become numbers in a band"
        return Result(name, statement, NOT_APPLICABLE, "the iteration overflows before a band can be measured")
    if band is None:
        least, greatest = iteration.find_image(low, high)
        statement = f"singular values from {low:g} to {high:g} become numbers in a band"
        reason = f"no band is claimed; singular values from {low:g} to {high:g} become {least:.4g} to {greatest:.4g}"
        return Result(name, statement, NOT_APPLICABLE, reason, seconds=time.perf_counter() - start)
    statement = f"singular values from {low:g} to {high:g} become numbers from {band[0]:g} to {band[1]:g}"
    return _make_result(name, statement, find_out_of_band(iteration, low, high, band), start, BELONGS + _PROMISE)


def _make_result(name: str, statement: str, found: str | None, start: float, meaning: str = BELONGS) -> Result:
    seconds = time.perf_counter() - start
    if found is None:
        return Result(name, statement, HOLDS, seconds=seconds)
    return Result(name, statement, BROKEN, found, meaning, seconds)


def _count(iteration: PolynomialIteration) -> str:
    count = len(iteration.polynomials)
    return f"{count} step" + "s" * (count != 1)


def read_coefficients(coefficients: Any) -> list[tuple[float, ...]]:
    """Return the sets of coefficients. A set alone may be given as its numbers. Raise ValueError for anything else."""
    try:
        rows = list(coefficients)
        sets = [tuple(map(float, row)) for row in ([rows] if rows and np.ndim(rows[0]) == 0 else rows)]
    except (TypeError, ValueError):
        sets = []
    if not sets or not all(row and np.all(np.isfinite(row)) and any(row) for row in sets):
        raise ValueError(
            "coefficients must be a set of finite numbers (a, b, c), not all zero, or a sequence of such sets, one for "
            f"each step; got {coefficients!r}"
        )
    return sets


def _require_range(name: str, pair: Any) -> tuple[float, float]:
    try:
        low, high = map(float, pair)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a pair of numbers, the lower first; got {pair!r}") from None
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"{name} must be a pair of finite numbers, the lower first; got {pair!r}")
    return low, high
