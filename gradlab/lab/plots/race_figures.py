"""The figures of a race, with their panels, and figures as files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._formatting import format_count
from .._profile import measure
from .._results.thinned_curves import count_updates, is_pruned, is_thinned
from .._storage.files import replace_file
from .._storage.ownership import GENERATOR, PGF_MARK
from ..problems.base import Problem
from .landscape_paths import draw_paths
from .learning_curves import draw_learning_curves
from .lines_and_labels import AS_WRITTEN, drawable_name, measure_label_room
from .matplotlib_settings import INK, use_own_settings
from .rate_sensitivity import draw_sensitivity

PANEL_WIDTH = 2.85  # inches


def family_figure(dataset: xr.Dataset, draw: Callable[..., Axes], title: str, note: str, pad: float = 6) -> Figure:
    """Return a figure with a panel for each family of optimizers, which `draw(axes, dataset, names)` draws.

    `names` are the optimizers of the family; the others are gray. `pad` is the room between the panels and their
    titles, in points.
    """
    families = list(dict.fromkeys(dataset.family.values.tolist()))
    columns = min(2, len(families))
    rows = -(-len(families) // columns)
    with use_own_settings():
        room = max(1.5, measure_label_room(dataset.optimizer.values.tolist()))
        width, height = 0.75 + (PANEL_WIDTH + room) * columns, 0.95 + pad / 72 + 2.9 * rows
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
        figure.subplots_adjust(
            left=0.75 / width, right=1 - room / width, bottom=0.6 / height, top=1 - (0.85 + pad / 72) / height,
            wspace=room / PANEL_WIDTH, hspace=0.45,
        )  # fmt: skip
        for axes, family in zip(panels.flat, families):
            own = dataset.optimizer.values[dataset.family.values == family].tolist()
            draw(axes, dataset, own)
            axes.set_title(drawable_name(family), pad=pad, y=1.0, **AS_WRITTEN)
            if not any(np.isfinite(line.get_ydata()).any() for line in axes.lines if line.get_label() in own):
                axes.text(0.5, 0.5, "nothing to draw: runs diverged", transform=axes.transAxes, ha="center", color=INK)
        for axes in panels[:, 1:].flat:
            axes.set_ylabel("")
        for axes in panels.flat[len(families) :]:
            axes.set_visible(False)
        write_head(figure, title, note)
    return figure


def paths_figure(dataset: xr.Dataset, problem: Problem) -> Figure:
    """Return a figure with a panel for the path of each optimizer on a problem, which must have a landscape."""
    is_kept = np.isfinite(dataset.path.isel(step=0)).any(("rate", "seed", "parameter"))
    names = dataset.optimizer.values[is_kept.values].tolist()  # of baselines, no paths are kept
    columns = min(4, len(names))
    rows = -(-len(names) // columns)
    assert problem.landscape is not None
    (left, right), (bottom, top) = problem.landscape.window
    panel = 2.55
    width = 0.9 + (panel + 0.12) * max(columns, 2)
    height = 1.3 + (panel * (top - bottom) / (right - left) + 0.3) * rows
    with use_own_settings():
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(rows, columns, squeeze=False)  # all have the same window; to share axes takes longer
        figure.subplots_adjust(
            left=0.75 / width,
            right=1 - 0.12 / width,
            bottom=0.5 / height,
            top=1 - 0.95 / height,
            wspace=0.05,
            hspace=0.2,
        )
        draw_paths(panels.flat[: len(names)].tolist(), dataset, problem, names)
        for axes in panels.flat:
            axes.label_outer()
        for axes in panels[:, :-1].flat:  # whose last number would touch the first one of the next panel
            axes.locator_params(axis="x", prune="upper")
        for axes in panels.flat[len(names) :]:
            axes.set_visible(False)
        figure.supxlabel("first parameter", fontsize=9)
        figure.supylabel("second parameter", fontsize=9, x=0.12 / width, ha="left")
        space = "\n" if columns <= 2 else " "  # a figure of two panels is narrower than the note
        note = (
            f"{format_count(count_updates(dataset), 'update')} of each optimizer at its chosen learning rate;{space}"
            f"dot: an update{' that was kept' * is_thinned(dataset)}; star: the optimum; "
            "cross: the path leaves the frame"
        )
        write_head(figure, f"Paths: {problem.name}", note)
    return figure


def save_race_pictures(folder: Path, problems: Mapping[str, xr.Dataset], values: Mapping[str, Problem]) -> list[Path]:
    """Write all figures of a race into a folder as PNG files, and return their paths."""
    return save_figures(folder, race_figures(problems, values))


def save_race_picture(folder: Path, stem: str, name: str, dataset: xr.Dataset, problem: Problem | None) -> Path:
    """Write one of the figures that `list_race_figures` names, and return its path."""
    with measure("figures", name):
        (path,) = save_figures(folder, {stem: _list_figures(name, dataset, problem)[stem]()})
    return path


def race_figures(problems: Mapping[str, xr.Dataset], values: Mapping[str, Problem]) -> dict[str, Figure]:
    """Return the figures of a race by the names of their files, those of paths only for the problems in `values`."""
    return {
        stem: make()
        for name, dataset in problems.items()
        for stem, make in _list_figures(name, dataset, values.get(name)).items()
    }


def list_race_figures(name: str, dataset: xr.Dataset, problem: Problem | None) -> list[str]:
    """Return the names of the figures of a race on one problem. The one of its paths needs the problem."""
    return list(_list_figures(name, dataset, problem))


def _list_figures(name: str, dataset: xr.Dataset, problem: Problem | None) -> dict[str, Callable[[], Figure]]:
    reporting = format_count(int(np.isin(dataset.role.values, ("report", "both")).sum()), "seed")
    seeds = format_count(dataset.sizes["seed"], "seed")
    gray = "; gray: other families" * (len(set(dataset.family.values.tolist())) > 1)
    makers: dict[str, Callable[[], Figure]] = {
        f"learning_curves_{name}": lambda: family_figure(
            dataset,
            draw_learning_curves,
            f"Learning curves: {name}",
            f"each optimizer at its chosen learning rate; median and quartiles over {reporting}{gray}",
        ),
        f"sensitivity_{name}": lambda: family_figure(
            dataset,
            draw_sensitivity,
            f"Sensitivity to the learning rate: {name}",
            f"average over {seeds}; dot: the chosen rate; cross: a run diverged{gray}",
            pad=22,
        ),
    }
    if is_pruned(dataset):
        del makers[f"sensitivity_{name}"]  # most of its points would be missing
    if "path" in dataset and problem is not None:
        makers[f"paths_{name}"] = lambda: paths_figure(dataset, problem)
    return makers


def save_figures(
    folder: Path, figures: Mapping[str, Figure], form: str = "png", settings: Mapping[str, Any] | None = None
) -> list[Path]:
    """Write figures into a folder as "png", "svg", "pdf" or "pgf", and return their paths. Equal ones give equal files.

    `settings` are those of Matplotlib that the figures were made with, beyond gradlab's own. "pgf" needs LaTeX, which
    measures the texts. Raises RuntimeError if it is missing or fails.
    """
    written = []
    # No date, so that files are equal, and a mark of gradlab's, so that a later study knows that it may overwrite them.
    undated = {
        "png": {"Software": GENERATOR},
        "svg": {"Date": None, "Creator": GENERATOR},
        "pdf": {"CreationDate": None, "Creator": GENERATOR},
        "pgf": None,  # which takes none, so that a line is written before it
    }[form]
    backend = {"png": "agg"}.get(form, form)
    for stem, figure in figures.items():
        target = folder / f"{stem}.{form}"
        with replace_file(target) as temporary, use_own_settings(settings):
            if form == "pgf":
                figure.savefig(temporary, format=form, backend=backend)
                drawn = _escape_underscores(temporary.read_text(encoding="utf-8"))
                temporary.write_text(f"{PGF_MARK}\n{drawn}", encoding="utf-8")
            else:
                figure.savefig(temporary, format=form, metadata=undated, backend=backend)
        written.append(target)
    return written


def _escape_underscores(picture: str) -> str:
    """Return a picture for LaTeX in which underscores of texts are printed without the package `underscore`."""
    # Matplotlib writes each text behind a definition of the percent sign. Elsewhere an underscore is part of a command.
    start = r"\def%{\%}"
    return "\n".join(
        start.join([head, *(re.sub(r"(?<!\\)_", r"\_", text) for text in texts)])
        for head, *texts in (line.split(start) for line in picture.split("\n"))
    )


def write_head(figure: Figure, title: str, note: str) -> None:
    """Write the title of a figure, and the note below it that says how to read it."""
    width, height = figure.get_size_inches()
    title = drawable_name(title, 80)
    figure.text(0.12 / width, 1 - 0.12 / height, title, size=13, weight="bold", va="top", color=INK, **AS_WRITTEN)
    figure.text(0.12 / width, 1 - 0.4 / height, note, size=9, va="top", color=INK, **AS_WRITTEN)
