"""Logs are told each point of each curve once, however a study is computed, stopped, continued and extended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab import FinishedChunk
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab.problems import Problem
from tests.lab.exports.test_tensorboard import list_runs, read_run

AXES: Any = {"learning_rate": [0.01, 0.1, 60.0], "momentum": [0.9], "nesterov": [True, False]}


def require_all(chunks: Sequence[FinishedChunk], dataset: xr.Dataset) -> None:
    """The chunks have all values of the results, each of them once."""
    count = np.zeros(dataset.loss.shape[1:], int)
    dataset = dataset.isel(optimizer=0)
    for chunk in chunks:
        assert not any(array.flags.writeable for array in (chunk.loss, chunk.seeds, *chunk.metrics.values()))
        own = dataset.isel(point=chunk.configurations).sel(seed=chunk.seeds)
        for name, values in chunk.hyperparameters.items():
            np.testing.assert_array_equal(values, own[name].values)
        np.testing.assert_array_equal(chunk.loss, own.loss.sel(step=chunk.steps).values)
        for name, values in chunk.metrics.items():
            np.testing.assert_array_equal(values, own[name].sel(evaluation=chunk.evaluations).values)
        if chunk.is_last:
            np.testing.assert_array_equal(chunk.diverged, own.diverged.values)
        steps = np.searchsorted(dataset.step.values, chunk.steps)
        count[np.ix_(chunk.configurations, np.searchsorted(dataset.seed.values, chunk.seeds), steps)] += 1
    assert (count == 1).all()
    assert sum(metric.size for chunk in chunks for metric in chunk.metrics.values()) == 2 * dataset.b.size


def test_a_log_is_told_each_point_once(noisy: Problem, tmp_path: Path) -> None:
    def run(seeds: int, log: Any) -> xr.DataTree:
        return gl.lab.sweep(noisy, gl.sgd, AXES, seeds, steps=11, chunk=4, curve_points=5, out=tmp_path / "a", log=log)

    stopped: list[FinishedChunk] = []

    def stop(chunk: FinishedChunk) -> None:
        stopped.append(chunk)
        if len(stopped) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(2, stop)
    chunks: list[FinishedChunk] = []
    results = run(2, chunks.append)
    assert len(chunks) == 6  # of two programs; the stored ones come first, and again
    for before, again in zip(stopped, chunks):
        np.testing.assert_array_equal(before.loss, again.loss)
    assert [chunk.is_last for chunk in chunks] == [False, False, True] * 2
    assert chunks[-1].diverged.any()
    assert set(chunks[0].hyperparameters) == {*AXES}
    require_all(chunks, results["noisy"].to_dataset())

    folder = tmp_path / "log"
    grown = run(3, f"tensorboard:{folder}")["noisy"].to_dataset()
    assert len(list_runs(folder)) == grown.diverged.size
    first = grown.isel(optimizer=0, point=0)
    name = "0 learning_rate=0.01 momentum=0.9 nesterov=yes"
    for seed in range(3):
        scalars, start, end = read_run(folder / "noisy" / "sgd" / name / f"seed {seed}")
        expected = list(zip(grown.step.values, first.loss.values[seed]))
        np.testing.assert_array_equal(scalars["loss"], expected)
        assert len(scalars["final_loss"]) == first.sizes["evaluation"]
        assert (start.hparams["nesterov"].string_value, end.status) == ("yes", 1)


def test_a_log_that_fails_harms_nothing(slope: Problem) -> None:
    calls: list[FinishedChunk] = []

    def fail(chunk: FinishedChunk) -> None:
        calls.append(chunk)
        chunk.loss[...] = 0

    with pytest.warns(
        UserWarning, match=r"the log failed, and the study goes on .*ValueError: assignment destination is"
    ):
        logged = gl.lab.sweep(slope, gl.sgd, {"learning_rate": [0.1, 0.2]}, 2, steps=6, chunk=2, log=fail)
    assert len(calls) == 1
    plain = gl.lab.sweep(slope, gl.sgd, {"learning_rate": [0.1, 0.2]}, 2, steps=6, chunk=2)
    xr.testing.assert_equal(logged["slope"].loss, plain["slope"].loss)


def test_a_search_numbers_its_configurations(slope: Problem, tmp_path: Path) -> None:
    chunks: list[FinishedChunk] = []
    results = gl.lab.search(slope, gl.sgd, {"learning_rate": "log:0.01:1"}, 5, 2, 2, steps=4, log=chunks.append)
    assert [chunk.configurations.tolist() for chunk in chunks] == [[0, 1], [2, 3], [4]]
    rates = results["slope"].learning_rate.values[0]
    np.testing.assert_array_equal(np.concatenate([chunk.hyperparameters["learning_rate"] for chunk in chunks]), rates)


def test_a_folder_of_logs_is_written_anew_and_only_if_it_is_one(
    slope: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(**more: Any) -> None:
        axes = {"learning_rate": [0.1, 0.2]}
        gl.lab.sweep(slope, gl.sgd, axes, 2, steps=6, chunk=2, log=f"tensorboard:{tmp_path / 'log'}", **more)

    run()
    names = list_runs(tmp_path / "log")
    files = sorted((tmp_path / "log").rglob("*.gradlab"))
    assert len(read_run(tmp_path / "log" / names[0])[0]["loss"]) == 6
    run()  # in memory, so all is computed again
    assert list_runs(tmp_path / "log") == names
    # TensorBoard keeps a file open that it knows, so each log has files of another name.
    assert not {*files} & {*(tmp_path / "log").rglob("*.gradlab")}
    assert len(read_run(tmp_path / "log" / names[0])[0]["loss"]) == 6
    monkeypatch.setattr("gradlab.lab._exports.live.tensorboard_log.MOST_RUNS", 2)
    run()
    assert [name.rpartition("/")[2] for name in list_runs(tmp_path / "log")] == ["seed 0"] * 2
    (tmp_path / "log" / "notes.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"holds notes.txt, which no log wrote"):
        run()


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("tensorbord:x", r"log must be tensorboard:DIR, .*got 'tensorbord:x'"),
        ("tensorboard:", "with the name of a folder"),
        (3, "log must be a function of a finished chunk"),
    ],
)
def test_what_is_no_log_is_refused(slope: Problem, log: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        gl.lab.sweep(slope, gl.sgd, {"learning_rate": [0.1]}, 1, steps=2, log=log)
