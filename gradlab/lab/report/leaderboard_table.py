"""The leaderboard of one problem, as the rows and notes of a table in the report."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from typing import Any, NamedTuple

from ..analysis.choosing_metric import describe_choosing_metric
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import Row, format_good_range
from ..formatting import format_count
from ..results.score_scale import read_scale
from .findings import Finding
from .number_formatting import format_number, format_score, format_score_with_spread

_NOTES = {
    "Rank": "on the reporting seeds",
    "Optimizer": None,
    "Score": "average and standard deviation over the reporting seeds",
    "Rank, 95 %": "the ranks that other seeds and other stops could have given it",
    "Rate": "the learning rate that was best on the choosing seeds, and those that others could have chosen",
    "First in": "the share of the resamples in which nothing is better",
    "Good rates": "decades of learning rate around the best one that stay within the tolerance of its score",
    "To target": "updates until more than half of the reporting runs had reached the target",
    "Area": "the average score over the whole run",
    "Diverged": "runs that diverged, of all rates and seeds",
    "Time, s": "training time of all its runs, without compilation",
}


class Heading(NamedTuple):
    """The heading of a column of a sortable table."""

    text: str
    note: str | None = None  # shown where the pointer rests on it
    is_name: bool = False  # of the column of names, which is aligned to the left
    is_sorted: bool = False  # the rows come in the order of this column
    is_falling: bool = False  # the best values are the highest


class Cell(NamedTuple):
    """A cell of a sortable table."""

    key: float  # the number to sort by; NaN sorts last
    text: str

    @property
    def sort_key(self) -> str:
        """The key as JavaScript reads it."""
        return "Infinity" if math.isnan(self.key) else repr(float(self.key))


class RankBar(NamedTuple):
    """A small picture of a rank and its interval among all places, in pixels from the left."""

    width: int
    start: float
    end: float
    low: float
    high: float
    rank: float


class LeaderboardRow(NamedTuple):
    """One optimizer on the leaderboard, as text."""

    rank: Cell
    optimizer: str
    score: Cell
    rank_interval: Cell
    bar: RankBar
    rate: Cell
    rate_interval: str  # empty if it is not known, or is the rate itself
    others: list[Cell]  # the columns from "First in" on


def leaderboard_headings(finding: Finding) -> list[Heading]:
    """Return the headings of the columns, the score under the name that the problem gives it."""
    label = str(finding.dataset.attrs["score_label"]).capitalize()
    falling = {"First in", "Good rates"} | ({"Score", "Area"} if finding.dataset.attrs["higher_is_better"] else set())
    return [
        Heading(label if title == "Score" else title, note, title == "Optimizer", title == "Rank", title in falling)
        for title, note in _NOTES.items()
    ]


def leaderboard_rows(finding: Finding) -> list[LeaderboardRow]:
    """Return the rows of the table, best first."""
    return [_row(row, finding) for row in finding.rows]


def _row(row: Row, finding: Finding) -> LeaderboardRow:
    name, attributes = row.optimizer, finding.dataset.attrs
    measured, table, rates = (part.sel(optimizer=name) for part in (finding.summary, finding.ranks, finding.rates))
    direction = -1 if attributes["higher_is_better"] else 1
    low, high = int(table.low), int(table.high)
    steps, area, first = float(measured.steps_to_target), float(measured.area), float(table["first"])
    seconds = "–" if math.isnan(row.seconds) else f"{row.seconds:.1f}" if row.seconds >= 0.05 else "<0.1"
    has_rate = not math.isnan(row.best_rate)
    return LeaderboardRow(
        rank=Cell(row.rank, str(row.rank)),
        optimizer=name,
        score=Cell(
            direction * row.score,
            format_score_with_spread(row.score, row.spread, attributes) + "†" * (row.diverged_at_best > 0),
        ),
        rank_interval=Cell((low + high) / 2, format_number(low) if low == high else f"{low}–{high}"),
        bar=_rank_bar(row.rank, low, high, len(finding.rows)),
        rate=Cell(row.best_rate, format_number(row.best_rate) + "*" * row.at_edge if has_rate else "–"),
        rate_interval=_interval(float(rates.low), float(rates.high)) if has_rate else "",
        others=[
            Cell(math.nan, "–") if math.isnan(row.score) else Cell(-first, f"{100 * first:.0f} %"),
            Cell(-row.good_decades, format_good_range(row) if has_rate else "–"),
            Cell(steps, "never" if math.isinf(steps) else format_number(steps, 3)),
            Cell(direction * area, format_score(area, attributes)),
            Cell(row.diverged, str(row.diverged)),
            Cell(row.seconds, seconds),
        ],
    )


def _interval(low: float, high: float) -> str:
    return "" if math.isnan(low) or low == high else f"{format_number(low)}–{format_number(high)}"


def _rank_bar(rank: int, low: int, high: int, count: int) -> RankBar:
    width, room = 42, 4
    step = (width - 2 * room) / max(count - 1, 1)
    left, right, dot = (room + step * (place - 1) for place in (low, high, rank))
    return RankBar(width, room, width - room, left, right, dot)


def leaderboard_notes(finding: Finding) -> str:
    """Return the sentences that say how to read the table."""
    attributes, (choosing, reporting) = finding.dataset.attrs, finding.seeds
    logarithmic, tolerance = attributes["logarithmic"], float(attributes["tolerance"])
    within = f"a factor of {tolerance:g}" if logarithmic else format_number(tolerance)
    if read_scale(attributes) == "share":
        within = f"{100 * tolerance:g} % (absolute)"
    kind = "geometric mean ×÷ standard deviation as a factor" if logarithmic else "mean ± standard deviation"
    over = format_count(reporting, "seed")
    is_single, choice = "both" in finding.dataset.role.values, describe_choosing_metric(attributes)
    chosen = (
        f"at the rate with the best {choice}" if choice
        else "at the best rate for the same seed" if is_single
        else "at the rate that was best"
    ) + f" on {format_count(choosing, 'other')}" * (not is_single)  # fmt: skip
    sentences = [
        f"{str(attributes['score_label']).capitalize()} ({describe_window(finding.dataset)}): {kind} over "
        f"{over}, {chosen}. Good rates: decades around the best one within {within} of its {choice or 'score'}. ",
        "First in: the share of the resamples of seeds and stops in which nothing is better; a tie counts for each, so "
        "that the shares may add to more than 100 %. ",
        _describe_target(finding),
        f"Area: the mean height of the learning curve. "
        f"Diverged: of {format_count(finding.rows[0].runs, 'run')} at all rates. ",
    ]
    rows = finding.rows
    if all(math.isnan(row.score) for row in rows):
        sentences.insert(0, "No optimizer survived, so that there is no score to compare. ")
    sentences += ["> the good range reaches the end of the grid, and may be wider. "] * any(r.good_open for r in rows)
    sentences += ["* the end of the grid: a better rate may lie beyond. "] * any(r.at_edge for r in rows)
    if any(row.diverged_at_best for row in rows):
        sentences.append("† some reported runs diverged, and are left out of the score; the rank counts them as worst.")
    return "".join(sentences)


def _describe_target(finding: Finding) -> str:
    target: Any = finding.summary.attrs["target"]
    if math.isnan(target):
        return "Target: none, because too many diverged. "
    reached = "half of the optimizers" if len(finding.rows) > 1 else "most of its runs"
    return f"Target: {format_score(target, finding.dataset.attrs)}, which {reached} reach. "
