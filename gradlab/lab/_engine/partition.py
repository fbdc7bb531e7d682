"""The partition of a task: its runs in blocks of one shape, and their steps in chunks of one length.

Neither depends on how many devices or processes there are, and so the results do not: each block is computed by the
same program, wherever it runs. Nor does the shape of a block depend on how many points and seeds a study has, but for
very few: a run is then computed by the same program in a small study and in one that it has grown to, and its numbers
are the same to the last bit. XLA rounds otherwise in programs of other shapes, but equally at each place of one.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
import optax

from gradlab._compat import count_operations, read_settings

from ..problems.base import Problem
from .devices import select_devices
from .pruning.outline import Outline
from .training_loop import Draws, compute_draw_shapes, make_initial_carry

# More lanes in a block do not run faster on a CPU, and leave nothing to hand to other cores and devices.
MAX_LANES = 80
MAX_BLOCK_BYTES = 2**30
# The largest block of a race or a sweep: the default learning rates of a race, and half of its seeds.
BLOCK_POINTS, BLOCK_SEEDS = 13, 5
RUNS_WITHOUT_LIMIT = BLOCK_POINTS * BLOCK_SEEDS
# A study of no more points has blocks of so many, so that few of their runs are copies.
FEW_POINTS = (1, 4, 7)
# Floating-point operations of the gradients of a block. Lanes of large gradients run no faster side by side on a CPU,
# and those that only fill a block of long runs would take a time that is noticed.
MAX_STEP_OPERATIONS = 2e8  # at a step
MAX_BLOCK_OPERATIONS = 3e11  # at all steps
# Floating-point operations of a chunk of a block: a few seconds of work for a CPU.
MAX_CHUNK_OPERATIONS = 1e11
# The time that each block costs in addition to that of its lanes, as a number of lanes.
BLOCK_OVERHEAD = 4


# Some runs of a task: all seeds of the second tuple at all points of the first one, as indices.
Rectangle: TypeAlias = tuple[tuple[int, ...], tuple[int, ...]]


class Block(NamedTuple):
    """The runs of a block: the indices of their points and seeds. The last ones of a task are repeated to fill it."""

    points: np.ndarray
    seeds: np.ndarray


@dataclass(frozen=True)
class Partition:
    """How a task of `points` x `seeds` runs of `steps` updates is divided into blocks and chunks."""

    points: int
    seeds: int
    steps: int
    block_points: int
    block_seeds: int
    chunk: int  # positions
    batch: int | None = None  # the points of a full round of a search, whose program a last, smaller round has too
    block_bytes: int = field(default=0, compare=False)  # the memory that a block is predicted to need while it runs
    missing: tuple[Rectangle, ...] | None = None  # the runs that are divided, where some are known; None means all
    rungs: tuple[int, ...] = ()  # the chunks after which points are compared and some stop, counted from the start
    first: int = 0  # the chunk of a run with which this part of it begins
    end: int | None = None  # the chunk before which this part ends; None: it goes on to the end of the run

    @property
    def positions(self) -> int:
        """The positions of a run, 0 to `steps`. At the last one only metrics are measured; its update is discarded."""
        return self.steps + 1

    @property
    def chunks(self) -> int:
        """The number of chunks. All have one length, so the last may extend beyond the last position."""
        last = -(-self.positions // self.chunk)
        return (last if self.end is None else min(self.end, last)) - self.first

    @property
    def program_shape(self) -> tuple[int, ...]:
        """All that a program depends on: equal for rounds of a search with other numbers of points."""
        shape = self.block_points, self.block_seeds, self.chunk
        return (self.steps, *shape, self.seeds, self.batch or self.points)

    @property
    def block_count(self) -> int:
        """The number of blocks."""
        return sum(map(self._count_blocks, self._rectangles))

    @property
    def run_count(self) -> int:
        """The number of runs in all blocks."""
        return sum(len(points) * len(seeds) for points, seeds in self._rectangles)

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone, so that equal partitions have equal pickles."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @cached_property
    def _rectangles(self) -> Sequence[tuple[range | np.ndarray, range | np.ndarray]]:
        if self.missing is None:
            return ((range(self.points), range(self.seeds)),)
        return tuple((np.array(points), np.array(seeds)) for points, seeds in self.missing)

    def _count_blocks(self, rectangle: tuple[range | np.ndarray, range | np.ndarray]) -> int:
        points, seeds = rectangle
        return -(-len(points) // self.block_points) * -(-len(seeds) // self.block_seeds)

    def block(self, index: int) -> Block:
        """Return one block. The last index of points, and of seeds, is repeated to fill the last blocks."""
        for rectangle in self._rectangles:
            count = self._count_blocks(rectangle)
            if index < count:
                break
            index -= count
        points, seeds = rectangle
        row, column = divmod(index, -(-len(seeds) // self.block_seeds))
        rows = np.arange(row * self.block_points, (row + 1) * self.block_points)
        columns = np.arange(column * self.block_seeds, (column + 1) * self.block_seeds)
        return Block(_select(points, rows), _select(seeds, columns))

    def blocks(self) -> list[Block]:
        """Return all blocks, in order."""
        return [self.block(index) for index in range(self.block_count)]

    def chunk_positions(self, chunk: int) -> np.ndarray:
        """Return the positions of a chunk. In the last chunk, some may lie beyond the last position of a run."""
        return np.arange((self.first + chunk) * self.chunk, (self.first + chunk + 1) * self.chunk)


def _select(indices: range | np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the indices at some places, the last one also for places beyond it. A range begins at 0."""
    places = np.minimum(places, len(indices) - 1)
    return places if isinstance(indices, range) else indices[places]


