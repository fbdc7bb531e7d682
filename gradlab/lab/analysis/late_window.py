"""The evaluations in the last tenth of a run. The score is their mean, so that it hardly depends on the last step.

Many methods oscillate, so the score at the last update alone would be a matter of chance.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._engine.evaluation_steps import LATE_SHARE

FEWEST = 5  # evaluations that are late, if the second half of the run has that many


def is_late(dataset: xr.Dataset) -> np.ndarray:
    """Return a boolean for each evaluation: True if it is late, so that the score of a run is averaged over it.

    The evaluations in the last tenth of the updates are late. If there are fewer than five of them, the last five
    evaluations are late, except those in the first half of the run.
    """
    at = dataset.evaluation.values
    end = at.max()
    is_in_tenth = at >= (1 - LATE_SHARE) * end - 1e-9
    if is_in_tenth.sum() >= FEWEST:
        return np.asarray(is_in_tenth)
    return np.asarray((at >= np.sort(at)[-FEWEST:][0]) & (at >= end / 2))


def late_evaluations(dataset: xr.Dataset) -> xr.Dataset:
    """Return the Dataset with its late evaluations only."""
    return dataset.isel(evaluation=is_late(dataset))


def window_bounds(dataset: xr.Dataset) -> tuple[int, int]:
    """Return the numbers of updates before the first and before the last of the late evaluations."""
    at = late_evaluations(dataset).evaluation.values
    return int(at.min()), int(at.max())


def describe_window(dataset: xr.Dataset, short: bool = False) -> str:
    """Return what the score of a run is: "mean over updates 360 to 400", or, if short, "updates 360 to 400"."""
    first, last = window_bounds(dataset)
    if first == last:
        return f"after {last} update{'s' * (last != 1)}"
    if short:
        return f"updates {first} to {last}"
    return f"{'geometric ' * bool(dataset.attrs['logarithmic'])}mean over updates {first} to {last}"
