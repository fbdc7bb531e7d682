"""The scale of a score: whether it falls over decades, is a share, or is a number; and what it cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from ..problems.base import Problem

Scale = Literal["decades", "share", "number"]


def read_scale(attributes: Mapping[str, Any]) -> Scale:
    """How the scores of a Dataset are read: as `1.2e-9`, as `97.5 %`, or as `3.78`."""
    if attributes["logarithmic"]:
        return "decades"
    return "share" if attributes["higher_is_better"] and "reference" not in attributes else "number"


def describe_scale(problem: Problem, scores: np.ndarray, choosing: np.ndarray | None = None) -> dict[str, Any]:
    """The attributes that say how the scores of a problem are read, from those of all runs at all evaluations.

    What is below zero has no logarithm, and what is beyond [0, 1] is no share. It is read as a number, of which 1 % of
    the range from the first to the best is as good as the best, and is drawn as its distance from the best:
    `reference`. The values of the metric that chooses, where it is another one, are read on the same scale; their best
    is `chosen_reference`, and the tolerance is theirs, because it is rates that it compares.
    """
    score, both = problem.score, [values for values in (scores, choosing) if values is not None]
    known = np.concatenate([values[np.isfinite(values)] for values in both])
    found: dict[str, Any] = {"logarithmic": int(score.logarithmic), "tolerance": score.tolerance}
    if not known.size:
        return found
    is_share = score.higher_is_better and not score.logarithmic
    if (known < 0).any() or (is_share and (known > 1).any()):
        ranges = [_begin_and_best(values, score.higher_is_better) for values in both]
        found = {"logarithmic": 0, "tolerance": 0.01 * abs(ranges[-1][1] - ranges[-1][0]), "reference": ranges[0][1]}
        return found if choosing is None else found | {"chosen_reference": ranges[1][1]}
    if score.logarithmic and not score.higher_is_better:
        found["floor"] = compute_rounding_floor(problem)
    return found


def _begin_and_best(values: np.ndarray, higher_is_better: bool) -> tuple[float, float]:
    """The median at the start of the runs, and the best of all; the best twice if no start is finite."""
    known, first = values[np.isfinite(values)], values[..., 0]
    if not known.size:
        return 0.0, 0.0
    best = float((known.max if higher_is_better else known.min)())
    return (float(np.nanmedian(first)) if np.isfinite(first).any() else best), best


def compute_rounding_floor(problem: Problem) -> float:
    """The score one rounding away from the optimum: lower ones are a matter of luck. 0 where it is not known.

    It is the largest score at the parameters next to the known optimum, above and below, in the dtype of the start.
    """
    if problem.optimum is None or problem.minimum != 0 or problem.score.metric != "final_loss":
        return 0.0
    start = jax.tree.leaves(jax.eval_shape(problem.init, jax.eval_shape(lambda: jax.random.key(0))))
    optimum, structure = jax.tree.flatten(problem.optimum)
    if len(start) != len(optimum):
        return 0.0

    def score(towards: float) -> float:
        near = [_next(np.asarray(leaf, like.dtype), towards) for leaf, like in zip(optimum, start)]
        return float(problem.metrics(jax.tree.unflatten(structure, map(jnp.asarray, near)))["final_loss"])

    return max(0.0, score(np.inf), score(-np.inf))


def _next(values: np.ndarray, towards: float) -> np.ndarray:
    """The numbers beside these; those beside zero are zero, because steps can be ever smaller there."""
    return np.where(values == 0, values, np.nextafter(values, values.dtype.type(towards)))
