"""The claim of slow weights, which follow the parameters once in k steps, as in lookahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import optax

from ...compilation.fast_compilation import jit_fast
from ..subjects.pairs import is_pair_object
from ..subjects.subject import Subject
from ..verdicts.law import Broken, ClaimValue, is_count, law
from .average_formulas import periodic
from .average_runs import STEPS, Run, allow, describe, flatten, measure, visit


def read_slow_weights(claim: Any) -> Mapping[str, Any] | None:
    """Return the value of the claim "slow weights" as a dict, or None if it is none."""
    if isinstance(claim, tuple | list):
        claim = dict(zip(("k", "alpha", "inner"), claim, strict=False)) if len(claim) in (2, 3) else {}
    if not isinstance(claim, Mapping) or not set(claim) <= {"k", "alpha", "inner", "at", "reset"}:
        return None
    alpha, inner = claim.get("alpha"), claim.get("inner")
    is_valid = is_count(claim.get("k")) and isinstance(alpha, float | int) and 0 < alpha <= 1
    return claim if is_valid and (inner is None or is_pair_object(inner)) else None


@law(
    "slow weights go a share of the way to the parameters after each k steps, and rest in between",
    meaning="They move at another step, by another share, or from the parameters before the step; or the parameters do "
    "not return to them.",
    claimed=True,
    value=ClaimValue(
        "a pair of the number of steps and the share in (0, 1], or a dict with k, alpha and any of inner, reset and at",
        "(5, 0.5)",
        lambda value: read_slow_weights(value) is not None,
    ),
)
def slow_weights(subject: Subject) -> str | None:
    """Return what contradicts the claim that a state holds slow weights, or None if nothing does.

    Slow weights go the share `alpha` of the way to the parameters after each `k` steps, and rest in between. The claim
    is (k, alpha), or (k, alpha, inner) with the transformation that makes the fast steps. As a dict it may hold two
    more: `at`, the place of the slow weights in the state, and `reset`, by which the state of `inner` starts anew
    whenever the parameters return to the slow weights.
    """
    claim = read_slow_weights(subject.claims["slow weights"])
    assert claim is not None
    k, alpha, inner = claim["k"], float(claim["alpha"]), claim.get("inner")
    run = visit(subject, "float64", claim.get("at"), max(STEPS, 3 * k))
    unbound = periodic(k, alpha)
    if any((measure(run, path, unbound) <= allow(run, path)).all() for path in run.candidates):
        return None  # the parameters do not return to the slow weights
    syncs = np.arange(k, len(run.points), k)
    found: list[tuple[int, str, str]] = []  # how much is right, the path, and what is wrong
    for path, slow in run.candidates.items():
        allowed = allow(run, path)
        moved = ~(np.abs(np.diff(slow, axis=0)).max(axis=1) <= allowed)
        wrong = moved & ((np.arange(1, len(slow)) % k) != 0)
        apart = ~(np.abs(slow[syncs] - run.points[syncs]).max(axis=1) <= allowed)
        if wrong.any():
            found.append((1, path, f"it moves at step {int(wrong.argmax()) + 1}, and not only after each {k} steps"))
        elif not moved[syncs - 1].any():
            found.append((0, path, "it never moves"))
        elif apart.any():
            at = syncs[int(apart.argmax())]
            found.append((2, path, f"after step {at}, the parameters are not the slow weights"))
        elif inner is None:
            return (
                f"whether the share is {alpha:g}, because the fast parameters are not seen before they return. Pass "
                f'the inner transformation: claims={{"slow weights": ({k}, {alpha:g}, inner)}}'
            )
        else:
            expected = _follow(subject, run, slow, k, alpha, inner, bool(claim.get("reset")))
            gaps = np.abs(slow - expected).max(axis=1)
            wrong = ~(gaps <= 10 * allowed)
            if not wrong.any():
                return None
            at = int(wrong.argmax())
            element = int(np.abs(slow - expected)[at].argmax())
            text = f"one slow weight is {slow[at, element]:.9g}, expected {expected[at, element]:.9g}"
            found.append((3, path, f"after step {at}, {text}"))
    nearest = {path: text for _, path, text in sorted(found, reverse=True)}
    raise Broken(describe(nearest, list(run.candidates), "a copy of slow weights"))


def _follow(subject: Subject, run: Run, slow: np.ndarray, k: int, alpha: float, inner: Any, reset: bool) -> np.ndarray:
    """Return the slow weights that follow from the inner transformation, along the points that were visited."""
    tx = optax.with_extra_args_support(inner)
    expected = slow.copy()
    with subject.precision("float64"):
        update = jit_fast(lambda g, s, p: tx.update(g, s, p, **subject.extra))
        state = tx.init(run.params[0])
        for t, gradient in enumerate(run.gradients, start=1):
            change, state = update(gradient, state, run.params[t - 1])
            if t % k == 0:
                fast = run.points[t - 1] + flatten(change)
                expected[t] = slow[t - 1] + alpha * (fast - slow[t - 1])
                state = tx.init(run.params[t]) if reset else state
    return expected
