"""The collector puts blocks in their places, drops what is not kept, and holds no chunk."""

from __future__ import annotations

import gc
import tracemalloc
import weakref
from pathlib import Path

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine.evaluation_steps import choose_curve_steps, choose_evaluation_steps
from gradlab.lab._engine.task import Task
from gradlab.lab._engine.task_runner import CurveCollector, run_tasks
from gradlab.lab._storage import mapped_arrays
from gradlab.lab._storage.checkpoints import ChunkResult
from gradlab.lab.problems import Problem


def make_task(problem: Problem, points: int, steps: int, curve_points: int | None = None) -> Task:
    rates = {"learning_rate": np.linspace(0.1, 3, points)}  # of which those above 2 diverge on the slope
    return Task(problem, "sgd", "", gl.sgd, rates, (0,), steps, 4, 10, curve_points=curve_points)


def make_chunk(steps: int) -> ChunkResult:
    evaluations = len(choose_evaluation_steps(steps))
    arrays = {"loss": np.ones((4, 1, steps), np.float32), "metric final_loss": np.ones((4, 1, evaluations), np.float32)}
    return ChunkResult(arrays, 1.0, 0.0)


@pytest.mark.parametrize("points", [1, 2, 7, 39, 40, 1000])
def test_a_thinned_curve_is_a_part_of_the_whole_one_and_all_else_is_the_same(slope: Problem, points: int) -> None:
    (whole,) = run_tasks([make_task(slope, 9, 40)])
    (thinned,) = run_tasks([make_task(slope, 9, 40, points)])
    kept = choose_curve_steps(40, points)
    assert len(kept) == min(points, 40)
    np.testing.assert_array_equal(thinned.curves.loss, whole.curves.loss[..., kept])
    for name in ("diverged", "divergence_step"):
        np.testing.assert_array_equal(getattr(thinned.curves, name), getattr(whole.curves, name))
    np.testing.assert_array_equal(thinned.curves.metrics["final_loss"], whole.curves.metrics["final_loss"])
    assert whole.curves.diverged.any()
    assert not whole.curves.diverged.all()


@pytest.mark.parametrize(("steps", "points", "kept"), [(10, 4, [0, 3, 6, 9]), (3, 9, [0, 1, 2]), (5, 1, [0])])
def test_kept_steps_are_spread_from_the_first_to_the_last(steps: int, points: int, kept: list[int]) -> None:
    assert choose_curve_steps(steps, points).tolist() == kept
    assert choose_curve_steps(steps).tolist() == list(range(steps))


def test_no_chunk_is_held_once_its_block_is_added(slope: Problem) -> None:
    collector, chunk = CurveCollector(make_task(slope, 8, 20)), make_chunk(20)
    alive = weakref.ref(chunk.arrays["loss"])
    collector.add(0, [chunk])
    del chunk
    gc.collect()
    assert alive() is None


def test_the_memory_does_not_grow_with_the_runs(
    slope: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapped_arrays, "HELD_BYTES", 2**12)
    peaks = []
    for points in (400, 4000):
        task, chunk = make_task(slope, points, 100), make_chunk(100)
        tracemalloc.start()
        try:
            collector = CurveCollector(task, tmp_path)
            for block in range(task.partition.block_count):
                collector.add(block, [chunk])
            result = collector.result()
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
        assert result.curves.loss.nbytes == 400 * points
        assert (result.curves.loss == 1).all()
        assert result.run_seconds == task.partition.block_count
    assert peaks[1] < peaks[0] + 100_000  # of 1,600,000 bytes of losses; one byte and one number a run are held
