"""Claim 10: is there a convex problem on which Adam goes to the worst point, and AMSGrad does not?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ...problems import Reddi
from ..budget import Budget
from ..catalogue import Numbers
from ..figures import choose_colors, panels, title
from ..tables import Table
from ..verdicts import Verdict, decide

RATES = (0.0056, 0.01, 0.03, 0.1)
RARE_RATE, RARE_STEPS = 0.056, 4000  # for the problem whose large gradient is rarer
FAR, NEAR = 1.5, 0.5  # distances from the best point; 2 is the worst


def with_decays(make: Callable[..., Any], b1: float, b2: float) -> Callable[..., Any]:
    """Return a factory of the learning rate with these decays."""
    return lambda learning_rate: make(learning_rate, b1=b1, b2=b2)


CONTESTANTS: dict[str, Callable[..., Any]] = {
    "Adam, short memory": with_decays(gl.adam, 0.0, 1 / 17),
    "AMSGrad, short memory": with_decays(gl.amsgrad, 0.0, 1 / 17),
    "Adam, published decays": gl.adam,
    "SGD": gl.sgd,
}


def measure(budget: Budget) -> Numbers:
    """Follow the distance from the best point, and on a problem whose large gradient is rarer."""
    data = budget.race(Reddi(), CONTESTANTS, list(RATES))
    both = {"Adam": with_decays(gl.adam, 0.9, 0.9), "AMSGrad": with_decays(gl.amsgrad, 0.9, 0.9)}
    rare = budget.race(Reddi(22.0, 21), both, [RARE_RATE], steps=RARE_STEPS)
    return {
        "distances": _last(data),
        "curves": {
            "updates": data.evaluation.values,
            "distances": dict(zip(CONTESTANTS, data.distance.isel(rate=1).mean("seed").values)),
        },
        "rare": {name: values[0] for name, values in _last(rare).items()},
    }


def _last(dataset: xr.Dataset) -> Numbers:
    """Return the mean distance at the end, by optimizer and rate."""
    means = dataset.distance.isel(evaluation=-1).mean("seed").transpose("optimizer", "rate").values
    return dict(zip(dataset.optimizer.values.tolist(), means))


def judge(numbers: Numbers) -> list[Verdict]:
    """At every rate, Adam must end far from the best point, and AMSGrad near it."""
    distances, rare = numbers["distances"], numbers["rare"]
    short, published = (min(distances[f"Adam, {kind}"]) for kind in ("short memory", "published decays"))
    saved = max(distances["AMSGrad, short memory"])
    return [
        decide(
            "Adam converges to the worst point",
            short > FAR,
            f"at {len(RATES)} rates, Adam with a short memory ends at a distance of {short:.2f} or more of 2, and with "
            f"the published decays at {max(distances['Adam, published decays']):.2g} or less",
            numbers["brief"],
            "" if published > FAR else "when Adam's memory is short",
        ),
        decide(
            "AMSGrad does not",
            saved < NEAR and rare["AMSGrad"] < NEAR,
            f"AMSGrad with the same decays ends at {saved:.2g} or less; where the large gradient is rarer, Adam with "
            f"both decays 0.9 ends at {rare['Adam']:.2f}, and AMSGrad at {rare['AMSGrad']:.2f}",
            numbers["brief"],
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the distances at the end."""
    rows = [[name, *(f"{value:.3f}" for value in values)] for name, values in numbers["distances"].items()]
    return [Table(["distance after 1,000 updates; 2 is the worst", *(f"rate {rate}" for rate in RATES)], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the distance over the updates at one rate, and the distance at the end over the rate."""

    def panel(number: int, axes: Axes) -> None:
        for name, color in choose_colors(list(CONTESTANTS)).items():
            if number == 0:
                axes.plot(numbers["curves"]["updates"], numbers["curves"]["distances"][name], color=color, label=name)
            else:
                axes.plot(RATES, np.array(numbers["distances"][name]), "o-", color=color)
        axes.set(ylim=(-0.05, 2.1), ylabel="distance; 2 is the worst", xlabel=("update", "learning rate")[number])
        title(axes, ("at a rate of 0.01", "after 1,000 updates")[number])
        if number:
            axes.set_xscale("log")

    figure = panels(2, panel, legend=0)
    figure.set_size_inches(7.4, 2.9)
    return figure
