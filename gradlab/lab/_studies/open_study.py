"""A study that is open in a folder: it holds the lock, continues from the checkpoints, and writes the results."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import xarray as xr

from .._engine.distributed import Processes
from .._engine.task import Watcher
from .._engine.task_runner import Helpers
from .._formatting import format_count
from .._inputs.user_errors import UserCodeError, describe_failures
from .._profile import measure
from .._results import plan, results_file
from .._results.carry_over import carry_over, count_runs_on_disk
from .._results.growth import RefusedGrowthError, find_growth
from .._results.study_folder import (
    REMEDY,
    RESULTS,
    FolderError,
    OtherPlanError,
    State,
    UnwritableError,
    examine_folder,
    prepare_folder,
    refuse_foreign,
)
from .._results_tree import as_tree
from .._storage import checkpoints, files
from .._storage.lock import LockedError, lock_folder
from .study import Failed, Study


@dataclass(frozen=True)
class OpenStudy:
    """A study and its folder, which is locked as long as the study is open."""

    study: Study
    plan: Mapping[str, Any]
    out: Path
    state: State  # of the folder, before
    processes: Processes
    fresh: bool = False
    is_writable: bool = True  # False for a finished study in a folder that can only be read
    growth: tuple[str, ...] = ()  # what the folder holds of the study that it grew from, and what is new, in words
    failed: Failed = field(default_factory=dict)  # the optimizers that could not be run, once the study is finished

    def finish(self, attributes: Mapping[str, str], watcher: Watcher, helpers: Helpers | None = None) -> None:
        """Compute the runs that are missing, and write the results, with these attributes and some of their own.

        Optimizers that fail are left out of the results, which name them, and the checkpoints stay in the folder: the
        same study takes the others from there and tries those that failed again. Raises UserCodeError if no optimizer
        is left, and OSError if the disk refuses.
        """
        if self.state == "complete":
            return
        folder = self.out if self.processes.is_first else None
        datasets = self.study.compute(folder, watcher, self.processes, self.failed, helpers)
        if not datasets:
            raise UserCodeError("\n".join(describe_failures(self.failed)))
        if self.processes.is_first:
            stored = checkpoints.prefer_stored_plan(self.out, self.plan)
            own = {"kind": self.study.kind, "plan": checkpoints.compute_digest(stored)}
            if self.failed:
                own["failed"] = json.dumps(self.failed)
            if parts := getattr(self.study, "parts", None):
                own["parts"] = json.dumps(parts)
            with measure("results"):
                is_new, path = self.state == "new", self.out / RESULTS
                history = [] if is_new else results_file.read_history(path, own["plan"])
                if anew := [] if is_new else results_file.read_anew(path):
                    own["computed_anew"] = "\n".join(anew)
                results_file.write(path, datasets, {**attributes, **own}, history)
            if not self.failed:
                checkpoints.remove_checkpoints(self.out)

    def read(self) -> xr.DataTree:
        """Return the results, once the study is finished. Raises FolderError if they are damaged."""
        try:
            with measure("results"):
                return as_tree(*results_file.read(self.out / RESULTS))
        except results_file.ResultsError as error:
            raise FolderError(
                f"{error}; --fresh (fresh=True) discards them and starts anew; another folder keeps them"
            ) from None

    def runs_on_disk(self) -> float:
        """Return how many runs the folder has, in parts of a run: all of them once the results are there."""
        try:
            stored = checkpoints.prefer_stored_plan(self.out, self.plan)
            if plan.compare_plans(stored, self.plan):
                return 0
            with contextlib.suppress(FileNotFoundError, results_file.ResultsError):
                if results_file.read_attributes(self.out / RESULTS).get("plan") == checkpoints.compute_digest(stored):
                    return self.study.runs
            return count_runs_on_disk(self.out, stored, getattr(self.study, "partitions", None))
        except (OSError, ValueError, IndexError):  # the folder has lost its plan
            return 0


@contextmanager
def open_study(study: Study, out: Path, fresh: bool = False, processes: Processes | None = None) -> Iterator[OpenStudy]:
    """Open a study in a folder, which is new, or holds the same study, unfinished or finished.

    `fresh` discards what the folder holds. Raises FolderError if the folder cannot be used, holds files that gradlab
    did not write, or holds another study, and if the processes were given different studies. It is raised in every
    process, though only the first one looks at the folder. A finished study may lie in a folder that can only be read.
    """
    processes = processes or Processes()
    with measure("plan"):
        own = study.plan()
    refusal: str | None = None
    state: State = "new"
    is_writable, growth = True, tuple[str, ...]()
    with ExitStack() as stack:
        if processes.is_first:
            try:
                state, is_writable, growth = _lock_and_prepare(out, own, fresh, stack, study)
            except (FolderError, LockedError) as error:
                refusal = str(error)
        refusal, state, first = processes.broadcast((refusal, state, own))
        differing = plan.compare_plans(first, own)
        if not refusal and any(processes.gather(bool(differing))):
            refusal = f"the processes were given different plans ({'; '.join(differing[:3]) or 'see the others'})"
        if refusal:
            raise FolderError(refusal)
        yield OpenStudy(study, own, out, state, processes, fresh, is_writable, growth)


def _lock_and_prepare(
    out: Path, own: Mapping[str, Any], fresh: bool, stack: ExitStack, study: Study
) -> tuple[State, bool, tuple[str, ...]]:
    """Lock a folder and prepare it for a plan.

    Return its state before, whether it can be written, and what is taken from a smaller study that it held, in words.
    """
    try:
        prepare_folder(out)
        stack.enter_context(lock_folder(out))
    except (UnwritableError, OSError) as error:
        refusal = error if isinstance(error, FolderError) else _make_lock_error(out, error)
        try:
            is_complete = not fresh and examine_folder(out, own) == "complete"
        except FolderError:
            is_complete = False
        if not is_complete:
            raise refusal from None
        return "complete", False, ()
    try:
        state = examine_folder(out, own, fresh)
    except OtherPlanError as error:
        return "unfinished", True, _grow_folder(out, error, own, study)
    try:
        files.remove_leftovers(out)
        if state == "new":
            checkpoints.initialize_folder(out, own)
        elif state == "complete":
            checkpoints.remove_checkpoints(out)
            try:
                has_plan = checkpoints.read_plan(out) is not None
            except files.DamagedJSONError:
                has_plan = False
            if not has_plan:  # the results say which plan they belong to
                checkpoints.write_plan(out, own)
    except OSError as error:
        if state == "complete":
            return state, False, ()
        raise FolderError(f"{out} cannot be written ({error.strerror}); pass another folder") from None
    return state, True, ()


def _grow_folder(out: Path, error: OtherPlanError, own: Mapping[str, Any], study: Study) -> tuple[str, ...]:
    """Make a folder that holds another plan ready for this one, if the study of that one is a part of this one.

    The runs that both have are taken. Return which they are, and what is to be computed, in words. At any moment the
    folder belongs to one of the two plans. Raises FolderError otherwise.
    """
    stored = error.stored

    def compose(task: int, point: int) -> str:
        return str(study.tasks[task].make_optimizer(point))  # type: ignore[attr-defined]  # a search does not ask

    try:
        growth = find_growth(stored, own, compose)
    except RefusedGrowthError as refusal:
        raise FolderError(f"{out} holds a study with another plan ({refusal}). {refusal.rule} {REMEDY}") from None
    refuse_foreign(out, own)
    try:
        known, _ = carry_over(out, stored, growth.kept, out, checkpoints.compute_digest(own))
        if growth.anew:
            results_file.announce_anew(out / RESULTS, growth.anew)
        checkpoints.replace_plan(out, own, _list_kept_rounds(stored))
        if own["kind"] == "search":  # its rounds stay as they are
            known = int(count_runs_on_disk(out, own) + 1e-6)
    except results_file.ResultsError as damage:
        raise FolderError(f"{damage}; {REMEDY}") from None
    except OSError as refusal:
        raise FolderError(f"{out} cannot be written ({refusal.strerror}); pass another folder") from None
    total = format_count(study.runs, "run")
    new = f": {growth.new}" if growth.new else ""
    rest = f"computing the other {study.runs - known:,}{new}" if study.runs > known else f"adding what is new{new}"
    return f"{out} holds {known:,} of {total} of this {study.kind} already; {rest}", *growth.anew


def _list_kept_rounds(stored: Mapping[str, Any]) -> range:
    """Return the tasks of a search whose checkpoints serve a longer one too: of all rounds but a last, smaller one."""
    if stored["kind"] != "search":
        return range(0)
    task = stored["tasks"][0]
    return range(task["trials"] // task["batch"] * len(stored["tasks"]))


def _make_lock_error(out: Path, error: OSError) -> FolderError:
    return FolderError(f"{out} cannot be locked ({error.strerror}); pass another folder")
