"""Claim 6: does Adadelta need no learning rate, and do its updates have the units of the parameters?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..figures import draw_rate_curves, panels, title
from ..summaries import nearest_rate, score_at, summarize
from ..tables import Table, format_mean, format_number
from ..verdicts import Verdict, decide

PROBLEMS = (
    "digits", "ravine", "rosenbrock", "quadratic", "sparse_logistic", "scaled_layers", "wine", "diabetes",
)  # fmt: skip
SHARE, FACTOR = 0.01, 1.1  # within which a score is as good as the best: of the images, of a loss
UNIT = 1000.0  # the parameters in a unit that is so many times smaller
EPS = 1e-6  # as published
STREAM = (1.0, -0.5, 2.0, 0.25, -1.0)  # gradients


def measure(budget: Budget) -> Numbers:
    """Sweep the rate on eight problems, and compare the steps in two units of the parameters."""
    rates = budget.rates(1e-1, 1e3, 17)  # a rate of 1 is on the grid, and on that of a brief measurement
    problems = {
        problem: summarize(budget.race(problem, {"adadelta": gl.adadelta}, rates))
        for problem in budget.choose(PROBLEMS, 4)
    }
    return {"problems": problems, "units": measure_units()}


def measure_units() -> dict[str, list[float]]:
    """Return how many times as large steps are in a unit of the parameters that is 1000 times smaller.

    They are those of Adadelta as published, and with two epsilons, each in its own unit.
    """
    # Parameters are then larger numbers, and gradients smaller ones by as much.
    published = gl.adadelta(1.0)
    own_units = gl.chain(
        gl.scale_by_rms(0.9, eps=0.0, eps_root=EPS / UNIT**2),
        gl.scale_by_update_rms(0.9, EPS * UNIT**2),
        gl.scale_by_learning_rate(1.0),
    )
    before = _steps(published, STREAM)
    return {
        name: [new / old for new, old in zip(_steps(tx, [gradient / UNIT for gradient in STREAM]), before)]
        for name, tx in {"published": published, "own units": own_units}.items()
    }


def _steps(tx: gl.Transformation, gradients: Sequence[float]) -> list[float]:
    state, steps = tx.init(jnp.zeros(())), []
    for gradient in gradients:
        step, state = tx.update(jnp.array(gradient), state)
        steps.append(float(step))
    return steps


def judge(numbers: Numbers) -> list[Verdict]:
    """A rate of 1, which stands for none, must be as good as the best on every problem."""
    good = [name for name, problem in numbers["problems"].items() if _is_good(problem)]
    count = len(numbers["problems"])
    published, own = numbers["units"]["published"], numbers["units"]["own units"]
    return [
        decide(
            "needs no rate",
            len(good) == count,
            f"on {len(good)} of {count} problems, the mean loss at a rate of 1 (of the test sample, if there is one) "
            "is at most 10 % above that at the best rate, or the test accuracy at most 1 % of the images below it",
            numbers["brief"],
        ),
        decide(
            "updates have the units of the parameters",
            _is_scaled(own),
            f"with parameters in a unit {UNIT:g} times smaller, steps are {_range(published)} times as large, and "
            f"{_range(own)} times if the epsilon of the gradients has the unit of their square, and that of the "
            "updates the unit of the squared parameter",
            numbers["brief"],
            "" if _is_scaled(published) else "when each of two epsilons has its own unit",
        ),
    ]


def _range(ratios: Sequence[float]) -> str:
    low, high = (format_number(ratio) for ratio in (min(ratios), max(ratios)))
    return low if low == high else f"{low} to {high}"


def _is_scaled(ratios: Sequence[float]) -> bool:
    return all(abs(ratio / UNIT - 1) < 0.01 for ratio in ratios)


def _best_score(problem: Numbers) -> float:
    """Return the mean score at the chosen rate, of all seeds: those that the score at a rate of 1 is of."""
    rate = problem["optimizers"]["adadelta"]["rate"]
    return math.nan if rate is None else score_at(problem, "adadelta", rate)


def _is_good(problem: Numbers) -> bool:
    best, score = _best_score(problem), score_at(problem, "adadelta", 1.0)
    if math.isnan(score):
        return False
    return score >= best - SHARE if problem["higher_is_better"] else score <= best * FACTOR


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the best rate of each problem, and the scores at it and at a rate of 1."""
    rows = [
        [
            f"{label}, {problem['label']}",
            "none" if (rate := problem["optimizers"]["adadelta"]["rate"]) is None else format_number(rate),
            format_mean(problem, _best_score(problem)),
            format_mean(problem, score_at(problem, "adadelta", 1.0)),
            "yes" if _is_good(problem) else "no",
        ]
        for label, problem in numbers["problems"].items()
    ]
    return [Table(["Adadelta", "best rate", "score at it", "score at rate 1", "as good"], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the score over the rate on each problem; a line at 1."""
    items = list(numbers["problems"].items())

    def panel(number: int, axes: Axes) -> None:
        label, problem = items[number]
        draw_rate_curves(axes, problem, {"adadelta": "Adadelta"})
        own = problem["optimizers"]["adadelta"]
        score = own["curve"][nearest_rate(own["rates"], 1.0)]
        axes.axvline(1.0, color="#7a828c", linewidth=0.8, linestyle="--")
        if score is not None:
            axes.plot(1.0, score, "s", color="#D55E00", markersize=5, label="at a rate of 1")
        axes.set(ylabel=problem["label"], xlabel="learning rate")
        title(axes, label)

    return panels(len(items), panel, legend=0)
