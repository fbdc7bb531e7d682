"""The leaderboard of one problem, as the rows and notes of a table in the report."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from typing import Any, NamedTuple

from .._formatting import format_count
from .._results.score_scale import read_scale
from .._results.thinned_curves import describe_pruning, is_pruned
from ..analysis.choosing_metric import describe_choosing_metric
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import Row, format_good_range
from ..analysis.shared_ranks import describe_shared
from .number_formatting import format_number, format_score, format_score_with_spread
from .problem_findings import Finding

_NOTES = {
    "Rank": "The rank on the reporting seeds, which equals share",
    "Optimizer": None,
    "Score": "The average and the standard deviation over the reporting seeds",
    "Rank, 95 %": "The ranks that other seeds and other stops could have given",
    "Rate": "The learning rate that was best on the choosing seeds, and those that other seeds could have chosen",
    "First in": "The share of the resamples in which no optimizer is better",
    "Good rates": "The decades of learning rate around the best one whose scores lie within the tolerance",
    "To target": "The updates until more than half of the reporting runs reached the target",
    "Area": "The average score over the whole run",
    "Diverged": "The runs that diverged, at all learning rates and from all seeds",
    "Time, s": "The training time of all runs, without compilation",
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


def leaderboard_notes(finding: Finding) -> list[tuple[str, str]]:
    """Return what the columns mean, and what the marks mean that occur: pairs of a term and its explanation."""
    rows, attributes = finding.rows, finding.dataset.attrs
    notes = [
        *(("Rank", sentence) for sentence in describe_shared(row.rank for row in rows)),
        (str(attributes["score_label"]).capitalize(), _describe_score(finding)),
        ("Rank, 95 %", _describe_rank_interval(finding)),
        ("Rate", _describe_rate(finding)),
        (
            "First in",
            "the share of the resamples, which draw other seeds and other stops, in which no optimizer is better. Ties "
            "count for each, so the shares may add up to more than 100 %.",
        ),
        ("Good rates", _describe_good_rates(finding)),
        ("To target", _describe_target(finding)),
        ("Area", "the mean height of the learning curve."),
        ("Diverged", f"of {format_count(rows[0].runs, 'run')} at all learning rates."),
    ]
    if any(row.good_open for row in rows):
        notes.append((">", "the good range reaches the end of the grid, so it may be wider."))
    if any(row.at_edge for row in rows):
        notes.append(("*", "the rate lies at the end of the grid, so a better one may lie beyond."))
    if any(row.diverged_at_best for row in rows):
        notes.append(("†", "some reporting runs diverged. The score leaves them out; the rank counts them as worst."))
    if is_pruned(finding.dataset):
        notes = [note for note in notes if note[0] != "Good rates"]
        notes.append(("Pruning", describe_pruning(finding.dataset)))
    return notes


def _describe_score(finding: Finding) -> str:
    attributes, (choosing, reporting) = finding.dataset.attrs, finding.seeds
    if all(math.isnan(row.score) for row in finding.rows):
        if finding.ranks.attrs["bad_start"]:
            return f"no optimizer has one: {finding.ranks.attrs['bad_start']}."
        return "no optimizer has one, because runs of every one of them diverged."
    kind = (
        "geometric mean ×÷ standard deviation as a factor" if attributes["logarithmic"] else "mean ± standard deviation"
    )
    choice = describe_choosing_metric(attributes)
    if "both" in finding.dataset.role.values:
        rate = f"the rate with the best {choice}" if choice else "the best rate for the same seed"
    else:
        rate = f"the rate with the best {choice}" if choice else "the rate that was best"
        rate += f" on {format_count(choosing, 'other')}"
    over, window = format_count(reporting, "seed"), describe_window(finding.dataset)
    return f"{kind} over {over}, at {rate}. The score of a run: {window}."


def _describe_rank_interval(finding: Finding) -> str:
    if not finding.is_sure:
        return f"not known: {format_count(finding.seeds[1], 'reporting seed')} cannot bound it, so it is every rank."
    return "the ranks that other seeds, or stops at other late evaluations, could have given."


def _describe_good_rates(finding: Finding) -> str:
    attributes = finding.dataset.attrs
    tolerance = float(attributes["tolerance"])
    within = f"a factor of {tolerance:g}" if attributes["logarithmic"] else format_number(tolerance)
    if read_scale(attributes) == "share":
        within = f"{100 * tolerance:g} % (absolute)"
    measure = describe_choosing_metric(attributes) or "score"
    return f"the decades of learning rate around the best one whose {measure} is within {within} of the best."


def _describe_rate(finding: Finding) -> str:
    chosen = "the learning rate that was chosen"
    if is_pruned(finding.dataset):
        return f"{chosen} among those that were not stopped early."
    return f"{chosen}, and beside it those that other choosing seeds could have chosen."


def _describe_target(finding: Finding) -> str:
    target: Any = finding.summary.attrs["target"]
    if math.isnan(target):
        return "there is no target, because too many runs diverged."
    reached = "half of the optimizers reach" if len(finding.rows) > 1 else "most of its runs reach"
    return f"the updates to a score of {format_score(target, finding.dataset.attrs)}, which {reached}."
