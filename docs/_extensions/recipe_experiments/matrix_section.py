"""The section of a recipe's page that shows what the method does to a matrix."""

from __future__ import annotations

import numpy as np
from charts.drawing import Chart, count_from, write_chart
from recipe_behavior.wording import join

from .stored_spectra import METHODS, SHAPE, WEAKEST, read

LOWEST, HIGHEST = 1e-3, 1.5  # at the axis; what is zero is below it
HALF, NEARLY = 0.5, 0.9  # of the strongest direction, in the weakest
SAME = 0.05  # spectra that nowhere differ by more look the same


def write_matrix_section(name: str) -> list[str]:
    """Return the singular values before and after an update as Markdown; nothing for a method without stored ones."""
    stored = read()
    if name not in stored or name == "adam":
        return []
    (first, early), *later = stored[name].items()
    later = [(number, late) for number, late in later if np.abs(late - early).max() > SAME]
    curves = {f"{name}, update {number}": late for number, late in [(first, early), *later]}
    curves |= {"adam, update 1": stored["adam"][1], "the gradient": np.geomspace(1, WEAKEST, SHAPE[1])}
    points = {label: count_from(1, values) for label, values in curves.items()}
    chart = Chart(points, "number of the singular value", "share of the largest", LOWEST, HIGHEST, logarithmic=True)
    given = "".join(f" with `{key}={value}`" for key, value in METHODS[name].items())
    return [
        "The singular values of a matrix say how strong it is in each of its directions. The gradient here has",
        f"{SHAPE[0]} by {SHAPE[1]} numbers, the same ones at each update. The picture shows the singular values of an",
        f"update of `{name}`{given}, each divided by the largest, and those of Adam's first update, which is the sign",
        "of each number.",
        "",
        "```{raw} html",
        write_chart(chart, "spectrum"),
        "```",
        "",
        " ".join(_say(name, early, first, later)),
    ]


def _say(name: str, early: np.ndarray, first: int, later: list[tuple[int, np.ndarray]]) -> list[str]:
    """Say what one sees: how strong the weakest direction becomes, and how many are left."""
    texts = ["The first update is zero: it only fills the state."] if first > 1 else []
    kept = int((early > 0).sum())
    own = [f"{values[kept - 1]:.2g} for update {number}" for number, values in [(first, early), *later]]
    if kept < len(early):
        return [*texts, f"Only {kept} of the {len(early)} directions are left. The smallest of these is {join(own)}."]
    own = [f"{WEAKEST:g} for the gradient", f"{read()['adam'][1][-1]:.2g} for Adam's update", *own]
    texts.append(f"The smallest value is {join(own)} of `{name}`.")
    number, reached = later[0] if later else (first, early)
    who = f"update {number}" if later else "it"
    if reached[-1] > NEARLY:
        texts.append(f"So {who} goes nearly as far where the gradient is weakest as where it is strongest.")
    elif reached[-1] > HALF:
        texts.append(f"So {who} goes more than half as far where the gradient is weakest as where it is strongest.")
    if np.abs(early - np.geomspace(1, WEAKEST, len(early))).max() < SAME:
        texts.append("The curve of its first update lies on that of the gradient, whose ratios it hardly changes.")
    return texts
