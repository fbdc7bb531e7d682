"""Claim 11: do adaptive methods generalize worse than SGD, and do AdaBound and AMSBound close part of the gap?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare, is_better
from ..figures import DIFFERENCE_COLORS, difference_rows, explain, panels, title
from ..summaries import mean_score, summarize
from ..tables import Table, format_mean, score_table
from ..verdicts import Verdict, decide, every, some

NAMES = {
    "sgd": "SGD", "sgd_momentum": "momentum", "rmsprop": "RMSProp", "adam": "Adam", "amsgrad": "AMSGrad",
    "adabound": "AdaBound", "amsbound": "AMSBound",
}  # fmt: skip
PROBLEMS: dict[str, tuple[str, int | None]] = {
    "digits": ("digits", None),
    "breast_cancer": ("breast_cancer", None),
    "digits_cnn": ("digits_cnn", None),
    "digits, 2,000 updates": ("digits", 2000),
}
BOUNDED: dict[str, Callable[[], gl.Transformation]] = {"adabound": gl.adabound, "amsbound": gl.amsbound}
APART = 1000.0  # how many times as large one gradient is as the other; so is its step with SGD, but not with Adam
SAME = 0.05  # the share by which the ratio of two steps may differ from that of Adam, which is 1, or of SGD
UPDATES = (1, 400, 2000, 100_000)  # after which the steps are compared


def measure(budget: Budget) -> Numbers:
    """Race on data that is split into three, score the part that neither trains nor chooses, and compare steps."""
    problems = {}
    for label in budget.choose([*PROBLEMS], 2):
        name, steps = PROBLEMS[label]
        problems[label] = summarize(budget.race(name, list(NAMES), budget.rates(1e-3, 10, 17), steps=steps))
    return {"problems": problems, "ratios": {name: step_ratios(make()) for name, make in BOUNDED.items()}}


def step_ratios(tx: gl.Transformation) -> list[float]:
    """Return the step of the larger one of two constant gradients over that of the smaller, after each of `UPDATES`."""
    gradients = jnp.array([1 / APART, 1.0])

    def advance(state: Any, _: None) -> tuple[Any, jax.Array]:
        steps, state = tx.update(gradients, state)
        return state, steps[1] / steps[0]

    _, ratios = jax.lax.scan(advance, tx.init(jnp.zeros(2)), length=UPDATES[-1])
    return [float(ratios[update - 1]) for update in UPDATES]


def judge(numbers: Numbers) -> list[Verdict]:
    """A gap is where SGD is better than RMSProp and Adam; it is closed in part where both bounded methods beat Adam."""
    problems = numbers["problems"]
    gaps = {
        label: every(is_better(problem, "sgd", name) for name in ("rmsprop", "adam"))
        for label, problem in problems.items()
    }
    found = [label for label, gap in gaps.items() if gap]
    ahead = [label for label, problem in problems.items() if is_better(problem, "adam", "sgd")]
    closed = every(is_better(problems[label], name, "adam") for label in found for name in BOUNDED) if found else False
    ratios = numbers["ratios"]
    scores = [
        " and ".join(format_mean(problem, mean_score(problem, name)) for name in ("sgd", "adam"))
        + f" on {label} ({problem['label']})"
        for label, problem in problems.items()
    ]
    return [
        decide(
            "adaptive methods generalize worse",
            some(gaps.values()),
            f"at their best rates, SGD and Adam score {'; '.join(scores)}. Adam is better on "
            f"{len(ahead)} of {len(problems)}",
            numbers["brief"],
            "" if len(found) == len(problems) else f"on {', '.join(found)}",
        ),
        decide(
            "AdaBound and AMSBound begin as Adam, end as SGD",
            all(abs(own[0] - 1) < SAME and abs(own[-1] / APART - 1) < SAME for own in ratios.values()),
            f"for two gradients, one {APART:,.0f} times as large as the other, the ratio of AdaBound's steps is "
            + ", ".join(f"{ratio:,.3g} at update {count:,}" for ratio, count in zip(ratios["adabound"], UPDATES)),
            numbers["brief"],
        ),
        decide(
            "they close part of the gap",
            closed,
            f"there is a gap on {', '.join(found)}" if found else "there is no gap to close",
            numbers["brief"],
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the scores on the test samples."""
    return [score_table(numbers["problems"], NAMES)]


def draw(numbers: Numbers) -> Figure:
    """Draw how much better than SGD each of the others is from the same seeds, with the interval."""
    items = list(numbers["problems"].items())

    def panel(number: int, axes: Axes) -> None:
        label, problem = items[number]
        differences = {text: compare(problem, name, "sgd") for name, text in NAMES.items() if name != "sgd"}
        if problem["logarithmic"]:
            unit = "decades"
        else:
            unit, differences = "%", {text: found.times(100) for text, found in differences.items()}
        difference_rows(axes, differences, f"{unit} better than SGD")
        title(axes, label)

    return explain(panels(len(items), panel, columns=2), DIFFERENCE_COLORS)
