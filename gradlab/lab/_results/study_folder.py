"""The folder of a study: what it holds already, and which of its files may be overwritten or removed."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from .._storage import checkpoints
from .._storage.files import DamagedJSONError, read_json
from .._storage.ownership import LEADERBOARDS as LEADERBOARDS
from .._storage.ownership import PARTS, PLAN, PROVENANCE, describe_foreign
from .._storage.ownership import POINTS as POINTS
from .._storage.ownership import REPORT as REPORT
from .._storage.ownership import RESULTS as RESULTS
from .._storage.ownership import TABLES as TABLES
from .plan import compare_plans
from .results_file import FORMATS, DamagedResultsError, ResultsError, read_attributes

_PICTURES = {
    "race": ("learning_curves", "sensitivity", "paths"),
    "sweep": ("effects", "heat"),
    "search": ("effects", "heat"),
}
_PICTURE_NAME = re.compile(rf"({'|'.join(_PICTURES['race'] + _PICTURES['sweep'])})_\w+\.png")

State = Literal["new", "unfinished", "complete"]
REMEDY = "--fresh (fresh=True) discards it and starts anew; another folder keeps it"


class FolderError(ValueError):
    """Results cannot, or must not, be written to a folder.

    >>> import pathlib
    >>> characters = pathlib.Path("race").write_text("a file, and no folder")
    >>> try:
    ...     gl.lab.race("ravine", "sgd", rates=2, seeds=2, steps=12, out="race")
    ... except gl.lab.FolderError as error:
    ...     print(str(error)[:60])
    race is a file; pass the name of a folder, which may be new
    """


class OtherPlanError(FolderError):
    """A folder holds a study with another plan, `stored`, of which the requested one may be a larger form."""

    def __init__(self, folder: Path, stored: Mapping[str, Any], differences: str):
        super().__init__(f"{folder} holds a study with another plan ({differences}). {REMEDY}")
        self.stored = stored


class UnwritableError(FolderError):
    """A folder cannot be written to. Perhaps it can be read."""


def prepare_folder(folder: Path) -> None:
    """Make a folder unless it exists. Raises FolderError if it is no folder, or cannot be written to."""
    try:
        if folder.exists() and not folder.is_dir():
            raise FolderError(f"{folder} is a file; pass the name of a folder, which may be new")
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise UnwritableError(f"{folder} cannot be written ({error.strerror}); pass another folder") from None
    except ValueError as error:  # a null character, or one that file names cannot encode
        if isinstance(error, FolderError):
            raise
        raise FolderError(f"{folder} is no name of a folder ({error}); pass another") from None


def examine_folder(folder: Path, plan: Mapping[str, Any], fresh: bool = False) -> State:
    """Return how far a study with this plan has come in a folder. With `fresh` it is always new.

    Raises FolderError if a file that gradlab did not write would be overwritten, and, unless `fresh`, if the folder
    holds another plan or damaged results. If the study is complete, nothing is written, and foreign files are no error.
    """
    state = _examine(folder, plan, fresh)
    if state != "complete":
        refuse_foreign(folder, plan)
    return state


def _examine(folder: Path, plan: Mapping[str, Any], fresh: bool) -> State:
    results = _read_results_attributes(folder)
    stored, damage = _read_stored_plan(folder, bool(results))
    if stored is None and not damage and results is None:
        refuse_foreign(folder, plan)
        others = sorted(path.name for path in list_outputs(folder, plan) if path.exists())
        if others and not fresh:
            raise FolderError(
                f"{folder} holds {', '.join(others)} but no results, and they would be overwritten; "
                f"--fresh (fresh=True) discards them, another folder keeps them"
            )
        return "new"
    is_ours = stored is not None or (results is not None and results.get("format", "").startswith("gradlab-"))
    if not is_ours and not damage:
        raise FolderError(
            f"{folder / RESULTS} was not written by gradlab, or is damaged; move it away, or pass another folder"
        )
    if fresh:
        return "new"
    if stored is None:
        if results and results.get("plan") == checkpoints.compute_digest(plan) and not results.get("failed"):
            return "complete"  # the results are whole, and the plan file can be written again
        if damage:
            raise FolderError(f"{folder / PLAN} is damaged ({damage}); {REMEDY}")
        version = (results or {}).get("gradlab", "(unknown version)")
        raise FolderError(
            f"{folder} holds results of gradlab {version} without a plan, to which nothing can be added; {REMEDY}"
        )
    if results is None and not checkpoints.has_checkpoints(folder):
        return "new"  # an earlier attempt left nothing, for example because an optimizer of the user failed
    differences = compare_plans(stored, plan)
    if differences:
        text = "; ".join(differences[:3]) + (f"; and {len(differences) - 3} more" if len(differences) > 3 else "")
        if results is not None and not results:
            raise FolderError(f"{folder / RESULTS} is damaged, and holds a study with another plan ({text}). {REMEDY}")
        raise OtherPlanError(folder, stored, text)
    if results is None:
        return "unfinished"
    if not results:
        raise FolderError(f"{folder / RESULTS} is damaged; {REMEDY}")
    if results.get("format") not in FORMATS:
        raise FolderError(f"{folder / RESULTS} is of another version (format {results.get('format')}); {REMEDY}")
    is_finished = results.get("plan") == checkpoints.compute_digest(stored) and not results.get("failed")
    return "complete" if is_finished else "unfinished"


def refuse_foreign(folder: Path, plan: Mapping[str, Any]) -> None:
    """Raise FolderError, which names them, if files that gradlab did not write would be overwritten or removed."""
    own = (folder / name for name in (PLAN, RESULTS, PROVENANCE, PARTS))
    listed = {path.name for path in _list_drawn(folder)}
    try:
        is_ours = any((folder / name).exists() and not describe_foreign(folder / name) for name in (PLAN, RESULTS))
        reasons = {
            path.name: describe_foreign(path, is_ours and (path.suffix != ".png" or path.name in listed))
            for path in (*own, *list_outputs(folder, plan))
        }
    except (OSError, ValueError) as error:  # a name that is too long, or that file names cannot encode
        if isinstance(error, FolderError):
            raise
        reason = getattr(error, "strerror", None) or error
        if isinstance(error, UnicodeEncodeError):
            characters = error.object[error.start : error.end]
            reason = f"the locale's encoding of file names, {error.encoding}, does not have {characters!r}"
        raise FolderError(f"{folder} cannot hold the files of this study ({reason}); pass another folder") from None
    _refuse(folder, reasons)


def refuse_to_overwrite(paths: Iterable[Path]) -> None:
    """Raise FolderError, which names them, if files that gradlab did not write would be overwritten."""
    reasons: dict[Path, dict[str, str | None]] = {}
    for path in paths:
        is_listed = path in _list_drawn(path.parent)
        reasons.setdefault(path.parent, {})[path.name] = describe_foreign(path, is_listed)
    for folder, by_name in reasons.items():
        _refuse(folder, by_name)


def _refuse(folder: Path, reasons: Mapping[str, str | None]) -> None:
    foreign = [f"{name} ({reason})" for name, reason in reasons.items() if reason]
    if foreign:
        raise FolderError(
            f"{folder} holds {', '.join(foreign)}, which would be overwritten or removed; move it away, or pass "
            f"another folder"
        )


def list_outputs(folder: Path, plan: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the tables, pages and pictures that a study with this plan may write beside its results."""
    kind = str(plan.get("kind"))
    yield folder / REPORT
    yield from (folder / name for name in (LEADERBOARDS if kind == "race" else POINTS))
    problems = dict.fromkeys(task["problem"] for task in plan.get("tasks", []))
    yield from (folder / f"{picture}_{name}.png" for picture in _PICTURES.get(kind, ()) for name in problems)


