"""An export for MLflow is read back by MLflow's own client, from its file and without a network."""

from __future__ import annotations

import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import gradlab as gl
from gradlab.lab._exports.mlflow import _open_client
from gradlab.lab._exports.table_formats import MissingPackageError
from gradlab.lab.analysis.leaderboard import final_scores


@pytest.mark.slow
def test_each_run_has_its_curves_and_hyperparameters(
    study: Path, datasets: dict[str, xr.Dataset], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: Any) -> None:
        raise AssertionError("an export needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    folder = gl.lab.export(study, "mlflow")
    assert sorted(path.name for path in folder.iterdir()) == ["mlflow.db", "study.json"]
    assert capfd.readouterr() == ("", "")
    with _open_client(folder / "mlflow.db") as client:
        for problem, dataset in datasets.items():
            experiment = client.get_experiment_by_name(problem)
            runs = {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
            assert len(runs) == 12
            scores = final_scores(dataset).values
            for optimizer, name in enumerate(dataset.optimizer.values.tolist()):
                for seed in range(3):
                    run = runs[f"{name}/1 learning_rate=0.3333/seed {seed}"]
                    own, diverged = dataset.isel(optimizer=optimizer, rate=1, seed=seed), seed == 2
                    assert run.data.params == {"optimizer": name, "learning_rate": str(1 / 3), "seed": str(seed)}
                    assert run.data.tags["role"] == dataset.role.values[seed]
                    assert run.info.status == ("FAILED" if diverged else "FINISHED")
                    np.testing.assert_array_equal(run.data.metrics["score"], scores[optimizer, 1, seed])
                    for key, steps in {"loss": [0, 1, 2, 3], "final_loss": [0, 2, 4]}.items():
                        points = client.get_metric_history(run.info.run_id, key)
                        count = len(steps) - diverged  # the first NaN ends a curve
                        assert [point.step for point in points] == steps[:count]
                        np.testing.assert_array_equal([point.value for point in points], own[key].values[:count])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monkeypatch.setitem(sys.modules, "sqlalchemy", None)
        with pytest.raises(MissingPackageError, match=r'sqlalchemy is missing; .*pip install.* "sqlalchemy'):
            gl.lab.export(study, "mlflow", overwrite=True)
