"""The command `gradlab claims`: the experiments that test what the literature claims, and their verdicts.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...lab._literature_claims.catalogue import CLAIMS, Claim, find_claims
from ..arguments import options
from ..sessions.program_cache import use_program_cache
from ..terminal.printing import fail, make_console, print_json, say
from ..terminal.shown_progress import ShownProgress

if TYPE_CHECKING:
    from ...lab._literature_claims.examination import Examination


def claims(
    numbers: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[N]...",
            help=f"Claims by number, from 1 to {len(CLAIMS)}, or by title, or all. Default: list them, with verdicts.",
        ),
    ] = None,
    brief: Annotated[
        bool,
        typer.Option("--brief", help="Train little, to see whether it runs. What is too uncertain then is undecided."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for the results, numbers and figure of each claim. Default: none are written."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the verdicts and numbers as JSON and nothing else.")
    ] = False,
) -> None:
    """Test what the literature claims about optimizers, each claim by its experiment, beside the recorded verdict.

    The exit code is 1 if a verdict differs from the recorded one. docs/claims.md explains each claim and shows its
    results.
    """
    try:
        chosen = find_claims(numbers or [])
    except ValueError as error:
        fail(error)
    if not chosen:
        if brief or out is not None:
            fail(f"{'--brief' if brief else '--out'} needs a claim: a number from 1 to {len(CLAIMS)}, or all")
        from .printing import print_list

        print_list(as_json)
        return
    _prepare(chosen, out)
    found = _examine(chosen, brief, out, as_json)
    if as_json:
        for each in found:
            if each.agrees is False:
                say(f"gradlab: claim {each.claim.number} has another verdict than the recorded one")
        print_json({"format": "gradlab-claims-1", "claims": [_document(each) for each in found]})
    if any(each.agrees is False for each in found):
        raise typer.Exit(1)


def _prepare(chosen: Sequence[Claim], out: Path | None) -> None:
    """Make the folders, and JAX ready; end the command if a folder holds something, or JAX finds no device."""
    from ...lab._results.study_folder import FolderError, prepare_folder

    folders = [] if out is None else [out / claim.stem for claim in chosen]
    for folder in folders:
        try:
            prepare_folder(folder)
        except FolderError as error:
            fail(error)
        if any(folder.iterdir()):
            fail(f"{folder} is not empty; pass another --out, or remove it")
    use_program_cache()
    options.join_processes(None, None, None)


def _examine(chosen: Sequence[Claim], brief: bool, out: Path | None, quiet: bool) -> list[Examination]:
    """Examine the claims one after the other, print each unless it is to be `quiet`, and write its files."""
    from ...lab._literature_claims.examination import examine
    from .printing import print_examination, print_summary

    found: list[Examination] = []
    command, console = shlex.join(["gradlab", *sys.argv[1:]]), make_console()
    try:
        with _show_progress(len(chosen), quiet) as progress:
            for claim in chosen:
                label = f"claim {claim.number}"

                def show(text: str, label: str = label) -> None:
                    progress.update(progress.task_ids[0], description=f"{label}: {text}")

                show(claim.title)
                folder = None if out is None else out / claim.stem
                examination = examine(claim, command, brief, show, folder)
                written = [] if folder is None else write_files(examination, folder)
                if not quiet:
                    progress.stop()
                    print_examination(console, examination, written)
                    progress.start()
                progress.advance(progress.task_ids[0])
                found.append(examination)
    except KeyboardInterrupt as error:
        fail(_describe_stop(chosen[len(found) :], len(chosen), out), getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write {error.filename or out} ({error.strerror}); pass another --out", 1)
    if not quiet and len(found) > 1:
        print_summary(console, found)
    return found


def _describe_stop(left: Sequence[Claim], total: int, out: Path | None) -> str:
    """Say how many claims were tested before the command was stopped, and how to go on with those that are `left`."""
    text = f"stopped; {total - len(left)} of {total} claims were tested"
    if out is None or not left:
        return text
    numbers = " ".join(str(claim.number) for claim in left)
    return f"{text}; to go on, remove {out / left[0].stem} and pass the numbers {numbers}"


@contextmanager
def _show_progress(total: int, quiet: bool) -> Iterator[ShownProgress]:
    """Show on standard error the claim, what is trained, and the time so far."""
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with ShownProgress("claims", *columns, hidden=quiet) as progress:
        progress.add_task("starting", total=total, unit="claims")
        yield progress


def write_files(found: Examination, folder: Path) -> list[Path]:
    """Write the numbers of a claim as JSON, and its figure as PNG and SVG.

    Return their paths, and those of the results of its studies, which are written already.
    """
    from ...lab._literature_claims.figures import page_style
    from ...lab._literature_claims.record import format_record
    from ...lab._storage.files import write_text
    from ...lab.plots.race_figures import save_figures

    path = folder / "claim.json"
    write_text(path, format_record(found.to_document()))
    figure = found.claim.experiment.draw(found.numbers)
    with page_style():
        pictures = [save_figures(folder, {"figure": figure}, form)[0] for form in ("png", "svg")]
    return [path, *pictures, *sorted(folder.glob("study_*/results.nc"))]


def _document(found: Examination) -> dict[str, object]:
    """Return an examination as JSON, with the recorded verdicts."""
    recorded = None if found.recorded is None else [str(verdict) for verdict in found.recorded]
    return found.to_document() | {"recorded": recorded, "agrees": found.agrees}
