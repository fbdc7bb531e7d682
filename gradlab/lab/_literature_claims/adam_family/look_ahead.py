"""Claim 9: is Nadam Adam with Nesterov's look-ahead, and does that help?"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import Difference, compare
from ..figures import DIFFERENCE_COLORS, difference_rows, explain, panels, title
from ..places import enumerate_words
from ..summaries import Summary, summarize
from ..tables import Table, format_number, score_table
from ..verdicts import Verdict, decide, every, some

NAMES = {"adam": "Adam", "nadam": "Nadam"}
PROBLEMS = (
    "digits", "ravine", "rosenbrock", "quadratic", "noisy_quadratic", "sparse_logistic", "characters", "scaled_layers",
)  # fmt: skip
DECADES = (-3, -1, -0.1, 0, 0.1, 1, 3)  # that an axis shows
STREAM = (1.0, -0.5, 2.0, 0.25, -1.0)  # gradients


def measure(budget: Budget) -> Numbers:
    """Compare steps with the equation of Nadam, and race both on eight problems."""
    problems = {}
    for problem in budget.choose(PROBLEMS, 4):
        rates = budget.rates(1e-3, 10, 17 if problem == "sparse_logistic" else 33)  # whose runs are long
        problems[problem] = summarize(budget.race(problem, list(NAMES), rates))
    tx = gl.nadam(1.0)
    state, steps = tx.init(jnp.zeros(())), []
    for gradient in STREAM:
        step, state = tx.update(jnp.array(gradient), state)
        steps.append(float(step))
    return {"steps": steps, "equation": nadam_steps(), "problems": problems}


def nadam_steps(b1: float = 0.9, b2: float = 0.999, eps: float = 1e-8) -> list[float]:
    """Return the steps of the equation of Dozat (2016) on the stream, at a rate of 1."""
    first = second = 0.0
    steps = []
    for t, gradient in enumerate(STREAM, 1):
        first, second = b1 * first + (1 - b1) * gradient, b2 * second + (1 - b2) * gradient**2
        ahead = b1 * first / (1 - b1 ** (t + 1)) + (1 - b1) * gradient / (1 - b1**t)
        steps.append(-ahead / (math.sqrt(second / (1 - b2**t)) + eps))
    return steps


def judge(numbers: Numbers) -> list[Verdict]:
    """It helps where Nadam is better from the same seeds."""
    problems = numbers["problems"]
    differences = {name: compare(problem, "nadam", "adam") for name, problem in problems.items()}
    better, worse = (
        [
            f"{name} ({problems[name]['label']}: {_size(problems[name], found)})"
            for name, found in differences.items()
            if found.exceeds() is is_better
        ]
        for is_better in (True, False)
    )
    same = np.allclose(numbers["steps"], numbers["equation"], rtol=1e-3)
    checks = [found.exceeds() for found in differences.values()]
    return [
        decide(
            "adds the look-ahead",
            bool(same),
            "its steps on a stream of gradients are those of the published equation",
            numbers["brief"],
        ),
        decide(
            "it helps",
            some(checks),
            f"of {len(checks)} problems, Nadam's score at its best rate is better than Adam's on "
            f"{enumerate_words(better) or 'none'}, and worse on {enumerate_words(worse) or 'none'}",
            numbers["brief"],
            "" if every(checks) else "on some problems",
        ),
    ]


def _size(problem: Summary, difference: Difference) -> str:
    """Return the size of a difference as text: `14 %` or `350 times` of a loss, `0.3 % of the images`, `0.006 bits`."""
    if problem["higher_is_better"]:
        return f"{100 * abs(difference.mean):.2g} % of the images"
    if not problem["logarithmic"]:
        return f"{abs(difference.mean):.2g} bits"
    factor = 10 ** abs(difference.mean)
    return f"{format_number(factor)} times" if factor > 2 else f"{100 * (1 - 1 / factor):.2g} %"


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the scores of both."""
    return [score_table(numbers["problems"], NAMES)]


def draw(numbers: Numbers) -> Figure:
    """Draw how much better than Adam Nadam is on each problem, with the interval."""
    items = list(numbers["problems"].items())

    def panel(number: int, axes: Axes) -> None:
        shown = [item for item in items if item[1]["logarithmic"] == (number == 0)]
        if number == 0:
            axes.set_xscale("symlog", linthresh=0.1)
            axes.set_xticks(DECADES, [f"{decades:g}" for decades in DECADES])
        differences: dict[str, Difference] = {}
        for name, problem in shown:
            found = compare(problem, "nadam", "adam")
            differences |= {f"{name}, %": found.times(100)} if problem["higher_is_better"] else {name: found}
        labels = ("decades of the loss, linear up to 0.1", "% of the images, or bits")
        difference_rows(axes, differences, labels[number])
        title(axes, ("losses, Nadam against Adam", "accuracy and bits")[number])

    figure = panels(2, panel)
    figure.set_size_inches(7.6, 3.1)
    return explain(figure, DIFFERENCE_COLORS)
