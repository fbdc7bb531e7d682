"""Train optimizers as a laboratory does, for tests that need nothing but the curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import optax

from gradlab.lab._engine.task import Task
from gradlab.lab._engine.task_runner import run_tasks
from gradlab.lab._engine.training_loop import Curves
from gradlab.lab.problems import Problem


def train(
    problem: Problem, optimizers: Sequence[optax.GradientTransformation], seeds: Sequence[int], steps: int
) -> Curves:
    """Return the curves of optimizers of one structure, on (optimizer, seed, step)."""
    points = {"index": np.arange(len(optimizers))}
    task = Task(problem, "given", "given", lambda index: optimizers[index], points, tuple(seeds), steps)
    return next(run_tasks([task])).curves
