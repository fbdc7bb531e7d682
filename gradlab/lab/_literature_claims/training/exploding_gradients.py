"""Claim 15: does clipping keep training alive through exploding gradients?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..figures import choose_colors, draw_rate_curves, page_style, panels, title
from ..momentum.overshoot import heavy
from ..summaries import largest_safe_rate, nearest_rate, summarize
from ..tables import Table, format_number, format_score
from ..verdicts import Verdict, decide, every

PROBLEM = "exploding_rnn"
SHOWN = (1e-5, 1e-3, 0.1)  # rates whose divergences are in the table


def clipped(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return a factory of the learning rate that clips the gradient to a norm of 1."""
    return lambda learning_rate: gl.chain(gl.clip_by_global_norm(1.0), make(learning_rate))


PLAIN: dict[str, Callable[..., Any]] = {"SGD": gl.sgd, "momentum": heavy, "Adam": gl.adam}
CLIPPED = {f"clipped {name}": clipped(make) for name, make in PLAIN.items()}


def measure(budget: Budget) -> Numbers:
    """Race with clipping and without, over five decades of rates."""
    return {"problems": {PROBLEM: summarize(budget.race(PROBLEM, PLAIN | CLIPPED, budget.rates(1e-5, 1, 21)))}}


def judge(numbers: Numbers) -> list[Verdict]:
    """SGD and momentum must have rates at which all runs live, with clipping only.

    About one run in ten explodes at the lowest rates, which the few runs of a brief measurement can miss.
    """
    problem, is_brief = numbers["problems"][PROBLEM], numbers["brief"]
    own = problem["optimizers"]
    least = {name: min(own[name]["diverged"]) for name in PLAIN}
    safe = {name: largest_safe_rate(problem, name) for name in own}
    runs = own["SGD"]["runs"]
    explodes = {name: True if least[name] else None if is_brief else False for name in PLAIN}
    return [
        decide(
            "clipping keeps SGD and momentum alive",
            every(check for name in ("SGD", "momentum") for check in (explodes[name], safe[f"clipped {name}"] > 0)),
            f"without clipping, at least {least['SGD']} of {runs} runs of SGD and {least['momentum']} with momentum "
            f"diverge at each rate; with it, no run diverges up to a rate of {safe['clipped SGD']:.2g} (SGD) and "
            f"{safe['clipped momentum']:.2g} (momentum). No run of Adam diverges up to {safe['Adam']:.2g} without, and "
            f"{safe['clipped Adam']:.2g} with it",
            is_brief,
        )
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the losses, and the runs that diverged."""
    problem = numbers["problems"][PROBLEM]
    own = problem["optimizers"]

    def diverged(name: str) -> str:
        return ", ".join(str(own[name]["diverged"][nearest_rate(own[name]["rates"], rate)]) for rate in SHOWN)

    at = f"diverged, of {own['SGD']['runs']}, at {', '.join(format_number(rate, 1) for rate in SHOWN)}"
    rows = [
        ["test loss without clipping", *(_score(problem, name) for name in PLAIN)],
        ["test loss clipped", *(_score(problem, name) for name in CLIPPED)],
        [f"{at}: without", *map(diverged, PLAIN)],
        [f"{at}: clipped", *map(diverged, CLIPPED)],
    ]
    return [Table(["", *PLAIN], rows)]


def _score(problem: Numbers, name: str) -> str:
    if problem["optimizers"][name]["rate"] is None:
        return "no rate at which all live"
    return format_score(problem, name)


def draw(numbers: Numbers) -> Figure:
    """Draw the runs that diverged and the test loss, over the rate. What is clipped is dashed."""
    problem = numbers["problems"][PROBLEM]
    own = problem["optimizers"]
    names = [name for pair in zip(PLAIN, CLIPPED) for name in pair]

    def panel(number: int, axes: Axes) -> None:
        if number == 1:
            draw_rate_curves(axes, problem, {name: name for name in names})
        else:
            for name in names:
                axes.plot(own[name]["rates"], own[name]["diverged"], label=name)
        _use_styles(axes, names)
        axes.set_xscale("log")
        axes.set_xlabel("learning rate")
        axes.set_ylabel((f"runs that diverged, of {own['SGD']['runs']}", problem["label"])[number])
        title(axes, ("divergence", "where all live")[number])

    figure = panels(2, panel)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.set_size_inches(7.4, 3.5)
    with page_style():  # a column without clipping, and one with it
        figure.legend([*handles[::2], *handles[1::2]], [*labels[::2], *labels[1::2]], loc="outside lower left", ncols=2)
    return figure


def _use_styles(axes: Axes, names: list[str]) -> None:
    """Draw an optimizer and its clipped form in one color, which is dashed. A ring follows its line."""
    colors = choose_colors(list(PLAIN))
    color = colors["SGD"]
    for line in axes.get_lines():
        label = str(line.get_label())
        if label in names:
            color = colors[label.removeprefix("clipped ")]
            line.set_linestyle("--" if label in CLIPPED else "-")
        line.set_color(color)
