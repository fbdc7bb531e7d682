"""Claim 2: does momentum overshoot the minimum, Nesterov's less, and does that arrive sooner?"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import interval
from ..figures import choose_colors, panels, title
from ..tables import Table
from ..verdicts import Check, Verdict, decide, every

RATES = (0.002, 0.005, 0.01, 0.02)
SHOWN = 2  # the position of the rate whose paths are drawn
STEPS = 200
NAMES = ("momentum", "nesterov")


def heavy(learning_rate: Any, momentum: Any = 0.9) -> gl.Transformation:
    """Return gradient descent with momentum."""
    return gl.sgd(learning_rate, momentum=momentum)


def nesterov(learning_rate: Any, momentum: Any = 0.9) -> gl.Transformation:
    """Return gradient descent with Nesterov's momentum."""
    return gl.sgd(learning_rate, momentum=momentum, nesterov=True)


def measure(budget: Budget) -> Numbers:
    """Follow the way along the ravine: how far beyond the minimum, and when the loss stays below 1 % of the first."""
    data = budget.race("ravine", {"momentum": heavy, "nesterov": nesterov}, list(RATES), steps=STEPS)
    way = (data.path.values - [1.0, 0.5]) @ [0.75**0.5, 0.5]  # from -4 along the valley to 0
    beyond = np.maximum(way.max(-1), 0) / -way[..., 0]
    outside = data.loss > 0.01 * data.loss.isel(step=0)
    arrived = STEPS - outside.isel(step=slice(None, None, -1)).argmax("step").values
    return {
        "overshoot": dict(zip(NAMES, beyond)),
        "arrived": dict(zip(NAMES, arrived)),
        "way": dict(zip(NAMES, way[:, SHOWN, :, :60].mean(1))),
    }


def judge(numbers: Numbers) -> list[Verdict]:
    """Compare the overshoots and the arrivals from the same seeds, at each rate."""
    over, arrived = ({name: np.array(numbers[key][name]) for name in NAMES} for key in ("overshoot", "arrived"))
    far = [at for at in range(len(RATES)) if over["momentum"][at].mean() > 0.01]  # the rates that overshoot
    beyond = [interval(over["momentum"][at]).exceeds(0.01) for at in far]
    less = [interval(over["momentum"][at] - over["nesterov"][at]).exceeds() for at in far]
    sooner: list[Check] = [
        interval((arrived["momentum"][at] - arrived["nesterov"][at]).astype(float)).exceeds(2.0)
        for at in range(len(RATES))
    ]
    large = every(sooner[1:])
    means = [f"{100 * over['momentum'][at].mean():.3g} against {100 * over['nesterov'][at].mean():.3g} %" for at in far]
    medians = [
        f"{np.median(arrived['momentum'][at]):g} against {np.median(arrived['nesterov'][at]):g}" for at in (0, 3)
    ]
    return [
        decide(
            "overshoots, Nesterov's less",
            every([bool(far), *beyond, *less]),
            f"momentum overshoots by {', '.join(means)} of the way, "
            f"at rates of {', '.join(str(RATES[at]) for at in far)}",
            numbers["brief"],
        ),
        decide(
            "responds sooner",
            every(sooner) if sooner[0] else large,
            f"momentum arrives after {medians[0]} updates at a rate of {RATES[0]}, and {medians[1]} at {RATES[-1]}",
            numbers["brief"],
            "" if sooner[0] else "when the rate is large",
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the overshoot, as a share of the way, and the update of the arrival."""

    def share(name: str, at: int) -> str:
        value = np.mean(numbers["overshoot"][name][at])
        return f"{100 * value:.1f} %" if value > 5e-4 else "none"

    rows = [
        [
            str(rate),
            *(share(name, at) for name in NAMES),
            *(f"{np.median(numbers['arrived'][name][at]):.0f}" for name in NAMES),
        ]
        for at, rate in enumerate(RATES)
    ]
    return [
        Table(["rate", "overshoot: momentum", "overshoot: Nesterov", "arrived: momentum", "arrived: Nesterov"], rows)
    ]


def draw(numbers: Numbers) -> Figure:
    """Draw the way along the ravine at one rate, and the overshoot over the rate."""

    def panel(number: int, axes: Axes) -> None:
        texts = {name: name.replace("nesterov", "Nesterov") for name in NAMES}
        colors = choose_colors(list(texts.values()))
        for name, text in texts.items():
            color = colors[text]
            if number == 0:
                axes.plot(numbers["way"][name], color=color, label=text)
            elif number == 1:
                axes.plot(RATES, [100 * np.mean(row) for row in numbers["overshoot"][name]], "o-", color=color)
            else:
                axes.plot(RATES, [np.median(row) for row in numbers["arrived"][name]], "o-", color=color)
        if number == 0:
            axes.axhline(0, color="#7a828c", linewidth=0.8, linestyle="--")
            axes.set(xlabel="update", ylabel="place along the ravine")
            title(axes, f"rate {RATES[SHOWN]}; the minimum is at 0")
        else:
            axes.set(xlabel="learning rate", ylabel=("", "overshoot, % of the way", "update of arrival")[number])
            axes.set_ylim(bottom=0)

    return panels(3, panel, legend=0)
