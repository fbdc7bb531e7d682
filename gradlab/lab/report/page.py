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

from ..blame import failures_of, lines
from ..files import write_text
from ..problems.base import Problem
from ..words import counted
from .about import optimizers
from .board import board, notes
from .findings import Finding, find_out, in_order, shown_first
from .pairs import pairs
from .paths import paths
from .reproduce import reproduce
from .series import learning_curves, profiles, sensitivity
from .verdict import verdict

_SCRIPTS = ("format.js", "scale.js", "chart.js", "figures.js", "landscape.js", "board.js", "choice.js", "main.js")


def write_report(
    datasets: Mapping[str, xr.Dataset],
    attributes: Mapping[str, str],
    path: Path,
    problems: Mapping[str, Problem] | None = None,
) -> None:
    """Write the report of a race as one HTML file, in one step.

    `datasets` and `attributes` are as `gradlab.lab.results.read` gives them; `problems` are the values that were
    raced on, and are needed only for the contours of landscapes that gradlab does not know by name. Raises ReportError
    for results that no learning rate was chosen in, and OSError if the file cannot be written.
    """
    write_text(path, page(datasets, attributes, problems))


def page(
    datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], problems: Mapping[str, Problem] | None = None
) -> str:
    """The text of the report."""
    findings = find_out(datasets, problems)
    order = in_order(findings)
    shared = profiles(findings)
    parts = {
        "title": escape(f"Race report: {', '.join(datasets)}"),
        "lead": escape(_lead(findings)),
        "failures": _failures(attributes),
        "style": _static("style.css"),
        "navigation": _navigation(findings, shared is not None),
        "verdicts": "".join(_verdict(finding) for finding in findings),
        "problems": "".join(_problem(position, finding) for position, finding in enumerate(findings)),
        "profiles": _static("profiles.html") if shared is not None else "",
        "optimizers": optimizers(findings, order),
        "reproduce": reproduce(findings, attributes),
        "data": _embedded(_data(findings, order, shared)),
        "script": "\n".join(_static(name) for name in _SCRIPTS),
    }
    # All at once: what a name or a docstring holds is never taken for a place in the template.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], _static("page.html"))


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


def _lead(findings: list[Finding]) -> str:
    runs = sum(finding.dataset.diverged.size for finding in findings)
    count = len({row.optimizer for finding in findings for row in finding.rows})
    return f"{counted(runs, 'training run')} of {counted(count, 'optimizer')} on {counted(len(findings), 'problem')}."


def _failures(attributes: Mapping[str, str]) -> str:
    """The HTML of a note on the contestants that failed; empty if none did."""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines(failures_of(attributes)))
    return f'<p class="note">Left out, because they failed:</p><ul class="note">{items}</ul>' if items else ""


def _navigation(findings: list[Finding], has_profiles: bool) -> str:
    links = [(f"problem-{position}", finding.name) for position, finding in enumerate(findings)]
    links += [("profiles", "Performance profiles")] * has_profiles
    links += [("optimizers", "Optimizers"), ("reproduce", "Reproduce")]
    return "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in links)


def _verdict(finding: Finding) -> str:
    return f'<section class="verdict"><h2>{escape(finding.name)}</h2>{verdict(finding)}</section>'


def _problem(position: int, finding: Finding) -> str:
    template = _static("problem.html")
    landscape = _static("paths.html") if "path" in finding.dataset else ""
    filled = template.replace("{{paths}}", landscape)
    parts = {
        "position": str(position),
        "name": escape(finding.name),
        "summary": escape(str(finding.dataset.attrs.get("summary", ""))),
        "board": board(finding),
        "notes": notes(finding),
        "pairs": pairs(finding),
        "seeds": counted(finding.seeds[1], "seed"),
        "all_seeds": counted(finding.dataset.sizes["seed"], "seed"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], filled)
