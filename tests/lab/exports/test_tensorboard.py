"""An export for TensorBoard is read back by TensorBoard's own reader, and holds what the study holds."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata

import gradlab as gl
from gradlab.lab._exports import tensorboard
from gradlab.lab._exports.selection import SelectionError
from gradlab.lab._exports.table_formats import MissingPackageError
from gradlab.lab._results_tree import as_tree
from gradlab.lab.analysis.leaderboard import final_scores


def read_run(folder: Path) -> tuple[dict[str, list[tuple[int, float]]], Any, Any]:
    """The scalars of a run as (step, value) by tag, and what TensorBoard knows of its start and of its end."""
    reader = EventAccumulator(str(folder), {"scalars": 0, "tensors": 0}).Reload()
    scalars = {tag: [(event.step, event.value) for event in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}
    notes = reader.PluginTagToContent("hparams")
    start = metadata.parse_session_start_info_plugin_data(notes["_hparams_/session_start_info"])
    if "_hparams_/session_end_info" not in notes:
        return scalars, start, None
    return scalars, start, metadata.parse_session_end_info_plugin_data(notes["_hparams_/session_end_info"])


def list_runs(folder: Path) -> list[str]:
    return sorted(path.parent.relative_to(folder).as_posix() for path in folder.rglob("events.out.tfevents.*"))


def test_each_run_is_a_folder_with_its_curves_and_hyperparameters(study: Path, datasets: dict[str, xr.Dataset]) -> None:
    folder = gl.lab.export(study, "tensorboard")
    runs = list_runs(folder)
    assert len(runs) == 24
    assert {"made/ada,m/1 learning_rate=0.3333/seed 2", "m\u00e4de\u2215 2/=sgd/0 learning_rate=0.1/seed 0"} < set(runs)
    for problem, dataset in datasets.items():
        scores = final_scores(dataset).values
        for optimizer, name in enumerate(dataset.optimizer.values.tolist()):
            for seed in range(3):
                configuration = f"{problem}/{name}/1 learning_rate=0.3333"
                scalars, start, end = read_run(folder / configuration / f"seed {seed}")
                own, diverged = dataset.isel(optimizer=optimizer, rate=1, seed=seed), seed == 2
                assert set(scalars) == {"loss", "score", *({"accuracy", "final_loss"} & set(dataset))}
                kept = 3 if diverged else 4  # a NaN at the step of the divergence, and none after it
                expected = list(zip(range(kept), own.loss.values[:kept]))
                np.testing.assert_array_equal(scalars["loss"], expected)  # NaN equals NaN here
                metrics = own.final_loss.values[: 2 if diverged else 3]
                np.testing.assert_array_equal(scalars["final_loss"], list(zip([0, 2, 4], metrics)))
                ended = [(2 if diverged else 4, np.float32(scores[optimizer, 1, seed]))]
                np.testing.assert_array_equal(scalars["score"], ended)
                assert start.group_name == configuration
                found = {key: value.number_value or value.string_value for key, value in start.hparams.items()}
                assert found == {"problem": problem, "optimizer": name, "learning_rate": 1 / 3}
                assert end.status == (2 if diverged else 1)


def test_the_same_results_are_the_same_bytes_in_every_process(study: Path, tmp_path: Path) -> None:
    def digest(folder: Path) -> str:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()

    code = "import sys, gradlab as gl; gl.lab.export(sys.argv[1], 'tensorboard', sys.argv[2])"
    # Protocol buffers write a map in an order that depends on the addresses or hashes of a process.
    for number in range(2):
        command = [sys.executable, "-c", code, str(study), str(tmp_path / f"out{number}")]
        subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": str(number)})
    assert digest(tmp_path / "out0") == digest(tmp_path / "out1") == digest(gl.lab.export(study, "tensorboard"))


def test_what_does_not_exist_is_left_out(datasets: dict[str, xr.Dataset], tmp_path: Path) -> None:
    absent = {
        "momentum": (("optimizer", "rate"), [[0.9, np.nan], [0.9, 0.5]]),
        "schedule": ("rate", ["a/b: linear", ""]),
        "optimizer_": ("rate", [1, 2]),
    }
    made = datasets["made"].assign_coords(absent).rename(optimizer_="problem")
    folder = gl.lab.export(as_tree({"made": made}, {}), "tensorboard", tmp_path / "out", seeds=0, optimizers="=sgd")
    names = [
        "made/=sgd/0 learning_rate=0.1 momentum=0.9 schedule=a%2Fb%3A linear problem=1/seed 0",
        "made/=sgd/1 learning_rate=0.3333 problem=2/seed 0",
    ]
    assert list_runs(folder) == names
    found = [set(read_run(folder / name)[1].hparams) for name in names]
    common = {"problem", "optimizer", "learning_rate", "problem_hyperparameter"}
    assert found == [{*common, "momentum", "schedule"}, common]


def test_a_run_without_curves_has_its_score(study: Path) -> None:
    folder = gl.lab.export(study, "tensorboard", study / "scores", curves=False, best=1, problems="made")
    assert [set(read_run(folder / run)[0]) for run in list_runs(folder)] == [{"score"}] * 6


def test_what_tensorboard_cannot_show_is_refused(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorboard, "MOST_RUNS", 23)
    with pytest.raises(SelectionError, match=r"at most about 23 runs, and these are 24; --best, --seed"):
        gl.lab.export(study, "tensorboard")
    assert len(list_runs(gl.lab.export(study, "tensorboard", best=1))) == 12
    monkeypatch.setitem(sys.modules, "tensorboardX.record_writer", None)
    with pytest.raises(MissingPackageError, match=r'tensorboardX is missing; .*"tensorboardx>='):
        gl.lab.export(study, "tensorboard", best=1, overwrite=True)
