"""The known mistake that explains a wrong trajectory, found among the mutants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .double_precision_runs import compute_points, visits
from .mutants import list_known_mistakes


def name_mistake(
    reference: str, versions: Sequence[tuple[Any, Mapping[str, Any]]], names: tuple[str, ...], steps: int
) -> str | None:
    """Return the known mistake in a reference that gives exactly the trajectory of a transformation, or None.

    `versions` are the transformation at different learning rates, each with its hyperparameters. Two mistakes may
    have the same trajectory at one learning rate, so a mistake counts only if it explains every version. `names` are
    the gradient sequences to compare on.
    """
    suspects: set[str] | None = None
    for tx, hyperparameters in versions:
        try:
            points = compute_points(tx, names, steps)[0]
        except Exception:  # a transformation made for one tree of parameters need not take a vector
            return None
        suspects = {
            known.description
            for known in list_known_mistakes(reference, hyperparameters)
            if (suspects is None or known.description in suspects) and visits(known.tx, points, names)
        }
    _, hyperparameters = versions[0]
    for known in list_known_mistakes(reference, hyperparameters):
        if known.description in (suspects or ()):
            return known.description
    return None
