"""Claim 16: where gradient scales differ between layers, do adaptive rates win, and even progress out?"""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from ...problems import ScaledLayers
from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import interval, is_better
from ..figures import rate_curves
from ..summaries import mean_score, summarize
from ..tables import Table, format_number, score_table
from ..verdicts import Verdict, decide, every

NAMES = {"sgd": "SGD", "sgd_momentum": "momentum", "adagrad": "Adagrad", "rmsprop": "RMSProp", "adam": "Adam"}
ADAPTIVE = ("adagrad", "rmsprop", "adam")
EQUAL, APART = "gradients of equal scale", "gradients of scales 1 : 30 : 1000"


def measure(budget: Budget) -> Numbers:
    """Race with gradients of equal scale, and with scales that differ between three layers."""
    ratios = {EQUAL: 1.0, APART: 1000.0}
    return {
        "problems": {
            label: summarize(budget.race(ScaledLayers(ratio=ratio), list(NAMES), budget.rates(1e-5, 10, 37)))
            for label, ratio in ratios.items()
        }
    }


def judge(numbers: Numbers) -> list[Verdict]:
    """Each adaptive method must be better than SGD and momentum, and lose to the difference less than half as much as
    SGD does.
    """
    apart, equal = numbers["problems"][APART], numbers["problems"][EQUAL]
    others = [name for name in NAMES if name not in ADAPTIVE]
    losses = {name: f"{text} {format_number(mean_score(apart, name))}" for name, text in NAMES.items()}
    lost = {name: mean_score(apart, name) / mean_score(equal, name) for name in NAMES}
    factors = ", ".join(f"{text} {lost[name]:.0f}" for name, text in NAMES.items())
    growth = {name: _growth(numbers, name) for name in NAMES}
    return [
        decide(
            "adaptive rates win",
            every(is_better(apart, name, other) for name in ADAPTIVE for other in others),
            f"where the scales differ, the test losses are {', '.join(losses[name] for name in ADAPTIVE)}, against "
            + ", ".join(losses[name] for name in others),
            numbers["brief"],
        ),
        decide(
            "they even progress out",
            every(interval(growth["sgd"] - growth[name]).exceeds(math.log10(2)) for name in ADAPTIVE),
            f"the difference of scales raises the loss by these factors: {factors}",
            numbers["brief"],
        ),
    ]


def _growth(numbers: Numbers, name: str) -> np.ndarray:
    """Return the decades by which the difference of scales raises the loss of each seed; NaN where a run diverged."""
    apart, equal = (
        np.array(numbers["problems"][label]["optimizers"][name]["scores"], float) for label in (APART, EQUAL)
    )
    return np.log10(apart / equal)


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the test losses."""
    return [score_table(numbers["problems"], NAMES)]


def draw(numbers: Numbers) -> Figure:
    """Draw the test loss over the learning rate, where the scales are equal and where they differ."""
    return rate_curves(numbers["problems"], NAMES, columns=2)
