"""Merge studies of several machines into the one that was run at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

import gradlab as gl

from ....remedies.argument_names import suggest_arguments
from ..._engine.distributed import Processes
from ..._engine.task import Watcher
from ..._exports.target_folder import make_folder
from ..._formatting import join_at_most
from ..._inputs.default_contestants import Contestant
from ..._results import results_file
from ..._results.provenance import collect_provenance
from ..._results.study_folder import FolderError
from ..._results_tree import as_tree
from ..._storage import checkpoints
from ..._storage.ownership import RESULTS
from ..open_study import OpenStudy
from ..outputs import write_outputs
from ..run_study import describe_call
from ..study_arguments import contestants_by_name, factories_by_name, problems_by_name
from .agreement import require_agreement
from .layout import Layout, lay_out
from .makers import Compositions, make_problems
from .merged_plan import find_lanes
from .merged_study import MergedStudy
from .missing_runs import require_all_runs
from .parts import Part, RefusedMergeError, open_parts


class Merged(NamedTuple):
    """A study that was merged."""

    results: xr.DataTree
    document: dict[str, Any]  # what stands in leaderboard.json or points.json
    runs: int
    counts: list[tuple[Path, int]]  # the runs of each part
    repeated: int  # runs that several parts have
    lanes: int | None  # with which the study at once would be the same; None if it needs no limit


@suggest_arguments
def merge(
    studies: Sequence[Path | str],
    out: Path | str,
    *,
    problems: Any = (),
    optimizers: str | Callable[..., Any] | Sequence[Any] | Mapping[str, Any] = (),
    watcher: Watcher | None = None,
) -> xr.DataTree:
    """Merge races, or sweeps, that several machines computed, into the study that was run at once.

        gl.lab.race("ravine", ["adam", "sgd"], seeds=range(0, 5), out="a")  # on one machine
        gl.lab.race("ravine", ["adam", "sgd"], seeds=range(5, 10), out="b")  # on another
        results = gl.lab.merge(["a", "b"], out="whole")

    `studies` are the folders of finished studies with other seeds, optimizers, problems or configurations. Runs that
    several of them have are taken once, if they are the same. The results, tables and pictures in the new folder `out`
    are those of the whole study run at once, byte for byte. The folder appears at the end, complete.

    Problems of your own are given as `problems`, as to `race`, because pictures show them. Optimizers of your own are
    given as `optimizers` if the studies differ in their configurations. `watcher` is as of `race`.

    Returns a DataTree, as `race` and `sweep` do. Raises ValueError, with both values, if the studies differ in
    versions, settings, the kind of device, steps, or the code of problems or optimizers, if a run differs between two
    of them, if runs are missing, and if they were computed in blocks of other shapes, since XLA rounds differently
    then; FolderError for folders that hold no finished study, and if `out` is not empty; OSError if the disk refuses.

    >>> for seeds, folder in ((range(2), "a"), (range(2, 4), "b")):
    ...     part = gl.lab.race("ravine", "sgd", rates=2, seeds=seeds, steps=12, out=folder)
    >>> results = gl.lab.merge(["a", "b"], out="whole")
    >>> results["ravine"].seed.values.tolist()
    [0, 1, 2, 3]
    """
    command = describe_call("merge", {**locals(), "problems": problems or None, "optimizers": optimizers or None})
    folders = [studies] if isinstance(studies, (str, Path)) else list(studies)
    return merge_folders(
        [Path(folder) for folder in folders], Path(out), command, problems, optimizers, watcher
    ).results


def merge_folders(
    folders: Sequence[Path],
    out: Path,
    command: str,
    problems: Any = (),
    optimizers: Any = (),
    watcher: Watcher | None = None,
) -> Merged:
    """Merge studies, and say what came of it; see `merge`. The results say that they come from `command`."""
    with make_folder(out, lambda folder: _refuse(folder, out)) as temporary, open_parts(folders) as parts:
        require_agreement(parts)
        if (here := gl.__version__) != (there := parts[0].plan["versions"]["gradlab"]):
            raise RefusedMergeError(f"gradlab: {there} in {parts[0].folder}, {here} here; merge with that version")
        layout = lay_out(parts)
        lanes = find_lanes(layout)
        require_all_runs(layout)
        study = MergedStudy(
            layout,
            make_problems(layout, problems_by_name(list(problems) if isinstance(problems, tuple) else problems)),
            Compositions(layout, _find_optimizers(layout, optimizers)),
        )
        plan = study.plan()
        checkpoints.write_plan(temporary, plan)
        datasets = study.compute(temporary, watcher or Watcher(), Processes(), {})
        own = {"kind": study.kind, "plan": checkpoints.compute_digest(plan)}
        attributes = {**collect_provenance(command), **plan["versions"], **own, **_describe_origins(parts)}
        results_file.write(temporary / RESULTS, datasets, attributes, _list_history(parts))
        results = as_tree(*results_file.read(temporary / RESULTS))
        opened = OpenStudy(study, plan, temporary, "unfinished", Processes())  # type: ignore[arg-type]
        document = write_outputs(opened, results, watcher or Watcher())
    counts = [(part.folder, sum(int(data.diverged.size) for data in part.datasets.values())) for part in parts]
    return Merged(as_tree(*results_file.read(out)), document, study.runs, counts, study.repeated[0], lanes)


def _refuse(target: Path, out: Path) -> None:
    """Raise FolderError for a folder that holds anything: a merge never replaces a study."""
    if target.exists() and not target.is_dir():
        raise FolderError(f"{out} is a file; pass the name of a new folder")
    if target.is_dir() and (found := sorted(path.name for path in target.iterdir())):
        raise FolderError(f"{out} holds {join_at_most(found, 3)}; pass a new folder as --out (out=)")


def _find_optimizers(layout: Layout, optimizers: Any) -> dict[str, Any]:
    """Return the optimizers that are given, by name, as factories or contestants."""
    if not optimizers:
        return {}
    if layout.kind != "race":
        return factories_by_name(optimizers)
    contestants: tuple[Contestant, ...] = contestants_by_name(optimizers)
    return {contestant.name: contestant for contestant in contestants}


def _describe_origins(parts: Sequence[Part]) -> dict[str, str]:
    """Return the attributes that say where the runs come from: the command and the machine of each part."""
    own = [{**part.history[-1], "folder": str(part.folder)} for part in parts if part.history]
    anew = dict.fromkeys(line for part in parts for line in part.attributes.get("computed_anew", "").splitlines())
    return {"parts": json.dumps(own), **({"computed_anew": "\n".join(anew)} if anew else {})}


def _list_history(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Return where the runs come from: the commands, dates, machines and versions of all parts."""
    return [{**entry, "folder": str(part.folder)} for part in parts for entry in part.history]
