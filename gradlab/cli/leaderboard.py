"""The leaderboard as a table for the terminal."""

# ruff: noqa: RUF001  (the multiplication sign is meant)

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gradlab.lab.leaderboard import Row
from gradlab.lab.scale import scale_of

from .scores import others, with_spread


def print_leaderboard(console: Console, dataset: xr.Dataset, rows: Sequence[Row]) -> None:
    """Print the rows of one problem as a table, with a note on how they were measured."""
    attributes = dataset.attrs
    console.print(Text.assemble((attributes["problem"], "bold"), "  ", attributes["summary"]))
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("optimizer", no_wrap=True)
    for title in (attributes["score_label"], "best rate", "good rates", "diverged", "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        best = "-" if math.isnan(row.best_rate) else f"{row.best_rate:.2g}" + "*" * row.at_edge
        good = "-" if math.isnan(row.best_rate) else f"{'>' * row.good_open}{row.good_decades:.1f} dec"
        table.add_row(
            str(row.rank), row.optimizer, score_text(row, attributes), best, good,
            f"{row.diverged}/{row.runs}", f"{row.seconds:.1f}" if row.seconds >= 0.05 else "<0.1",
        )  # fmt: skip
    console.print(table)
    console.print(Text("\n".join(_notes(dataset, rows)), style="dim"))
    console.print()


def score_text(row: Row, attributes: Mapping[str, Any]) -> str:
    """The score of a row, with a mark if some of its runs diverged."""
    return with_spread(row.score, row.spread, attributes) + "†" * (row.diverged_at_best > 0)


def _notes(dataset: xr.Dataset, rows: Sequence[Row]) -> list[str]:
    attributes, seeds = dataset.attrs, dataset.sizes["seed"]
    reporting = int(np.isin(dataset.role.values, ("report", "both")).sum())
    kind = "geometric mean ×÷ spread" if attributes["logarithmic"] else "mean ± spread"
    chosen = "at the best rate for it" if seeds == 1 else f"at the rate that was best on {others(seeds - reporting)}"
    tolerance = attributes["tolerance"]
    within = f"a factor of {tolerance:g}" if attributes["logarithmic"] else f"{tolerance:.3g}"
    if scale_of(attributes) == "share":
        within = f"{100 * tolerance:g} % (absolute)"
    over = f"{reporting} seed{'s' * (reporting > 1)}"
    notes = [
        f"{attributes['score_label']} after {dataset.sizes['step']} updates: {kind} over {over}, {chosen}.",
        f"Good rates: decades of learning rate around the best one that stay within {within} of it.",
    ]
    if any(row.good_open for row in rows):
        notes.append("> the range reaches the end of the grid, and may be wider.")
    if any(row.at_edge for row in rows):
        notes.append("* the end of the grid: a better rate may lie beyond.")
    if any(row.diverged_at_best for row in rows):
        notes.append("† some of the reported seeds diverged at this rate, and are left out; ranked last.")
    return notes
