"""Cutting a task into what fits: lanes into blocks of one shape, steps into chunks of one length.

Neither depends on how many devices or processes there are, so that the numbers do not: each block is computed by the
same program, wherever it runs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
import optax

from ..problems.base import Problem
from .training_loop import Draws, draw_shapes, initial_carry

LANES = 80  # in a block: more do not run faster on a CPU, and leave nothing to hand to other cores and devices
MEMORY = 2**30  # bytes of a block
WORK = 1e11  # floating-point operations of a chunk of a block: a few seconds of a CPU
OVERHEAD = 4  # lanes whose time a block costs beyond that of its own


class Block(NamedTuple):
    """Some lanes of a task: the indices of their points and seeds. The last of the task are repeated to fill it up."""

    points: np.ndarray
    seeds: np.ndarray


@dataclass(frozen=True)
class Partition:
    """How a task of `points` x `seeds` lanes of `steps` updates is cut into blocks and chunks."""

    points: int
    seeds: int
    steps: int
    block_points: int
    block_seeds: int
    chunk: int

    @property
    def positions(self) -> int:
        """The positions of a run, 0 to `steps`: at the last only the metrics count, and its update is for nothing."""
        return self.steps + 1

    @property
    def chunks(self) -> int:
        """The number of chunks; the last may reach beyond the last position, so that all have one length."""
        return -(-self.positions // self.chunk)

    def blocks(self) -> list[Block]:
        """All blocks, in order."""
        return [
            Block(points, seeds)
            for points in _ranges(self.points, self.block_points)
            for seeds in _ranges(self.seeds, self.block_seeds)
        ]

    def span(self, chunk: int) -> np.ndarray:
        """The positions of a chunk; in the last one some may lie beyond the end."""
        return np.arange(chunk * self.chunk, (chunk + 1) * self.chunk)


def partition_task(
    problem: Problem,
    tx: optax.GradientTransformation,
    points: int,
    seeds: int,
    steps: int,
    lanes: int | None = None,
    chunk: int | None = None,
) -> Partition:
    """Choose the blocks and chunks for runs of one optimizer, by their memory and work; `lanes` and `chunk` limit them.

    The last block is filled up with copies of its last lanes, so that all are one program; the shape of a block is the
    one that costs the least in all.
    """
    draws, gradient = _measured(problem, steps)
    if lanes is None:
        lanes = max(1, min(LANES, MEMORY // _lane_bytes(tx, draws.params, gradient)))
    candidates = _shapes(points, seeds, lanes)
    shape = min(candidates, key=lambda shape: _cost(points, seeds, *shape))
    positions = steps + 1
    if chunk is None:
        work = math.prod(shape) * gradient.operations
        chunk = max(1, min(positions, int(WORK / max(work, 1.0))))
    return Partition(points, seeds, steps, *shape, -(-positions // -(-positions // chunk)))


def _shapes(points: int, seeds: int, lanes: int) -> Iterator[tuple[int, int]]:
    for block_points in range(1, min(points, lanes) + 1):
        for block_seeds in range(1, min(seeds, lanes // block_points) + 1):
            yield block_points, block_seeds


def _cost(points: int, seeds: int, block_points: int, block_seeds: int) -> tuple[int, int]:
    blocks = -(-points // block_points) * -(-seeds // block_seeds)
    return blocks * (block_points * block_seeds + OVERHEAD), -block_points


def _ranges(count: int, size: int) -> Iterator[np.ndarray]:
    for first in range(0, count, size):
        yield np.minimum(np.arange(first, first + size), count - 1)


class _Gradient(NamedTuple):
    """What one gradient of a problem takes."""

    operations: float  # of floating-point numbers, as counted in the program before it is optimized
    kept: int  # bytes that the backward pass needs of the forward one


def _lane_bytes(tx: optax.GradientTransformation, params: Any, gradient: _Gradient) -> int:
    """What a lane needs: all that it carries, before and after the step; the gradient and the update; and what is kept
    for the gradient."""
    return max(1, 2 * _bytes(jax.eval_shape(initial_carry, tx, params)) + 2 * _bytes(params) + gradient.kept)


def _measured(problem: Problem, steps: int) -> tuple[Draws, _Gradient]:
    """The shapes of one seed's draws, and a gradient; remembered, because all optimizers ask, for the last problem."""
    found = _last.get((id(problem), steps))
    if found is None or found[0] is not problem:
        draws = draw_shapes(problem, steps)
        _last.clear()
        _last[id(problem), steps] = found = problem, draws, _gradient(problem, draws)
    return found[1:]


_last: dict[tuple[int, int], tuple[Problem, Draws, _Gradient]] = {}


def _gradient(problem: Problem, draws: Draws) -> _Gradient:
    def loss(params: Any, batch: Any) -> Any:
        return problem.loss(params, batch)

    batch = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), draws.batches)
    backward = jax.eval_shape(lambda params, batch: jax.vjp(partial(loss, batch=batch), params)[1], draws.params, batch)
    try:
        analysis = jax.jit(jax.grad(loss)).lower(draws.params, batch).cost_analysis()
        counted = float((analysis or {}).get("flops", 0.0))
    except (TypeError, NotImplementedError, RuntimeError):  # a backend that does not count
        counted = 0.0
    at_least = float(sum(leaf.size for leaf in jax.tree.leaves(draws.params)))
    return _Gradient(max(counted, at_least), _bytes(backward))


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
