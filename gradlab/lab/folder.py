"""The folder of a run: what may be written there, what it holds already, and how the run goes on from that."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from . import store
from .plan import differences
from .results import RESULTS as RESULTS
from .results import ResultsError, attributes_of

REPORT = "report.html"
LEADERBOARDS = ("leaderboard.csv", "leaderboard.json")
POINTS = ("points.csv", "points.json")
_PICTURE = re.compile(r"(learning_curves|sensitivity|paths|effects|heat)_\w+\.png")

State = Literal["new", "unfinished", "complete"]


class FolderError(ValueError):
    """A folder that results cannot, or must not, be written to."""


def prepare(folder: Path) -> None:
    """Make the folder if need be. Raises FolderError if it is no folder, or cannot be written."""
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"--out {folder} is a file; pass the name of a folder, which may be new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise FolderError(f"--out {folder} cannot be written ({error.strerror}); pass another folder") from None


def examine(folder: Path, plan: Mapping[str, Any], fresh: bool = False) -> State:
    """How far this plan has come in a folder; `fresh` starts anew, whatever plan was there.

    Raises FolderError if the folder holds files of these names that no run of ours wrote; and, unless `fresh`, if it
    holds another plan or damaged results.
    """
    found, results = _plan_of(folder), _results_of(folder)
    if found is None and results is None:
        others = sorted(path.name for path in folder.iterdir() if _is_output(path.name))
        if others:
            raise FolderError(
                f"--out {folder} holds {', '.join(others)} but no results, and they would be overwritten; pass another "
                f"folder"
            )
        return "new"
    is_ours = found is not None or (results is not None and results.get("format", "").startswith("gradlab-"))
    if not is_ours:
        raise FolderError(
            f"{folder / RESULTS} was not written by gradlab, or is damaged; move it away, or pass another --out"
        )
    if fresh:
        return "new"
    remedy = "--fresh discards it and starts anew; another --out keeps it"
    if found is None:
        made = f"gradlab {(results or {}).get('gradlab', '(unknown version)')}"
        raise FolderError(f"{folder} holds results of {made} without a plan, to which nothing can be added; {remedy}")
    if results is None and not store.has_parts(folder):
        return "new"  # it came to nothing, as when an optimizer of one's own fails
    differing = differences(found, plan)
    if differing:
        shown = "; ".join(differing[:3]) + (f"; and {len(differing) - 3} more" if len(differing) > 3 else "")
        raise FolderError(f"{folder} holds a run of another plan ({shown}). {remedy}")
    if results is None:
        return "unfinished"
    if not results:
        raise FolderError(f"{folder / RESULTS} is damaged; {remedy}")
    is_finished = results.get("plan") == store.digest(plan) and not results.get("failed")
    return "complete" if is_finished else "unfinished"


def drawn_by_last_run(folder: Path) -> set[Path]:
    """The pictures, and the report, that the last run in this folder listed as its own; none if it left no list."""
    names: set[str] = set()
    for listing in (LEADERBOARDS[1], POINTS[1]):
        try:
            listed = json.loads((folder / listing).read_text(encoding="utf-8"))["files"]
            names |= {Path(name).name for name in listed}
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {folder / name for name in names if name == REPORT or _PICTURE.fullmatch(name)}


def remove_stale(old: Iterable[Path], new: Iterable[Path]) -> None:
    """Remove what an older run drew and this one did not draw anew: it would seem to belong to it."""
    for path in set(old) - set(new):
        path.unlink(missing_ok=True)


def _plan_of(folder: Path) -> dict[str, Any] | None:
    path = folder / store.PLAN
    try:
        found = store.read_plan(folder)
    except (OSError, ValueError) as error:
        raise FolderError(f"{path} cannot be read ({error}); move it away, or pass another --out") from None
    if found is not None and not str(found.get("format", "")).startswith("gradlab-"):
        raise FolderError(f"{path} was not written by gradlab; move it away, or pass another --out")
    return found


def _results_of(folder: Path) -> dict[str, str] | None:
    """The attributes of the results: None if there are none, and empty if they cannot be read."""
    try:
        return attributes_of(folder / RESULTS)
    except FileNotFoundError:
        return None
    except ResultsError:
        return {}


def _is_output(name: str) -> bool:
    return name in (*LEADERBOARDS, *POINTS, REPORT) or bool(_PICTURE.fullmatch(name))
