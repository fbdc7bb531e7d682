"""Blocks and chunks cover everything, once, and fit."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

import gradlab as gl
from gradlab.lab.engine.partition import LANES, MEMORY, Partition, partition_task
from gradlab.lab.problems import Problem, Ravine


@pytest.mark.parametrize(("points", "seeds", "lanes"), [(13, 10, 64), (13, 10, 1), (1, 1, 64), (7, 3, 5), (100, 1, 64)])
def test_blocks_cover_all_lanes_and_keep_to_the_limit(points: int, seeds: int, lanes: int) -> None:
    made = partition_task(Ravine(), gl.adam(), points, seeds, 10, lanes)
    assert made.block_points * made.block_seeds <= lanes
    covered = np.zeros((points, seeds), int)
    for block in made.blocks():
        assert block.points.shape == (made.block_points,)
        assert block.seeds.shape == (made.block_seeds,)
        covered[np.ix_(np.unique(block.points), np.unique(block.seeds))] += 1
    assert (covered == 1).all()


def test_the_default_race_wastes_no_lanes() -> None:
    made = partition_task(Ravine(), gl.adam(), 13, 10, 10)
    assert made.block_points * made.block_seeds * len(made.blocks()) == 130


@pytest.mark.parametrize(("steps", "chunk"), [(400, 150), (400, 401), (400, 1), (7, 3), (1, 1), (10, 100)])
def test_chunks_of_one_length_cover_all_positions(steps: int, chunk: int) -> None:
    made = partition_task(Ravine(), gl.sgd(0.1), 2, 2, steps, None, chunk)
    assert made.chunk <= chunk
    spans = [made.span(index) for index in range(made.chunks)]
    np.testing.assert_array_equal(np.concatenate(spans)[: made.positions], np.arange(steps + 1))
    assert made.chunk * made.chunks - made.positions < made.chunks  # so few are for nothing


def test_a_large_problem_is_cut_finer(noisy: Problem) -> None:
    class Large(type(noisy)):  # type: ignore[misc]
        def init(self, key: object) -> object:
            return {"a": jnp.zeros((3,), jnp.float32), "b": jnp.zeros((2000, 2000), jnp.float32)}

    small, large = (partition_task(problem, gl.adam(), 50, 4, 10_000) for problem in (noisy, Large()))
    assert small.block_points * small.block_seeds > LANES / 2
    lane = 4 * 2000 * 2000
    assert (
        large.block_points * large.block_seeds * 8 * lane <= MEMORY
    )  # parameters and two moments, twice, and two more
    assert large.chunks > small.chunks == 1
    assert isinstance(large, Partition)
