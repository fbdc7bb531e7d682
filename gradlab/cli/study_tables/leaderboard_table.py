"""The leaderboard as a table for the terminal."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from rich.console import Console
from rich.text import Text

from ...lab._formatting import format_count
from ...lab._results.score_scale import read_scale
from ...lab._results.thinned_curves import describe_pruning, is_pruned
from ...lab.analysis.choosing_metric import describe_choosing_metric
from ...lab.analysis.late_window import describe_window
from ...lab.analysis.leaderboard import Row, format_good_range
from ...lab.analysis.shared_ranks import describe_shared
from ..terminal.score_formatting import format_score_with_spread
from ..terminal.tables import TrimmedLines, print_columns, print_note


def print_leaderboard(console: Console, dataset: xr.Dataset, rows: Sequence[Row], verdict: Sequence[str] = ()) -> None:
    """Print the rows of one problem as a table, the verdict on the first one, and how the rows were measured."""
    attributes = dataset.attrs
    console.print(TrimmedLines(Text.assemble((attributes["problem"], "bold"), "  ", attributes["summary"])))
    columns = {
        "#": [str(row.rank) for row in rows],
        "optimizer": [row.optimizer for row in rows],
        attributes["score_label"]: [score_text(row, attributes) for row in rows],
        "best rate": [_rate(row) for row in rows],
        "good rates": [_good(row) for row in rows],
        "diverged": [f"{row.diverged}/{row.runs}" for row in rows],
        "seconds": [_seconds(row) for row in rows],
    }
    hidden = print_columns(console, columns, ["seconds", "good rates", "diverged"])
    if verdict:
        console.print(TrimmedLines(Text(" ".join(verdict))))
    print_note(console, "\n".join(_notes(dataset, rows, "good rates" in hidden)))
    console.print()


def _rate(row: Row) -> str:
    return "-" if math.isnan(row.best_rate) else f"{row.best_rate:.2g}" + "*" * row.at_edge


def _good(row: Row) -> str:
    return "-" if math.isnan(row.best_rate) else format_good_range(row) + " dec" * (row.good_decades > 0)


def _seconds(row: Row) -> str:
    if math.isnan(row.seconds):
        return "-"
    return f"{row.seconds:.1f}" if row.seconds >= 0.05 else "<0.1"


def score_text(row: Row, attributes: Mapping[str, Any]) -> str:
    """Return the score of a row, with a mark if some of its runs diverged."""
    return format_score_with_spread(row.score, row.spread, attributes) + "†" * (row.diverged_at_best > 0)


def _notes(dataset: xr.Dataset, rows: Sequence[Row], without_good_rates: bool) -> list[str]:
    attributes, seeds = dataset.attrs, dataset.sizes["seed"]
    reporting = int(np.isin(dataset.role.values, ("report", "both")).sum())
    kind = "geometric mean ×÷ spread" if attributes["logarithmic"] else "mean ± spread"
    choosing = format_count(seeds - reporting, "other")
    choice = describe_choosing_metric(attributes)
    chosen = "at the best rate for it" if seeds == 1 else f"at the rate that was best on {choosing}"
    if choice:
        chosen = f"at the rate with the best {choice}" + f" on {choosing}" * (seeds > 1)
    tolerance = attributes["tolerance"]
    within = f"a factor of {tolerance:g}" if attributes["logarithmic"] else f"{tolerance:.3g}"
    if read_scale(attributes) == "share":
        within = f"{100 * tolerance:g} % (absolute)"
    over = format_count(reporting, "seed")
    notes = [f"{attributes['score_label']} ({describe_window(dataset)}): {kind} over {over}, {chosen}."]
    if not without_good_rates and not all(math.isnan(row.good_decades) for row in rows):
        notes.append(
            f"Good rates: decades of learning rate around the best one that stay within {within} of its "
            f"{choice or 'score'}."
        )
        if any(row.good_open for row in rows):
            notes.append("> the range reaches the end of the grid, and may be wider.")
    if any(row.at_edge for row in rows):
        notes.append("* the end of the grid: a better rate may lie beyond.")
    if any(row.diverged_at_best for row in rows):
        notes.append("† some of the reported seeds diverged at this rate, and are left out; ranked last.")
    notes += describe_shared(row.rank for row in rows)
    if is_pruned(dataset):
        notes.append(describe_pruning(dataset))
    return notes
