"""The command `gradlab speedrun`, which scores an optimizer under fixed rules, and certifies and confirms it.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..arguments import options
from ..sessions.program_cache import use_program_cache
from ..terminal import completion
from ..terminal.printing import fail, make_console, print_json, say
from ..terminal.tables import print_columns, print_note

if TYPE_CHECKING:
    from ...lab._engine.task import Watcher


def speedrun(
    optimizer: Annotated[
        str | None,
        typer.Argument(help="An optimizer, or package.module:factory.", autocompletion=completion.complete_optimizers),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="The folder for the runs and the certificate. Default: speedrun/NAME, or speedrun-confirmed/NAME."
        ),
    ] = None,
    confirm: Annotated[
        Path | None, typer.Option(help="A certificate whose runs are made again. The exit code is 1 if they disagree.")
    ] = None,
    ladder: Annotated[
        Path | None, typer.Option(help="A folder of certificates, for which ladder.html is written. Nothing is run.")
    ] = None,
    fresh: options.Fresh = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the certificate as JSON and nothing else.")] = False,
) -> None:
    """Run an optimizer under fixed rules: problems, targets, tuning budget and seeds. The score is its speed.

    It takes seconds, and leaves a certificate, which a second run confirms (--confirm). --ladder makes a page of
    certificates and gradlab's baselines. The rules, and what they cannot say: docs/how-to/speedrun.md.
    """
    if [optimizer is not None, confirm is not None, ladder is not None].count(True) != 1:
        fail("pass one of these: an optimizer (mine:optimizer), --confirm CERTIFICATE, or --ladder FOLDER")
    if ladder is not None:
        _write_ladder(ladder)
        return
    options.prepare_jax()
    use_program_cache()
    command = shlex.join(["gradlab", *sys.argv[1:]])
    from ...lab._studies.speedrun import run

    watcher = _make_watcher()
    if confirm is not None:
        name = confirm.parent.name if confirm.stem == "certificate" else confirm.stem
        place = out or Path("speedrun-confirmed") / (name or "certificate")
        with _reporting(place):
            agrees, how, certificate = run.confirm(confirm, command, place, watcher)
        _show(certificate, place, as_json)
        say(f"{confirm} is {how}")
        raise typer.Exit(0 if agrees else 1)
    assert optimizer is not None
    place = out or Path("speedrun") / optimizer.rpartition(":")[2]
    with _reporting(place):
        study = run.make_study(optimizer)
        certificate = run.run(study, optimizer, command, place, fresh, watcher)
    _show(certificate, place, as_json)


@contextmanager
def _reporting(place: Path) -> Iterator[None]:
    """End the command with a message of one line if a speed run cannot be made."""
    from ...lab._inputs.user_errors import UserCodeError
    from ...lab._studies.speedrun.rules import RulesError

    try:
        with options.refusing(()):
            yield
    except RulesError as error:
        fail(error)
    except UserCodeError as error:
        fail(error, 1)
    except KeyboardInterrupt as error:
        fail(f"stopped; the same command goes on from there in {place}", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot read or write {error.filename or place} ({error.strerror or error})", 1)


def _make_watcher() -> Watcher:
    from ...lab._engine.task import Task, Watcher

    class Lines(Watcher):
        def on_start(self, task: Task) -> None:
            say(f"{task.problem.name}: {task.run_count} runs of {task.steps} updates")

        def on_warning(self, message: str) -> None:
            say(f"gradlab: warning: {message}")

    return Lines()


def _show(certificate: dict[str, Any], place: Path, as_json: bool) -> None:
    """Print the score of a certificate and where it comes from."""
    if as_json:
        print_json(certificate)
        return
    targets, problems = certificate["rules"]["targets"], certificate["problems"]
    columns = {
        "problem": list(problems),
        "target": [f"{targets[name]['score']:.2g}" for name in problems],
        "reached": [f"{sum(u is not None for u in p['updates'])}/{len(p['updates'])}" for p in problems.values()],
        "updates": [" ".join("-" if u is None else f"{u:.0f}" for u in p["updates"]) for p in problems.values()],
        "of": [str(targets[name]["steps"]) for name in problems],
        "rate": ["-" if p["rate"] is None else f"{p['rate']:.2g}" for p in problems.values()],
        "speed": [f"{p['speed']:.2f}" for p in problems.values()],
    }
    console = make_console()
    print_columns(console, columns)
    name = certificate["optimizer"]["typed"]
    console.print(f"{name}: score {certificate['score']:.3f} ×÷ {certificate['error']:.3f}")  # noqa: RUF001
    print_note(
        console,
        "The geometric mean over problems and seeds of the updates that a run has by those to its target for good; 1: "
        f"at the last update. Rules of version {certificate['rules']['version']}. It took "
        f"{certificate['seconds']:.0f} s.",
    )
    console.print(f"Written: {place / 'certificate.json'}", soft_wrap=True)


def _write_ladder(folder: Path) -> None:
    if not folder.is_dir():
        fail(f"{folder} is no folder; pass one with certificates of gradlab speedrun")
    options.prepare_jax()
    from ...lab._results.study_folder import FolderError
    from ...lab._studies.speedrun.ladder import write_ladder

    try:
        path, count, refused = write_ladder(folder)
    except FolderError as error:
        fail(error)
    except OSError as error:
        fail(f"cannot write to {folder} ({error.strerror or error}); pass another folder", 1)
    for line in refused:
        say(f"gradlab: left out: {line}")
    say(f"{path}: {count} certificate{'s' * (count != 1)}, among gradlab's baselines")
