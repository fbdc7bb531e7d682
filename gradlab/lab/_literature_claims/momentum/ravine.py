"""Claim 1: momentum in a ravine. Does it arrive sooner, take larger rates, and damp the oscillation across?"""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...problems import Ravine
from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare, is_better
from ..figures import INK, choose_colors, panels, title
from ..summaries import largest_safe_rate, nearest_rate, summarize
from ..tables import Table, format_number, score_table
from ..verdicts import Verdict, decide, every

NAMES = {"sgd": "SGD", "sgd_momentum": "momentum", "sgd_nesterov": "Nesterov"}
PROBLEMS = ("ravine", "rosenbrock", "quadratic")
LATER = 10  # updates after which the distance across the ravine is compared


def measure(budget: Budget) -> Numbers:
    """Race the three on three problems, and follow the distance across the ravine at the best rate of SGD."""
    problems = {}
    for problem in PROBLEMS:
        dataset = budget.race(problem, list(NAMES), budget.rates(1e-5, 10, 49))
        problems[problem] = summarize(dataset)
        if problem == "ravine":
            # The ravine runs at 30 degrees through (1, 0.5): in these coordinates, along comes first, then across.
            turn = np.array([[0.75**0.5, -0.5], [0.5, 0.75**0.5]])
            places = (dataset.path.values - np.array(Ravine().landscape.optimum)) @ turn
    rates = problems["ravine"]["optimizers"]
    across, paths = {}, {}
    for number, name in enumerate(NAMES):
        for key, rate in (("same", rates["sgd"]["rate"]), ("best", rates[name]["rate"])):
            own = places[number, nearest_rate(rates[name]["rates"], rate), :, : 2 * LATER + 1]
            # A run that has diverged has no place.
            across[f"{name}, {key}"] = (np.abs(own[..., 1]) / np.abs(own[:, :1, 1])).mean(0)
            if key == "best":
                paths[name] = own[0]
    return {"problems": problems, "across": across, "paths": paths}


def judge(numbers: Numbers) -> list[Verdict]:
    """Compare the losses at the best rates, the largest safe rates, and what is left of the distance across."""
    problems, brief = numbers["problems"], numbers["brief"]
    sooner = every(is_better(problem, "sgd_momentum", "sgd") for problem in problems.values())
    gains = [10 ** compare(problem, "sgd_momentum", "sgd").mean for problem in problems.values()]
    safe = {name: largest_safe_rate(problems["ravine"], name) for name in NAMES}
    left = {name: numbers["across"][f"{name}, same"][LATER] for name in NAMES}
    plain, heavy = left["sgd"], left["sgd_momentum"]
    return [
        decide(
            "arrives sooner",
            sooner,
            f"at its best rate, momentum ends with a loss that is {min(gains):.0f} to {format_number(max(gains))} "
            f"times lower than that of SGD, on {len(gains)} problems",
            brief,
        ),
        decide(
            "takes larger rates",
            None if safe["sgd_momentum"] == safe["sgd"] else safe["sgd_momentum"] > safe["sgd"],
            f"on the ravine no run diverges up to a rate of {safe['sgd_momentum']:.2g} with momentum, "
            f"{safe['sgd']:.2g} without, and {safe['sgd_nesterov']:.2g} with Nesterov's",
            brief,
            "on the ravine",
        ),
        decide(
            "damps the oscillation",
            heavy is not None and heavy < plain,
            f"at SGD's best rate, {LATER} updates leave {plain:.2g} of the distance across the ravine without momentum"
            + ("; with it, runs diverge" if heavy is None else f", and {heavy:.2g} with it"),
            brief,
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the losses with the best rates, and the largest safe rates."""
    problems = numbers["problems"]
    safe = [[name, *(f"{largest_safe_rate(problem, key):.2g}" for key in NAMES)] for name, problem in problems.items()]
    return [
        score_table(problems, NAMES, with_rate=True),
        Table(["largest rate up to which no run diverges", *NAMES.values()], safe),
    ]


def draw(numbers: Numbers) -> Figure:
    """Draw a path of each at its best rate, and the distance across at SGD's best rate."""

    def panel(number: int, axes: Axes) -> None:
        if number == 0:
            x, y = np.meshgrid(np.linspace(-4.6, 1.6, 90), np.linspace(-1.4, 1.4, 90))
            levels = np.geomspace(0.1, 60, 9)
            axes.contour(x, y, 0.5 * (x**2 + 50 * y**2), levels, colors="#7a828c", linewidths=0.5, alpha=0.6)
        colors = choose_colors(list(NAMES.values()))
        for name, text in NAMES.items():
            color = colors[text]
            if number == 0:
                axes.plot(*np.array(numbers["paths"][name], float).T, ".-", color=color, label=text, linewidth=1.1)
            else:
                axes.plot(np.array(numbers["across"][f"{name}, same"], float), color=color, label=text)
        if number == 0:
            axes.plot(0, 0, "+", color=INK, markersize=9, markeredgewidth=1.8)
            axes.set(xlabel="along the ravine; cross: minimum", ylabel="across", xlim=(-4.6, 1.6), ylim=(-1.4, 1.4))
            title(axes, f"{2 * LATER} updates, each at its best rate")
        else:
            axes.set(xlabel="update", ylabel="share of the first distance", ylim=(0, 1.6))
            title(axes, "across, all at SGD's best rate\n(Nesterov's diverges)")

    return panels(2, panel, legend=0)
