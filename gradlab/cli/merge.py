"""`gradlab merge`: studies of several machines become the study that was run at once.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import options
from .terminal import completion
from .terminal.printing import fail, make_console, print_json, say

if TYPE_CHECKING:
    from ..lab._studies.merging.merge import Merged


def merge(
    studies: Annotated[list[Path], typer.Argument(help="The folders of two or more finished races, or sweeps.")],
    out: Annotated[Path, typer.Option(help="The folder for the whole study. It must be new, or empty.")],
    problem: Annotated[
        list[str] | None,
        typer.Option(
            help="A problem of your own that the studies have, as it was given to them: package.module:name. "
            "Repeat it for more.",
            autocompletion=completion.complete_problems,
        ),
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            help="An optimizer of your own that the studies have, as it was given to them: package.module:factory. "
            "Needed only where the studies differ in its configurations. Repeat it for more.",
            autocompletion=completion.complete_optimizers,
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tables as JSON and nothing else.")] = False,
) -> None:
    """Merge races, or sweeps, that several machines computed, into the study that was run at once.

    They may have other seeds, optimizers, problems or configurations, and must agree in all else. The results are those
    of one machine, byte for byte. How to share a study among machines: docs/how-to/grow-a-study.md.
    """
    merged = _merge(studies, out, problem or [], optimizer or [])
    if as_json:
        from ..lab.analysis.documents.table_files import format_json

        print_json(format_json(merged.document))
        return
    from ..lab._formatting import format_count, join_names
    from .race import print_board
    from .study_tables.point_tables import print_points
    from .terminal.tables import print_files

    counts = join_names([f"{format_count(count, 'run')} of {folder}" for folder, count in merged.counts])
    repeated = f"; {merged.repeated:,} are in several of them, and the same there" if merged.repeated else ""
    say(f"merged {counts}{repeated}")
    if merged.lanes is not None:
        say(f"all of them have blocks as of --lanes {merged.lanes}; give that option too if the whole grows")
    console = make_console()
    for node in merged.results.children.values():
        (print_board if merged.results.attrs["kind"] == "race" else print_points)(console, node.to_dataset())
    print_files(console, merged.runs, out, merged.document["files"])


def _merge(studies: list[Path], out: Path, problems: list[str], optimizers: list[str]) -> Merged:
    """Merge studies; end the command with a message of one line if that cannot be done."""
    options.prepare_jax()
    from ..lab._engine.task import Watcher
    from ..lab._results.results_file import ResultsError
    from ..lab._storage.lock import LockedError
    from ..lab._studies.merging.merge import merge_folders

    class Warnings(Watcher):
        def on_warning(self, message: str) -> None:
            say(f"gradlab: warning: {message}")

    try:
        with options.refusing(()):
            command = shlex.join(["gradlab", *sys.argv[1:]])
            return merge_folders(studies, out, command, problems, optimizers, Warnings())
    except (LockedError, ResultsError) as error:
        fail(error)
    except KeyboardInterrupt as error:
        fail("stopped; nothing is written", getattr(error, "code", 130))
    except OSError as error:
        fail(f"cannot write {out or error.filename} ({error.strerror or error}); pass another --out", 1)
