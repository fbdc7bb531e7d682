"""The folder of a run: what may be written there, what it holds already, and how the run goes on from that."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from ..storage import checkpoints
from ..storage.files import DamagedJSONError, read_json
from ..storage.ownership import LEADERBOARDS as LEADERBOARDS
from ..storage.ownership import PARTS, PLAN, PROVENANCE, describe_foreign
from ..storage.ownership import POINTS as POINTS
from ..storage.ownership import REPORT as REPORT
from ..storage.ownership import RESULTS as RESULTS
from .plan import compare_plans
from .results_file import FORMATS, DamagedResultsError, ResultsError, read_attributes

_DRAWN = {
    "race": ("learning_curves", "sensitivity", "paths"),
    "sweep": ("effects", "heat"),
    "search": ("effects", "heat"),
}
_PICTURE = re.compile(rf"({'|'.join(_DRAWN['race'] + _DRAWN['sweep'])})_\w+\.png")

State = Literal["new", "unfinished", "complete"]


class FolderError(ValueError):
    """A folder that results cannot, or must not, be written to."""


class UnwritableError(FolderError):
    """A folder that cannot be written to, but perhaps read."""


def prepare_folder(folder: Path) -> None:
    """Make the folder if need be. Raises FolderError if it is no folder, or cannot be written."""
    try:
        if folder.exists() and not folder.is_dir():
            raise FolderError(f"--out {folder} is a file; pass the name of a folder, which may be new")
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise UnwritableError(f"--out {folder} cannot be written ({error.strerror}); pass another folder") from None
    except ValueError as error:  # a null character, or one that the encoding of file names does not have
        if isinstance(error, FolderError):
            raise
        raise FolderError(f"--out {folder} is no name of a folder ({error}); pass another") from None


def examine_folder(folder: Path, plan: Mapping[str, Any], fresh: bool = False) -> State:
    """How far this plan has come in a folder; `fresh` starts anew, whatever plan was there.

    Raises FolderError if the folder holds files of these names that no run of ours wrote, unless nothing is to be
    written because all is there; and, unless `fresh`, if it holds another plan or damaged results.
    """
    state = _examine(folder, plan, fresh)
    if state != "complete":
        refuse_foreign(folder, plan)
    return state


def _examine(folder: Path, plan: Mapping[str, Any], fresh: bool) -> State:
    results = _results_of(folder)
    found, damage = _plan_of(folder, bool(results))
    if found is None and not damage and results is None:
        refuse_foreign(folder, plan)
        others = sorted(path.name for path in list_outputs(folder, plan) if path.exists())
        if others and not fresh:
            raise FolderError(
                f"--out {folder} holds {', '.join(others)} but no results, and they would be overwritten; --fresh "
                f"discards them, another --out keeps them"
            )
        return "new"
    is_ours = found is not None or (results is not None and results.get("format", "").startswith("gradlab-"))
    if not is_ours and not damage:
        raise FolderError(
            f"{folder / RESULTS} was not written by gradlab, or is damaged; move it away, or pass another --out"
        )
    if fresh:
        return "new"
    remedy = "--fresh discards it and starts anew; another --out keeps it"
    if found is None:
        if results and results.get("plan") == checkpoints.compute_digest(plan) and not results.get("failed"):
            return "complete"  # and the plan can be written again
        if damage:
            raise FolderError(f"{folder / PLAN} is damaged ({damage}); {remedy}")
        made = f"gradlab {(results or {}).get('gradlab', '(unknown version)')}"
        raise FolderError(f"{folder} holds results of {made} without a plan, to which nothing can be added; {remedy}")
    if results is None and not checkpoints.has_checkpoints(folder):
        return "new"  # it came to nothing, as when an optimizer of one's own fails
    differing = compare_plans(found, plan)
    if differing:
        shown = "; ".join(differing[:3]) + (f"; and {len(differing) - 3} more" if len(differing) > 3 else "")
        raise FolderError(f"{folder} holds a run of another plan ({shown}). {remedy}")
    if results is None:
        return "unfinished"
    if not results:
        raise FolderError(f"{folder / RESULTS} is damaged; {remedy}")
    if results.get("format") not in FORMATS:
        raise FolderError(f"{folder / RESULTS} is of another version (format {results.get('format')}); {remedy}")
    is_finished = results.get("plan") == checkpoints.compute_digest(found) and not results.get("failed")
    return "complete" if is_finished else "unfinished"


def refuse_foreign(folder: Path, plan: Mapping[str, Any]) -> None:
    """Raise FolderError, which names them, if files of somebody else's would be overwritten or removed."""
    own = (folder / name for name in (PLAN, RESULTS, PROVENANCE, PARTS))
    listed = {path.name for path in _listed(folder)}
    try:
        is_ours = any((folder / name).exists() and not describe_foreign(folder / name) for name in (PLAN, RESULTS))
        reasons = {
            path.name: describe_foreign(path, is_ours and (path.suffix != ".png" or path.name in listed))
            for path in (*own, *list_outputs(folder, plan))
        }
    except (OSError, ValueError) as error:  # too long a name, or one that the encoding of file names does not have
        if isinstance(error, FolderError):
            raise
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, UnicodeEncodeError):
            signs = error.object[error.start : error.end]
            reason = f"the locale's encoding of file names, {error.encoding}, does not have {signs!r}"
        raise FolderError(f"--out {folder} cannot hold the files of this run ({reason}); pass another folder") from None
    _refuse(folder, reasons)


