"""The page: template, style, script and numbers, joined into one file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import xarray as xr

from ..analysis.sweep_as_race import as_race
from ..formatting import format_count
from ..inputs.user_errors import failures_of, lines
from ..problems.base import Problem
from ..storage.files import write_text
from .about import optimizers
from .board import board, notes
from .findings import Finding, find_out, in_order, shown_first
from .pairs import pairs
from .paths import paths
from .reproduce import reproduce
from .series import learning_curves, profiles, sensitivity
from .tuned import anchor, plain_section, tuned_table, tuned_verdict
from .verdict import verdict

_SCRIPTS = ("format.js", "scale.js", "chart.js", "figures.js", "landscape.js", "board.js", "choice.js", "main.js")


def write_report(
    datasets: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    path: Path,
    problems: Mapping[str, Problem] | None = None,
) -> None:
    """Write the report of a race as one HTML file, in one step.

    `datasets` and `attributes` come from `gradlab.lab.results.results_file.read`; `problems` are the values that were
    raced on, and are needed only for the contours of landscapes that gradlab does not know by name. Raises ReportError
    for results that no learning rate was chosen in, and OSError if the file cannot be written.
    """
    write_text(path, page(datasets, attributes, problems))


def page(
    datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], problems: Mapping[str, Problem] | None = None
) -> str:
    """The text of the report."""
    races, others = _sorted(datasets)
    findings = find_out(races, problems) if races or not others else []
    order = in_order(findings)
    shared = profiles(findings)
    parts = {
        "title": escape(f"Race report: {', '.join(datasets)}"),
        "lead": escape(_lead(datasets)),
        "failures": _failures(attributes),
        "style": _static("style.css"),
        "navigation": _navigation(findings, others, shared is not None),
        "verdicts": "".join(_verdict(finding, datasets[finding.name]) for finding in findings)
        + "".join(_answer(name, tuned_verdict(dataset)) for name, dataset in others.items()),
        "problems": "".join(
            _problem(position, finding, datasets[finding.name]) for position, finding in enumerate(findings)
        )
        + "".join(plain_section(name, dataset) for name, dataset in others.items()),
        "profiles": _static("profiles.html") if shared is not None else "",
        "optimizers": optimizers(findings, _with(order, others)),
        "reproduce": reproduce(findings, attributes, others),
        "data": _embedded(_data(findings, order, shared)),
        "script": "\n".join(_static(name) for name in _SCRIPTS),
    }
    # All at once: what a name or a docstring holds is never taken for a place in the template.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _static("page.html"))


def _sorted(datasets: Mapping[str, xr.Dataset]) -> tuple[dict[str, xr.Dataset], dict[str, xr.Dataset]]:
    """The results that are compared over learning rates, and the sweeps and searches that have none to compare."""
    others = {}
    for name, dataset in datasets.items():
        if isinstance(dataset, xr.Dataset) and "point" in dataset.dims and "hyperparameters" in dataset.attrs:
            try:
                as_race(dataset)
            except ValueError:
                others[name] = dataset
    return {name: dataset for name, dataset in datasets.items() if name not in others}, others


def _with(order: list[str], others: Mapping[str, xr.Dataset]) -> list[str]:
    names = (name for dataset in others.values() for name in dataset.optimizer.values.tolist())
    return list(dict.fromkeys([*order, *names]))


def _data(findings: list[Finding], order: list[str], shared: Any) -> dict[str, Any]:
    families: dict[str, str] = {}
    for finding in findings:
        if "family" in finding.dataset.coords:
            families |= dict(zip(finding.dataset.optimizer.values.tolist(), finding.dataset.family.values.tolist()))
    return {
        "optimizers": [{"name": name, "family": families.get(name, "")} for name in order],
        "shown": shown_first(findings),
        "problems": [
            {
                "name": finding.name,
                "curves": learning_curves(finding),
                "sensitivity": sensitivity(finding),
                "paths": paths(finding),
            }
            for finding in findings
        ],
        "profiles": shared,
    }


def _embedded(data: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _static(name: str) -> str:
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _lead(datasets: Mapping[str, xr.Dataset]) -> str:
    runs = sum(dataset.diverged.size for dataset in datasets.values())
    count = len({name for dataset in datasets.values() for name in dataset.optimizer.values.tolist()})
    optimizers, problems = format_count(count, "optimizer"), format_count(len(datasets), "problem")
    return f"{format_count(runs, 'training run')} of {optimizers} on {problems}."


def _failures(attributes: Mapping[str, str]) -> str:
    """The HTML of a note on the contestants that failed; empty if none did."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines(failures_of(attributes)))
    return f'<p class="note">Left out, because they failed:</p><ul class="note">{items}</ul>' if items else ""


def _navigation(findings: list[Finding], others: Mapping[str, xr.Dataset], has_profiles: bool) -> str:
    links = [(f"problem-{position}", finding.name) for position, finding in enumerate(findings)]
    links += [(anchor(name), name) for name in others]
    links += [("profiles", "Performance profiles")] * has_profiles
    links += [("optimizers", "Optimizers"), ("reproduce", "Reproduce")]
    return "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in links)


def _verdict(finding: Finding, dataset: xr.Dataset) -> str:
    """The answer on one problem: of several optimizers of a sweep, each is taken at its best configuration."""
    is_tuned = "point" in dataset.dims and dataset.sizes["optimizer"] > 1
    return _answer(finding.name, tuned_verdict(dataset) if is_tuned else verdict(finding))


def _answer(name: str, text: str) -> str:
    return f'<section class="verdict"><h2>{escape(name)}</h2>{text}</section>'


def _problem(position: int, finding: Finding, dataset: xr.Dataset) -> str:
    template = _static("problem.html")
    landscape = _static("paths.html") if "path" in finding.dataset else ""
    filled = template.replace("{{paths}}", landscape)
    parts = {
        "position": str(position),
        "name": escape(finding.name),
        "summary": escape(str(finding.dataset.attrs.get("summary", ""))),
        "tuned": tuned_table(dataset) if "point" in dataset.dims else "",
        "board": board(finding),
        "notes": notes(finding),
        "pairs": pairs(finding),
        "seeds": format_count(finding.seeds[1], "seed"),
        "all_seeds": format_count(finding.dataset.sizes["seed"], "seed"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], filled)
