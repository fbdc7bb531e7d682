"""The ladder: a page of all certificates in a folder, among gradlab's tuned baselines. It needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from ..._baselines.baseline_file import read_baseline
from ..._baselines.catalog import SHIPPED, list_baselines, locate
from ..._baselines.expansion import expand_alone
from ..._results.study_folder import refuse_to_overwrite
from ..._storage.files import write_text
from .certificate import read_certificate
from .rules import NEVER, RATES, SEEDS, TARGETS, VERSION, RulesError
from .score import compute_results

LADDER = "ladder.html"


class Rung(NamedTuple):
    """A row of the ladder."""

    name: str
    score: float
    error: float
    speeds: list[float]  # by problem, in the order of the rules
    source: str  # the file of its certificate; empty for a baseline
    origin: str  # the date and the machine


def list_baseline_rungs() -> list[Rung]:
    """Return the rungs of gradlab's baselines; none if they are not of the problems of the rules."""
    paths = list_baselines(locate(SHIPPED))
    if not set(TARGETS) <= set(paths):
        return []
    found = {name: read_baseline(paths[name]) for name in TARGETS}
    if any(baseline.definition != TARGETS[name].definition for name, baseline in found.items()):
        return []
    results = compute_results({name: expand_alone(baseline.dataset) for name, baseline in found.items()})
    date = max(baseline.origin["date"][:10] for baseline in found.values())
    return [
        Rung(name, result.score, result.error, [speed.speed for speed in result.problems.values()], "", date)
        for name, result in results.items()
    ]


def read_rungs(folder: Path) -> tuple[list[Rung], list[str]]:
    """Return the rungs of the certificates in a folder and the folders in it, and why others have none."""
    rungs, refused = [], []
    files: dict[str, str] = {}  # by digest
    for path in sorted([*folder.glob("*.json"), *folder.glob("*/certificate.json")]):
        try:
            certificate = read_certificate(path)
            speeds = [float(certificate["problems"][name]["speed"]) for name in TARGETS]
        except (RulesError, OSError, KeyError) as error:
            refused.append(str(error))
            continue
        origin = f"{certificate['date'][:10]}, {certificate['machine']}"
        name, source = str(certificate["optimizer"]["typed"]), str(path.relative_to(folder))
        if (first := files.setdefault(certificate["digest"], source)) != source:
            refused.append(f"{path} is a copy of {first}")
            continue
        rungs.append(Rung(name, certificate["score"], certificate["error"], speeds, source, origin))
    return rungs, refused


def write_ladder(folder: Path) -> tuple[Path, int, list[str]]:
    """Write the page of the certificates in a folder. Return its path, how many it has, and what was refused.

    Raises FolderError if a file of somebody else would be overwritten, and OSError.
    """
    rungs, refused = read_rungs(folder)
    path = folder / LADDER
    refuse_to_overwrite([path])
    write_text(path, render([*rungs, *list_baseline_rungs()], refused))
    return path, len(rungs), refused


def render(rungs: Sequence[Rung], refused: Sequence[str]) -> str:
    """Return the text of the page."""
    ordered = sorted(rungs, key=lambda rung: -rung.score)
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in TARGETS)
    rows = "\n".join(_render_row(place, rung) for place, rung in enumerate(ordered, 1))
    targets = "".join(
        f"<li>{escape(name)}: {target.score:.2g} within {target.steps} updates</li>" for name, target in TARGETS.items()
    )
    wrong = "".join(f"<li>{escape(text)}</li>" for text in refused)
    notes = f"<h2>Refused</h2><ul>{wrong}</ul>" if refused else ""
    return _PAGE.format(
        head=head, rows=rows, targets=targets, notes=notes, version=VERSION, never=NEVER, rates=RATES, seeds=SEEDS
    )


def _render_row(place: int, rung: Rung) -> str:
    mark = "certified" if rung.source else "baseline"
    speeds = "".join(f"<td>{speed:.2f}</td>" for speed in rung.speeds)
    name, source = escape(rung.name), escape(rung.source or "baseline")
    return (
        f'<tr class="{mark}"><td>{place}</td><th scope="row">{name}</th><td><b>{rung.score:.3f}</b></td>'
        f"<td>×÷ {rung.error:.3f}</td>{speeds}<td>{source}</td><td>{escape(rung.origin)}</td></tr>"  # noqa: RUF001
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="gradlab">
<meta name="viewport" content="width=device-width">
<title>gradlab speed run: the ladder</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; display: block; overflow-x: auto; }}
td, th {{ padding: .25rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid #e3e3e3; }}
th[scope], td:nth-last-child(-n+2) {{ text-align: left; font-weight: 500; }}
.certified {{ background: #fff4d6; }}
.baseline {{ color: #666; }}
</style>
</head>
<body>
<p class="brand">gradlab</p>
<h1>The speed run: who reaches the targets first?</h1>
<p>The score is the geometric mean, over problems and five seeds, of the updates that a run has, divided by those after
which it has the target for good. Higher is faster: 1 means at the last update. A run that does not stay there until its
end counts as {never:g} times its updates. The factor beside the score is its standard error over the seeds. Rows in
color have certificates; the others are gradlab's tuned baselines.</p>
<table>
<thead><tr><th>#</th><th scope="col">optimizer</th><th>score</th><th>error</th>{head}<th>certificate</th><th>when and
where</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
{notes}
<h2>Rules, version {version}</h2>
<p>Every optimizer is tuned over the same learning rates ({rates}) and nothing else, from {seeds} seeds, of which half
choose the rate and half report. The targets:</p>
<ul>{targets}</ul>
<p>These problems are small, and this says nothing about large models, long runs, schedules, memory or the seconds of an
update. A certificate says what its author ran; <code>gradlab speedrun --confirm</code> runs it again.</p>
</body>
</html>
"""
