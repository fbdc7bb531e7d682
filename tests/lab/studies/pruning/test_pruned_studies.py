"""A pruned study: its survivors run as in the full study, its decisions follow from scores, and it resumes exactly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._engine.pruning.pruned_runner import run_pruned_tasks
from gradlab.lab._engine.pruning.pruning import Pruning
from gradlab.lab._inputs.default_contestants import collect_contestants
from gradlab.lab._results.assembly import assemble_dataset
from gradlab.lab._results.provenance import collect_provenance
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._results.thinned_curves import count_made_updates, describe_pruning, find_completed
from gradlab.lab._storage.checkpoints import CheckpointStore
from gradlab.lab._studies.open_study import open_study
from gradlab.lab._studies.pruning.rung_scores import score_points
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab.analysis.comparison import rate_intervals
from gradlab.lab.analysis.comparison.fair_table import fair_table
from gradlab.lab.analysis.leaderboard import leaderboard
from gradlab.lab.analysis.statistics import tuning_budget
from gradlab.lab.problems import Problem

STEPS, RATES = 24, [0.001, 0.01, 0.1, 0.3, 100.0]  # the last one diverges
RULE = gl.lab.SuccessiveHalving(2, 2)
VARYING = ("provenance.json", "report.html")
Run = Callable[..., xr.DataTree]


@pytest.fixture
def run(noisy: Problem) -> Run:
    def race(out: Path | None = None, prune: Any = RULE, seeds: Any = 4, **more: Any) -> xr.DataTree:
        return gl.lab.race(noisy, ["adam", "sgd"], RATES, seeds, steps=STEPS, prune=prune, out=out, chunk=5, **more)

    return race


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a pruned race that was not interrupted."""
    from tests.lab.conftest import Noisy

    folder = tmp_path_factory.mktemp("pruned")
    gl.lab.race(Noisy(), ["adam", "sgd"], RATES, 4, steps=STEPS, prune=RULE, out=folder, chunk=5)
    return folder


def contestant(name: str) -> Any:
    return collect_contestants()[name]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in VARYING}


