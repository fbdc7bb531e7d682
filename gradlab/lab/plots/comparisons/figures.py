"""The figures of the statistics of a study, by the names of their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..._formatting import format_count
from ...analysis.statistics.sections import Section
from ..lines_and_labels import COLORS, measure_label_room
from ..matplotlib_settings import use_own_settings
from ..race_figures import family_figure, write_head
from .critical_difference_diagrams import count_rows, draw_critical_differences
from .intervals import draw_improvement, draw_interquartile_means
from .tuning_budgets import draw_tuning_budget

MOST_IN_A_PANEL = len(COLORS)  # optimizers that one panel shows


def section_figures(found: Mapping[str, Sequence[Section]]) -> dict[str, Figure]:
    """Return the figures of the sections of each problem by the names of their files."""
    return {
        "_".join(filter(None, (section.name, problem))): FIGURES[section.name](section.table)
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
        return family_figure(budget, draw_tuning_budget, title, f"{note}; gray: other families")
    return _figure(lambda axes: draw_tuning_budget(axes, budget), budget, title, note)


def interquartile_means_figure(means: xr.Dataset) -> Figure:
    """Return the figure of what `interquartile_means` returned."""
    note = f"bar: {_describe_interval(means)}"
    return _rows_figure(lambda axes: draw_interquartile_means(axes, means), means, "Interquartile means", note)


def improvement_figure(probabilities: xr.Dataset) -> Figure:
    """Return the figure of the optimizer with the highest probabilities of improvement on the others."""
    best = str(probabilities.optimizer.values[probabilities.probability.mean("other").values.argmax()])
    note = f"bar: {_describe_interval(probabilities)}; line: one half"
    return _rows_figure(
        lambda axes: draw_improvement(axes, probabilities, best), probabilities, "Probability of improvement", note
    )


def critical_differences_figure(table: xr.Dataset) -> Figure:
    """Return the figure of what `critical_differences` returned."""
    problems = format_count(table.attrs["problems"], "problem")
    note = f"{problems}; dots on a bar: optimizers of which the tests tell no pair apart"
    with use_own_settings():
        room = 0.55 + measure_label_room([str(name) for name in table.optimizer.values])
        width = max(2 * room + 3.4, 5.6)
        height = 1.35 + 0.28 * count_rows(table)
        figure = Figure(figsize=(width, height))
        box = room / width, 0.1 / height, 1 - 2 * room / width, (height - 1.3) / height
        draw_critical_differences(figure.add_axes(box), table)
        write_head(figure, "Critical differences", note)
    return figure


def _describe_interval(table: xr.Dataset) -> str:
    problems = format_count(table.attrs["problems"], "problem")
    return f"{100 * table.attrs['confidence']:g} % interval over seeds; {problems}"


def _rows_figure(draw: Callable[[Axes], Axes], table: xr.Dataset, title: str, note: str) -> Figure:
    """Return a figure with a row for each optimizer, which has room for their names at its left."""
    with use_own_settings():
        room = 0.25 + measure_label_room([str(name) for name in table.optimizer.values])
        width, height = max(room + 4.0, 5.2), 1.5 + 0.28 * table.sizes["optimizer"]
        figure = Figure(figsize=(width, height))
        box = room / width, 0.55 / height, 1 - (room + 0.2) / width, (height - 1.35) / height
        draw(figure.add_axes(box))
        write_head(figure, title, note)
    return figure


def _figure(draw: Callable[[Axes], Axes], table: xr.Dataset, title: str, note: str) -> Figure:
    """Return a figure with one panel, which has room for the names of the optimizers at its right."""
    with use_own_settings():
        room = max(1.2, measure_label_room([str(name) for name in table.optimizer.values]))
        width, height = 0.85 + 4.2 + room, 4.2
        figure = Figure(figsize=(width, height))
        draw(figure.add_axes((0.85 / width, 0.55 / height, 4.2 / width, (height - 1.3) / height)))
        write_head(figure, title, note)
    return figure


FIGURES: dict[str, Callable[[xr.Dataset], Figure]] = {
    "tuning_budget": tuning_budget_figure,
    "interquartile_means": interquartile_means_figure,
    "improvement_probabilities": improvement_figure,
    "critical_differences": critical_differences_figure,
}
