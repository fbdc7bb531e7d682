"""The output folder of a race: what may be written there, and what happens to what it holds."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .results import FORMAT, ResultsError, attributes_of

RESULTS, PARTIAL = "results.nc", "results.partial.nc"
LEADERBOARDS = ("leaderboard.csv", "leaderboard.json")
_PICTURE = re.compile(r"(learning_curves|sensitivity|paths)_\w+\.png")


class FolderError(ValueError):
    """A folder that results cannot, or must not, be written to."""


def prepare(folder: Path) -> str | None:
    """Make the folder if need be; returns a sentence on the older results that this race will replace, if any.

    Raises FolderError if it is no folder, cannot be written, or holds files of these names that no race wrote.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"--out {folder} is a file; pass the name of a folder, which may be new")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder)
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise FolderError(f"--out {folder} cannot be written ({error.strerror}); pass another folder") from None
    return _older_results(folder)


def _older_results(folder: Path) -> str | None:
    ours = [folder / RESULTS, folder / PARTIAL]
    present = [path for path in ours if path.exists()]
    others = [path.name for path in folder.iterdir() if _is_output(path.name)]
    if not present:
        if others:
            raise FolderError(
                f"--out {folder} holds {', '.join(sorted(others))} but no results of a race, and they would be "
                f"overwritten; pass another folder"
            )
        return None
    made = [_made_by(path) for path in present]
    if (folder / RESULTS) not in present:
        return f"{folder} holds a race of {made[0]} that was stopped; this one replaces it"
    return f"{folder} holds results of {made[0]}; they stay until this race is done, which then replaces them"


def _made_by(path: Path) -> str:
    try:
        attributes = attributes_of(path)
    except ResultsError:
        attributes = {}
    if not attributes.get("format", "").startswith(FORMAT.rpartition("-")[0]):
        raise FolderError(f"{path} was not written by a race, or is damaged; move it away, or pass another --out")
    return f"gradlab {attributes.get('gradlab', '(unknown version)')} of {attributes.get('date', 'unknown date')}"


def finish(folder: Path) -> Path:
    """Turn the partial results into the final ones, in one step; returns their path."""
    os.replace(folder / PARTIAL, folder / RESULTS)
    return folder / RESULTS


def pictures_of_last_race(folder: Path) -> set[Path]:
    """The pictures that the last race in this folder listed as its own; none if it left no list."""
    try:
        listed = json.loads((folder / "leaderboard.json").read_text(encoding="utf-8"))["files"]
        names = {Path(name).name for name in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {folder / name for name in names if _PICTURE.fullmatch(name)}


def remove_stale(old: Iterable[Path], new: Iterable[Path]) -> None:
    """Remove pictures of an older race that this one did not draw anew: they would seem to belong to it."""
    for path in set(old) - set(new):
        path.unlink(missing_ok=True)


def _is_output(name: str) -> bool:
    return name in LEADERBOARDS or bool(_PICTURE.fullmatch(name))
