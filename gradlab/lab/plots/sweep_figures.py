"""The figures of a sweep: the effect of each hyperparameter, and of each two together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .heat_maps import draw_color_scale, draw_heat_map
from .hyperparameter_effects import draw_effect, find_varied_hyperparameters, is_on_grid
from .lines_and_labels import AS_WRITTEN, drawable_name, line_style
from .matplotlib_settings import use_own_settings
from .race_figures import save_figures, write_head

MOST_PANELS = 12  # panels of pairs in a figure; the first ones, in the order in which the hyperparameters were given


def save_sweep_pictures(folder: Path, problems: Mapping[str, xr.Dataset]) -> list[Path]:
    """Draw all pictures of a sweep as PNG files into a folder; returns their paths."""
    return save_figures(folder, sweep_figures(problems))


def sweep_figures(problems: Mapping[str, xr.Dataset]) -> dict[str, Figure]:
    """The figures of a sweep by the names of their files; those of pairs only where two hyperparameters vary."""
    figures: dict[str, Figure] = {}
    for name, dataset in problems.items():
        varied = find_varied_hyperparameters(dataset)
        if varied:
            figures[f"effects_{name}"] = effects_figure(dataset, varied)
        if len(varied) > 1:
            figures[f"heat_{name}"] = heat_figure(dataset, varied)
    return figures


def effects_figure(dataset: xr.Dataset, hyperparameters: list[str]) -> Figure:
    """One panel a hyperparameter."""
    optimizers, is_grid = [str(name) for name in dataset.optimizer.values], is_on_grid(dataset)
    with use_own_settings():
        figure, panels = _panels(len(hyperparameters), gap=0.3, bottom=0.95 if len(optimizers) > 1 else 0.6)
        for axes, hyperparameter in zip(panels, hyperparameters):
            draw_effect(axes, dataset, hyperparameter)
            if axes.get_position().x0 > panels[0].get_position().x0:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
        if len(optimizers) > 1:
            legend = figure.legend(handles=_names(optimizers, is_grid), loc="lower left", ncols=6, frameon=False)
            for text, name in zip(legend.get_texts(), optimizers):
                text.set(text=drawable_name(name), **AS_WRITTEN)
        line = "line: the best of each value; " if is_grid else ""
        note = f"dot: a point, mean of {_seeds(dataset)}; {line}ring: the best of all; cross: a run diverged"
        write_head(figure, f"Effects: {dataset.attrs['problem']}", note)
    return figure


def heat_figure(dataset: xr.Dataset, hyperparameters: list[str]) -> Figure:
    """One panel for each optimizer and each two hyperparameters, at most twelve."""
    pairs = itertools.product(dataset.optimizer.values, itertools.combinations(hyperparameters, 2))
    wanted = list(pairs)[:MOST_PANELS]
    with use_own_settings():
        figure, panels = _panels(len(wanted), gap=0.75, bottom=0.85, right=1.2)
        for axes, (name, (x, y)) in zip(panels, wanted):
            draw_heat_map(axes, dataset, str(name), x, y)
            axes.set_title(drawable_name(name), **AS_WRITTEN)
        width, height = figure.get_size_inches()
        draw_color_scale(
            figure.add_axes((1 - 0.95 / width, (height - 0.95 - 2.3) / height, 0.14 / width, 2.3 / height)), dataset
        )
        others = "the others at their best; " if len(hyperparameters) > 2 and is_on_grid(dataset) else ""
        note = f"mean of {_seeds(dataset)}; {others}ring: the best; cross: a run diverged"
        write_head(figure, f"Two by two: {dataset.attrs['problem']}", note)
    return figure


def _panels(count: int, gap: float, bottom: float = 0.6, right: float = 0.15) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, at most three in a row, `gap` inches apart."""
    columns = min(3, count)
    rows = -(-count // columns)
    panel_width, panel_height, left, top, between = 2.9, 2.3, 0.75, 0.95, 0.75
    width = max(left + columns * panel_width + (columns - 1) * gap + right, 5.9)
    height = top + rows * panel_height + (rows - 1) * between + bottom
    figure = Figure(figsize=(width, height))
    panels = []
    for index in range(count):
        row, column = divmod(index, columns)
        x, y = left + column * (panel_width + gap), height - top - panel_height - row * (panel_height + between)
        panels.append(figure.add_axes((x / width, y / height, panel_width / width, panel_height / height)))
    return figure, panels


def _names(optimizers: list[str], lines: bool) -> list[Line2D]:
    # Labels stand for the names, which may begin with a line below: older versions of Matplotlib leave those out.
    styles = [(f"{position}", line_style(position)) for position in range(len(optimizers))]
    if lines:
        return [Line2D([], [], label=label, **style._asdict()) for label, style in styles]
    return [Line2D([], [], label=label, color=style.color, linestyle="", marker=".") for label, style in styles]


def _seeds(dataset: xr.Dataset) -> str:
    count = dataset.sizes["seed"]
    return f"{count} seed{'s' * (count > 1)}"
