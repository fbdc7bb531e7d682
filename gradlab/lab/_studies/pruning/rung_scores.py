"""The scores of points at a rung: what a study would say of them if it had ended there."""

from __future__ import annotations

import numpy as np

from ..._engine.task import Task, TaskResult
from ..._engine.training_loop import Curves
from ..._results.assembly import assemble_dataset
from ...analysis.choosing_metric import with_choosing_metric
from ...analysis.leaderboard import mean_scores, to_badness


def score_points(task: Task, curves: Curves, positions: int) -> np.ndarray:
    """Return the badness of each point: less is better, and infinity for one of which a run diverged or was stopped.

    It is of the choosing metric, averaged over the late evaluations among the first `positions`, and over all seeds of
    the task.
    """
    dataset = assemble_dataset([TaskResult(task, curves, 0.0, 0.0)])
    reached = dataset.isel(evaluation=dataset.evaluation.values < positions)
    scores = mean_scores(with_choosing_metric(reached))
    return to_badness(scores.values[0], reached.attrs)
