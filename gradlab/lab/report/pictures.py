"""All figures as files, for papers and slides."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import xarray as xr
from matplotlib.figure import Figure

from ..analysis.comparison import performance_profiles
from ..formatting import format_count
from ..plots.figures import race_figures, save
from ..plots.profiles import performance_profile
from ..plots.ranks import rank_intervals
from ..plots.settings import own_style
from ..plots.style import PLAIN, drawable
from ..plots.sweeps import sweep_figures
from ..problems.base import Problem
from ..results.study_folder import refuse_to_overwrite
from .findings import Finding, ReportError, find_out, shown_first


def write_pictures(
    datasets: Mapping[str, xr.Dataset], folder: Path, form: str, problems: Mapping[str, Problem] | None = None
) -> list[Path]:
    """Write all figures into a folder, made if need be, as "png", "svg" or "pdf"; returns their paths.

    Raises ReportError for results that there is nothing to draw of, FolderError where that would overwrite what
    gradlab did not write, and OSError if the folder cannot be written.
    """
    drawn = all_figures(datasets, problems)
    refuse_to_overwrite(folder / f"{stem}.{form}" for stem in drawn)
    folder.mkdir(parents=True, exist_ok=True)
    return save(folder, drawn, form)


def all_figures(datasets: Mapping[str, xr.Dataset], problems: Mapping[str, Problem] | None = None) -> dict[str, Figure]:
    """Return all figures of a study by the names of their files. Raises ReportError where there is nothing to draw."""
    drawn = sweep_figures({name: dataset for name, dataset in datasets.items() if "point" in dataset.dims})
    try:
        drawn |= figures(find_out(datasets, problems))
    except ReportError:
        if not drawn:
            raise
    return drawn


def figures(findings: list[Finding]) -> dict[str, Figure]:
    """The figures of a race, and of its comparison, by the names of their files."""
    datasets = {finding.name: finding.dataset for finding in findings}
    values = {finding.name: finding.problem for finding in findings if finding.problem is not None}
    drawn = race_figures(datasets, {name: value for name, value in values.items() if value.landscape is not None})
    for finding in findings:
        drawn[f"ranks_{finding.name}"] = rank_figure(finding)
    targets = {finding.name: float(finding.summary.attrs["target"]) for finding in findings}
    if len(findings) > 1:
        with contextlib.suppress(ValueError):  # no optimizer ran on all of them
            drawn["performance_profiles"] = _profiles(findings, performance_profiles(datasets, targets))
    return drawn


def rank_figure(finding: Finding) -> Figure:
    """The ranks on one problem, with their intervals."""
    count = finding.ranks.sizes["optimizer"]
    with own_style():
        figure = Figure(figsize=(5.2, 1.25 + 0.2 * count), layout="constrained")
        axes = rank_intervals(figure.subplots(), finding.ranks)
        percent, seeds = f"{100 * finding.ranks.attrs['confidence']:g} %", format_count(finding.seeds[1], "seed")
        known = f"bar: {percent} interval over {seeds}" if finding.is_sure else f"{seeds}: too few to be sure"
        axes.set_title(drawable(f"Ranks: {finding.name}"), **PLAIN)
        axes.set_xlabel(f"rank; {known}")
    return figure


def _profiles(findings: list[Finding], found: xr.Dataset) -> Figure:
    with own_style():
        figure = Figure(figsize=(6.4, 3.8))
        axes = figure.subplots()
        figure.subplots_adjust(left=0.1, right=0.78, bottom=0.14, top=0.9)
        chosen = [name for name in shown_first(findings) if name in found.optimizer.values]
        performance_profile(axes, found, chosen)
        title = f"Performance profiles: {', '.join(finding.name for finding in findings)}"
        axes.set_title(drawable(title, 80), **PLAIN)
    return figure
