"""Limits: how large a race, a sweep or a search may be. What is larger is refused before anything of it is built."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine.task import Task

POINTS = 1_000_000  # of one optimizer
SEEDS = 100_000
STEPS = 2**31 - 2  # the largest int32, less the position after the last update
RUNS = 10_000_000  # of one optimizer on one problem
MEMORY_VARIABLE = "GRADLAB_MEMORY_GIB"


class TooLargeError(ValueError):
    """A plan that is too large to be run; the text says how large it is, what the limit is, and what to do."""


def require_count(what: str, count: int, most: int) -> None:
    """Raise TooLargeError for more than the most of something, such as "points of the grid"."""
    if count > most:
        raise TooLargeError(f"{count:,} {what}, of which there may be {most:,} at most; take fewer")


def require_runs(points: int, seeds: int, steps: int | None) -> None:
    """Raise TooLargeError for too many points, seeds or steps of one optimizer on one problem."""
    require_count("points", points, POINTS)
    require_count("seeds", seeds, SEEDS)
    require_count("steps", steps or 1, STEPS)
    require_count(f"runs of each optimizer ({points:,} points x {seeds:,} seeds)", points * seeds, RUNS)


def require_room(tasks: Sequence[Task]) -> None:
    """Raise TooLargeError for tasks whose results, or whose starts and batches, do not fit into memory.

    Counted are the losses of all runs, twice, because they are held while their file is made; and the starting points
    and batches of all seeds of the largest problem, which all optimizers share.
    """
    room = memory()
    losses = [4 * task.runs * task.steps for task in tasks]
    if 2 * sum(losses) > room:
        runs, steps = sum(task.runs for task in tasks), max(task.steps for task in tasks)
        raise TooLargeError(
            f"the losses of {runs:,} runs of {steps:,} steps need about {_size(2 * sum(losses))} of memory, "
            f"{_advice(room)}; take fewer points, seeds, steps, optimizers or problems"
        )
    problems = {(id(task.problem), task.steps, len(task.seeds)): task for task in tasks}
    for task in problems.values():
        needed = 2 * sum(losses) + len(task.seeds) * _drawn_bytes(task)
        if needed > room:
            raise TooLargeError(
                f"the starts and batches of {len(task.seeds):,} seeds on {task.problem.name} need about "
                f"{_size(needed)} of memory, {_advice(room)}; take fewer seeds or steps"
            )


def memory() -> int:
    """The bytes that a plan may take: most of what the machine, or the container, has; or what the user says.

    Raises ValueError for a `GRADLAB_MEMORY_GIB` that is no number above zero.
    """
    said = os.environ.get(MEMORY_VARIABLE)
    if said:
        try:
            gibibytes = float(said)
        except ValueError:
            gibibytes = -1.0
        if not 0 < gibibytes < float("inf"):
            raise ValueError(f"{MEMORY_VARIABLE} must be a number above zero, of GiB; got {said!r}")
        return int(gibibytes * 2**30)
    return int(0.8 * min(_machine(), *(_container(path) for path in _CONTAINER)))


_CONTAINER = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # a system that does not say
        return 2**63


def _container(path: str) -> int:
    """The limit of the container, where one is set."""
    try:
        return int(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 2**63


def _drawn_bytes(task: Task) -> int:
    """The bytes of the start and the batches of one seed."""
    import jax

    from ..engine.training_loop import draw_shapes

    with task.convert_user_errors():
        leaves: list[Any] = jax.tree.leaves(draw_shapes(task.problem, task.steps))
    return sum(leaf.size * leaf.dtype.itemsize for leaf in leaves)


def _advice(room: int) -> str:
    return f"and there may be {_size(room)} (set {MEMORY_VARIABLE} to change that)"


def _size(count: float) -> str:
    return f"{count / 2**30:,.1f} GiB"
