"""Paths: the points that an optimizer visits on a landscape of two parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib import rcParams
from matplotlib.axes import Axes

from ..analysis.coordinate_order import sort_axes
from ..analysis.leaderboard import best_rate_index, select_role
from ..problems.base import Landscape, Problem
from .landscape_contours import choose_levels, compute_heights, find_exits
from .lines_and_labels import AS_WRITTEN, COLORS, drawable_name, look_up_optimizers
from .matplotlib_settings import INK


def draw_path(
    axes: Axes, dataset: xr.Dataset, problem: Problem, optimizer: str, colors: Mapping[str, str] | None = None
) -> Axes:
    """Draw the first reporting run of an optimizer, at its chosen learning rate, over the contours of the loss.

    A thick cross marks each point where the path leaves the frame, and the title says so. `dataset` is the result of a
    race on `problem`. `colors` maps names of optimizers to other colors of Matplotlib. Raises ValueError for a problem
    without a landscape.
    """
    (optimizer,) = look_up_optimizers(dataset, optimizer)
    return draw_paths([axes], dataset, problem, [optimizer], colors)[0]


def draw_paths(
    panels: Sequence[Axes],
    dataset: xr.Dataset,
    problem: Problem,
    optimizers: Sequence[str],
    colors: Mapping[str, str] | None = None,
) -> Sequence[Axes]:
    """Draw the path of each optimizer into a panel, as `draw_path` does, and compute once what all have in common."""
    landscape = problem.landscape
    if landscape is None or "path" not in dataset:
        raise ValueError(f"{problem.name} has no landscape to draw paths on; its parameters are no point of a plane")
    dataset = sort_axes(dataset)
    heights, rates = compute_heights(problem), best_rate_index(dataset.sel(optimizer=list(optimizers))).values
    reporting = select_role(dataset, "report")
    for axes, optimizer, rate in zip(panels, optimizers, rates):
        color = (colors or {}).get(optimizer, COLORS[0])
        _draw_path(axes, reporting.sel(optimizer=optimizer), landscape, heights, int(rate), color)
    return panels


def _draw_path(
    axes: Axes, runs: xr.Dataset, landscape: Landscape, heights: tuple[np.ndarray, ...], index: int, color: str
) -> None:
    """Draw the first of the runs of an optimizer at the rate of an index, which is -1 if all diverged."""
    (left, right), (bottom, top) = landscape.window
    axes.contour(*heights, levels=choose_levels(heights[2]), colors="#B8C4CE", linewidths=0.6, zorder=1)
    if landscape.optimum is not None:
        axes.plot(*landscape.optimum, "*", color=COLORS[1], markersize=9, zorder=5, label="optimum")

    title = name = drawable_name(runs.optimizer.item())
    if index < 0:
        axes.text(0.5, 0.5, "diverged at every rate", transform=axes.transAxes, ha="center", color=INK)
    else:
        run = runs.isel(rate=index, seed=0)
        axes.plot(*run.path.values.T, "-", color=color, linewidth=0.8, zorder=3, label="path")
        axes.plot(*run.path.values.T, "o", color=color, markersize=1.7, zorder=4, label="_updates")
        axes.plot(*run.path.values[0], "o", color=INK, markersize=4.5, zorder=5, label="start")
        title = f"{name}, rate {float(run.learning_rate):.2g}"
        points = run.path.transpose("step", "parameter").values
        left_at = find_exits(points, landscape.window)
        if len(left_at):
            axes.plot(*left_at[:, 1:].T, "X", color=COLORS[1], markersize=6, clip_on=False, zorder=6, label="exit")
        if ((points < (left, bottom)) | (points > (right, top))).any():
            title += " (leaves the window)"
    # With y, its place is not searched.
    axes.set_title(title, fontsize=rcParams["font.size"], fontweight="normal", y=1.0, **AS_WRITTEN)
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.set_aspect("equal")
