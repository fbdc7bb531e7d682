"""The late evaluations of a run, over which its score is averaged: the moment at which a run stops must not decide."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..engine.evaluation_steps import LATE_SHARE

FEWEST = 5  # evaluations, where the second half of the run has that many


def is_late(dataset: xr.Dataset) -> np.ndarray:
    """A truth value for each evaluation: whether the score of a run is averaged over it.

    The evaluations in the last tenth of the updates are late; if these are fewer than five, the last five are, as far
    as they lie in the second half of the run. In results with fewer evaluations, the same rule takes those that exist.
    """
    at = dataset.evaluation.values
    end = at.max()
    is_in_tenth = at >= (1 - LATE_SHARE) * end - 1e-9
    if is_in_tenth.sum() >= FEWEST:
        return np.asarray(is_in_tenth)
    return np.asarray((at >= np.sort(at)[-FEWEST:][0]) & (at >= end / 2))


def late_evaluations(dataset: xr.Dataset) -> xr.Dataset:
    """The late evaluations alone."""
    return dataset.isel(evaluation=is_late(dataset))


def window_bounds(dataset: xr.Dataset) -> tuple[int, int]:
    """The numbers of updates made at the first and at the last of the late evaluations."""
    at = late_evaluations(dataset).evaluation.values
    return int(at.min()), int(at.max())


def describe_window(dataset: xr.Dataset, short: bool = False) -> str:
    """What the score of a run is: "mean over updates 360 to 400", or, for an axis, "updates 360 to 400"."""
    first, last = window_bounds(dataset)
    if first == last:
        return f"after {last} update{'s' * (last != 1)}"
    if short:
        return f"updates {first} to {last}"
    return f"{'geometric ' * bool(dataset.attrs['logarithmic'])}mean over updates {first} to {last}"
