"""Claim 5: is RMSProp without memory sign descent, and is that very sensitive to the rate?"""

from __future__ import annotations

import jax.numpy as jnp
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..figures import rate_curves
from ..summaries import summarize
from ..tables import Table, format_score
from ..verdicts import Verdict, decide

NAMES = {"sign_sgd": "sign descent", "sgd": "SGD", "rmsprop": "RMSProp", "adam": "Adam"}
PROBLEMS = ("digits", "ravine", "rosenbrock", "quadratic", "sparse_logistic")
MARGIN = 0.1  # decades by which a range must be narrower to count


def measure(budget: Budget) -> Numbers:
    """Compare an update of both, and race the four over a wide range of rates."""
    gradient = jnp.array([1e-3, -2.0, 300.0, 0.0])
    updates = []
    for tx in (gl.rmsprop(0.25, decay=0.0, eps=0.0), gl.sign_sgd(0.25)):
        update, _ = tx.update(gradient, tx.init(gradient))
        updates.append(update.tolist())
    problems = {}
    for problem in budget.choose(PROBLEMS, 3):
        slow = problem == "sparse_logistic"  # 0.2 s a run in claim 3, against 3 ms in claim 1
        rates = budget.rates(1e-3, 100, 21) if slow else budget.rates(1e-4, 100, 49)
        problems[problem] = summarize(budget.race(problem, list(NAMES), rates, seeds=10 if slow else 20))
    return {"updates": updates, "problems": problems}


def judge(numbers: Numbers) -> list[Verdict]:
    """Sign descent is sensitive if its range of good rates is narrower than SGD's on most problems."""
    without_memory, signs = numbers["updates"]
    narrower = [
        name
        for name, problem in numbers["problems"].items()
        if _width(problem, "sign_sgd") < _width(problem, "sgd") - MARGIN
    ]
    count = len(numbers["problems"])
    return [
        decide(
            "sign descent",
            without_memory == signs and {abs(size) for size in signs} == {0.0, 0.25},
            "RMSProp with no decay and no epsilon gives the updates of sign descent, bit for bit, all of one size",
            numbers["brief"],
        ),
        decide(
            "very sensitive to the rate",
            len(narrower) > count / 2,
            f"its range of good rates is narrower than SGD's on {len(narrower)} of {count} problems"
            + f" ({', '.join(narrower)})" * bool(narrower),
            numbers["brief"],
        ),
    ]


def _width(problem: Numbers, name: str) -> float:
    return problem["optimizers"][name]["good_decades"] or 0.0


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the scores at the best rates, each with the decades of good rates."""

    def cell(problem: Numbers, name: str) -> str:
        own = problem["optimizers"][name]
        return f"{format_score(problem, name)}; {'over ' * own['good_open']}{_width(problem, name):.1f}"

    rows = [
        [f"{label}, {problem['label']}", *(cell(problem, name) for name in NAMES)]
        for label, problem in numbers["problems"].items()
    ]
    return [Table(["score at the best rate; decades of good rates", *NAMES.values()], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the scores over the learning rate."""
    return rate_curves(numbers["problems"], NAMES)
