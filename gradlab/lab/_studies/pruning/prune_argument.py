"""The argument `prune`: a word or a rule, and what does not go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ..._engine.distributed import Processes
from ..._engine.pruning.pruning import Pruning, check_length
from ..._engine.pruning.rules import Hyperband, MedianStopping, Rule, SuccessiveHalving
from ..._engine.task import Task
from .rung_scores import score_points

RULES: dict[str, Rule] = {"halving": SuccessiveHalving(), "hyperband": Hyperband(), "median": MedianStopping()}
Prune: TypeAlias = str | Rule | None


def as_rule(prune: Any) -> Rule | None:
    """Return the rule of a word, a rule as it is, or None. Raises ValueError or TypeError for anything else."""
    if prune is None or isinstance(prune, (SuccessiveHalving, Hyperband, MedianStopping)):
        return prune
    words = ", ".join(RULES)
    if isinstance(prune, str):
        if prune not in RULES:
            raise ValueError(f"prune must be one of {words}, or a rule of gl.lab; got {prune!r}")
        return RULES[prune]
    raise TypeError(
        f"prune must be one of {words}, or a rule such as gl.lab.SuccessiveHalving(); got {type(prune).__name__}: "
        f"{prune!r}"
    )


def with_pruning(tasks: Sequence[Task], rule: Rule | None) -> tuple[Task, ...]:
    """Return tasks with the pruning of a rule, or as they are. Raises ValueError for runs that are too short for it."""
    if rule is None:
        return tuple(tasks)
    for task in tasks:
        check_length(rule, task.steps, task.label)
    return tuple(replace(task, pruning=Pruning(rule, score_points)) for task in tasks)


def require_one_process(processes: Processes) -> None:
    """Raise ValueError for a study that several processes share: they would have to agree at each rung."""
    if processes.count > 1:
        raise ValueError(
            f"prune: {processes.count} processes share this study, and points are compared in one process; leave out "
            f"--coordinator, --processes and --process, or --prune"
        )
