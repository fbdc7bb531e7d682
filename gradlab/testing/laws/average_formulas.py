"""Averages of the parameters, as formulas in NumPy and float64 on all points that an optimizer has visited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..verdicts.law import is_count

Points = np.ndarray  # [steps + 1, size]: the initial parameters, and those after each step


@dataclass(frozen=True)
class Formula:
    """A function from all points to the averages after each step, [steps + 1, size].

    `divisor(count)` is what the average is divided by after each of `count - 1` steps, where it starts at zero.
    """

    function: Callable[[Points], np.ndarray]
    divisor: Callable[[int], np.ndarray] | None = None

    def __call__(self, points: Points) -> np.ndarray:
        return self.function(points)

    def shares(self, count: int) -> np.ndarray:
        """Return the divisors, or ones, for each of `count` points."""
        return np.ones(count) if self.divisor is None else np.maximum(self.divisor(count), 1e-12)


STARTS = ("parameters", "zero", "first")


def exponential(decay: Any, start: str = "parameters", warmup: int | None = None, debias: bool = True) -> Formula:
    """Return the formula $e_t = d e_{t-1} + (1 - d) p_t$.

    It starts at the initial parameters, at zero (and is then divided by 1 - d^t if it is debiased), or as a copy of the
    parameters after the first step. `decay` is a number, or a function of t = 1, 2, ..., and `warmup` bounds it by
    (1 + t) / (warmup + t).
    """

    def formula(points: Points) -> np.ndarray:
        average = np.zeros_like(points)
        average[0] = 0.0 if start == "zero" else points[0]
        for t in range(1, len(points)):
            d = 0.0 if start == "first" and t == 1 else _bound(decay, warmup, t)
            average[t] = d * average[t - 1] + (1 - d) * points[t]
        if start == "zero" and debias:
            average[1:] /= _shares(decay, warmup, len(points))[1:, None]
        return average

    is_divided = start == "zero" and debias
    return Formula(formula, (lambda count: _shares(decay, warmup, count)) if is_divided else None)


def _shares(decay: Any, warmup: int | None, count: int) -> np.ndarray:
    """Return 1 - d_1 d_2 ... d_t for t = 0, 1, ..."""
    return 1 - np.cumprod([1.0, *(_bound(decay, warmup, t) for t in range(1, count))])


def _bound(decay: Any, warmup: int | None, t: int) -> float:
    """Return the decay at a step."""
    d = float(decay(t) if callable(decay) else decay)
    return d if warmup is None else min(d, (1 + t) / (warmup + t))


def last(k: int) -> Formula:
    """Return the formula of the mean of the parameters after the last k steps. It is NaN before there are as many."""

    def formula(points: Points) -> np.ndarray:
        sums = np.cumsum(points, axis=0)
        average = np.full_like(points, np.nan)
        average[k:] = (sums[k:] - sums[:-k]) / k
        return average

    return Formula(formula)


def mean(with_start: bool) -> Formula:
    """Return the formula of the mean over all steps so far, with or without the initial parameters."""

    def formula(points: Points) -> np.ndarray:
        first = 0 if with_start else 1
        average = np.full_like(points, np.nan)
        counts = np.arange(1, len(points) + 1 - first)[:, None]
        average[first:] = np.cumsum(points[first:], axis=0) / counts
        return average

    return Formula(formula)


def periodic(k: int, alpha: float) -> Formula:
    """Return the formula of slow weights that go a part of the way to the parameters after each k steps."""

    def formula(points: Points) -> np.ndarray:
        average = points.copy()
        for t in range(1, len(points)):
            step = alpha * (points[t] - average[t - 1]) if t % k == 0 else 0.0
            average[t] = average[t - 1] + step
        return average

    return Formula(formula)


def one_by_one(function: Callable[[Points], Any]) -> Formula:
    """Return the formula that a user's function gives for the points so far."""

    def formula(points: Points) -> np.ndarray:
        return np.stack([np.asarray(function(points[: t + 1]), np.float64) for t in range(len(points))])

    return Formula(formula)


def read_average(claim: Any) -> tuple[dict[str, Formula], Any] | None:
    """Return the formulas, by name, of which an average must follow one, and where it is; None for no such claim."""
    claim = claim if isinstance(claim, Mapping) else {"decay": claim}
    at, function, decay = claim.get("at"), claim.get("formula"), claim.get("decay")
    if not set(claim) <= {"decay", "start", "warmup", "at", "formula"} or not _is_place(at):
        return None
    if function is not None:
        return None if decay is not None or not callable(function) else ({"the formula": one_by_one(function)}, at)
    is_decay = callable(decay) or (isinstance(decay, float) and 0 < decay < 1)
    warmup = claim.get("warmup")
    if not is_decay or not (warmup is None or is_count(warmup)) or claim.get("start", "zero") not in STARTS:
        return None
    starts = (claim["start"],) if "start" in claim else STARTS
    return {f"a start at {_STARTS[start]}": exponential(decay, start, warmup) for start in starts}, at


_STARTS = {
    "parameters": "the initial parameters",
    "zero": "zero with debiasing",
    "first": "the parameters after the first step",
}


def read_last(claim: Any) -> tuple[dict[str, Formula], Any] | None:
    """Return the formulas of a mean of the last k steps, or of all, and where it is; None for no such claim."""
    claim = claim if isinstance(claim, Mapping) else {"k": claim}
    k, at = claim.get("k"), claim.get("at")
    if not set(claim) <= {"k", "at"} or not _is_place(at):
        return None
    if k == "all":
        return {"all steps": mean(False), "all steps and the start": mean(True)}, at
    return ({f"the last {k} steps": last(k)}, at) if is_count(k) else None


def _is_place(at: Any) -> bool:
    return at is None or isinstance(at, str) or callable(at)
