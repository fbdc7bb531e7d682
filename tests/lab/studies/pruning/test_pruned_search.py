"""A pruned search: each round stops points early, and the sampler learns what they had reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._results.provenance import collect_provenance
from gradlab.lab._results.study_folder import FolderError
from gradlab.lab._storage.checkpoints import CheckpointStore
from gradlab.lab._studies.open_study import open_study
from gradlab.lab._studies.optuna_sampler import Suggestions
from gradlab.lab._studies.search import SearchStudy
from gradlab.lab.problems import Problem

pytest.importorskip("optuna")


@pytest.mark.slow
def test_points_of_each_round_stop_and_optuna_knows_their_scores(
    noisy: Problem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samplers: list[Suggestions] = []
    tell = Suggestions.tell

    def noting(self: Suggestions, *arguments: Any) -> None:
        samplers.append(self)
        tell(self, *arguments)

    monkeypatch.setattr(Suggestions, "tell", noting)
    axes = {"learning_rate": gl.lab.Log(0.001, 0.3), "nesterov": [True, False], "momentum": [0.5]}

    def finish(folder: str, trials: int = 12, prune: Any = "halving") -> Any:
        study = SearchStudy(noisy, "sgd", gl.sgd, axes, trials, 6, 2, 12, prune=prune)
        with open_study(study, tmp_path / folder) as opened:
            opened.finish(collect_provenance(""), gl.lab.Watcher())
            return opened.read()["noisy"].to_dataset()

    dataset = finish("whole")
    stopped = dataset.pruned_step.sel(seed=0).values[0]
    assert sorted(set(stopped.tolist())) == [-1, 4, 8]  # of 13 positions, in parts of four
    assert (dataset.pruned_step.sel(seed=1).values[0] == np.where(stopped < 0, -1, 0)).all()
    assert not dataset.diverged.any()
    for trial, steps in zip(samplers[-1]._study.trials, stopped.tolist()):
        assert trial.state.name == ("COMPLETE" if steps < 0 else "PRUNED")
        assert max(trial.intermediate_values) == (steps if steps > 0 else 8)
        assert all(np.isfinite(value) for value in trial.intermediate_values.values())

    write, count = CheckpointStore.write, [0]

    def stopping(self: CheckpointStore, *arguments: Any) -> None:
        count[0] += 1
        if count[0] > 9:
            raise KeyboardInterrupt
        write(self, *arguments)

    monkeypatch.setattr(CheckpointStore, "write", stopping)
    with pytest.raises(KeyboardInterrupt):
        finish("parts")
    monkeypatch.setattr(CheckpointStore, "write", write)
    finish("parts")
    assert (tmp_path / "parts" / "results.nc").read_bytes() == (tmp_path / "whole" / "results.nc").read_bytes()
    with pytest.raises(FolderError, match="A study that is pruned does not grow"):
        finish("whole", trials=18)
    with pytest.raises(FolderError, match=r"pruning of sgd .*SuccessiveHalving.* in the folder, None requested"):
        finish("whole", prune=None)