def list_last_outputs(folder: Path) -> set[Path]:
    """Return the files that the last study in this folder wrote beside its results.

    They are the tables that exist, and the pictures and the report that one of the tables lists.
    """
    tables = (folder / name for name in (*LEADERBOARDS, *POINTS, *TABLES))
    return {path for path in tables if path.exists()} | _list_drawn(folder)


def _list_drawn(folder: Path) -> set[Path]:
    """Return the pictures and the report that the tables of a folder list."""
    names: set[str] = set()
    for listing in (LEADERBOARDS[1], POINTS[1]):
        names |= {Path(name).name for name in read_file_list(folder / listing)}
    return {folder / name for name in names if name == REPORT or _PICTURE_NAME.fullmatch(name)}


def read_file_list(table: Path) -> list[str]:
    """Return the file names in a table of gradlab, such as leaderboard.json, or nothing if it is damaged."""
    try:
        document = read_json(table)
    except (OSError, DamagedJSONError):
        return []
    files = document.get("files")
    is_ours = str(document.get("format", "")).startswith("gradlab-") and isinstance(files, list)
    return [name for name in files if isinstance(name, str)] if is_ours else []  # type: ignore[union-attr]


def remove_stale_outputs(old: Iterable[Path], new: Iterable[Path]) -> None:
    """Remove files that an older study wrote and this one did not replace. They would seem to belong to this one."""
    for path in set(old) - set(new):
        if describe_foreign(path, among_ours=True) is None:
            path.unlink(missing_ok=True)


def _read_stored_plan(folder: Path, among_ours: bool = False) -> tuple[dict[str, Any] | None, str]:
    """Return the plan of a folder, or None, and what is wrong with it if it is damaged, or an empty text.

    Raises FolderError for a plan that gradlab did not write, or that cannot be read.
    """
    path, damage = folder / PLAN, ""
    try:
        plan = checkpoints.read_plan(folder)
    except DamagedJSONError as error:
        plan, damage = None, str(error)
    except OSError as error:
        raise FolderError(
            f"{path} cannot be read ({error.strerror}); check its permissions, or pass another folder"
        ) from None
    if damage:
        is_ours = not describe_foreign(path, among_ours)
    else:
        is_ours = plan is None or str(plan.get("format", "")).startswith("gradlab-")
    if not is_ours:
        reason = f"cannot be read ({damage})" if damage else "was not written by gradlab"
        raise FolderError(f"{path} {reason}; move it away, or pass another folder")
    return plan, damage


def _read_results_attributes(folder: Path) -> dict[str, str] | None:
    """Return the attributes of the results file, None if there is none, and no attributes if it is damaged."""
    try:
        return read_attributes(folder / RESULTS)
    except FileNotFoundError:
        return None
    except DamagedResultsError:
        return {}
    except ResultsError as error:
        raise FolderError(f"{error}, or pass another folder") from None
