"""`gradlab report`: the results of a race, a sweep or a search, as a page or as pictures.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer

from ..lab._storage.ownership import PLAN, RESULTS
from .terminal.printing import fail, make_console


def report(
    folder: Annotated[Path, typer.Argument(help="The folder of a race, a sweep or a search, or the results.nc in it.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The page to write, or the folder for pictures. Default: in the folder of the study."),
    ] = None,
    form: Annotated[
        Literal["html", "png", "svg", "pdf"], typer.Option("--format", help="The format: an HTML page, or pictures.")
    ] = "html",
    show: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")] = False,
) -> None:
    """Write a report of a study as one HTML page, or draw its charts as pictures.

    A study is a race, a sweep or a search. Charts over learning rates need a grid of learning rates.
    """
    path = require_results(folder)
    from ..lab._results import results_file
    from ..lab._results.study_folder import FolderError, refuse_to_overwrite

    _require_fitting(out, form, show)
    from gradlab.lab._report import ReportError, write_report

    try:
        datasets, attributes = results_file.read(path)
    except results_file.ResultsError as error:
        fail(error)
    try:
        if form == "html":
            written = [path.parent / "report.html" if out is None else out]
            if written[0].is_dir():
                fail(f"--out {out} is a folder; pass the name of the page, such as {written[0] / 'report.html'}")
            refuse_to_overwrite(written)
            written[0].parent.mkdir(parents=True, exist_ok=True)
            write_report(datasets, attributes, written[0])
        else:
            from gradlab.lab._report.picture_files import write_pictures

            written = write_pictures(datasets, path.parent if out is None else out, form)
    except (ReportError, FolderError) as error:
        fail(error)
    except OSError as error:
        fail(f"cannot write {error.filename or out or path.parent} ({error.strerror}); pass another --out", 1)
    except ValueError as error:  # a null character in a name, or one that the locale does not have
        if not isinstance(error, UnicodeError) and "null" not in str(error):
            raise
        fail(f"cannot write {out or path.parent} ({error}); pass another --out")
    for file in written:
        make_console().print(str(file), soft_wrap=True)
    if show:
        webbrowser.open(written[0].resolve().as_uri())


def require_results(folder: Path) -> Path:
    """Return the file of results of a study, given that or its folder. End the command if there is none."""
    path = folder / RESULTS if folder.is_dir() else folder
    try:
        path.stat()
    except FileNotFoundError:
        kind = _find_unfinished_kind(path.parent) if path.name == RESULTS else None
        if kind is not None and _is_running(path.parent):
            fail(f"the {kind} in {path.parent} is still running, and has no results yet; wait for it")
        if kind is not None:
            fail(f"the {kind} in {path.parent} is unfinished; repeat its command, which goes on from there")
        lacks = f"there is no {path}" if folder.exists() else "it does not exist"
        fail(f"{folder} holds no finished study: {lacks}; make one, as by gradlab race --out {folder}")
    except (OSError, ValueError):  # reading it explains why
        pass
    return path


def _require_fitting(out: Path | None, form: str, show: bool) -> None:
    """End the command where --out, --format and --open do not go together."""
    if show and form != "html":
        fail(f"--open shows a page, and --format {form} makes pictures; leave out one of them")
    if out is None:
        return
    if form == "html" and out.suffix.lower() in (".png", ".svg", ".pdf"):
        fail(f"--out {out} is the name of a picture, but --format html makes a page; pass {out.with_suffix('.html')}")
    if form != "html" and (out.suffix.lower() in (".html", ".png", ".svg", ".pdf") or out.is_file()):
        fail(f"--out {out} is the name of a file, but --format {form} makes several; pass a folder")


def _is_running(folder: Path) -> bool:
    """Return whether another process is writing to the folder of a study."""
    from ..lab._storage.lock import LockedError, lock_folder

    try:
        with lock_folder(folder):
            return False
    except LockedError:
        return True
    except OSError:  # the folder can only be read
        return False


def _find_unfinished_kind(folder: Path) -> str | None:
    """Return the kind of the unfinished study in a folder, such as "race", or None if there is none."""
    if not (folder / PLAN).is_file():
        return None
    from ..lab._storage import checkpoints

    try:
        plan = checkpoints.read_plan(folder)
    except (OSError, ValueError):
        return None
    kind = None if plan is None else plan.get("kind")
    return None if plan is None else kind if kind in ("race", "sweep", "search") else "run"