def find_missing(is_known: np.ndarray) -> tuple[Rectangle, ...] | None:
    """Return the runs that are not known, given which are, on (point, seed): None if none is known.

    Points that lack the same seeds are together.
    """
    if not is_known.any():
        return None
    patterns, members = np.unique(~is_known, axis=0, return_inverse=True)
    members = members.reshape(-1)
    return tuple(
        (tuple(np.flatnonzero(members == number).tolist()), tuple(np.flatnonzero(pattern).tolist()))
        for number, pattern in enumerate(patterns)
        if pattern.any()
    )


def partition_task(
    problem: Problem,
    tx: optax.GradientTransformation,
    points: int,
    seeds: int,
    steps: int,
    lanes: int | None = None,
    chunk: int | None = None,
    batch: int | None = None,
    outline: Outline | None = None,
) -> Partition:
    """Choose the blocks and chunks of the runs of one optimizer, by their memory and the work of their gradients.

    `lanes` limits the runs in a block and `chunk` the steps in a chunk. The last block is filled with copies of its
    last runs, so that all blocks are one program. The round of a search, which has a `batch` of points, has the shape
    of a block that costs the least in total: its seeds and its batch never grow. So have the runs of an `outline`, of
    which fewer and fewer are left.
    """
    cost = _problem_cost(problem, steps)
    lane_bytes = _lane_bytes(tx, cost)
    positions = steps + 1
    if lanes is None:
        lanes = max(1, min(MAX_LANES, MAX_BLOCK_BYTES // lane_bytes))
        if (batch is None or outline) and select_devices()[0].platform == "cpu":
            most = min(MAX_STEP_OPERATIONS / cost.operations, MAX_BLOCK_OPERATIONS / (cost.operations * positions))
            lanes = max(1, min(lanes, int(most)))
    if outline is not None:
        shape = min(_block_shapes(batch or points, seeds, lanes), key=lambda shape: _outline_cost(outline, *shape))
    elif batch is None:
        shape = choose_block_shape(points, seeds, lanes)
    else:
        shape = min(_block_shapes(batch, seeds, lanes), key=lambda shape: _total_cost(batch, seeds, *shape))
    if chunk is None:
        operations = math.prod(shape) * cost.operations
        chunk = max(1, min(positions, int(MAX_CHUNK_OPERATIONS / max(operations, 1.0))))
    part = -(-positions // outline.parts) if outline else positions
    chunks = -(-part // chunk)  # of a part
    rungs = tuple(rung * chunks for rung in outline.rungs) if outline else ()
    block_bytes = math.prod(shape) * lane_bytes
    return Partition(points, seeds, steps, *shape, -(-part // chunks), batch, block_bytes, rungs=rungs)


def count_operations_of_gradients(problem: Problem, partition: Partition) -> float:
    """Return the floating-point operations of the gradients of all runs of a task, or of a full round of a search."""
    operations = _problem_cost(problem, partition.steps).operations
    return operations * (partition.batch or partition.points) * partition.seeds * partition.positions


def choose_block_shape(points: int, seeds: int, lanes: int) -> tuple[int, int]:
    """Return the points and the seeds of a block of a race or a sweep, which has at most so many lanes.

    They do not depend on the numbers of points and seeds of the study, except where there are so few that most of a
    block would be filled with copies.
    """
    most = min(BLOCK_POINTS, lanes), max(1, min(BLOCK_SEEDS, lanes // BLOCK_POINTS))
    enough = next((few for few in FEW_POINTS if points <= few), BLOCK_POINTS)
    return min(enough, most[0]), 1 if seeds == 1 else most[1]


def _block_shapes(points: int, seeds: int, lanes: int) -> Iterator[tuple[int, int]]:
    for block_points in range(1, min(points, lanes) + 1):
        for block_seeds in range(1, min(seeds, lanes // block_points) + 1):
            yield block_points, block_seeds


def _total_cost(points: int, seeds: int, block_points: int, block_seeds: int) -> tuple[int, int]:
    """Return the cost of all blocks of this shape, and a second number that decides between equal costs."""
    blocks = -(-points // block_points) * -(-seeds // block_seeds)
    return blocks * (block_points * block_seeds + BLOCK_OVERHEAD), -block_points


def _outline_cost(outline: Outline, *shape: int) -> tuple[int, int]:
    """Return the cost of all stages in blocks of one shape, and a second number that decides between equal costs."""
    cost = sum(parts * _total_cost(points, seeds, *shape)[0] for points, seeds, parts in outline.stages)
    return cost, -shape[0]


class _ProblemCost(NamedTuple):
    """The cost of one lane of a problem, whatever the optimizer."""

    params: Any  # shapes
    operations: float  # floating-point operations of a gradient, counted in the program before it is optimized
    residual_bytes: int  # what the backward pass needs of the forward one


def _lane_bytes(tx: optax.GradientTransformation, cost: _ProblemCost) -> int:
    """Return the memory of a lane: all that it carries, before and after a step, the gradient, the update, and the
    residuals of the gradient."""
    carry = jax.eval_shape(make_initial_carry, tx, cost.params)
    return max(1, 2 * _bytes(carry) + 2 * _bytes(cost.params) + cost.residual_bytes)


class _LastCost(NamedTuple):
    """The cost that was measured last, and all that it depends on."""

    problem: Problem  # the object itself, so that no other can have its identity
    steps: int
    values: dict[str, Any]  # the attributes of the problem, and the settings of JAX
    cost: _ProblemCost

    def is_valid(self, problem: Problem, steps: int) -> bool:
        """Say whether this is the cost of a problem. It need be neither hashable nor comparable."""
        values = _current_values(problem)
        same = self.values.keys() == values.keys() and all(self.values[name] is values[name] for name in values)
        return same and self.problem is problem and self.steps == steps


_last: _LastCost | None = None


def _problem_cost(problem: Problem, steps: int) -> _ProblemCost:
    """Return the cost of a problem. The last one is remembered, because each optimizer asks for the same."""
    global _last
    if _last is None or not _last.is_valid(problem, steps):
        cost = _measure_cost(problem, compute_draw_shapes(problem, steps))
        _last = _LastCost(problem, steps, _current_values(problem), cost)
    return _last.cost


def _current_values(problem: Problem) -> dict[str, Any]:
    own: Any = inspect.unwrap(problem)  # type: ignore[arg-type]  # a user's own object behind its adapter
    return {**getattr(own, "__dict__", {}), **read_settings()}


def _measure_cost(problem: Problem, draws: Draws) -> _ProblemCost:
    def loss(params: Any, batch: Any) -> Any:
        return problem.loss(params, batch)

    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), draws.batches)
    residuals = jax.eval_shape(
        lambda params, batch: jax.vjp(partial(loss, batch=batch), params)[1], draws.params, batch
    )
    operations = count_operations(jax.jit(jax.grad(loss)).lower(draws.params, batch))
    at_least = float(sum(leaf.size for leaf in jax.tree.leaves(draws.params)))
    return _ProblemCost(draws.params, max(operations, at_least), _bytes(residuals))


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
