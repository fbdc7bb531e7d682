"""The assembly of task results into labeled arrays: one xarray Dataset for each problem."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._engine.evaluation_steps import choose_curve_steps, choose_evaluation_steps
from .._engine.pruning.pruning import count_choosing
from .._engine.task import Task, TaskResult
from .._engine.training_loop import DIVERGENCE_FACTOR
from .._storage.files import make_printable
from .._storage.mapped_arrays import stack
from ..problems.default_groups import as_attribute
from .score_scale import describe_scale


def assemble_dataset(task_results: Sequence[TaskResult], folder: Path | None = None) -> xr.Dataset:
    """Return the Dataset of tasks on one problem, on (optimizer, rate or point, seed, step or evaluation).

    The points of a race are on the dimension `rate`, with the coordinate `learning_rate`. Those of a sweep or a search
    are on `point`, with a coordinate for each hyperparameter. The first half of the seeds has the role "choose": they
    choose the best point. The others have the role "report"; a single seed has the role "both". The attribute `score`
    names the metric that is reported. If another metric chooses the best point, `chosen_by` names it. With a `folder`,
    arrays that are too large for memory lie in files there.
    """
    task, problem, score = task_results[0].task, task_results[0].task.problem, task_results[0].task.problem.score
    seeds, steps, axis = len(task.seeds), task.steps, task.dimension

    def column(values: Any) -> np.ndarray:
        return stack([np.asarray(values(result)) for result in task_results], folder)

    runs = ("optimizer", axis, "seed")
    variables: dict[str, Any] = {
        "loss": ((*runs, "step"), column(lambda result: result.curves.loss), {"long_name": "training loss"}),
        "diverged": (runs, column(lambda result: result.curves.diverged), {"long_name": "whether the run diverged"}),
        "divergence_step": (
            runs,
            column(lambda result: result.curves.divergence_step),
            {"long_name": "updates made when the run diverged, -1 if it did not"},
        ),
        "compile_seconds": ("optimizer", column(lambda result: result.compile_seconds), {"units": "s"}),
        "run_seconds": ("optimizer", column(lambda result: result.run_seconds), {"units": "s"}),
    }
    for name in task_results[0].curves.metrics:
        label = {"long_name": name.replace("_", " ")}
        variables[name] = ((*runs, "evaluation"), column(lambda result, name=name: result.curves.metrics[name]), label)
    if task_results[0].curves.path is not None:
        label = {"long_name": "parameters before the update"}
        variables["path"] = ((*runs, "step", "parameter"), column(lambda result: result.curves.path), label)
    if task_results[0].curves.pruned_step is not None:
        label = {"long_name": "updates made when the run was stopped early, -1 if it was not"}
        variables["pruned_step"] = (runs, column(lambda result: result.curves.pruned_step), label)
    coordinates = {
        "optimizer": [make_printable(result.task.name) for result in task_results],
        "family": ("optimizer", [make_printable(result.task.family) for result in task_results]),
        "composition": ("optimizer", [make_printable(result.task.composition) for result in task_results]),
        **{
            name: (("optimizer", axis), column(lambda result, name=name: _read_column(result.task, name)))
            for name in task.points
        },
        "seed": np.asarray(task.seeds),
        "role": ("seed", assign_roles(seeds)),
        "step": ("step", choose_curve_steps(steps, task.curve_points), {"long_name": "updates made"}),
        "evaluation": ("evaluation", choose_evaluation_steps(steps), {"long_name": "updates made"}),
    }
    attributes = {
        "problem": problem.name,
        "summary": problem.summary,
        "setup": task.setup,
        "score": score.metric,
        "score_label": score.label,
        "higher_is_better": int(score.higher_is_better),
        **({} if score.chosen_by is None else {"chosen_by": score.chosen_by}),
        **describe_scale(problem, *(variables[name][1] for name in (score.metric, score.chosen_by) if name)),
        "divergence_factor": DIVERGENCE_FACTOR,
        **({} if task.curve_points is None else {"updates": steps}),  # of which `step` does not have all
        **({} if task.pruning is None else {"pruning": repr(task.pruning.rule)}),
        **as_attribute({make_printable(result.task.name): result.task.default_group for result in task_results}),
        **task.notes,
    }
    readable = {name: make_printable(value) if isinstance(value, str) else value for name, value in attributes.items()}
    return xr.Dataset(variables, coordinates, readable)


def _read_column(task: Task, name: str) -> np.ndarray:
    """Return the values of a hyperparameter; of a choice their names, with an empty one where it does not exist."""
    labels = json.loads(task.notes.get("categories", "{}")).get(name)
    if labels is None:
        return task.points[name]
    return np.array([*map(make_printable, labels), ""])[np.nan_to_num(task.points[name], nan=len(labels)).astype(int)]


def assign_roles(seeds: int) -> list[str]:
    """Return the role of each seed: to choose the best point, or to report its score."""
    if seeds == 1:
        return ["both"]
    choosing = count_choosing(seeds)
    return ["choose"] * choosing + ["report"] * (seeds - choosing)
