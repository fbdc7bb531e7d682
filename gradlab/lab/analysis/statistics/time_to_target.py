"""The updates and the seconds that each optimizer of a race takes to a target."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._formatting import format_count
from ..comparison.targets import default_target, seconds_per_update, steps_to_target
from ..leaderboard import require_race


def time_to_target(dataset: xr.Dataset, target: float | None = None) -> xr.Dataset:
    """Return how long each optimizer of a race takes to a target, at its chosen rate, on the reporting seeds.

    `target` is a score; left out, it is that of `gradlab.lab.analysis.comparison.default_target`, which half of the
    optimizers reach. On (optimizer): `steps`, the median over the runs of the updates until the target was first
    reached, infinite unless more than half of them did; `seconds`, the same in seconds, if they were recorded;
    `reached`, the share of the runs that did. The seconds of a run are its share of the time of the program that
    computed all runs at once. The attribute `target` is the target.
    """
    require_race(dataset)
    goal = default_target(dataset) if target is None else float(target)
    steps = steps_to_target(dataset, goal)
    variables = {"steps": steps.median("seed"), "reached": (steps < np.inf).mean("seed")}
    seconds = seconds_per_update(dataset)
    if seconds is not None:
        variables["seconds"] = variables["steps"] * seconds
    table = xr.Dataset(variables).reset_coords(drop=True)
    return table.assign_attrs(dataset.attrs | {"target": goal, "seeds": steps.sizes["seed"]})


def describe_time_to_target(table: xr.Dataset) -> list[str]:
    """Return what `time_to_target` computed, in a sentence."""
    attributes = table.attrs
    seconds = " Seconds are a run's share of those of the program that computed all runs at once." * (
        "seconds" in table
    )
    return [
        f"The median over {format_count(attributes['seeds'], 'reporting seed')} of the updates to a "
        f"{attributes['score_label']} of {attributes['target']:.3g}, exact to the distance between evaluations."
        f"{seconds}"
    ]
