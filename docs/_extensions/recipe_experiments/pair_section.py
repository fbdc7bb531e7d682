"""The section of a wrapper's page that shows a run of an optimizer with the wrapper and without it."""

from __future__ import annotations

import numpy as np
from charts.drawing import Chart, write_chart
from markdown_pieces import code_block

from gradlab.lab._engine.evaluation_steps import choose_evaluation_steps

from .pairs import PAIRS, write_pair, write_race
from .stored_pairs import read

LAST = 0.1  # the share of the updates over which the loss at the end is averaged
HEADING = "With it and without it"


def write_pair_section(name: str) -> list[str]:
    """Return the race of a wrapper as Markdown: its code, the curves, and what one sees; nothing without curves."""
    if name not in read():
        return []
    pair = PAIRS[name]
    curves = {write_label(name, label): curve for label, curve in read()[name].items()}
    values = np.concatenate([curve[:, 1] for curve in curves.values()])
    if pair.is_about_minima:
        chart = Chart(curves, "update", "parameter", -1.5, 1.5)
    else:
        chart = Chart(curves, "update", "loss", values.min() / 1.3, values.max() * 1.3, logarithmic=True)
    return [
        f"This code races an optimizer with `{name}` and without it, at the same learning rate. {pair.about}",
        "",
        *code_block("python", f"{write_pair(name)}\n{write_race(name)}".split("\n")),
        "```{raw} html",
        write_chart(chart, "pair"),
        "```",
        "",
        pair.seen if pair.is_about_minima else f"{pair.seen} {_say_end(name)}",
        "",
        f"The chart has every update; `curves` has {_count_evaluations(name)} of them, at which a race evaluates.",
        "To race at several rates, pass them in `rates`, and let `results.gradlab.leaderboard` compare the best ones.",
    ]


def _count_evaluations(name: str) -> int:
    """Return at how many updates the code on the page evaluates the metrics."""
    last = read()[name]["with it"][-1, 0]
    return len(choose_evaluation_steps(int(last)))


def write_label(name: str, label: str) -> str:
    """Return the call that a label of a race stands for, with the learning rate."""
    pair = PAIRS[name]
    call = {"with it": pair.with_it, "without it": pair.without}[label]
    return call.replace("gl.", "").replace("rate)", f"{pair.rate:g})").replace("rate,", f"{pair.rate:g},")


def _say_end(name: str) -> str:
    """Say what the loss is at the end of both runs."""
    ends = {label: _average_end(curve) for label, curve in read()[name].items()}
    return (
        f"Over the last tenth of the updates, the loss is {ends['with it']:.2g} with it, and {ends['without it']:.2g} "
        "without it."
    )


def _average_end(curve: np.ndarray) -> float:
    late = curve[:, 0] >= (1 - LAST) * curve[-1, 0]
    return float(curve[late, 1].mean())
