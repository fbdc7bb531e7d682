"""Claim 4: does Adagrad's shrinking rate bring it to a halt, where methods that forget go on?"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ...analysis.late_window import late_evaluations
from ..budget import Budget
from ..catalogue import Numbers
from ..figures import choose_colors, panels, title, use_log_axis
from ..summaries import mean_score, summarize
from ..tables import Table, format_number, score_table
from ..verdicts import Verdict, decide

NAMES = {"adagrad": "Adagrad", "rmsprop": "RMSProp", "adadelta": "Adadelta"}
LENGTHS = {"ravine": (200, 2000), "rosenbrock": (500, 5000)}
SMALL = 0.01  # a rate that is too small for the distance on the ravine
PROGRESS = 1.0  # decades of the loss that ten times the updates must gain, or the method has halted


def measure(budget: Budget) -> Numbers:
    """Race for some updates and for ten times as many, at the best rate and at a small one."""
    tx = gl.adagrad(1.0)
    state, steps = tx.init(jnp.zeros(())), []
    for _ in range(100):
        step, state = tx.update(jnp.ones(()), state)
        steps.append(abs(float(step)))
    problems, small, curves = {}, {}, {}
    for problem, lengths in LENGTHS.items():
        for length in lengths:
            dataset = budget.race(problem, list(NAMES), budget.rates(1e-3, 100, 31), steps=length)
            problems[f"{problem}, {length:,} updates"] = summarize(dataset)
            if (problem, length) == ("ravine", 2000):
                curves["at the best rate"] = _thin(dataset, problems[f"{problem}, {length:,} updates"])
    for length in LENGTHS["ravine"]:
        dataset = budget.race("ravine", list(NAMES), [SMALL], steps=length)
        means = late_evaluations(dataset).final_loss.mean(("seed", "evaluation", "rate")).values
        small[str(length)] = dict(zip(NAMES, means))
    curves[f"at a rate of {SMALL}"] = _thin(dataset, None)
    return {"steps": steps, "problems": problems, "small": small, "curves": curves}


def _thin(dataset: xr.Dataset, problem: Numbers | None) -> Numbers:
    """Return the mean loss of each at 60 updates, at its best rate or at the only one."""
    kept = np.unique(np.geomspace(1, dataset.sizes["step"] - 1, 60).astype(int))
    found = {}
    for name in NAMES:
        own = dataset.loss.sel(optimizer=name)
        rates = dataset.learning_rate.sel(optimizer=name).values.tolist()
        at = 0 if problem is None else rates.index(problem["optimizers"][name]["rate"])
        found[name] = 10 ** np.log10(np.maximum(own.isel(rate=at, step=kept), 1e-20)).mean("seed").values
    return {"updates": kept, "losses": found}


def judge(numbers: Numbers) -> list[Verdict]:
    """Adagrad halts where ten times the updates gain less than a decade, and RMSProp gains more."""
    problems, small, steps = numbers["problems"], numbers["small"], numbers["steps"]

    def gain(rate: str, name: str) -> float:
        if rate == "small":
            return math.log10(small["200"][name] / small["2000"][name])
        return math.log10(
            mean_score(problems["ravine, 200 updates"], name) / mean_score(problems["ravine, 2,000 updates"], name)
        )

    halts = {rate: gain(rate, "adagrad") < PROGRESS < gain(rate, "rmsprop") for rate in ("small", "best")}
    gains = {rate: f"{gain(rate, 'adagrad'):.1f} decades (RMSProp {gain(rate, 'rmsprop'):.1f})" for rate in halts}
    return [
        decide(
            "the rate shrinks",
            abs(steps[99] * 10 / steps[0] - 1) < 0.01,
            f"with equal gradients, step 100 is {steps[99] / steps[0]:.3g} of the first one",
            numbers["brief"],
        ),
        decide(
            "it halts",
            halts["small"],
            f"ten times the updates on the ravine gain {gains['small']} at a rate of {SMALL}, and {gains['best']} at "
            "the best rate",
            numbers["brief"],
            "" if halts["best"] else "when its rate is too small",
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the losses at the best rates, and the mean losses at the small rate."""
    rows = [
        [f"`ravine`, {int(length):,} updates", *(format_number(losses[name]) for name in NAMES)]
        for length, losses in numbers["small"].items()
    ]
    return [score_table(numbers["problems"], NAMES), Table([f"mean loss at a rate of {SMALL}", *NAMES.values()], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the loss over the updates on the ravine, at a rate that is too small and at the best."""
    items = list(numbers["curves"].items())[::-1]

    def panel(number: int, axes: Axes) -> None:
        text, curves = items[number]
        colors = choose_colors(list(NAMES.values()))
        for name, label in NAMES.items():
            axes.plot(curves["updates"], curves["losses"][name], color=colors[label], label=label)
        axes.set(xlabel="update", ylabel="loss on the ravine")
        use_log_axis(axes, "x")
        use_log_axis(axes, "y")
        title(axes, text)

    return panels(2, panel, legend=0)
