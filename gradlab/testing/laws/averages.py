"""Claims of transformations that keep an average of the parameters: an exponential one, or that of the last steps.

The value of such a claim may be a dict that says `at` which place the average is: a path in the state as text, of which
the end is enough, or a function `average(state, params)`. Without it, each part of the state that has the structure and
the shapes of the parameters is compared, and one of them must be the average.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, law
from .average_formulas import Formula, exponential, read_average, read_last
from .average_runs import Run, allow, allow_half, describe, describe_place, measure, visit

_RAW = (
    "an average that starts at zero and is not debiased; if it is debiased where it is read, pass at, a function of "
    "the state and the parameters that returns the average"
)


@law(
    "it keeps the declared exponential average of the parameters after each step",
    meaning="It averages the parameters before the step, starts late or at zero without debiasing, or keeps the "
    "average in half precision, where a share of 1 - decay is lost.",
    claimed=True,
    value=ClaimValue(
        "the decay, a number between 0 and 1, or a dict with decay or formula, and any of start, warmup and at",
        "0.999",
        lambda value: read_average(value) is not None,
    ),
)
def averages(subject: Subject) -> None:
    """The claim is the decay, or a dict.

    It has `decay`, a number or a function of t = 1, 2, ..., and any of these: `start`, "parameters" (the initial ones),
    "zero" (with debiasing) or "first" (a copy after the first step), by default any of them; `warmup`, the number w of
    the bound (1 + t) / (w + t) on the decay; and `at`. In place of the decay, `formula` is a function of the points so
    far, an array [t + 1, size], that returns their average.
    """
    claim = subject.claims["averages"]
    formulas, at = read_average(claim) or ({}, None)
    decay = claim.get("decay") if isinstance(claim, Mapping) else claim
    mistakes: dict[str, Formula] = {}
    if decay is not None:
        warmup = claim.get("warmup") if isinstance(claim, Mapping) else None
        right = exponential(decay, "parameters", warmup)
        mistakes = {
            "the average of the parameters before each step": _before(right),
            _RAW: exponential(decay, "zero", warmup, debias=False),
        }
        if not callable(decay):
            mistakes["the average with decay and 1 - decay exchanged"] = exponential(1 - decay, "parameters", warmup)
        for late in (1, 2, 5, 10, 20):
            mistakes[f"an average that starts {late} steps late"] = _start_late(decay, late)
    _require_average(subject, formulas, at, mistakes)


@law(
    "it keeps the mean of the parameters after the last k steps",
    meaning="It averages the parameters before the step, divides by another number, or keeps one step too many.",
    claimed=True,
    value=ClaimValue(
        'the number of steps, an integer of at least 1, or "all", or a dict with k and at',
        "10",
        lambda value: read_last(value) is not None,
    ),
)
def averages_the_last(subject: Subject) -> None:
    formulas, at = read_last(subject.claims["averages the last"]) or ({}, None)
    mistakes = {f"{kind}, of the parameters before each step": _before(formula) for kind, formula in formulas.items()}
    _require_average(subject, formulas, at, mistakes)


def _require_average(subject: Subject, formulas: dict[str, Formula], at: Any, mistakes: dict[str, Formula]) -> None:
    run = visit(subject, "float64", at)
    followed = _find_followers(run, formulas) or _find_followers(run, formulas, is_rough=True)
    if not followed:
        known = _find_followers(run, mistakes) or _find_followers(run, mistakes, is_rough=True)
        if known:
            path, name = next(iter(known.items()))
            raise Broken(f"{describe_place(path)} holds {name}")
        raise Broken(describe(_find_gaps(run, formulas), list(run.candidates)))
    if "bfloat16" not in subject.dtypes or not mistakes:
        return  # the formula of a user may enlarge the rounding of the parameters
    half = visit(subject, "bfloat16", at)
    kept = {path: formulas[name] for path, name in followed.items() if path in half.candidates}
    for path, formula in kept.items():
        gaps, allowed = measure(half, path, formula), allow_half(half, path, formula)
        if (gaps[1:] > allowed).any():
            t = int((gaps[1:] > allowed).argmax()) + 1
            stored = half.dtypes[path]
            raise Broken(
                f"with bfloat16 parameters, {describe_place(path)} (in {stored}) differs by {gaps[t]:.3g} from the "
                f"average after step {t}, when parameters are as large as {np.abs(half.points[: t + 1]).max():.3g}"
            )


def _find_followers(run: Run, formulas: Mapping[str, Formula], is_rough: bool = False) -> dict[str, str]:
    """Return the candidates that follow one of the formulas, with its name."""
    followers: dict[str, str] = {}
    for path in run.candidates:
        for kind, formula in formulas.items():
            # Where the average is divided by a small share, the rounding of that share counts as well.
            allowed = allow(run, path, is_rough) * (1 / formula.shares(len(run.points)) if is_rough else 1.0)
            if path not in followers and (measure(run, path, formula) <= allowed).all():
                followers[path] = kind
    return followers


def _find_gaps(run: Run, formulas: Mapping[str, Formula]) -> dict[str, str]:
    """Return where each candidate leaves the formula that it is nearest to, the nearest candidate first."""
    found = {}
    for path, held in run.candidates.items():
        kind, formula = min(formulas.items(), key=lambda item: float(measure(run, path, item[1]).max()))
        gaps, expected = measure(run, path, formula), formula(run.points)
        t = int((gaps > allow(run, path)).argmax())
        element = int(np.nan_to_num(np.abs(held[t] - expected[t])).argmax())
        text = (
            f"with {kind}, after step {t}, one element is {held[t, element]:.9g}, expected {expected[t, element]:.9g}"
        )
        found[path] = (float(gaps.max()), text)
    return {path: text for path, (_, text) in sorted(found.items(), key=lambda item: item[1][0])}


def _start_late(decay: Any, late: int) -> Formula:
    def formula(points: np.ndarray) -> np.ndarray:
        average = points.copy()
        average[late:] = exponential(decay, "parameters")(points[late:])
        return average

    return Formula(formula)


def _before(formula: Formula) -> Formula:
    """Return the formula of the parameters before each step."""
    return Formula(lambda points: formula(_delay(points)))


def _delay(points: np.ndarray) -> np.ndarray:
    return np.concatenate([points[:1], points[:-1]])
