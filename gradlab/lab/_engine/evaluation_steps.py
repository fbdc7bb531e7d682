"""The steps at which the metrics of a run are evaluated, and those of a thinned curve."""

from __future__ import annotations

import numpy as np

LATE_SHARE = 0.1  # of the steps of a run, at its end
LATE_EVALUATIONS = 16  # in this share, in addition to the evenly spaced ones that lie there


def choose_evaluation_steps(steps: int, points: int = 33) -> np.ndarray:
    """Return the numbers of updates after which metrics are evaluated, in increasing order and without repetition.

    They are `points` evenly spaced ones from 0 to `steps`, both included, and more in the last tenth of the run, over
    which the score is averaged. Of these, one lies in each sixteenth of the last tenth, at a random place that is the
    same in every run: at even distances, all evaluations could meet an oscillation at the same phase. A short run has
    fewer evaluations.
    """
    evenly_spaced = np.linspace(0, steps, min(points, steps + 1)).round()
    random = np.random.RandomState(0).random_sample(LATE_EVALUATIONS)  # the same in every version of NumPy
    # The first of the late evaluations is at the beginning of the last tenth.
    places = (np.arange(LATE_EVALUATIONS) + random * (np.arange(LATE_EVALUATIONS) > 0)) / LATE_EVALUATIONS
    late = steps * (1 - LATE_SHARE * (1 - places))
    return np.unique(np.append(evenly_spaced, np.ceil(late.round(9)))).astype(int)


def choose_curve_steps(steps: int, points: int | None = None) -> np.ndarray:
    """Return the steps whose losses are kept: all of them, or at most `points`, evenly spaced from the first to the
    last, in increasing order and without repetition.
    """
    count = steps if points is None else min(points, steps)
    return np.unique(np.linspace(0, steps - 1, count).round()).astype(int)
