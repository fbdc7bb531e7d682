"""The numbers of updates after which the metrics of a run are measured."""

from __future__ import annotations

import numpy as np

SHARE = 0.1  # of the updates of a run, at its end
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
