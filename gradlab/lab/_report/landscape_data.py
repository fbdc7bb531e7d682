"""The paths and contour lines of a landscape in integer coordinates, in which the window is 1000 wide."""

from __future__ import annotations

from typing import Any

import contourpy
import numpy as np

from .._results.thinned_curves import is_thinned
from ..analysis.comparison import select_reporting_runs
from ..plots.landscape_contours import choose_levels, compute_heights, find_exits
from ..problems.base import Problem
from .number_formatting import round_for_json
from .problem_findings import Finding

WIDTH = 1000
REACH = 3  # a path is followed for so many widths beyond the window


def path_data(finding: Finding) -> dict[str, Any] | None:
    """Return the path of the first reporting run of each optimizer, and the contours; None if there are no paths."""
    dataset = finding.dataset
    if "path" not in dataset:
        return None
    runs = select_reporting_runs(dataset).isel(seed=0)
    landscape = finding.problem.landscape if finding.problem is not None else None
    window = np.array(landscape.window) if landscape is not None else _around(runs.path.values)
    (left, right), (bottom, top) = window
    scale = WIDTH / (right - left)

    def place(points: np.ndarray) -> np.ndarray:
        reach = REACH * WIDTH
        return np.clip((points - [left, top]) * [scale, -scale], -reach, reach + WIDTH)

    lines = {}
    for name in runs.optimizer.values.tolist():
        run = runs.sel(optimizer=name)
        if bool(run.has_rate) and bool(np.isfinite(run.path[..., 0]).any()):  # of baselines, no paths are kept
            points = run.path.transpose("step", "parameter").values.astype(float)
            out = find_exits(points, window)
            end = int(np.isfinite(points).all(1).argmin()) or len(points)  # the first point that is not finite
            lines[name] = {
                "rate": float(run.learning_rate),
                "points": place(points[:end]).round().astype(int).ravel().tolist(),
                "exits": [[int(at), *place(np.array(spot)).round().astype(int).tolist()] for at, *spot in out.tolist()],
                "loss": round_for_json(run.loss.values[:end], 3) if "loss" in run else None,
            }
    return {
        "height": round((top - bottom) * scale),
        "window": window.tolist(),
        "optimum": round_for_json(place(np.array(landscape.optimum))) if landscape and landscape.optimum else None,
        "contours": _contours(finding.problem, scale) if finding.problem is not None and landscape else [],
        "steps": dataset.sizes["step"],
        "updates": dataset.step.values.tolist() if is_thinned(dataset) else None,  # before the points that were kept
        "lines": lines,
    }


def _around(points: np.ndarray) -> np.ndarray:
    """Return a window for an unknown landscape: the middle nine tenths of all points, with some room around."""
    low, high = np.nanquantile(points.reshape(-1, 2), (0.05, 0.95), axis=0)
    room = 0.15 * max(float((high - low).max()), 1e-3)
    return np.stack([low - room, high + room], 1)


def _contours(problem: Problem, scale: float) -> list[str]:
    """Return an SVG path for each level."""
    across, up, height = compute_heights(problem)
    generator = contourpy.contour_generator(across, up, height)
    left, top = across.min(), up.max()
    paths = []
    for level in choose_levels(height):
        parts = []
        for line in generator.lines(level):
            points = ((np.asarray(line) - [left, top]) * [scale, -scale]).round().astype(int)
            moved = np.append([True], (np.diff(points, axis=0) != 0).any(1))
            points = points[moved]
            if len(points) > 1:
                first, steps = points[0], np.diff(points, axis=0)
                parts.append(f"M{first[0]} {first[1]}l" + " ".join(f"{x} {y}" for x, y in steps))
        paths.append("".join(parts))
    return [path for path in paths if path]
