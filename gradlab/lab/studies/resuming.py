"""A run that is kept in a folder as it goes, and goes on from there."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from ..engine.distributed import Processes
from ..engine.runner import run_tasks
from ..engine.task import FailureCollector, Task, TaskResult, Watcher
from ..inputs.user_errors import Failures, UserCodeError, lines
from ..results import assembly, plan, results_file
from ..results.study_folder import RESULTS, FolderError, State, UnwritableError, examine, prepare
from ..storage import checkpoints, files
from ..storage.lock import LockedError, locked

# Computes the Datasets by problem. What is done is kept in the folder, and found there; None keeps nothing.
Compute = Callable[[Path | None, Watcher, Processes], Mapping[str, xr.Dataset]]


@dataclass(frozen=True)
class OpenStudy:
    """A plan, how to compute it, and the locked folder that keeps what is done of it."""

    plan: Mapping[str, Any]
    compute: Compute
    out: Path
    state: State  # of the folder, before
    processes: Processes
    failed: Failures = field(default_factory=dict)  # the contestants that could not be run, once it is finished
    fresh: bool = False
    is_writable: bool = True  # False for a finished run that can only be read

    def finish(self, attributes: Mapping[str, str], watcher: Watcher) -> None:
        """Run what is still to be done, and put the results together.

        Contestants that fail are left out of the results, which name them, and the parts of the others stay in the
        folder: run again, it takes them from there and tries those that failed once more. Raises UserCodeError if no
        contestant is left, and OSError if the disk refuses.
        """
        if self.state == "complete":
            return
        datasets = self.compute(self.out if self.processes.is_first else None, watcher, self.processes)
        if not datasets:
            raise UserCodeError("\n".join(lines(self.failed)))
        if self.processes.is_first:
            own = {"kind": self.plan["kind"], "plan": checkpoints.digest(checkpoints.stored_plan(self.out, self.plan))}
            if self.failed:
                own["failed"] = json.dumps(self.failed)
            results_file.write(self.out / RESULTS, datasets, {**attributes, **own})
            if not self.failed:
                checkpoints.end(self.out)

    def read(self) -> tuple[dict[str, xr.Dataset], dict[str, str]]:
        """The results, once they are there. Raises FolderError if they are damaged."""
        try:
            return results_file.read(self.out / RESULTS)
        except results_file.ResultsError as error:
            raise FolderError(f"{error}; --fresh discards them and starts anew; another --out keeps them") from None

    def runs_on_disk(self, runs: int) -> float:
        """How many of all `runs` the folder has, in parts of a run: all once the results are there."""
        try:
            there = checkpoints.stored_plan(self.out, self.plan)
            if plan.differences(there, self.plan):
                return 0
            with contextlib.suppress(FileNotFoundError, results_file.ResultsError):
                if results_file.attributes_of(self.out / RESULTS).get("plan") == checkpoints.digest(there):
                    return runs
            return plan.runs_of(self.plan, checkpoints.stored_chunks(self.out))
        except (OSError, ValueError, IndexError):  # no plan of ours is there any more
            return 0


def open_study(
    kind: str, tasks: Sequence[Task], out: Path, fresh: bool = False, processes: Processes | None = None
) -> AbstractContextManager[OpenStudy]:
    """Take a folder for some tasks, of a `kind` such as "race"; see `kept`."""
    wanted = plan.document(kind, tasks)
    failed: dict[str, dict[str, str]] = {}

    def compute(folder: Path | None, watcher: Watcher, processes: Processes) -> dict[str, xr.Dataset]:
        task_results: dict[str, list[TaskResult]] = {}
        collector = FailureCollector(watcher, failed)
        own = checkpoints.CheckpointStore(folder, checkpoints.stored_plan(folder, wanted)) if folder else None
        for result in run_tasks(tasks, own, collector, processes):
            task_results.setdefault(result.task.problem.name, []).append(result)
        return {name: assembly.assemble(found) for name, found in task_results.items()}

    return open_plan(wanted, compute, out, fresh, processes, failed)


@contextmanager
def open_plan(
    wanted: Mapping[str, Any],
    compute: Compute,
    out: Path,
    fresh: bool = False,
    processes: Processes | None = None,
    failed: Failures | None = None,
) -> Iterator[OpenStudy]:
    """Take a folder for a plan: new, or with an unfinished or finished run of it.

    `fresh` discards what is there; `compute` adds to `failed` what cannot be run. Raises FolderError if the folder
    cannot be used, holds what gradlab did not write, or holds another plan, and if the processes were given different
    plans: in every process, though only the first looks. A finished run may lie in a folder that can only be read.
    """
    processes = processes or Processes()
    refusal: str | None = None
    state: State = "new"
    is_writable = True
    with ExitStack() as stack:
        if processes.is_first:
            try:
                state, is_writable = _take(out, wanted, fresh, stack)
            except (FolderError, LockedError) as error:
                refusal = str(error)
        refusal, state, first = processes.from_first((refusal, state, wanted))
        differing = plan.differences(first, wanted)
        if not refusal and any(processes.all(bool(differing))):
            refusal = f"the processes were given different plans ({'; '.join(differing[:3]) or 'see the others'})"
        if refusal:
            raise FolderError(refusal)
        yield OpenStudy(wanted, compute, out, state, processes, {} if failed is None else failed, fresh, is_writable)


def _take(out: Path, wanted: Mapping[str, Any], fresh: bool, stack: ExitStack) -> tuple[State, bool]:
    """Lock a folder and make it ready for a plan; its state before, and whether it can be written."""
    try:
        prepare(out)
        stack.enter_context(locked(out))
    except (UnwritableError, OSError) as error:
        refusal = error if isinstance(error, FolderError) else _unlockable(out, error)
        try:
            is_complete = not fresh and examine(out, wanted) == "complete"
        except FolderError:
            is_complete = False
        if not is_complete:
            raise refusal from None
        return "complete", False
    state = examine(out, wanted, fresh)
    try:
        files.remove_leftovers(out)
        if state == "new":
            checkpoints.begin(out, wanted)
        elif state == "complete":
            checkpoints.end(out)
            try:
                is_planned = checkpoints.read_plan(out) is not None
            except files.DamagedJSONError:
                is_planned = False
            if not is_planned:  # the results say of which plan they are
                checkpoints.write_plan(out, wanted)
    except OSError as error:
        if state == "complete":
            return state, False
        raise FolderError(f"--out {out} cannot be written ({error.strerror}); pass another folder") from None
    return state, True


def _unlockable(out: Path, error: OSError) -> FolderError:
    return FolderError(f"--out {out} cannot be locked ({error.strerror}); pass another folder")
