"""Limits to the size of a study. A study that is too large is refused before any array is allocated."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._engine.task import Task

POINTS = 1_000_000  # of one optimizer
SEEDS = 100_000
STEPS = 2**31 - 2  # the largest int32, less the position after the last update
RUNS = 10_000_000  # of one optimizer on one problem
MEMORY_VARIABLE = "GRADLAB_MEMORY_GIB"


class TooLargeError(ValueError):
    """A study that is too large to run. The text says how large it is, what the limit is, and what to do."""


def require_count(what: str, count: int, most: int) -> None:
    """Raise TooLargeError if a count, such as "points of the grid", is above its limit."""
    if count > most:
        raise TooLargeError(f"{count:,} {what} are too many: at most {most:,} are allowed; take fewer")


def require_runs(points: int, seeds: int, steps: int | None) -> None:
    """Raise TooLargeError for too many points, seeds or steps of one optimizer on one problem."""
    require_count("points", points, POINTS)
    require_count("seeds", seeds, SEEDS)
    require_count("steps", steps or 1, STEPS)
    require_count(f"runs of each optimizer ({points:,} points x {seeds:,} seeds)", points * seeds, RUNS)


def require_room(tasks: Sequence[Task]) -> None:
    """Raise TooLargeError for tasks whose results, or whose initial parameters and batches, do not fit into memory.

    The losses of all runs count twice, because they are still in memory while their file is made. The initial
    parameters and batches of all seeds are those of the largest problem, and all optimizers share them.
    """
    room = available_memory()
    kept = [min(task.steps, task.curve_points or task.steps) for task in tasks]
    losses = [4 * task.run_count * count for task, count in zip(tasks, kept)]
    if 2 * sum(losses) > room:
        runs = sum(task.run_count for task in tasks)
        raise TooLargeError(
            f"{max(kept):,} losses of each of {runs:,} runs need about {_format_size(2 * sum(losses))} of memory, "
            f"{_describe_limit(room)}; take fewer points, seeds, steps, optimizers or problems, or let a sweep keep "
            "fewer losses of each run (--curve-points 100, curve_points=100)"
        )
    problems = {(id(task.problem), task.steps, len(task.seeds)): task for task in tasks}
    for task in problems.values():
        needed = 2 * sum(losses) + len(task.seeds) * _count_draw_bytes(task)
        if needed > room:
            raise TooLargeError(
                f"the initial parameters and batches of {len(task.seeds):,} seeds on {task.problem.name} need about "
                f"{_format_size(needed)} of memory, {_describe_limit(room)}; take fewer seeds or steps"
            )


def available_memory() -> int:
    """Return the bytes that a study may need: 80 % of the memory of the machine or container, or what the user allows.

    Raises ValueError for a `GRADLAB_MEMORY_GIB` that is not a number above zero.
    """
    allowed = os.environ.get(MEMORY_VARIABLE)
    if allowed:
        try:
            gibibytes = float(allowed)
        except ValueError:
            gibibytes = -1.0
        if not 0 < gibibytes < float("inf"):
            raise ValueError(f"{MEMORY_VARIABLE} must be a number above zero, of GiB; got {allowed!r}")
        return int(gibibytes * 2**30)
    return int(0.8 * min(_machine_memory(), *(_container_limit(path) for path in _CONTAINER)))


_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _machine_memory() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not every system tells
        return 2**63


def _container_limit(path: str) -> int:
    """Return the memory limit of the container, if it has one."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 2**63


def _count_draw_bytes(task: Task) -> int:
    """Return the bytes of the initial parameters and the batches of one seed."""
    import jax

    from .._engine.training_loop import compute_draw_shapes

    with task.convert_user_errors():
        leaves: list[Any] = jax.tree.leaves(compute_draw_shapes(task.problem, task.steps))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)


def _describe_limit(room: int) -> str:
    return f"and {_format_size(room)} are allowed (set {MEMORY_VARIABLE} to change that)"


def _format_size(count: float) -> str:
    return f"{count / 2**30:,.1f} GiB"
