"""The paths of the optimizers on a landscape, a panel for each."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from ...analysis.statistics.many_problems import tuned_race
from ..landscape_paths import draw_paths
from ..lines_and_labels import AS_WRITTEN, drawable_name
from .frames import BOTTOM, LEAST, Request

LEFT, RIGHT, TOP = 0.45, 0.08, 0.24  # inches beside the panels, with room for a title above each
PANEL = 1.5  # inches of the width of a panel, about


def paths(dataset: xr.Dataset, request: Request) -> Figure | None:
    """Return a panel for each optimizer with a path on the problem; None if none was kept, or nobody knows its loss."""
    problem = request.problems.get(str(dataset.attrs["problem"]))
    if "path" not in dataset or problem is None or problem.landscape is None:
        return None
    race = tuned_race(dataset)
    is_kept = race.path.isel(step=0).notnull().any(("rate", "seed", "parameter"))  # of baselines, no paths are
    names = [str(name) for name in race.optimizer.values[is_kept.values]]
    if not names:
        return None
    columns = min(max(round((request.width - LEFT) / PANEL), 1), len(names))
    rows = -(-len(names) // columns)
    gap = 0.16  # inches, so that numbers at the ends of two axes do not meet
    across = (request.width - LEFT - RIGHT - gap * (columns - 1)) / columns
    (left, right), (low, high) = problem.landscape.window
    shape = (high - low) / (right - left)
    height = request.height or BOTTOM + rows * (across * shape + TOP)
    up = (height - BOTTOM) / rows - TOP
    if across < LEAST or up < LEAST / 2:
        raise ValueError(
            f"{len(names)} paths have no room on {request.width:.2f} by {height:.2f} inches; make the figure larger, "
            "or name fewer optimizers"
        )
    figure = Figure(figsize=(request.width, height))
    panels = []
    for place in range(len(names)):
        row, column = divmod(place, columns)
        x, y = LEFT + column * (across + gap), height - (row + 1) * (up + TOP)
        panels.append(figure.add_axes((x / request.width, y / height, across / request.width, up / height)))
    draw_paths(panels, race, problem, names, request.colors)
    for place, (axes, name) in enumerate(zip(panels, names)):
        # Its rate belongs in the caption.
        axes.set_title(drawable_name(name, 22), fontsize="medium", fontweight="normal", y=1.0, **AS_WRITTEN)
        axes.tick_params(labelleft=place % columns == 0, labelbottom=place + columns >= len(names))
    figure.supxlabel("first parameter", fontsize="medium", x=(LEFT + request.width - RIGHT) / 2 / request.width, y=0.0)
    figure.supylabel("second parameter", fontsize="medium", x=0.02, y=(height + BOTTOM - TOP) / 2 / height)
    return figure
