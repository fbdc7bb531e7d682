"""What `gradlab sweep` and `gradlab search` have in common: ranges that are typed, and points that are shown."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from rich.console import Console
from rich.text import Text

from ..lab.analysis import configurations, export
from ..lab.analysis.choosing_metric import choice_words
from ..lab.analysis.configurations import ConfigurationRow
from ..lab.analysis.late_window import describe_window
from ..lab.analysis.tuned_optimizers import tuned_leaderboard
from ..lab.formatting import format_count, format_float
from ..lab.results import study_folder
from ..lab.studies.resuming import OpenStudy
from ..lab.studies.search_space import Axis, SearchSpaceError, parse_axis
from .scores import with_spread
from .session import may_write
from .tables import print_columns, print_note, print_written
from .terminal import output, print_json

SHOWN = 10  # points in the terminal; the files have all


def parse_axes(assignments: Sequence[str]) -> dict[str, Axis]:
    """The axes of all that was typed as NAME=VALUES. Raises SearchSpaceError."""
    axes: dict[str, Axis] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise SearchSpaceError(f"--set {assignment}: expected NAME=VALUES, such as learning_rate=log:1e-4:1e-1:13")
        if name in axes:
            raise SearchSpaceError(f"--set {name} is given twice; put its values into one list")
        axis = parse_axis(name, text)
        axes[name] = sorted(axis) if isinstance(axis, list) else axis  # the same study in whatever order it is typed
    return axes


def show_points(
    run: OpenStudy, runs: int, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str], as_json: bool
) -> None:
    """Write the points into the folder of a run and draw them, and print the best ones, or all of them as JSON."""
    rankings = {name: configurations.rank_configurations(dataset) for name, dataset in datasets.items()}
    listing = run.out / study_folder.POINTS[1]  # which is written last
    content = configurations.document(rankings, datasets, export.fixed(attributes), study_folder.listed_files(listing))
    if run.state != "complete" or not export.is_written(listing, content):
        content = configurations.document(rankings, datasets, export.fixed(attributes), [study_folder.RESULTS])
        if may_write(run):
            files = [study_folder.RESULTS, *study_folder.POINTS, *_draw(run.out, datasets, attributes)]
            content = configurations.document(rankings, datasets, export.fixed(attributes), files)
            configurations.write(run.out, rankings, content)
    if as_json:
        print_json(export.json_text(content))
        return
    console = output()
    for name, found in rankings.items():
        _print(console, datasets[name], found)
    print_written(console, runs, run.out, content["files"])


def _draw(out: Path, datasets: Mapping[str, xr.Dataset], attributes: Mapping[str, str]) -> list[str]:
    """Draw the pictures, and the report of a grid of learning rates; returns their names."""
    from gradlab.lab.plots import draw_sweep  # matplotlib takes a second: not before the runs
    from gradlab.lab.report import ReportError, write_report

    old = study_folder.drawn_by_last_run(out)
    written = draw_sweep(out, datasets)
    with contextlib.suppress(ReportError):
        write_report(datasets, attributes, out / study_folder.REPORT)
        written = [out / study_folder.REPORT, *written]
    study_folder.remove_stale(old, [*written, *(out / name for name in study_folder.POINTS)])
    return [path.name for path in written]


def _print_optimizers(console: Console, dataset: xr.Dataset) -> None:
    """The optimizers, each at its best configuration, and the verdict on the first."""
    rows, verdict = tuned_leaderboard(dataset)
    attributes = dataset.attrs
    columns = {
        "rank": [str(row.rank) for row in rows],
        "optimizer": [row.optimizer for row in rows],
        **{
            name: [format_float(row.hyperparameters[name]) if row.hyperparameters else "-" for row in rows]
            for name in json.loads(attributes["hyperparameters"])
        },
        attributes["score_label"]: [with_spread(row.score, row.spread, attributes) for row in rows],
        "95 %": [
            str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low}-{row.rank_high}" for row in rows
        ],
    }
    print_columns(console, columns, ["95 %"])
    print_note(console, f"The optimizers, each at its best configuration. {' '.join(verdict)}")
    console.print()


def _print(console: Console, dataset: xr.Dataset, found: Sequence[ConfigurationRow]) -> None:
    attributes = dataset.attrs
    console.print(Text.assemble((attributes["problem"], "bold"), "  ", attributes["summary"]))
    if dataset.sizes["optimizer"] > 1:
        _print_optimizers(console, dataset)
    best = configurations.shown_points(found, SHOWN)
    columns = {
        "#": [str(point.rank) for point in best],
        "optimizer": [point.optimizer for point in best],
        **{name: [format_float(point.hyperparameters[name]) for point in best] for name in found[0].hyperparameters},
        attributes["score_label"]: [with_spread(point.score, point.spread, attributes) for point in best],
        "diverged": [f"{point.diverged}/{point.runs}" for point in best],
    }
    print_columns(console, columns, ["diverged"] + ["optimizer"] * (dataset.sizes["optimizer"] == 1))
    reporting = int(np.isin(dataset.role.values, ("report", "both")).sum())
    ranking = format_count(dataset.sizes["seed"] - reporting, "other seed")
    choice = choice_words(attributes)
    by = f"the best {choice} on " if choice else ""
    order = f" Ranked by {by}{ranking}, so that the score is not too good by having been chosen."
    if all(math.isnan(point.score) for point in found):
        order = " No point survived on all seeds, so that there is no score to compare."
    elif dataset.sizes["seed"] == 1 and choice:
        order = f" Ranked by the best {choice} of the same seed."
    elif dataset.sizes["seed"] == 1:
        order = " Ranked by the same seed, so that the score is a little too good by having been chosen."
    also = ", and the best one of each optimizer" * (len(best) > SHOWN)
    shown = f"The best {SHOWN} of {len(found)} points{also}. " if len(found) > len(best) else ""
    what = f"{attributes['score_label'].capitalize()} ({describe_window(dataset)})"
    print_note(console, f"{shown}{what} over {format_count(reporting, 'seed')}.{order}")
    for name, settings in json.loads(attributes.get("held", "{}")).items():
        if settings:
            held = ", ".join(f"{key}={format_float(value)}" for key, value in settings.items())
            print_note(console, f"Not swept: {name} has {held}.")
    console.print()
