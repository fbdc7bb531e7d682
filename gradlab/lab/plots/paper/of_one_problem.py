"""Figures of the results on one problem."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from ...analysis.statistics.tuning_budget import tuning_budget
from ...analysis.sweep_as_race import as_race
from ..comparisons.tuning_budgets import draw_tuning_budget
from ..learning_curves import draw_learning_curves
from ..rate_sensitivity import draw_sensitivity
from .frames import Request, make_line_figure


def learning_curves(dataset: xr.Dataset, request: Request) -> Figure:
    """Return the figure of the learning curves at the chosen rates."""
    return make_line_figure(draw_learning_curves, as_race(dataset), request)


def sensitivity(dataset: xr.Dataset, request: Request) -> Figure:
    """Return the figure of the scores over the learning rate."""
    race = as_race(dataset)
    return make_line_figure(draw_sensitivity, race, request, race.sizes["optimizer"])


def tuning_budgets(dataset: xr.Dataset, request: Request) -> Figure:
    """Return the figure of the expected score over the trials of tuning."""
    return make_line_figure(draw_tuning_budget, tuning_budget(dataset), request)
