"""Charts of the baselines of gradlab: one's own optimizer among them, and which of some differ over problems."""

from __future__ import annotations

import re

import numpy as np
from recipe_pictures.baseline_results import read_results

from gradlab.lab.plots.paper.figures import paper_figures

from .drawing import Chart
from .page_code import Page
from .pictures import Picture


def draw_baselines(page: Page) -> Chart:
    """Return the losses of the baselines on the ravine over their ranks, and that of the optimizer of the page."""
    (own,) = re.findall(r"^ +(\d+) +clipped +(\S+) ", page.text, re.MULTILINE)
    rank, loss = int(own[0]), float(own[1])
    scores = np.sort([row.score for row in read_results("ravine").rows.values()])
    ranks = 1 + np.arange(len(scores))
    ranks[rank - 1 :] += 1  # the places behind that of the own one
    dots = {"the baselines": np.stack([ranks, scores], 1), "clipped": np.array([[rank, loss]])}
    return Chart({}, "rank", "loss", 1e-11, 100.0, logarithmic=True, dots=dots)


def draw_critical_differences(page: Page) -> Picture:
    """Return the diagram of `how-to/compare.md`, of the problems and the optimizers that its command races."""
    (command,) = re.findall(r"^gradlab race (.*?) --out many$", page.text, re.MULTILINE | re.DOTALL)
    problems, optimizers = (re.findall(rf"--{option} (\w+)", command) for option in ("problem", "optimizer"))
    datasets = {problem: read_results(problem).dataset.sel(optimizer=optimizers) for problem in problems}
    (figure,) = paper_figures(datasets, "critical_differences", width=3.7, optimizers=optimizers).values()
    title = "Mean ranks of five optimizers on twelve problems: one bar joins adam, sgd_momentum and sgd, and another"
    return Picture(figure, f"{title} all but adam")
