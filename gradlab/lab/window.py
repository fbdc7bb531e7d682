"""The late evaluations of a run, over which its score is averaged: the moment at which one stops must not decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

SHARE = 0.1  # of the updates of a run, at its end
FEWEST = 5  # evaluations, where the second half of the run has that many
LATE = 16  # evaluations that a run makes within the last tenth, besides those that lie there anyway


def evaluation_steps(steps: int, points: int = 33) -> np.ndarray:
    """The numbers of updates after which the metrics are measured: `points` of 0 to `steps`, both included, and more of
    the last tenth, which the score is averaged over.

    The latter lie one in each sixteenth of the last tenth, at places drawn at random, but the same ones in every run:
    even distances could meet an oscillation always at the same place. A short run has fewer, each update once.
    """
    everywhere = np.linspace(0, steps, min(points, steps + 1)).round()
    drawn = np.random.RandomState(0).random_sample(LATE)  # the same numbers in every version of NumPy
    places = (np.arange(LATE) + drawn * (np.arange(LATE) > 0)) / LATE  # the first one begins the last tenth
    late = steps * (1 - SHARE * (1 - places))
    return np.unique(np.append(everywhere, np.ceil(late.round(9)))).astype(int)


def is_late(dataset: xr.Dataset) -> np.ndarray:
    """A truth value for each evaluation: whether the score of a run is averaged over it.

    The evaluations in the last tenth of the updates are late; if these are fewer than five, the last five are, as far
    as they lie in the second half of the run. In results with fewer evaluations, the same rule takes those that exist.
    """
    at = dataset.evaluation.values
    end = at.max()
    is_in_tenth = at >= (1 - SHARE) * end - 1e-9
    if is_in_tenth.sum() >= FEWEST:
        return np.asarray(is_in_tenth)
    return np.asarray((at >= np.sort(at)[-FEWEST:][0]) & (at >= end / 2))


def late(dataset: xr.Dataset) -> xr.Dataset:
    """The late evaluations alone."""
    return dataset.isel(evaluation=is_late(dataset))


def window(dataset: xr.Dataset) -> tuple[int, int]:
    """The numbers of updates made at the first and at the last of the late evaluations."""
    at = late(dataset).evaluation.values
    return int(at.min()), int(at.max())


def in_words(dataset: xr.Dataset, short: bool = False) -> str:
    """What the score of a run is: "mean over updates 360 to 400", or, for an axis, "updates 360 to 400"."""
    first, last = window(dataset)
    if first == last:
        return f"after {last} update{'s' * (last != 1)}"
    if short:
        return f"updates {first} to {last}"
    return f"{'geometric ' * bool(dataset.attrs['logarithmic'])}mean over updates {first} to {last}"
