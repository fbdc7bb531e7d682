"""Charts of `how-to/compare.md`: what the statistics of its study say."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import gradlab as gl
from gradlab.lab.analysis.leaderboard import mean_scores

from .drawing import Chart, count_from
from .page_code import Page

NAMES = ("adam", "sgd_momentum", "lion")


@functools.cache
def _race() -> Any:
    """Return the results of the study that the page makes on the command line."""
    return gl.lab.race(["ravine"], NAMES, rates=7, seeds=12)


def draw_budget(page: Page) -> Chart:
    """Return the scores that a budget of trials buys."""
    budget = _race().gradlab.tuning_budget()
    curves = {name: count_from(1, budget.expected[name]) for name in NAMES}
    return Chart(curves, "trials", "expected loss", 1e-8, 10.0, logarithmic=True)


def draw_sensitivity(page: Page) -> Chart:
    """Return the loss at each learning rate, up to the first at which a run diverged."""
    scores = mean_scores(_race()["ravine"].to_dataset())
    columns = {name: scores.sel(optimizer=name) for name in NAMES}
    curves = {name: np.stack([column.learning_rate.values, column.values], 1) for name, column in columns.items()}
    return Chart(curves, "learning rate", "loss", 1e-8, 100.0, logarithmic=True, by_powers=True)
