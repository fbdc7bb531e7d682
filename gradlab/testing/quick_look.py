"""The quick look: the laws, dtypes, trees and steps that show most mistakes for the time.

They are chosen by measurement. Half of the hand-written mutants break the law "same trajectory", and most of these
within a few steps of three leaves. Of the contracts, those are left out that compile programs of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..values.value import is_number
from .inputs.trees import select_ranks
from .laws.learning_rate import RATES, learning_rate_matters
from .subjects.subject import Subject
from .trajectories.trajectory_laws import make_trajectory_laws
from .verdicts.law import CONTRACTS, Law

LAWS = (
    "pure", "inputs untouched", "unaliased", "new instance resumes", "stable state", "stable updates",
    "wide accumulators", "traceable", "jit equals eager", "abstract init", "insertion order", "leaf order",
    "mismatched trees", "ranges",
)  # fmt: skip
SLOW_CLAIMS = ("elementwise", "unbiased")  # which compile programs of their own
DTYPES = ("float32", "bfloat16")
STEPS = 30  # of a trajectory
ARGUMENTS = "every argument matters"  # of which a quick look examines the learning rate

# Two leaves of the same shape show mixed leaves. Uncompiled steps compile every operation for every shape, so the laws
# get no other shape. The trajectory is one program, and gets a matrix, too, which shows wrong axes.
_LEAVES: dict[str, Any] = {"scale": (2,), "bias": (2,)}
_NETWORK: dict[str, Any] = {"scale": (2,), "kernel": (3, 2), "bias": (2,)}


def shrink_trees(subject: Subject) -> None:
    """Let the laws examine a subject on the smallest trees, of leaves that its domain includes."""
    leaves, network = (select_ranks(shapes, subject.trees) for shapes in (_LEAVES, _NETWORK))
    subject.trees = subject.trees | {"a network": leaves or network}


def make_trajectory_law(step: Callable[..., Any], subject: Subject) -> tuple[Law, ...]:
    """Return the law, alone, that a subject moves as a step function does, for a few steps of a few leaves."""
    shapes = select_ranks(_NETWORK, subject.trees)
    return make_trajectory_laws(step, options={"steps": STEPS, "long": 0, "shapes": shapes})[:1]


def make_rate_laws(subject: Subject) -> list[Law]:
    """Return the law that the learning rate is used, if the subject takes one that is a number."""
    if not any(is_number(subject.arguments.get(name)) for name in RATES):
        return []
    statement = "another learning rate gives another step"
    return [replace(CONTRACTS[ARGUMENTS], statement=statement, examine=learning_rate_matters)]
