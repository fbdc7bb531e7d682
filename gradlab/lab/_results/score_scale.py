"""The scale of a score, which says how to read and draw it, and which scores are equally good."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from .._storage.mapped_arrays import release, slices
from ..problems import PROBLEMS
from ..problems.base import Problem

_MOST = 10.0  # the tolerance of losses that fall over ten decades or more, as those of most problems of gradlab do

Scale = Literal["decades", "share", "number"]


def read_scale(attributes: Mapping[str, Any]) -> Scale:
    """Return how to write the scores of a Dataset: decades as `1.2e-9`, shares as `97.5 %`, numbers as `3.78`."""
    if attributes["logarithmic"]:
        return "decades"
    return "share" if attributes["higher_is_better"] and "reference" not in attributes else "number"


def describe_scale(problem: Problem, scores: np.ndarray, choosing: np.ndarray | None = None) -> dict[str, Any]:
    """Return the attributes that say how to read the scores of a problem, given those of all runs at all evaluations.

    A tolerance that a user's problem does not give is a tenth of the decades from the start to the best, but at most
    one decade, or 1 % of the difference where the score is not logarithmic.

    Scores below zero have no logarithm, and scores outside [0, 1] are no shares. In these cases scores are numbers: one
    is as good as the best if they differ by at most 1 % of the range from the start to the best, and plots show the
    distance from the best, which is the attribute `reference`. `choosing` are the values of the metric that chooses
    learning rates, if it is another one. They are read on the same scale; their best is the attribute
    `chosen_reference`, and the tolerance follows from them, because it compares learning rates.
    """
    score, both = problem.score, [values for values in (scores, choosing) if values is not None]
    extremes = [_extremes(values) for values in both]
    least, most = min(low for low, _ in extremes), max(high for _, high in extremes)
    given = _find_tolerance(problem)
    attributes: dict[str, Any] = {"logarithmic": int(score.logarithmic), "tolerance": given}
    if least > most:  # no value is finite
        return attributes if given is not None else attributes | {"tolerance": _MOST if score.logarithmic else 0.0}
    is_share = score.higher_is_better and not score.logarithmic
    if least < 0 or (is_share and most > 1):
        ranges = [_start_and_best(values, *ends, score.higher_is_better) for values, ends in zip(both, extremes)]
        tolerance = 0.01 * abs(ranges[-1][1] - ranges[-1][0])
        attributes = {"logarithmic": 0, "tolerance": tolerance, "reference": ranges[0][1]}
        return attributes if choosing is None else attributes | {"chosen_reference": ranges[1][1]}
    if given is None:
        attributes["tolerance"] = _derive_tolerance(
            *_start_and_best(both[-1], *extremes[-1], score.higher_is_better), score.logarithmic
        )
    if score.logarithmic and not score.higher_is_better:
        attributes["floor"] = compute_rounding_floor(problem)
    return attributes


def _find_tolerance(problem: Problem) -> float | None:
    """Return the tolerance of a score, which is a decade in gradlab's own problems unless they give another.

    None stands for a user's problem that gives none.
    """
    is_own = type(inspect.unwrap(problem)) in PROBLEMS.values()  # type: ignore[arg-type]
    return _MOST if problem.score.tolerance is None and is_own else problem.score.tolerance


def _derive_tolerance(start: float, best: float, is_logarithmic: bool) -> float:
    """Return a tenth of the decades between two scores as a factor, or 1 % of their difference, with three digits."""
    if not is_logarithmic:
        return float(f"{0.01 * abs(best - start):.3g}")
    if start == best or min(start, best) <= 0:
        return 1.0 if start == best else _MOST
    return min(_MOST, float(f"{max(start / best, best / start) ** 0.1:.3g}"))


def _extremes(values: np.ndarray) -> tuple[float, float]:
    """Return the smallest and the largest of the finite values, infinity and its negative if there are none."""
    least, most = np.inf, -np.inf
    for part in slices(values.shape, values.itemsize):
        finite = values[part][np.isfinite(values[part])]
        least, most = min(least, float(finite.min(initial=np.inf))), max(most, float(finite.max(initial=-np.inf)))
    release(values)
    return least, most


def _start_and_best(values: np.ndarray, least: float, most: float, higher_is_better: bool) -> tuple[float, float]:
    """Return the median at the start of the runs, and the best value; the best twice if no start is finite."""
    first = values[..., 0]
    if least > most:
        return 0.0, 0.0
    best = most if higher_is_better else least
    return (float(np.nanmedian(first)) if np.isfinite(first).any() else best), best


def compute_rounding_floor(problem: Problem) -> float:
    """Return the score one rounding away from the optimum, or 0 if it is not known. Lower scores are due to chance.

    It is the larger score of the parameters next to the optimum, above and below, in the dtype of the initial ones. It
    is known where the score of the optimum itself is 0.
    """
    metric = problem.score.metric
    if problem.optimum is None or (metric == "final_loss" and problem.minimum != 0):
        return 0.0
    initial = jax.tree.leaves(jax.eval_shape(problem.init, jax.eval_shape(lambda: jax.random.key(0))))
    optimum, structure = jax.tree.flatten(problem.optimum)
    if len(initial) != len(optimum):
        return 0.0

    def score(towards: float | None) -> float:
        leaves = [np.asarray(leaf, like.dtype) for leaf, like in zip(optimum, initial)]
        near = leaves if towards is None else [_next_numbers(leaf, towards) for leaf in leaves]
        return float(problem.metrics(jax.tree.unflatten(structure, map(jnp.asarray, near)))[metric])

    if metric != "final_loss" and score(None) != 0:
        return 0.0
    return max(0.0, score(np.inf), score(-np.inf))


def _next_numbers(values: np.ndarray, towards: float) -> np.ndarray:
    """Return the next number of each value. That of zero is zero, because steps can be arbitrarily small there."""
    return np.where(values == 0, values, np.nextafter(values, values.dtype.type(towards)))