def refuse_to_overwrite(paths: Iterable[Path]) -> None:
    """Raise FolderError, which names them, if files to be written are there already and are not gradlab's."""
    reasons: dict[Path, dict[str, str | None]] = {}
    for path in paths:
        is_listed = path in _listed(path.parent)
        reasons.setdefault(path.parent, {})[path.name] = describe_foreign(path, is_listed)
    for folder, found in reasons.items():
        _refuse(folder, found)


def _refuse(folder: Path, reasons: Mapping[str, str | None]) -> None:
    refused = [f"{name} ({reason})" for name, reason in reasons.items() if reason]
    if refused:
        raise FolderError(
            f"--out {folder} holds {', '.join(refused)}, which would be overwritten or removed; move it away, or pass "
            f"another --out"
        )


def list_outputs(folder: Path, plan: Mapping[str, Any]) -> Iterator[Path]:
    """The tables, pages and pictures that a run of a plan may write beside its results."""
    kind = str(plan.get("kind"))
    yield folder / REPORT
    yield from (folder / name for name in (LEADERBOARDS if kind == "race" else POINTS))
    problems = dict.fromkeys(task["problem"] for task in plan.get("tasks", []))
    yield from (folder / f"{drawn}_{name}.png" for drawn in _DRAWN.get(kind, ()) for name in problems)


def list_last_outputs(folder: Path) -> set[Path]:
    """What the last run in this folder made beside its results: tables, and the pictures and the report that it listed
    as its own."""
    tables = (folder / name for name in (*LEADERBOARDS, *POINTS))
    return {path for path in tables if path.exists()} | _listed(folder)


def _listed(folder: Path) -> set[Path]:
    names: set[str] = set()
    for listing in (LEADERBOARDS[1], POINTS[1]):
        names |= {Path(name).name for name in read_file_list(folder / listing)}
    return {folder / name for name in names if name == REPORT or _PICTURE.fullmatch(name)}


def read_file_list(listing: Path) -> list[str]:
    """The names of files that a listing of gradlab's, such as leaderboard.json, has; none if it is damaged."""
    try:
        found = read_json(listing)
    except (OSError, DamagedJSONError):
        return []
    files = found.get("files")
    is_ours = str(found.get("format", "")).startswith("gradlab-") and isinstance(files, list)
    return [name for name in files if isinstance(name, str)] if is_ours else []  # type: ignore[union-attr]


def remove_stale_outputs(old: Iterable[Path], new: Iterable[Path]) -> None:
    """Remove what an older run made and this one did not make anew: it would seem to belong to it."""
    for path in set(old) - set(new):
        if describe_foreign(path, among_ours=True) is None:
            path.unlink(missing_ok=True)


def _plan_of(folder: Path, among_ours: bool = False) -> tuple[dict[str, Any] | None, str]:
    """The plan of a folder, None if there is none, and what is wrong with one of gradlab's that is damaged.

    Raises FolderError for a plan that is not gradlab's, or that must not be read.
    """
    path, damage = folder / PLAN, ""
    try:
        found = checkpoints.read_plan(folder)
    except DamagedJSONError as error:
        found, damage = None, str(error)
    except OSError as error:
        raise FolderError(f"{path} cannot be read ({error.strerror}); mend that, or pass another --out") from None
    if damage:
        is_ours = not describe_foreign(path, among_ours)
    else:
        is_ours = found is None or str(found.get("format", "")).startswith("gradlab-")
    if not is_ours:
        reason = f"cannot be read ({damage})" if damage else "was not written by gradlab"
        raise FolderError(f"{path} {reason}; move it away, or pass another --out")
    return found, damage


def _results_of(folder: Path) -> dict[str, str] | None:
    """The attributes of the results: None if there are none, and empty if they are damaged."""
    try:
        return read_attributes(folder / RESULTS)
    except FileNotFoundError:
        return None
    except DamagedResultsError:
        return {}
    except ResultsError as error:
        raise FolderError(f"{error}, or pass another --out") from None
