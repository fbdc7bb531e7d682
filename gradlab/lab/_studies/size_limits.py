"""Limits to the size of a study. A study that is too large is refused before any array is allocated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._inputs.user_errors import UserCodeError
from .._storage.memory import MEMORY_VARIABLE
from .._storage.memory import available_memory as available_memory

if TYPE_CHECKING:
    from .._engine.task import Task

POINTS = 1_000_000  # of one optimizer
SEEDS = 100_000
STEPS = 2**31 - 2  # the largest int32, less the position after the last update
RUNS = 10_000_000  # of one optimizer on one problem
LARGE_START = 2**24  # bytes of the initial parameters and batches of a seed, from which a block is looked at


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
    for task in tasks:
        _require_room_for_a_block(task, room)
    problems = {(id(task.problem), task.steps, len(task.seeds)): task for task in tasks}
    for task in problems.values():
        needed = 2 * sum(losses) + len(task.seeds) * _count_draw_bytes(task)
        if needed > room:
            raise TooLargeError(
                f"the initial parameters and batches of {len(task.seeds):,} seeds on {task.problem.name} need about "
                f"{_format_size(needed)} of memory, {_describe_limit(room)}; take fewer seeds or steps"
            )


def _require_room_for_a_block(task: Task, room: int) -> None:
    """Raise TooLargeError if the runs that are computed at a time do not fit, which are at least one run.

    An optimizer or a problem that fails is reported when the task runs.
    """
    try:
        if _count_draw_bytes(task) < LARGE_START:
            return
        partition = task.partition
    except UserCodeError:
        return
    lanes = partition.block_points * partition.block_seeds
    if partition.block_bytes > room:
        runs = "one run" if lanes == 1 else f"{lanes:,} runs at a time"
        remedy = "take a smaller problem, or an optimizer with less state" if lanes == 1 else "take fewer lanes"
        raise TooLargeError(
            f"{runs} of {task.label} need{'s' * (lanes == 1)} about {_format_size(partition.block_bytes)} of memory "
            f"for parameters, optimizer state and gradients, {_describe_limit(room)}; {remedy}"
        )


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
