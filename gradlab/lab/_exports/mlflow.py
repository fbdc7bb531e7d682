"""The export for MLflow: a database in a file, which its server and its client open without a network."""

from __future__ import annotations

import itertools
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._formatting import format_count
from .run_folders import name_configuration
from .run_records import RunRecord, read_runs, read_time
from .selection import Runs
from .table_formats import require_package
from .tables import column_name

DATABASE = "mlflow.db"
BATCH = 1000  # metrics at a time, the most that MLflow takes
_QUIET = ("mlflow", "alembic")  # loggers that tell on standard error how the tables are made
_SIGNS = re.compile(r"[^\w\-. :/]")  # that MLflow does not take in the name of a metric


def write_mlflow_database(
    folder: Path,
    parts: Sequence[Runs],
    attributes: Mapping[str, str],
    curves: bool,
    progress: Callable[[int, int], None],
) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Write the selected runs as a database of MLflow: an experiment for each problem, and a run for each run.

    Return the file and what it holds, and nothing else. All events have the time of the study. MLflow draws the
    identities of runs at random, so equal results are not equal bytes.
    """
    total, time = sum(runs.run_count for runs in parts), int(1000 * read_time(attributes))
    with _open_client(folder / DATABASE) as client:
        experiments: dict[str, str] = {}
        for done, run in enumerate(read_runs(parts, curves), 1):
            if run.problem not in experiments:
                # Nothing is written to this place: the runs have no files.
                experiments[run.problem] = client.create_experiment(run.problem, artifact_location="mlflow-artifacts:/")
            _write_run(client, experiments[run.problem], run, time)
            progress(done, total)
    named = format_count(len(experiments), "experiment")
    return [(DATABASE, f"{format_count(total, 'run')} in {named}: curves, score, hyperparameters")], {}


def _write_run(client: Any, experiment: str, run: RunRecord, time: int) -> None:
    entities = require_package("mlflow.entities", "mlflow")
    folder = name_configuration(run.problem, run.optimizer, run.configuration, run.hyperparameters)
    name = "/".join([*folder.parts[1:], f"seed {run.seed}"])
    made = client.create_run(experiment, start_time=time, run_name=name).info.run_id
    values = {"optimizer": run.optimizer, **{column_name(key): value for key, value in run.hyperparameters.items()}}
    params = [entities.Param(key, str(value)) for key, value in {**values, "seed": run.seed}.items()]
    tags = [entities.RunTag("configuration", str(run.configuration)), entities.RunTag("role", run.role)]
    metrics: Iterator[Any] = (
        entities.Metric(_SIGNS.sub("_", key), value, time, step)
        for key, (steps, curve) in {**run.curves}.items()
        for step, value in zip(steps.tolist(), curve.tolist())
    )
    score = entities.Metric("score", run.score, time, run.updates)
    metrics = itertools.chain(metrics, [score])
    while batch := list(itertools.islice(metrics, BATCH)):
        client.log_batch(made, metrics=batch)
    client.log_batch(made, params=params, tags=tags)
    client.set_terminated(made, "FAILED" if run.diverged else "FINISHED", time)


@contextmanager
def _open_client(path: Path) -> Iterator[Any]:
    """Yield a client of MLflow that writes to a file, says nothing, and sends nothing."""
    # MLflow reports its own use over the network unless this is set before it is imported.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    levels = {name: logging.getLogger(name).level for name in _QUIET}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow uses what SQLAlchemy deprecates
        mlflow = require_package("mlflow", "mlflow")
        require_package("sqlalchemy", "mlflow")
        try:
            for name in _QUIET:
                logging.getLogger(name).setLevel(logging.WARNING)
            client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{path}")
            try:
                yield client
            finally:
                # MLflow leaves the file open otherwise, and has no public way to close it.
                client._tracking_client.store.engine.dispose()
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
