"""For sweep and search: the ranges and values on the command line, and the tables of points in the terminal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import xarray as xr
from rich.console import Console
from rich.text import Text

from ...lab._formatting import format_count, format_float
from ...lab._results.thinned_curves import describe_pruning, is_pruned
from ...lab._settings import format_setting
from ...lab._studies.search_space import Axis, SearchSpaceError
from ...lab._studies.search_space.axes import parse_axis, sort_values
from ...lab.analysis.choosing_metric import describe_choosing_metric
from ...lab.analysis.configurations import rank_configurations, select_best_rows
from ...lab.analysis.first_values import describe_bad_start
from ...lab.analysis.late_window import describe_window
from ...lab.analysis.shared_ranks import describe_shared
from ...lab.analysis.tuned_optimizers import describe_rates_at_edge, tuned_leaderboard
from ...lab.problems.default_groups import describe_default_groups
from ..terminal.score_formatting import format_score_with_spread
from ..terminal.tables import TrimmedLines, print_columns, print_note

SHOWN = 10  # points in the terminal; the files have all


def parse_axes(assignments: Sequence[str]) -> dict[str, Axis]:
    """Return the axes of assignments such as b1=0.8,0.9. Raises SearchSpaceError."""
    axes: dict[str, Axis] = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise SearchSpaceError(f"--set {assignment}: expected NAME=VALUES, such as learning_rate=log:1e-4:1e-1:13")
        if name in axes:
            raise SearchSpaceError(f"--set {name} is given twice; put its values into one list")
        axes[name] = sort_values(parse_axis(name, text))  # the same study in whatever order it is typed
    return axes


def _print_optimizers(console: Console, dataset: xr.Dataset) -> None:
    """Print the optimizers, each at its best configuration, and the verdict on the first one."""
    rows, verdict = tuned_leaderboard(dataset)
    attributes = dataset.attrs
    columns = {
        "rank": [str(row.rank) for row in rows],
        "optimizer": [row.optimizer for row in rows],
        **{
            name: [format_setting(row.hyperparameters.get(name)) for row in rows]
            for name in json.loads(attributes["hyperparameters"])
        },
        attributes["score_label"]: [format_score_with_spread(row.score, row.spread, attributes) for row in rows],
        "95 %": [
            str(row.rank_low) if row.rank_low == row.rank_high else f"{row.rank_low}-{row.rank_high}" for row in rows
        ],
    }
    print_columns(console, columns, ["95 %"])
    shared = describe_shared(row.rank for row in rows)
    print_note(console, " ".join(["The optimizers, each at its best configuration.", *verdict, *shared]))
    console.print()


def print_points(console: Console, dataset: xr.Dataset) -> None:
    """Print the optimizers of a sweep or a search, each at its best configuration, and the best points of all."""
    found, attributes = rank_configurations(dataset), dataset.attrs
    console.print(TrimmedLines(Text.assemble((attributes["problem"], "bold"), "  ", attributes["summary"])))
    if dataset.sizes["optimizer"] > 1:
        _print_optimizers(console, dataset)
    best = select_best_rows(found, SHOWN)
    columns = {
        "#": [str(point.rank) for point in best],
        "optimizer": [point.optimizer for point in best],
        **{name: [format_setting(point.hyperparameters.get(name)) for point in best] for name in found.hyperparameters},
        attributes["score_label"]: [format_score_with_spread(point.score, point.spread, attributes) for point in best],
        "diverged": [f"{point.diverged}/{point.runs}" for point in best],
    }
    print_columns(console, columns, ["diverged"] + ["optimizer"] * (dataset.sizes["optimizer"] == 1))
    reporting = int(np.isin(dataset.role.values, ("report", "both")).sum())
    ranking = format_count(dataset.sizes["seed"] - reporting, "other seed")
    choice = describe_choosing_metric(attributes)
    by = f"the best {choice} on " if choice else ""
    order = f" Ranked by {by}{ranking}, so that the score is not too good by having been chosen."
    if all(math.isnan(point.score) for point in found):
        bad_start = describe_bad_start(dataset)
        order = " No point survived on all seeds, so that there is no score to compare."
        order += f" {bad_start[0].upper()}{bad_start[1:]}." if bad_start else ""
    elif dataset.sizes["seed"] == 1 and choice:
        order = f" Ranked by the best {choice} of the same seed."
    elif dataset.sizes["seed"] == 1:
        order = " Ranked by the same seed, so that the score is a little too good by having been chosen."
    also = ", and the best one of each optimizer" * (len(best) > SHOWN)
    shown = f"The best {SHOWN} of {len(found)} points{also}. " if len(found) > len(best) else ""
    if is_pruned(dataset):
        shown = f"{describe_pruning(dataset)} {shown}"
    what = f"{attributes['score_label'].capitalize()} ({describe_window(dataset)})"
    note = f"{shown}{what} over {format_count(reporting, 'seed')}.{order}"
    print_note(console, " ".join([note, *describe_shared(point.rank for point in best)]))
    if dataset.sizes["optimizer"] == 1:  # of several, the verdict says it
        for sentence in [*describe_rates_at_edge(dataset), *describe_default_groups(attributes)]:
            print_note(console, sentence)
    for name, settings in json.loads(attributes.get("held", "{}")).items():
        if settings:
            values = {
                key: format_float(value) if isinstance(value, float) else repr(value) for key, value in settings.items()
            }
            held = ", ".join(f"{key}={value}" for key, value in values.items())
            print_note(console, f"Not swept: {name} has {held}.")
    console.print()