def test_decisions_and_survivors_are_those_of_the_full_study(run: Run, finished: Path) -> None:
    full = run(prune=None)["noisy"].to_dataset()
    pruned = gl.lab.read_results(finished)["noisy"].to_dataset()
    choosing = full.isel(seed=[0, 1])
    for name in ("adam", "sgd"):
        running = list(range(len(RATES)))
        for end in (8, 16):  # a quarter of 25 positions is two chunks of four
            reached = choosing.sel(optimizer=name).final_loss.isel(evaluation=choosing.evaluation.values < end)
            late = reached.evaluation.values >= np.sort(reached.evaluation.values)[-5:][0]
            late &= reached.evaluation.values >= reached.evaluation.values.max() / 2
            scores = reached.isel(evaluation=late).mean("evaluation").mean("seed", skipna=False).values
            if full.attrs["logarithmic"]:
                scores = np.log(reached.isel(evaluation=late)).mean(["evaluation", "seed"], skipna=False).values
            ranked = sorted(running, key=lambda point: np.nan_to_num(scores[point], nan=np.inf))
            kept = [point for point in ranked[: len(running) // 2] if np.isfinite(scores[point])]
            stopped = pruned.pruned_step.sel(optimizer=name).values[sorted(set(running) - set(kept))]
            assert (stopped[:, :2] == end).all()
            assert (stopped[:, 2:] == 0).all()
            running = kept
        assert (pruned.pruned_step.sel(optimizer=name).values[running] == -1).all()
        for point in running:
            own, whole = (data.sel(optimizer=name).isel(rate=point) for data in (pruned, full))
            np.testing.assert_allclose(own.loss, whole.loss, rtol=1e-4)
            np.testing.assert_allclose(own.final_loss, whole.final_loss, rtol=1e-4)
    stop = pruned.pruned_step.values
    made = np.where(stop < 0, STEPS, stop)
    for position in range(STEPS):
        is_nan = np.isnan(pruned.loss.values[..., position])
        assert (is_nan[~pruned.diverged.values] == (position >= made)[~pruned.diverged.values]).all()
    assert 0 < made.sum() == count_made_updates(pruned).sum() < 0.5 * STEPS * stop.size
    assert f"Trained {100 * made.sum() / (STEPS * stop.size):.0f} % of 960 updates" in describe_pruning(pruned)


def test_runs_that_were_stopped_are_not_counted_as_diverged(run: Run, finished: Path) -> None:
    results = gl.lab.read_results(finished)
    dataset = results["noisy"].to_dataset()
    assert dataset.diverged.values[1, 4, :2].all()  # in the first part already
    assert not dataset.diverged.values[0, :4].any()
    assert not dataset.diverged.values[:, :, 2:].any()
    assert dataset.attrs["pruning"] == repr(RULE)
    assert (dataset.compile_seconds > 0).all()
    rows = {row.optimizer: row for row in leaderboard(dataset)}
    assert rows["sgd"].diverged == 2
    assert np.isnan(rows["sgd"].good_decades)
    assert all(row.best_rate in RATES and not np.isnan(row.score) for row in rows.values())
    assert (find_completed(dataset).sum("rate") == 1).all()
    intervals = rate_intervals(dataset)
    assert np.isnan(intervals.low).all()
    assert np.isnan(intervals.share).all()
    with pytest.raises(ValueError, match="did not have the same budget; a fair table needs a race without prune"):
        fair_table({"noisy": dataset}, {})
    with pytest.raises(ValueError, match=r"were stopped early .*, and this needs the scores of all runs"):
        tuning_budget(dataset)
    names = {path.name for path in finished.iterdir()}
    assert "learning_curves_noisy.png" in names
    assert "sensitivity_noisy.png" not in names
    page = (finished / "report.html").read_text()
    assert "of 960 updates" in page
    assert 'data-chart="sensitivity"></div>' not in page
    gl.lab.export(finished, "csv", out=finished.parent / "tables")
    text = (finished.parent / "tables" / "runs.csv").read_text()
    assert text.count(",stopped early,") == int(((dataset.pruned_step.values >= 0) & ~dataset.diverged.values).sum())


@pytest.mark.parametrize("after", [1, 4, 7])
def test_a_study_that_was_stopped_goes_on_to_the_same_results(
    after: int, noisy: Problem, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish() -> None:
        contestants = contestant("adam"), contestant("sgd")
        study = RaceStudy((noisy,), contestants, tuple(RATES), 4, STEPS, None, 5, RULE)
        with open_study(study, tmp_path / "out") as opened:
            opened.finish(collect_provenance(""), gl.lab.Watcher())

    write, count = CheckpointStore.write, [0]

    def stopping(self: CheckpointStore, *arguments: Any) -> None:
        count[0] += 1
        if count[0] > after:
            raise KeyboardInterrupt
        write(self, *arguments)

    monkeypatch.setattr(CheckpointStore, "write", stopping)
    with pytest.raises(KeyboardInterrupt):
        finish()
    monkeypatch.undo()
    if after == 4:  # a state that runs go on from is lost
        for path in (tmp_path / "out" / "parts").glob("*-carry-*"):
            path.write_bytes(b"damaged")
    finish()
    for name in ("results.nc", "plan.json"):
        assert (tmp_path / "out" / name).read_bytes() == (finished / name).read_bytes()


def test_other_studies_are_refused_in_its_folder(run: Run, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    before = files(folder)
    with pytest.raises(FolderError, match=r"pruned by SuccessiveHalving.*A study that is pruned does not grow"):
        run(folder, seeds=6)
    with pytest.raises(
        FolderError, match=r"pruning of adam on noisy: SuccessiveHalving.* in the folder, None requested"
    ):
        run(folder, prune=None)
    with pytest.raises(FolderError, match=r"in the folder, MedianStopping.rungs=3. requested"):
        run(folder, prune="median")
    assert files(folder) == before
    with pytest.raises(ValueError, match=r"pruned by SuccessiveHalving.*run all of it at once"):
        gl.lab.merge([finished, folder], out=tmp_path / "merged")
    with pytest.raises(ValueError, match="prune compares runs on one machine, so it does not go with on"):
        run(on="tcp://localhost:1")


def test_if_all_that_came_to_the_end_diverged_others_take_their_places(noisy: Problem, tmp_path: Path) -> None:
    class Reckless(gl.lab.SuccessiveHalving):
        """Keeps the worst point that has not diverged yet."""

        def select(self, rung: int, badness: np.ndarray, running: np.ndarray) -> np.ndarray:
            found: np.ndarray = np.arange(len(badness)) == np.where(np.isfinite(badness), badness, -1).argmax()
            return found

    (task,) = RaceStudy((noisy,), (contestant("sgd"),), (0.01, 0.1, 1.1), 4, STEPS).tasks
    (result,) = run_pruned_tasks(
        [replace(task, pruning=Pruning(Reckless(2, 1), score_points))], CheckpointStore(tmp_path, {}), gl.lab.Watcher()
    )
    dataset = assemble_dataset([result])
    assert dataset.diverged.values[0, 2, :2].all()
    assert (dataset.pruned_step.values[0, 2] == [-1, -1, 0, 0]).all()
    assert (dataset.pruned_step.values[0, 1] == -1).all()
    assert not dataset.diverged.values[0, 1].any()
    (row,) = leaderboard(dataset)
    assert row.best_rate == 0.1
    assert not np.isnan(row.score)


def test_a_sweep_ranks_the_points_that_came_to_the_end(noisy: Problem, tmp_path: Path) -> None:
    axes: dict[str, Any] = {"learning_rate": [0.01, 0.1, 0.2], "momentum": [0.1, 0.5], "nesterov": [True, False]}
    results = gl.lab.sweep(noisy, "sgd", axes, 3, steps=16, prune="halving", out=tmp_path, curve_points=5)
    table = results.gradlab.configurations()
    assert len(table) == 2  # one of each structure: of six points three and then one are left
    assert table.score.notna().all()
    with pytest.raises(ValueError, match="were stopped early, so that combinations cannot be compared"):
        results.gradlab.as_race()
    assert results["noisy"].sizes["step"] == 5
    assert {"effects_noisy.png", "heat_noisy.png", "points.json"} <= {path.name for path in tmp_path.iterdir()}
    assert "Trained " in (tmp_path / "report.html").read_text()


WRONG: list[tuple[Any, type[Exception], str]] = [
    ("third", ValueError, "prune must be one of halving, hyperband, median, or a rule of gl.lab; got 'third'"),
    (3, TypeError, "prune must be one of halving, hyperband, median, .*got int: 3"),
    (gl.lab.MedianStopping(5), ValueError, "24 updates of adam on noisy are too few"),
]


@pytest.mark.parametrize(("prune", "kind", "message"), WRONG, ids=["word", "number", "short"])
def test_what_cannot_be_pruned_is_refused(run: Run, prune: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        run(prune=prune)
