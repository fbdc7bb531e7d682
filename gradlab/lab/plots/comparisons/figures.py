"""The figures of the statistics of a study, by the names of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.statistics.sections import Section
from ..lines_and_labels import COLORS, measure_label_room
from ..matplotlib_settings import use_own_settings
from ..race_figures import family_figure, write_head
from .tuning_budgets import draw_tuning_budget

MOST_IN_A_PANEL = len(COLORS)  # optimizers that one panel shows


def section_figures(found: Mapping[str, Sequence[Section]]) -> dict[str, Figure]:
    """Return the figures of the sections of each problem by the names of their files."""
    return {
        f"{section.name}_{problem}": FIGURES[section.name](section.table)
        for problem, sections in found.items()
        for section in sections
        if section.table is not None and section.name in FIGURES
    }


def tuning_budget_figure(budget: xr.Dataset) -> Figure:
    """Return the figure of what `tuning_budget` returned: one panel, or one for each family of more than seven."""
    title = f"Tuning budget: {budget.attrs['problem']}"
    kind = "mean over the seeds, in the order of the search" if budget.attrs["order"] == "as run" else "mean over draws"
    note = f"{kind}; band: the middle half of the outcomes"
    if budget.sizes["optimizer"] > MOST_IN_A_PANEL and "family" in budget.coords:
        return family_figure(budget, draw_tuning_budget, title, f"{note}; grey: other families")
    return _figure(lambda axes: draw_tuning_budget(axes, budget), budget, title, note)


def _figure(draw: Callable[[Axes], Axes], table: xr.Dataset, title: str, note: str) -> Figure:
    """Return a figure with one panel, which has room for the names of the optimizers at its right."""
    with use_own_settings():
        room = max(1.2, measure_label_room([str(name) for name in table.optimizer.values]))
        width, height = 0.85 + 4.2 + room, 4.2
        figure = Figure(figsize=(width, height))
        draw(figure.add_axes((0.85 / width, 0.55 / height, 4.2 / width, (height - 1.3) / height)))
        write_head(figure, title, note)
    return figure


FIGURES: dict[str, Callable[[xr.Dataset], Figure]] = {"tuning_budget": tuning_budget_figure}
