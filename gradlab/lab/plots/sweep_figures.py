"""The figures of a sweep or a search: the effect of each hyperparameter, and of each pair of them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .._formatting import format_count
from .._results.thinned_curves import is_pruned
from .heat_maps import draw_color_scale, draw_heat_map
from .hyperparameter_effects import draw_effect, find_varied_hyperparameters, is_on_grid
from .lines_and_labels import AS_WRITTEN, drawable_name, line_style
from .matplotlib_settings import use_own_settings
from .race_figures import save_figures, write_head

MOST_PANELS = 12  # of pairs in a figure: the first ones, in the order in which the hyperparameters were given


def save_sweep_pictures(folder: Path, problems: Mapping[str, xr.Dataset]) -> list[Path]:
    """Write all figures of a sweep or a search into a folder as PNG files, and return their paths."""
    return save_figures(folder, sweep_figures(problems))


def sweep_figures(problems: Mapping[str, xr.Dataset]) -> dict[str, Figure]:
    """Return the figures of a sweep or a search by the names of their files.

    There are figures of pairs only where two hyperparameters vary, and none where nothing varies.
    """
    draw = {"effects": effects_figure, "heat": heat_figure}
    return {f"{kind}_{name}": draw[kind](problems[name], varied) for kind, name, varied in _list_figures(problems)}


def count_sweep_figures(problems: Mapping[str, xr.Dataset]) -> int:
    """Return how many figures a sweep or a search has."""
    return len(_list_figures(problems))


def _list_figures(problems: Mapping[str, xr.Dataset]) -> list[tuple[str, str, list[str]]]:
    """Return the kind, the problem and the hyperparameters of each figure."""
    varied = {name: find_varied_hyperparameters(dataset) for name, dataset in problems.items()}
    return [
        (kind, name, found)
        for name, found in varied.items()
        for kind, least in (("effects", 1), ("heat", 2))
        if len(found) >= least
    ]


def effects_figure(dataset: xr.Dataset, hyperparameters: list[str]) -> Figure:
    """Return a figure with a panel for each hyperparameter."""
    optimizers, is_grid = [str(name) for name in dataset.optimizer.values], is_on_grid(dataset)
    seeds = format_count(dataset.sizes["seed"], "seed")
    with use_own_settings():
        figure, panels = _panels(len(hyperparameters), gap=0.3, bottom=0.95 if len(optimizers) > 1 else 0.6)
        for axes, hyperparameter in zip(panels, hyperparameters):
            draw_effect(axes, dataset, hyperparameter)
            if axes.get_position().x0 > panels[0].get_position().x0:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)
        if len(optimizers) > 1:
            legend = figure.legend(
                handles=_legend_handles(optimizers, is_grid), loc="lower left", ncols=6, frameon=False
            )
            for text, name in zip(legend.get_texts(), optimizers):
                text.set(text=drawable_name(name), **AS_WRITTEN)
        line = "line: the best point at each value; " if is_grid else ""
        note = f"dot: average over {seeds}; {line}ring: the best point; cross: a run diverged"
        if is_pruned(dataset):
            line = "line: the best at each value; " if is_grid else ""
            note = f"dot: average over {seeds}; {line}ring: the best; cross: diverged; left out: stopped early"
        write_head(figure, f"Effect of each hyperparameter: {dataset.attrs['problem']}", note)
    return figure


def heat_figure(dataset: xr.Dataset, hyperparameters: list[str]) -> Figure:
    """Return a figure with a panel for each optimizer and pair of hyperparameters, at most twelve panels."""
    pairs = itertools.product(dataset.optimizer.values, itertools.combinations(hyperparameters, 2))
    shown = list(itertools.islice(pairs, MOST_PANELS))
    with use_own_settings():
        figure, panels = _panels(len(shown), gap=0.75, bottom=0.85, right=1.2)
        for axes, (name, (x, y)) in zip(panels, shown):
            draw_heat_map(axes, dataset, str(name), x, y)
            axes.set_title(drawable_name(name), **AS_WRITTEN)
        width, height = figure.get_size_inches()
        draw_color_scale(
            figure.add_axes((1 - 0.95 / width, (height - 0.95 - 2.3) / height, 0.14 / width, 2.3 / height)), dataset
        )
        others = "other hyperparameters at their best; " if len(hyperparameters) > 2 and is_on_grid(dataset) else ""
        seeds = format_count(dataset.sizes["seed"], "seed")
        stopped = "; small dot: stopped early" if is_pruned(dataset) else ""
        note = f"average over {seeds}; {others}ring: the best; cross: a run diverged{stopped}"
        write_head(figure, f"Pairs of hyperparameters: {dataset.attrs['problem']}", note)
    return figure


def _panels(count: int, gap: float, bottom: float = 0.6, right: float = 0.3) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels, at most three in a row and `gap` inches apart; `bottom` and `right` are margins."""
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


def _legend_handles(optimizers: list[str], has_lines: bool) -> list[Line2D]:
    # Numbers stand for the names at first: older versions of Matplotlib leave out labels that begin with an underscore.
    styles = [(f"{position}", line_style(position)) for position in range(len(optimizers))]
    if has_lines:
        return [Line2D([], [], label=label, **style._asdict()) for label, style in styles]
    return [Line2D([], [], label=label, color=style.color, linestyle="", marker=".") for label, style in styles]
