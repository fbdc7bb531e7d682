"""`gradlab bench race`: the grid of the race as programs, beside a loop over jitted optax steps."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..lab._formatting import format_count, join_names
from .arguments.options import refusing
from .bench import is_file, print_written, save, show_progress
from .terminal.printing import fail, make_console, print_json
from .terminal.tables import TrimmedLines, print_columns, print_note


def bench_race(
    names: list[str], problems: list[str] | None, rates: int, seeds: int, steps: int | None, json_file: Path | None
) -> None:
    """Measure both ways, print them, and write the file."""
    from ..bench.document import begin_document, format_document
    from ..bench.race_grid import find_optimizers, measure
    from ..lab._studies.study_arguments import DEFAULT_PROBLEMS, problems_by_name

    with refusing(()):
        chosen = problems_by_name(problems or DEFAULT_PROBLEMS)
        optimizers = find_optimizers(names)
    document = begin_document(shlex.join(["gradlab", *sys.argv[1:]]), "race")
    document["problems"] = [problem.name for problem in chosen]
    document |= {"optimizers": list(optimizers), "rates": rates, "seeds": seeds, "steps": steps}
    begun: list[str] = []
    kept: dict[str, Any] = {}
    try:
        with show_progress(2 + len(chosen) * len(optimizers)) as progress:

            def start(label: str) -> None:
                progress.update(progress.task_ids[0], description=label, completed=len(begun))
                begun.append(label)

            found = measure(chosen, optimizers, rates, seeds, steps, start, kept)
    except KeyboardInterrupt as error:
        if kept:
            save(document | kept | {"complete": False}, json_file)
        fail(f"stopped; {_describe_kept(kept, len(chosen) * len(optimizers), json_file)}", getattr(error, "code", 130))
    document |= {**found._asdict(), "ratio": found.ratio, "complete": True}
    save(document, json_file)
    if json_file == Path("-"):
        print_json(format_document(document))
        return
    print_race(make_console(), document)
    print_written(path for path in (json_file,) if path is not None and is_file(path))


def _describe_kept(kept: dict[str, Any], loops: int, json_file: Path | None) -> str:
    """Say what a command that was stopped has measured."""
    if not kept:
        return "nothing was measured yet"
    done = f"; {kept['loops']} of {loops} loops took {kept['loop_seconds']:.1f} s" * ("loops" in kept)
    where = f"; kept in {json_file}" if is_file(json_file) else ""
    return f"the programs took {kept['sweep_seconds']:.1f} s{done}{where}"


def print_race(console: Console, document: dict[str, Any]) -> None:
    """Print both ways, their ratio, the speed of the matrix products, and how far the losses differ."""
    from ..bench.document import describe_document

    runs = format_count(document["runs"], "run")
    title = f"{runs} on {join_names(document['problems'])}: {join_names(document['optimizers'], 20)}"
    console.print(TrimmedLines(Text(describe_document(document))))
    console.print(TrimmedLines(Text(title, "bold")))
    ways = {"sweep": "one program for each optimizer", "loop": "a loop over jitted optax steps"}
    columns = {
        "optimizer": list(ways.values()),
        "seconds": [f"{document[f'{way}_seconds']:.1f}" for way in ways],
        "of all cores": [f"{document[f'{way}_processor_seconds']:.1f}" for way in ways],
        "/program": ["1.00", f"{document['ratio']:.2f}"],
    }
    print_columns(console, columns)
    _print_products(console, document)
    print_note(
        console,
        "Compilation is included: one for each optimizer and problem, and in the loop one for each rate, too. The "
        f"losses differ by {document['difference']:.1e} in the median run, in the first tenth of its steps.",
    )


def _print_products(console: Console, document: dict[str, Any]) -> None:
    """Print how near the matrix products of the runs come to the machine's speed, for problems that have any."""
    peak = document["matrix_speed"]
    found = {name: row for name, row in document["products"].items() if row["operations"]}
    if not found:
        return
    speeds = {name: row["operations"] / row["seconds"] for name, row in found.items()}
    columns = {
        "matrix products": [f"{row['optimizer']} on {name}" for name, row in found.items()] + ["large matrices alone"],
        "GFLOP": [*(f"{row['operations'] / 1e9:.3g}" for row in found.values()), ""],
        "seconds": [*(f"{row['seconds']:.2f}" for row in found.values()), ""],
        "GFLOP/s": [f"{speed / 1e9:.3g}" for speed in (*speeds.values(), peak)],
        "of the machine's": [f"{speed / peak:.0%}" for speed in (*speeds.values(), peak)],
    }
    print_columns(console, columns)
