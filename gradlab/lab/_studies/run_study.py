"""Run a study from Python, in memory or in a folder."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import xarray as xr

from .._engine.distributed import Processes
from .._engine.task import Watcher
from .._engine.task_runner import Helpers
from .._exports.live.live_log import LogFunction, LogWatcher, make_log
from .._inputs.user_errors import UserCodeError, describe_failures
from .._results.provenance import collect_provenance
from .._results_tree import as_tree
from .open_study import open_study
from .outputs import write_outputs
from .study import Failed, Study


def run_study(
    study: Study,
    command: str,
    out: Path | str | None = None,
    fresh: bool = False,
    watcher: Watcher | None = None,
    on: Any = None,
    log: LogFunction | str | None = None,
) -> xr.DataTree:
    """Run a study, and return its results, which say that they come from `command`.

    With a folder `out`, the study goes on from the checkpoints there, unless `fresh` discards them, and leaves its
    results, tables, pictures and report there. What the folder holds of a smaller study is not computed again. There
    is a warning for each optimizer whose code changed since, which is computed anew. For each optimizer that fails
    there is a warning too, and the attribute `failed` of the results. A `log` is told what is computed (see
    `make_log`). If it raises an error, there is a warning, and it is not called again. Raises UserCodeError if all of
    them fail, FolderError for a folder that cannot be used, and OSError if the disk refuses. The workers of a cluster
    compute, if one is given as `on`; then also ClusterError.
    """
    if on is not None and getattr(study, "prune", None) is not None:
        raise ValueError("prune compares runs on one machine, so it does not go with on; leave out one of them")
    attributes = collect_provenance(command)
    failed: Failed = {}
    anew: tuple[str, ...] = ()
    with make_log(log, study.runs, study.seeds) as function, _hire(on) as helpers:
        follower = LogWatcher(function, watcher or Watcher())
        if out is None:
            datasets = _compute_in_memory(study, follower, failed, helpers)
            if not datasets:
                raise UserCodeError("; ".join(describe_failures(failed)))
            own = {"kind": study.kind} | ({"failed": json.dumps(failed)} if failed else {})
            if parts := getattr(study, "parts", None):
                own["parts"] = json.dumps(parts)
            results = as_tree(datasets, attributes | own)
        else:
            with open_study(study, Path(out), fresh) as opened:
                anew = opened.growth[1:]
                opened.finish(attributes, follower, helpers)
                results, failed = opened.read(), opened.failed
                if opened.processes.is_first:
                    write_outputs(opened, results, follower)
    for line in filter(None, (*getattr(study, "warnings", ()), *anew, *describe_failures(failed), follower.failure)):
        warnings.warn(line, stacklevel=3)
    return results


def _hire(on: Any) -> AbstractContextManager[Helpers | None]:
    """Return the workers of a cluster, or None if none is given."""
    if on is None:
        return nullcontext()
    if Processes().count > 1:
        raise ValueError(
            f"on is for one process, and jax.distributed has {Processes().count}: workers of a cluster compute apart, "
            f"processes in lockstep; leave one of them out"
        )
    from .._cluster.cluster_crew import hire_cluster

    return hire_cluster(on)


def _compute_in_memory(
    study: Study, watcher: Watcher, failed: Failed, helpers: Helpers | None
) -> dict[str, xr.Dataset]:
    """Compute a study without a folder. What a cluster computes passes through one that is removed."""
    if helpers is None:
        return study.compute(None, watcher, Processes(), failed)
    with tempfile.TemporaryDirectory(prefix="gradlab-", ignore_cleanup_errors=True) as folder:
        return study.compute(Path(folder), watcher, Processes(), failed, helpers)


def describe_call(kind: str, arguments: Mapping[str, Any]) -> str:
    """Return the call of a study in Python, with the arguments that determine the results."""
    shown = {name: value for name, value in arguments.items() if value is not None and name not in _HIDDEN}
    return f"gl.lab.{kind}({', '.join(f'{name}={_as_code(value)}' for name, value in shown.items())})"


_HIDDEN = ("out", "fresh", "on", "watcher", "log", "lanes", "chunk")


def _as_code(value: Any) -> str:
    """A value as it could be typed, as far as that is known: a function or a class by its name."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_as_code(key)}: {_as_code(item)}" for key, item in value.items()) + "}"
    if type(value) in (list, tuple):
        return "[" + ", ".join(map(_as_code, value)) + "]"
    name = getattr(value, "__qualname__", None) if callable(value) else None
    return f"{value.__module__}.{name}" if isinstance(name, str) else " ".join(repr(value).split())
