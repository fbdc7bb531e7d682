"""The page of the report: the templates, filled with what the other modules of this room return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr
from jinja2 import Environment, PackageLoader, StrictUndefined

from .._formatting import format_count
from .._inputs.user_errors import describe_failures, read_failures
from .._results.thinned_curves import describe_pruning, is_pruned
from .._storage.files import write_text
from ..analysis.sweep_as_race import as_race
from ..problems.base import Problem
from .answers import Answer, answer_race, answer_sweep
from .chart_data import learning_curve_data, performance_profile_data, sensitivity_data
from .configuration_tables import Table, configuration_table, make_tuned_table
from .landscape_data import path_data
from .leaderboard_table import Heading, LeaderboardRow, leaderboard_headings, leaderboard_notes, leaderboard_rows
from .optimizer_cards import optimizer_cards
from .pairwise_table import PairwiseRow, pairwise_rows
from .problem_findings import Finding, compute_findings, order_by_mean_rank, select_for_charts
from .reproduction import describe_reproduction
from .statistics.statistics_tables import StatisticsTable, problem_statistics, study_statistics

_SCRIPTS = (
    "format.js", "scale.js", "saving.js", "copying.js", "line_chart.js", "charts.js", "landscape.js",
    "sortable_tables.js", "optimizer_choice.js", "main.js",
)  # fmt: skip


class RaceSection(NamedTuple):
    """The section on a problem whose results are compared over learning rates."""

    position: int
    name: str
    summary: str
    tuned: Table | None
    headings: list[Heading]
    rows: list[LeaderboardRow]
    notes: list[tuple[str, str]]
    pairwise_rows: list[PairwiseRow]
    statistics: list[StatisticsTable]
    reporting_seeds: str
    all_seeds: str
    has_sensitivity: bool
    has_paths: bool


class SweepSection(NamedTuple):
    """The section on a problem whose results have no learning rates to compare over."""

    anchor: str
    name: str
    summary: str
    tables: list[Table]


def write_report(
    datasets: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    path: Path,
    problems: Mapping[str, Problem] | None = None,
) -> None:
    """Write the report of a race, a sweep or a search as one HTML file, in one step.

    `datasets` and `attributes` come from `gradlab.lab._results.results_file.read`; `problems` are the values that were
    trained, and are needed only for the contours of landscapes that gradlab does not know by name. Raises ReportError
    for results that no learning rate was chosen in, and OSError if the file cannot be written.
    """
    write_text(path, render_page(datasets, attributes, problems))


def render_page(
    datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], problems: Mapping[str, Problem] | None = None
) -> str:
    """Return the text of the report."""
    races, sweeps = _separate(datasets)
    findings = compute_findings(races, problems) if races or not sweeps else []
    order = order_by_mean_rank(findings)
    shared = performance_profile_data(findings)
    answers = [(finding.name, _answer(finding, datasets[finding.name])) for finding in findings]
    answers += [(name, answer_sweep(dataset)) for name, dataset in sweeps.items()]
    race_sections = [
        _race_section(position, finding, datasets[finding.name]) for position, finding in enumerate(findings)
    ]
    sweep_sections = [_sweep_section(name, dataset) for name, dataset in sweeps.items()]
    optimizers = (name for dataset in sweeps.values() for name in dataset.optimizer.values.tolist())
    return _environment().get_template("page.html").render(
        title=f"gradlab report: {', '.join(datasets)}",
        lead=_lead(datasets),
        failures=describe_failures(read_failures(attributes)),
        style=_static("style.css"),
        script="\n".join(_static(name) for name in _SCRIPTS),
        answers=answers,
        race_sections=race_sections,
        sweep_sections=sweep_sections,
        has_profiles=shared is not None,
        together=study_statistics(findings, order),
        cards=optimizer_cards(findings, list(dict.fromkeys([*order, *optimizers]))),
        reproduction=describe_reproduction(_datasets_of(findings) | sweeps, attributes),
        data=_data(findings, order, shared),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    """The templates. They escape whatever they are filled with, since names and descriptions are the users'."""
    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # The order of the keys is that of the leaderboard.
    environment.policies["json.dumps_kwargs"] = {
        "separators": (",", ":"), "ensure_ascii": False, "allow_nan": False, "sort_keys": False,
    }  # fmt: skip
    return environment


