"""The parts of a merge: the finished studies of some folders, which nobody changes meanwhile."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from ..._inputs.user_errors import read_failures
from ..._results import results_file
from ..._results.study_folder import FolderError
from ..._storage import checkpoints
from ..._storage.files import DamagedJSONError
from ..._storage.lock import lock_folder
from ..._storage.ownership import PLAN, RESULTS


class RefusedMergeError(ValueError):
    """Studies that cannot become one. The text says why, with both values, and what to do."""


class Part(NamedTuple):
    """A finished study in a folder."""

    folder: Path
    plan: Mapping[str, Any]
    datasets: Mapping[str, xr.Dataset]  # by problem
    attributes: Mapping[str, str]
    history: Sequence[Mapping[str, Any]]  # command, date and machine of this study, and before it of those it grew from

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """The tasks of its plan."""
        return list(self.plan["tasks"])


@contextmanager
def open_parts(folders: Sequence[Path]) -> Iterator[list[Part]]:
    """Yield the studies of some folders, which are locked as long as they are open, unless they can only be read.

    Raises FolderError for what is no finished study, RefusedMergeError for a search, a pruned study and fewer than two
    folders, LockedError for a folder to which another process writes, and ResultsError for damaged results.
    """
    given = [folder.parent if folder.name == RESULTS else folder for folder in folders]
    real = [os.path.realpath(folder) for folder in given]
    if twice := [str(folder) for at, folder in enumerate(given) if real[at] in real[:at]]:
        raise RefusedMergeError(f"{twice[0]} is given twice; give each study once")
    if len(given) < 2:
        raise RefusedMergeError(f"a merge needs at least two studies, got {', '.join(map(str, given)) or 'none'}")
    with ExitStack() as stack:
        for folder in given:
            _require_study(folder)
            with contextlib.suppress(OSError):  # a folder that can only be read does not change
                stack.enter_context(lock_folder(folder))
        yield [_read_part(folder) for folder in given]


def _require_study(folder: Path) -> None:
    """Raise FolderError unless a folder has a study."""
    if not folder.is_dir():
        raise FolderError(f"{folder} is no folder; pass the folders of races or sweeps")
    if not ((folder / PLAN).exists() or (folder / RESULTS).exists()):
        raise FolderError(f"{folder} holds no study; pass the folders of races or sweeps")


def _read_part(folder: Path) -> Part:
    try:
        plan = checkpoints.read_plan(folder)
    except (OSError, DamagedJSONError) as error:
        raise FolderError(f"{folder / PLAN} cannot be read ({error}); repeat the command of this study") from None
    if plan is None:
        raise FolderError(f"{folder} has results without {PLAN}; repeat the command of this study, which writes it")
    kind = str(plan.get("kind", "study"))
    if kind == "search":
        raise RefusedMergeError(
            f"{folder} holds a search, which follows its own scores, so that it cannot become one with another study; "
            f"raise its --trials instead, or merge sweeps"
        )
    if pruned := [task["pruning"] for task in plan["tasks"] if "pruning" in task]:
        raise RefusedMergeError(
            f"{folder} holds a {kind} that is pruned by {pruned[0]}: with the runs of another study other ones "
            f"would be stopped; run all of it at once, or merge studies without --prune (prune)"
        )
    if "against" in plan:
        raise RefusedMergeError(
            f"{folder} holds a race against baselines, of which only scores and curves are kept; merge races of your "
            f"optimizers without --against (against), and repeat the command with it on the whole"
        )
    again = "repeat its command, which goes on from there, and merge then"
    if not (folder / RESULTS).exists():
        raise FolderError(f"the {kind} in {folder} is unfinished; {again}")
    datasets, attributes = results_file.read(folder)
    if attributes.get("plan") != checkpoints.compute_digest(plan):
        raise FolderError(f"the {kind} in {folder} grows, and is unfinished; {again}")
    if attributes.get("failed"):
        failed = [f"{name} on {problem}" for problem, by in read_failures(attributes).items() for name in by]
        raise FolderError(f"in {folder}, {', '.join(failed)} failed; repair that, and {again}")
    return Part(folder, plan, datasets, attributes, results_file.read_history(folder / RESULTS))
