"""`gradlab figures`: the figures of a finished study as a journal takes them.

What imports JAX is imported inside the functions, so that help and completion do without it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .report import require_results
from .terminal.printing import fail, make_console


class Kind(StrEnum):
    """A kind of figure, as `gradlab.lab.plots.paper.figures.FIGURES` lists them; that module imports Matplotlib."""

    LEARNING_CURVES = "learning_curves"
    SENSITIVITY = "sensitivity"
    TUNING_BUDGET = "tuning_budget"
    PATHS = "paths"
    CHOICES = "choices"
    INTERQUARTILE_MEANS = "interquartile_means"
    IMPROVEMENT_PROBABILITIES = "improvement_probabilities"
    CRITICAL_DIFFERENCES = "critical_differences"
    PERFORMANCE_PROFILES = "performance_profiles"
    SCALING = "scaling"


def figures(
    study: Annotated[Path, typer.Argument(help="The folder of a race, a sweep or a search, or the results.nc in it.")],
    figure: Annotated[
        list[Kind],
        typer.Option(
            help="What is drawn. Repeat it for more. Those from learning_curves to choices are one picture for each "
            "problem."
        ),
    ],
    problem: Annotated[
        list[str] | None, typer.Option(help="A problem of the study. Repeat it for more. Default: all.")
    ] = None,
    optimizer: Annotated[
        list[str] | None,
        typer.Option(
            help="An optimizer of the study. Repeat it for more; their order decides the colors. Default: all."
        ),
    ] = None,
    color: Annotated[
        list[str] | None, typer.Option(help="The color of an optimizer, as in adam=black. Repeat it for more.")
    ] = None,
    axis: Annotated[
        str | None,
        typer.Option(
            help="For choices: a hyperparameter, as schedule. For scaling: a size, as width. Default: the only one."
        ),
    ] = None,
    post_hoc: Annotated[
        Literal["wilcoxon", "nemenyi"], typer.Option(help="The test of pairs in a diagram of critical differences.")
    ] = "wilcoxon",
    figure_width: Annotated[str, typer.Option(help="The width, such as 3.25in, 84mm or 240pt.")] = "3.25in",
    figure_height: Annotated[
        str | None, typer.Option(help="The height. Default: one that fits the width and the optimizers.")
    ] = None,
    form: Annotated[
        Literal["pdf", "pgf", "svg", "png"], typer.Option("--format", help="The format. pgf needs LaTeX.")
    ] = "pdf",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to. Default: figures, in that of the study.")
    ] = None,
) -> None:
    """Draw figures of a study for a paper: without titles, of a given width, with fonts embedded.

    A study is a race, a sweep or a search. From a study to a page: docs/how-to/write-a-paper.md.
    """
    path = require_results(study)
    colors = _read_colors(color or [])
    if form == "pgf" and shutil.which("pdflatex") is None:
        fail(
            "--format pgf needs pdflatex, which measures the texts, and it is missing; install it, or pass --format pdf"
        )
    from ..lab._inputs.loading import find_own_problem
    from ..lab._inputs.name_lookup import UnknownNameError, look_up
    from ..lab._results import results_file
    from ..lab._results.study_folder import FolderError, prepare_folder, refuse_to_overwrite
    from ..lab.plots.matplotlib_settings import PAPER
    from ..lab.plots.paper.figures import paper_figures
    from ..lab.plots.paper.lengths import to_inches
    from ..lab.plots.race_figures import save_figures

    folder = path.parent / "figures" if out is None else out
    try:
        datasets, _ = results_file.read(path)
        own = {name: name for name in datasets}
        chosen = {look_up(name, own, "problem of this study"): None for name in problem or own}
        width, height = to_inches(figure_width), None if figure_height is None else to_inches(figure_height)
        selected = {name: datasets[name] for name in chosen}
        problems = {
            name: made
            for name, dataset in selected.items()
            if (made := find_own_problem(dataset.attrs["problem"], dataset.attrs.get("setup", ""))) is not None
        }
        drawn: dict[str, Any] = {}
        for kind in figure:
            drawn |= paper_figures(selected, kind.value, width, height, optimizer, colors, post_hoc, problems, axis)
        prepare_folder(folder)
        refuse_to_overwrite([folder / f"{stem}.{form}" for stem in drawn])
        written = save_figures(folder, drawn, form, PAPER)
    except (results_file.ResultsError, UnknownNameError, FolderError, ValueError) as error:
        fail(error)
    except OSError as error:
        fail(f"cannot write {error.filename or folder} ({error.strerror}); pass another --out", 1)
    console = make_console()
    for file in written:
        console.print(str(file), soft_wrap=True)
    if Kind.SCALING in figure:
        from ..lab.plots.paper.of_axes import describe_scaling

        for sentence in describe_scaling(selected, axis, optimizer):
            console.print(sentence, soft_wrap=True)


def _read_colors(texts: Sequence[str]) -> dict[str, str]:
    """Return the colors by the names of their optimizers. End the command for a text without both."""
    pairs = [text.rpartition("=") for text in texts]
    for text, (name, _, color) in zip(texts, pairs):
        if not name or not color:
            fail(f"--color is an optimizer and its color, as in adam=black; got {text!r}")
    return {name: color for name, _, color in pairs}