def _static(name: str) -> str:
    """A style sheet or a script of ours, which the template writes into the page as it is."""
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _separate(datasets: Mapping[str, xr.Dataset]) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """The results that are compared over learning rates, and the sweeps and searches that have none to compare."""
    sweeps = {}
    for name, dataset in datasets.items():
        if isinstance(dataset, xr.Dataset) and "point" in dataset.dims and "hyperparameters" in dataset.attrs:
            try:
                as_race(dataset)
            except ValueError:
                sweeps[name] = dataset
    return {name: dataset for name, dataset in datasets.items() if name not in sweeps}, sweeps


def _datasets_of(findings: Sequence[Finding]) -> dict[str, xr.Dataset]:
    return {finding.name: finding.dataset for finding in findings}


def _answer(finding: Finding, dataset: xr.Dataset) -> Answer:
    """The answer on one problem: of several optimizers of a sweep, each is taken at its best configuration."""
    is_tuned = "point" in dataset.dims and dataset.sizes["optimizer"] > 1
    return answer_sweep(dataset) if is_tuned else answer_race(finding)


def _race_section(position: int, finding: Finding, dataset: xr.Dataset) -> RaceSection:
    return RaceSection(
        position=position,
        name=finding.name,
        summary=str(finding.dataset.attrs.get("summary", "")),
        tuned=make_tuned_table(dataset) if "point" in dataset.dims else None,
        headings=leaderboard_headings(finding),
        rows=leaderboard_rows(finding),
        notes=leaderboard_notes(finding),
        pairwise_rows=pairwise_rows(finding),
        statistics=problem_statistics(finding),
        reporting_seeds=format_count(finding.seeds[1], "seed"),
        all_seeds=format_count(finding.dataset.sizes["seed"], "seed"),
        has_sensitivity=not is_pruned(finding.dataset),
        has_paths="path" in finding.dataset,
    )


def _sweep_section(name: str, dataset: xr.Dataset) -> SweepSection:
    anchor = "configurations-" + "".join(letter if letter.isalnum() else "-" for letter in name)
    tables = [table for table in (make_tuned_table(dataset), configuration_table(dataset)) if table is not None]
    return SweepSection(anchor, name, str(dataset.attrs.get("summary", "")), tables)


def _lead(datasets: Mapping[str, xr.Dataset]) -> str:
    runs = sum(dataset.diverged.size for dataset in datasets.values())
    count = len({name for dataset in datasets.values() for name in dataset.optimizer.values.tolist()})
    optimizers, problems = format_count(count, "optimizer"), format_count(len(datasets), "problem")
    saved = describe_pruning(*datasets.values())
    return f"{format_count(runs, 'training run')} of {optimizers} on {problems}. {saved}".rstrip()


def _data(findings: Sequence[Finding], order: Sequence[str], shared: Any) -> dict[str, Any]:
    """The numbers of the charts, which the page's script draws."""
    families: dict[str, str] = {}
    for finding in findings:
        if "family" in finding.dataset.coords:
            families |= dict(zip(finding.dataset.optimizer.values.tolist(), finding.dataset.family.values.tolist()))
    return {
        "optimizers": [{"name": name, "family": families.get(name, "")} for name in order],
        "shown": select_for_charts(list(findings)),
        "problems": [
            {
                "name": finding.name,
                "curves": learning_curve_data(finding),
                "sensitivity": sensitivity_data(finding),
                "paths": path_data(finding),
            }
            for finding in findings
        ],
        "profiles": shared,
    }
