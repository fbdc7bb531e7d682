"""The folder of an export: it appears in one step, complete, and replaces another one only if it is told to."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._formatting import join_at_most
from .._results.study_folder import FolderError
from .._storage.files import TEMPORARY, DamagedJSONError, read_json

FORMAT = "gradlab-export-1"
DESCRIPTION = "study.json"  # of the export: the study, its problems, and the columns; it marks the folder as gradlab's


@contextmanager
def replace_folder(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a new folder, which becomes `target` at the end, or is removed if an exception comes first.

    Raises FolderError if `target` exists and is not empty, unless `overwrite` is true and it holds nothing but an
    earlier export; OSError if the disk refuses.
    """
    with make_folder(target, lambda folder: _refuse(folder, overwrite)) as folder:
        yield folder


@contextmanager
def make_folder(target: Path, refuse: Callable[[Path], None]) -> Iterator[Path]:
    """Yield a new folder, which becomes `target` at the end, or is removed if an exception comes first.

    `refuse` is called with the target, before and at the end, and raises FolderError for one that must stay as it is.
    """
    target = Path(os.path.realpath(target))  # a link stays, and what it names is replaced
    refuse(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=target.parent))
    try:
        yield folder
        refuse(target)  # another process may have been faster
        mask = os.umask(0)
        os.umask(mask)
        folder.chmod(0o777 & ~mask)  # mkdtemp makes private folders
        _put(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, target: Path) -> None:
    """Rename a folder to `target`. An older one is renamed before and removed after, so that one of them exists."""
    if not target.exists():
        folder.rename(target)
        return
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=target.parent) as old:
        target.rename(Path(old) / "old")
        try:
            folder.rename(target)
        except OSError:
            (Path(old) / "old").rename(target)
            raise


def _refuse(target: Path, overwrite: bool) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise FolderError(f"{target} is a file; pass the name of a folder, which may be new")
    found = {str(path.relative_to(target)) for path in target.rglob("*") if not path.is_dir()}
    if not found:
        return
    foreign = sorted(found - _list_exported(target))
    if foreign:
        raise FolderError(
            f"{target} holds {join_at_most(foreign, 3)}, which no export wrote; move it away, or pass another folder"
        )
    if not overwrite:
        raise FolderError(
            f"{target} holds an export already; --overwrite (overwrite=True) replaces it, another folder keeps it"
        )


def _list_exported(target: Path) -> set[str]:
    """Return the files of an export, as it describes them."""
    try:
        document = read_json(target / DESCRIPTION)
    except (OSError, DamagedJSONError):
        return set()
    files = document.get("files")
    is_ours = document.get("format") == FORMAT and isinstance(files, list)
    return {DESCRIPTION, *map(str, files)} if is_ours else set()  # type: ignore[arg-type]


def write_description(folder: Path, content: dict[str, Any]) -> None:
    """Write the description of an export, with a list of the files that the folder holds."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    document = {"format": FORMAT, **content, "files": files}
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    (folder / DESCRIPTION).write_text(text, encoding="utf-8", errors="backslashreplace")
