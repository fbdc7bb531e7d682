"""Claim 13: does too large a rate diverge and too small a one crawl, and do schedules help that fit the run?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare, is_better
from ..figures import page_style, rate_curves
from ..places import decide_where
from ..summaries import largest_safe_rate, mean_score, score_at, summarize
from ..tables import Table, format_number, format_score
from ..verdicts import Verdict, decide, every, some

STEPS, ADAM_STEPS = 300, 400
SMALL = 0.01  # a rate that is far too small
LENGTHS = (75, 300, 1200)  # updates over which the rate falls; a run has 300
ADAM_PROBLEMS = ("deep_sigmoid", "scaled_layers")
NAMES = {"constant": "constant rate", **{str(length): f"cosine over {length:,}" for length in LENGTHS}}
ADAM_NAMES = {"constant": "constant rate", "cosine": "cosine", "warm": "warm-up, then cosine"}


def cosine(make: Callable[..., Any], steps: int) -> Callable[..., Any]:
    """Return a factory of the first rate, which then falls to 0 as a cosine."""
    return lambda learning_rate: make(gl.schedules.cosine(learning_rate, decay_steps=steps))


def warm(learning_rate: Any) -> gl.Transformation:
    """Return Adam whose rate rises for a tenth of the run, and then falls."""
    steps = {"warmup_steps": ADAM_STEPS // 10, "decay_steps": ADAM_STEPS}
    return gl.adam(gl.schedules.warmup_cosine(0.0, learning_rate, **steps))


def measure(budget: Budget) -> Numbers:
    """Race SGD over rates, SGD with schedules where noise limits it, and Adam with schedules elsewhere."""
    schedules = {"constant": gl.sgd, **{str(length): cosine(gl.sgd, length) for length in LENGTHS}}
    of_adam = {"constant": gl.adam, "cosine": cosine(gl.adam, ADAM_STEPS), "warm": warm}
    rates = budget.rates(1e-3, 10, 33)
    problems = {
        "quadratic": summarize(budget.race("quadratic", ["sgd"], rates)),
        "noisy_quadratic": summarize(budget.race("noisy_quadratic", schedules, rates, seeds=40, steps=STEPS)),
    }
    for problem in ADAM_PROBLEMS:
        problems[f"Adam on {problem}"] = summarize(budget.race(problem, of_adam, rates, steps=ADAM_STEPS))
    return {"problems": problems}


def judge(numbers: Numbers) -> list[Verdict]:
    """A schedule helps where it is better than a constant rate from the same seeds."""
    problems, is_brief = numbers["problems"], numbers["brief"]
    quadratic, noisy = problems["quadratic"], problems["noisy_quadratic"]
    own = quadratic["optimizers"]["sgd"]
    lost = min((rate for rate, count in zip(own["rates"], own["diverged"]) if count == own["runs"]), default=None)
    best, small = mean_score(quadratic, "sgd"), score_at(quadratic, "sgd", SMALL)
    whole = str(STEPS)
    of_adam = {
        name: {key: is_better(problems[f"Adam on {name}"], key, "constant") for key in ADAM_NAMES if key != "constant"}
        for name in ADAM_PROBLEMS
    }
    helps = {"noisy_quadratic": is_better(noisy, whole, "constant")}
    helps |= {name: some(checks.values()) for name, checks in of_adam.items()}
    factors = {key: 10 ** compare(noisy, whole, key).mean for key in NAMES if key != whole}
    return [
        decide(
            "too large diverges, too small crawls",
            lost is not None and small > 10 * best,
            f"on quadratic no run of SGD diverges up to a rate of {largest_safe_rate(quadratic, 'sgd'):.2g}"
            + (f" and every one from {lost:.2g} on" if lost else "")
            + f"; a rate of {SMALL} leaves a loss of {format_number(small)}, and the best {format_number(best)}",
            is_brief,
        ),
        decide_where(
            "schedules help",
            helps,
            f"on noisy_quadratic, where noise limits the loss, a cosine over the run lowers it by a factor of "
            f"{factors['constant']:.2f}; with Adam, "
            + "; ".join(
                f"on {name} " + " and ".join(f"{TEXTS[key]} {_EFFECTS[check]}" for key, check in checks.items())
                for name, checks in of_adam.items()
            ),
            is_brief,
        ),
        decide(
            "they must be chosen in advance",
            every(is_better(noisy, whole, str(length)) for length in LENGTHS if length != STEPS),
            f"for {STEPS} updates, a cosine over them ends lower by a factor of "
            + " and ".join(
                f"{factors[str(length)]:.2f} than one over {length:,}" for length in LENGTHS if length != STEPS
            ),
            is_brief,
        ),
    ]


TEXTS = {"cosine": "a cosine", "warm": "one after a warm-up"}
_EFFECTS = {True: "helps", False: "harms", None: "makes no clear difference"}


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the losses with each schedule."""
    noisy = numbers["problems"]["noisy_quadratic"]
    adam = [
        [f"{name.removeprefix('Adam on ')}, {problem['label']}", *(format_score(problem, key) for key in ADAM_NAMES)]
        for name, problem in numbers["problems"].items()
        if name.startswith("Adam")
    ]
    return [
        Table(
            ["SGD on `noisy_quadratic`, 300 updates", *NAMES.values()],
            [["loss", *(format_score(noisy, key) for key in NAMES)]],
        ),
        Table(["Adam", *ADAM_NAMES.values()], adam),
    ]


def draw(numbers: Numbers) -> Figure:
    """Draw the scores over the learning rate, with each schedule."""
    names = {"sgd": "SGD", **NAMES, "cosine": "cosine over the run", "warm": "warm-up, then cosine"}
    figure = rate_curves(numbers["problems"], names, columns=2)
    for legend in figure.legends:
        legend.remove()
    seen: dict[str, Any] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        seen |= dict(zip(labels, handles))
    figure.set_size_inches(6.6, 5.2)
    with page_style():
        figure.legend(list(seen.values()), list(seen), loc="outside lower left", ncols=2)
    return figure
