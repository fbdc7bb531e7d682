"""`gradlab compare`: the statistics that reviewers ask for, from the results of a finished study, without new runs.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .report import require_results
from .terminal.printing import fail, make_console, print_json

ALL = ""  # stands for all problems together where others are named

if TYPE_CHECKING:
    import xarray as xr

    from ..lab.analysis.statistics.sections import Section


def compare(
    study: Annotated[Path, typer.Argument(help="The folder of a race, a sweep or a search, or the results.nc in it.")],
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem of the study. Repeat it for more. Default: all.")
    ] = None,
    optimizer: Annotated[
        list[str] | None, typer.Option(help="An optimizer of the study. Repeat it for more. Default: all.")
    ] = None,
    target: Annotated[
        float | None,
        typer.Option(help="The score to reach, of one problem. Default: one that half of the optimizers reach."),
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Test only the pairs with this optimizer. Default: all pairs.")
    ] = None,
    test: Annotated[
        Literal["t", "wilcoxon"],
        typer.Option(help="The test of pairs: the paired t-test, or the signed-rank test of Wilcoxon."),
    ] = "t",
    post_hoc: Annotated[
        Literal["wilcoxon", "nemenyi"],
        typer.Option(help="The test of pairs over problems, after the Friedman test."),
    ] = "wilcoxon",
    alpha: Annotated[float, typer.Option(help="The level of the tests, all of them together.")] = 0.05,
    power: Annotated[
        float, typer.Option(help="The probability of finding an effect, for the seeds that are needed.")
    ] = 0.8,
    out: Annotated[
        Path | None,
        typer.Option(help="A folder for comparison.json and the pictures; it may be new. Default: none are written."),
    ] = None,
    form: Annotated[Literal["png", "svg", "pdf"], typer.Option("--format", help="The format of the pictures.")] = "png",
    tables: Annotated[
        Literal["latex", "markdown"] | None, typer.Option(help="Write the tables to --out, too, for a paper.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the statistics as JSON and nothing else.")] = False,
) -> None:
    """Compare the optimizers of a study with the statistics that reviewers ask for. Nothing is trained.

    A study is a race, a sweep or a search. docs/how-to/compare.md explains each number.
    """
    path = require_results(study)
    if tables is not None and out is None:
        fail("--tables writes files; pass their folder as --out")
    from ..lab._results import results_file
    from ..lab.analysis.documents.table_files import format_json
    from ..lab.analysis.statistics.sections import PairOptions, ProblemOptions, problem_sections, study_sections

    try:
        datasets, attributes = results_file.read(path)
    except results_file.ResultsError as error:
        fail(error)
    selected = _select(datasets, problem, optimizer)
    _require_fitting(selected, target, against, alpha, power)
    options = PairOptions(target, against, test, alpha, power)
    found = {name: problem_sections(dataset, options) for name, dataset in selected.items()}
    found[ALL] = study_sections(selected, ProblemOptions(post_hoc, alpha))
    written = [] if out is None else _write(found, attributes, out, form, tables)
    if as_json:
        print_json(format_json(_make_document(found, attributes)))
    else:
        _print(selected, found, written)


def _print(datasets: Mapping[str, xr.Dataset], found: Mapping[str, Sequence[Section]], written: Sequence[Path]) -> None:
    """Print the sections of all problems, and the files that were written."""
    from rich.text import Text

    from ..lab._formatting import format_count
    from .study_tables.compare_tables import print_section
    from .terminal.tables import TrimmedLines, print_note, print_paths

    console = make_console()
    for name, sections in found.items():
        summary = datasets[name].attrs["summary"] if name else f"{format_count(len(datasets), 'problem')} together."
        console.print(TrimmedLines(Text.assemble((name, "bold"), "  " * bool(name), summary)))
        console.print()
        reasons = {sentence for section in sections for sentence in section.sentences}
        if len(reasons) == 1 and all(section.table is None for section in sections):  # all for the same reason
            print_note(console, *reasons)
            console.print()
            continue
        for section in sections:
            print_section(console, section)
    if written:
        console.print("Written:")
        print_paths(console, written)


def _make_document(found: Mapping[str, Sequence[Section]], attributes: Mapping[str, str]) -> dict[str, Any]:
    """Return all sections as one document for JSON."""
    from ..lab.analysis.documents.table_files import drop_varying_attributes
    from ..lab.analysis.statistics.sections import section_document

    documents = {name: {each.name: section_document(each) for each in sections} for name, sections in found.items()}
    together = documents.pop(ALL)
    return {
        **drop_varying_attributes(attributes),
        "format": "gradlab-comparison-1",
        "problems": documents,
        "together": together,
    }


def _write(
    found: Mapping[str, Sequence[Section]], attributes: Mapping[str, str], out: Path, form: str, tables: str | None
) -> list[Path]:
    """Write the document, the tables and the pictures, and return their paths; end the command if it cannot be done."""
    from ..lab._exports.paper.section_tables import render_section_tables
    from ..lab._results.study_folder import FolderError, prepare_folder, refuse_to_overwrite
    from ..lab._storage.files import write_text
    from ..lab.analysis.documents.table_files import write_json
    from ..lab.plots.comparisons.figures import section_figures
    from ..lab.plots.race_figures import save_figures

    figures = section_figures(found)
    document = out / "comparison.json"
    texts = {} if tables is None else {out / name: text for name, text in render_section_tables(tables, found).items()}
    try:
        prepare_folder(out)
        refuse_to_overwrite([document, *texts, *(out / f"{stem}.{form}" for stem in figures)])
        write_json(document, _make_document(found, attributes))
        for path, text in texts.items():
            write_text(path, text)
        return [document, *texts, *save_figures(out, figures, form)]
    except FolderError as error:
        fail(error)
    except OSError as error:
        fail(f"cannot write {error.filename or out} ({error.strerror}); pass another --out", 1)


def _select(
    datasets: Mapping[str, xr.Dataset], problems: Sequence[str] | None, optimizers: Sequence[str] | None
) -> dict[str, xr.Dataset]:
    """Return the Datasets of the problems, with the optimizers only. End the command for a name that is not there."""
    import numpy as np

    from ..lab._inputs.name_lookup import UnknownNameError, look_up

    known = {str(name): str(name) for dataset in datasets.values() for name in dataset.optimizer.values}
    own = {name: name for name in datasets}
    try:
        chosen = [look_up(name, own, "problem of this study") for name in problems or own]
        names = [look_up(name, known, "optimizer of this study") for name in optimizers or known]
    except UnknownNameError as error:
        fail(error)
    kept = {name: datasets[name].isel(optimizer=np.isin(datasets[name].optimizer.values, names)) for name in chosen}
    return {name: dataset for name, dataset in kept.items() if dataset.sizes["optimizer"]}


def _require_fitting(
    datasets: Mapping[str, xr.Dataset], target: float | None, against: str | None, alpha: float, power: float
) -> None:
    """End the command where an option does not fit the results."""
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            fail(f"--{name} must lie between 0 and 1, got {value:g}")
    if target is not None and len(datasets) > 1:
        fail("--target is a score of one problem, and there are several; name one of them with --problem")
    for problem, dataset in datasets.items():
        if against is not None and against not in dataset.optimizer.values:
            fail(f"--against {against} is not among the optimizers on {problem}: {', '.join(dataset.optimizer.values)}")
