"""Blocks and chunks cover all runs and steps once, and fit into memory."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.partition import (
    BLOCK_POINTS,
    FEW_POINTS,
    MAX_BLOCK_BYTES,
    MAX_LANES,
    choose_block_shape,
    partition_task,
)
from gradlab.lab.problems import Problem, Ravine


@pytest.mark.parametrize(("points", "seeds", "lanes"), [(13, 10, 64), (13, 10, 1), (1, 1, 64), (7, 3, 5), (100, 1, 64)])
def test_blocks_cover_all_lanes_and_keep_to_the_limit(points: int, seeds: int, lanes: int) -> None:
    partition = partition_task(Ravine(), gl.adam(), points, seeds, 10, lanes)
    assert partition.block_points * partition.block_seeds <= lanes
    covered = np.zeros((points, seeds), int)
    for block in partition.blocks():
        assert block.points.shape == (partition.block_points,)
        assert block.seeds.shape == (partition.block_seeds,)
        covered[np.ix_(np.unique(block.points), np.unique(block.seeds))] += 1
    assert (covered == 1).all()


@pytest.mark.parametrize("lanes", [1, 3, 14, 40, 65, 80])
def test_the_shape_of_a_block_stays_while_a_study_grows(lanes: int) -> None:
    many = range(FEW_POINTS[-1] + 1, 40)
    shapes = {choose_block_shape(points, seeds, lanes) for points in many for seeds in (2, 3, 99)}
    assert len(shapes) == 1
    for fewer, most in pairwise(FEW_POINTS):
        few = {choose_block_shape(points, seeds, lanes) for points in range(fewer + 1, most + 1) for seeds in (2, 9)}
        assert len(few) == 1
    assert choose_block_shape(1, 1, lanes) == (1, 1)
    assert all(shape[0] * shape[1] <= lanes for shape in shapes)


def test_the_rounds_of_a_search_have_one_shape_which_wastes_no_lanes() -> None:
    whole, last = (partition_task(Ravine(), gl.adam(), points, 8, 10, batch=16) for points in (16, 3))
    assert (whole.block_points, whole.block_seeds) == (last.block_points, last.block_seeds) == (16, 4)


def test_the_default_race_wastes_no_lanes() -> None:
    partition = partition_task(Ravine(), gl.adam(), 13, 10, 10)
    assert partition.block_points * partition.block_seeds * len(partition.blocks()) == 130


@pytest.mark.parametrize(("steps", "chunk"), [(400, 150), (400, 401), (400, 1), (7, 3), (1, 1), (10, 100)])
def test_chunks_of_one_length_cover_all_positions(steps: int, chunk: int) -> None:
    partition = partition_task(Ravine(), gl.sgd(0.1), 2, 2, steps, None, chunk)
    assert partition.chunk <= chunk
    spans = [partition.chunk_positions(index) for index in range(partition.chunks)]
    np.testing.assert_array_equal(np.concatenate(spans)[: partition.positions], np.arange(steps + 1))
    surplus = partition.chunk * partition.chunks - partition.positions
    assert surplus < partition.chunks  # less than one position in each chunk


def test_a_large_problem_has_smaller_blocks_and_chunks(noisy: Problem) -> None:
    class Large(type(noisy)):  # type: ignore[misc]
        def init(self, key: object) -> object:
            return {"a": jnp.zeros((3,), jnp.float32), "b": jnp.zeros((2000, 2000), jnp.float32)}

    small, large = (partition_task(problem, gl.adam(), 50, 4, 10_000) for problem in (noisy, Large()))
    assert small.block_points * small.block_seeds > MAX_LANES / 2
    lane = 4 * 2000 * 2000
    # A lane has its parameters and two moments, before and after the step, and a gradient and an update.
    assert large.block_points * large.block_seeds * 8 * lane <= MAX_BLOCK_BYTES
    assert large.chunks > small.chunks == 1
    # Beside them there is what the backward pass needs of the forward one: here, a difference.
    assert 8 * lane <= large.block_bytes / (large.block_points * large.block_seeds) <= 9.1 * lane


class Resizable(Problem):
    """A problem of any width, which cannot be hashed, and cannot be compared without an error."""

    name, summary = "resizable", "Its width can be changed."
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, width: int):
        self.width = width

    def __eq__(self, other: object) -> bool:
        raise TypeError("cannot be compared")

    def init(self, key: object) -> object:
        return jnp.zeros((self.width,), jnp.float32)

    def loss(self, params: Any, batch: object) -> Any:
        return jnp.sum(params**2)


def test_the_cost_of_a_problem_is_that_of_its_present_attributes_and_settings() -> None:
    def lanes(problem: Problem) -> int:
        found = partition_task(problem, gl.sgd(0.1), 80, 1, 10)
        return found.block_points

    problem = Resizable(8)
    assert lanes(problem) == BLOCK_POINTS
    problem.width = 2**23  # 32 MiB
    few = lanes(problem)
    assert few < BLOCK_POINTS / 2
    assert lanes(Resizable(8)) == BLOCK_POINTS


def test_the_cost_of_a_problem_is_measured_once_for_all_its_optimizers() -> None:
    traced = []

    class Counted(Resizable):
        def loss(self, params: Any, batch: object) -> Any:
            traced.append(batch)
            return super().loss(params, batch)

    problem = Counted(8)
    partition_task(problem, gl.sgd(0.1), 2, 2, 10)
    once = len(traced)
    partition_task(problem, gl.adam(0.1), 2, 2, 10)
    assert len(traced) == once > 0
    with jax.enable_x64(False):
        partition_task(problem, gl.adam(0.1), 2, 2, 10)
    assert len(traced) > once
