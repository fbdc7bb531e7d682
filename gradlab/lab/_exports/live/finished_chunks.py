"""The curves of some runs from one checkpoint to the next, which a log is told while a study runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..._engine.evaluation_steps import choose_curve_steps, choose_evaluation_steps
from ..._engine.task import Task
from ..._engine.training_loop import DIVERGENCE_FACTOR

_NEVER = np.iinfo(np.int64).max


class FinishedChunk(NamedTuple):
    """Some steps of some runs of one optimizer on one problem, which have just been computed. All arrays are read-only.

    The curves are those of the results: from the step of a divergence on they are NaN, and of thinned curves only the
    steps that are kept are there.

    >>> seen = []
    >>> results = gl.lab.race("ravine", "sgd", rates=2, seeds=2, steps=12, log=seen.append)
    >>> [(chunk.problem, chunk.optimizer, chunk.updates) for chunk in seen]
    [('ravine', 'sgd', 12)]
    """

    problem: str
    optimizer: str
    configurations: np.ndarray  # (configuration,): their places along `rate` or `point` in the results
    hyperparameters: Mapping[str, np.ndarray]  # name -> (configuration,): numbers, or the names of choices
    seeds: np.ndarray  # (seed,)
    steps: np.ndarray  # (step,): the updates that were made before each loss
    loss: np.ndarray  # (configuration, seed, step): on the batch of the step, before the update
    evaluations: np.ndarray  # (evaluation,): the updates that were made before each evaluation; there may be none
    metrics: Mapping[str, np.ndarray]  # name -> (configuration, seed, evaluation)
    diverged: np.ndarray  # (configuration, seed): bool, whether the run has diverged until now
    updates: int  # of a whole run
    is_last: bool  # whether the runs end with this chunk


class RunStates:
    """How far the runs of a task were told, and where they diverged, so that each of their steps is told once."""

    def __init__(self, task: Task):
        shape = task.point_count, len(task.seeds)
        self.points = task.points  # by whose identity a task and its parts are recognized
        self._position = np.zeros(shape, np.int64)  # the next that is to be told
        self._limit = np.zeros(shape)  # of the loss
        self._end = np.full(shape, _NEVER)  # the first step without a value

    def describe_chunk(
        self, task: Task, block: int, chunk: int, arrays: Mapping[str, np.ndarray]
    ) -> FinishedChunk | None:
        """Return a chunk, given its arrays on (point, seed, ...), or None if it is not the next one of its runs."""
        points, points_at = np.unique(task.partition.block(block).points, return_index=True)  # without the copies
        seeds, seeds_at = np.unique(task.partition.block(block).seeds, return_index=True)
        at, positions = np.ix_(points, seeds), task.partition.chunk_positions(chunk)
        if (self._position[at] != positions[0]).any():
            return None
        self._position[at] = positions[-1] + 1
        own = {name: array[np.ix_(points_at, seeds_at)] for name, array in arrays.items()}
        steps = positions[positions < task.steps]
        evaluations = np.intersect1d(positions, choose_evaluation_steps(task.steps))
        metrics = {name.removeprefix("metric "): own[name] for name in own if name.startswith("metric ")}
        is_last = bool(positions[-1] >= task.steps)
        self._find_divergence(
            at,
            int(positions[0]),
            steps,
            own["loss"],
            [metric[..., -1] for metric in metrics.values()] if is_last else [],
        )
        end = self._end[at][..., None]
        kept = np.isin(steps, choose_curve_steps(task.steps, task.curve_points))
        loss = _cut_off(own["loss"], steps, end)[..., kept]
        metrics = {name: _cut_off(metric, evaluations, end) for name, metric in metrics.items()}
        return _describe(task, points, seeds, steps[kept], loss, evaluations, metrics, end[..., 0] != _NEVER, is_last)

    def describe_known(
        self, task: Task, points: np.ndarray, seeds: np.ndarray, arrays: Mapping[str, np.ndarray]
    ) -> FinishedChunk | None:
        """Return whole runs, given their curves on (point, seed, step or evaluation), or None if they were told."""
        at = np.ix_(points, seeds)
        if self._position[at].any():
            return None
        self._position[at] = task.steps + 1
        metrics = {name.removeprefix("metric "): arrays[name] for name in arrays if name.startswith("metric ")}
        steps, evaluations = choose_curve_steps(task.steps, task.curve_points), choose_evaluation_steps(task.steps)
        return _describe(
            task, points, seeds, steps, arrays["loss"], evaluations, metrics, arrays["diverged"].astype(bool), True
        )

    def _find_divergence(
        self, at: Any, start: int, steps: np.ndarray, loss: np.ndarray, finals: list[np.ndarray]
    ) -> None:
        """Note where runs diverge, by the rule of `assemble_curves`.

        The chunk begins at the position `start`. `finals` are the metrics after the last update, if it is there.
        """
        if len(steps) and steps[0] == 0:
            self._limit[at] = DIVERGENCE_FACTOR * np.maximum(np.abs(loss[..., 0]), 1.0)
        with np.errstate(invalid="ignore"):
            exceeds = ~(loss <= self._limit[at].astype(loss.dtype)[..., None])  # also where the loss is NaN
        if finals:
            exceeds = np.concatenate([exceeds, ~np.isfinite(np.stack(finals, -1)).all(-1, keepdims=True)], -1)
        if exceeds.any():
            first = start + exceeds.argmax(-1)
            self._end[at] = np.where((self._end[at] == _NEVER) & exceeds.any(-1), first, self._end[at])


def _cut_off(curve: np.ndarray, steps: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.where(steps < end, curve, curve.dtype.type(np.nan))


def _describe(
    task: Task,
    points: np.ndarray,
    seeds: np.ndarray,
    steps: np.ndarray,
    loss: np.ndarray,
    evaluations: np.ndarray,
    metrics: Mapping[str, np.ndarray],
    diverged: np.ndarray,
    is_last: bool,
) -> FinishedChunk:
    hyperparameters = {name: values[points] for name, values in task.points.items()}
    hyperparameters |= {name: np.full(len(points), label) for name, label in task.options.items()}
    numbers = np.arange(task.point_count) if task.numbers is None else np.asarray(task.numbers)
    return FinishedChunk(
        task.problem.name,
        task.name,
        _protect(numbers[points]),
        {name: _protect(values) for name, values in hyperparameters.items()},
        _protect(np.array(task.seeds)[seeds]),
        _protect(steps),
        _protect(loss),
        _protect(evaluations),
        {name: _protect(metric) for name, metric in metrics.items()},
        _protect(diverged),
        task.steps,
        is_last,
    )


def _protect(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
