"""`gradlab export`: the results of a race, a sweep or a search, as files that other tools open.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .report import require_results
from .terminal.printing import escape_line, fail, make_console
from .terminal.shown_progress import ShownProgress

if TYPE_CHECKING:
    from ..lab._exports.export import Exported
    from ..lab._exports.selection import Selection


def export(
    study: Annotated[Path, typer.Argument(help="The folder of a race, a sweep or a search, or the results.nc in it.")],
    to: Annotated[
        Literal["csv", "parquet", "latex", "markdown", "tensorboard", "mlflow"], typer.Option(help="The format.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write; it may be new. Default: named for the format, in that of the study."),
    ] = None,
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem of the study. Repeat it for more. Default: all.")
    ] = None,
    optimizer: Annotated[
        list[str] | None, typer.Option(help="An optimizer of the study. Repeat it for more. Default: all.")
    ] = None,
    seed: Annotated[list[int] | None, typer.Option(help="A seed. Repeat it for more. Default: all.")] = None,
    best: Annotated[
        int | None,
        typer.Option(min=1, help="So many of the best configurations of each optimizer on each problem. Default: all."),
    ] = None,
    curves: Annotated[bool, typer.Option("--curves/--no-curves", help="Write the curves of the runs, too.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export in the folder.")] = False,
) -> None:
    """Write the results of a study as files that other tools open: tables, or for LaTeX, TensorBoard or MLflow.

    The folder appears at the end, complete. How to open it, and the results themselves: docs/how-to/open-results.md.
    """
    require_results(study)
    from ..lab._exports.selection import Selection

    selection = Selection(problem or None, optimizer or None, seed or None, best)
    exported = _write(study, to, out, selection, curves, overwrite)
    console = make_console()
    console.print(f"Written to {escape_line(str(exported.folder))}:", soft_wrap=True)
    width = max(len(name) for name, _ in exported.files)
    for name, description in exported.files:
        console.print(f"  {name:<{width}}  {description}", soft_wrap=True)


def _write(study: Path, to: str, out: Path | None, selection: Selection, curves: bool, overwrite: bool) -> Exported:
    """Write the export with a progress bar; end the command with a message of one line if that cannot be done."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from ..lab._exports.export import write_export
    from ..lab._exports.table_formats import MissingPackageError
    from ..lab._results.results_file import ResultsError
    from ..lab._results.study_folder import FolderError

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    try:
        with ShownProgress("export", *columns) as bar:
            task = bar.add_task("reading", total=None, unit="rows")

            def progress(done: int, total: int) -> None:
                bar.update(task, completed=done, total=total, description="writing")

            return write_export(study, to, out, selection, curves, overwrite, progress)
    except MissingPackageError as error:
        fail(error, 1)
    except (FolderError, ResultsError, ValueError) as error:
        fail(error)
    except KeyboardInterrupt as error:
        fail("stopped; nothing is written", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write {out or error.filename} ({error.strerror or error}); pass another --out", 1)
