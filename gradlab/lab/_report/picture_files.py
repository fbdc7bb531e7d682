"""All figures of a study as picture files, for papers and slides."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from .._formatting import format_count
from .._results.study_folder import refuse_to_overwrite
from ..analysis.comparison import performance_profiles
from ..plots.lines_and_labels import AS_WRITTEN, drawable_name, measure_label_room
from ..plots.matplotlib_settings import use_own_settings
from ..plots.performance_profiles import draw_performance_profiles
from ..plots.race_figures import race_figures, save_figures
from ..plots.rank_intervals import draw_rank_intervals
from ..plots.sweep_figures import sweep_figures
from ..problems.base import Problem
from .problem_findings import Finding, ReportError, compute_findings, select_for_charts


def write_pictures(
    datasets: Mapping[str, xr.Dataset], folder: Path, form: str, problems: Mapping[str, Problem] | None = None
) -> list[Path]:
    """Write all figures into a folder, which is made if it does not exist, and return the paths of the files.

    `form` is "png", "svg" or "pdf". Raises ReportError if there is nothing to draw, FolderError if a file would be
    overwritten that gradlab did not write, and OSError if the folder cannot be written.
    """
    drawn = all_figures(datasets, problems)
    refuse_to_overwrite(folder / f"{stem}.{form}" for stem in drawn)
    folder.mkdir(parents=True, exist_ok=True)
    return save_figures(folder, drawn, form)


def all_figures(datasets: Mapping[str, xr.Dataset], problems: Mapping[str, Problem] | None = None) -> dict[str, Figure]:
    """Return all figures of a study by the names of their files. Raises ReportError where there is nothing to draw."""
    drawn = sweep_figures({name: dataset for name, dataset in datasets.items() if "point" in dataset.dims})
    try:
        drawn |= comparison_figures(compute_findings(datasets, problems))
    except ReportError:
        if not drawn:
            raise
    return drawn


def comparison_figures(findings: list[Finding]) -> dict[str, Figure]:
    """Return the figures of a race and of its comparison by the names of their files."""
    datasets = {finding.name: finding.dataset for finding in findings}
    values = {finding.name: finding.problem for finding in findings if finding.problem is not None}
    drawn = race_figures(datasets, {name: value for name, value in values.items() if value.landscape is not None})
    for finding in findings:
        drawn[f"ranks_{finding.name}"] = draw_rank_figure(finding)
    targets = {finding.name: float(finding.summary.attrs["target"]) for finding in findings}
    if len(findings) > 1:
        with contextlib.suppress(ValueError):  # if no optimizer ran on all problems
            drawn["performance_profiles"] = _draw_profiles(findings, performance_profiles(datasets, targets))
    return drawn


def draw_rank_figure(finding: Finding) -> Figure:
    """Return a figure of the ranks on one problem, with their intervals."""
    count = finding.ranks.sizes["optimizer"]
    with use_own_settings():
        figure = Figure(figsize=(5.2, 1.25 + 0.2 * count), layout="constrained")
        axes = draw_rank_intervals(figure.subplots(), finding.ranks)
        percent, seeds = f"{100 * finding.ranks.attrs['confidence']:g} %", format_count(finding.seeds[1], "seed")
        note = f"bar: {percent} interval over {seeds}" if finding.is_sure else f"{seeds}: too few for intervals"
        axes.set_title(drawable_name(f"Ranks: {finding.name}"), **AS_WRITTEN)
        axes.set_xlabel(f"rank ({note})")
    return figure


def _draw_profiles(findings: list[Finding], profiles: xr.Dataset) -> Figure:
    names = [name for name in select_for_charts(findings) if name in profiles.optimizer.values]
    with use_own_settings():
        width = 5.0 + measure_label_room(names)
        figure = Figure(figsize=(width, 3.8))
        axes = figure.subplots()
        figure.subplots_adjust(left=0.64 / width, right=5.0 / width, bottom=0.14, top=0.9)
        draw_performance_profiles(axes, profiles, names)
        title = f"Performance profiles: {', '.join(finding.name for finding in findings)}"
        axes.set_title(drawable_name(title, 80), **AS_WRITTEN)
    return figure
