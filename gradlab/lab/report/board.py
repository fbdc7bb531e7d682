"""The leaderboard as an HTML table, which the page's script makes sortable."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from html import escape
from typing import Any

from ..analysis.choosing_metric import choice_words
from ..analysis.late_window import describe_window
from ..analysis.leaderboard import Row, good_width
from ..formatting import format_count
from ..results.score_scale import scale_of
from .findings import Finding
from .numbers import number, score, score_with_spread

_NOTES = {
    "Rank": "on the reporting seeds",
    "Optimizer": "",
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


def board(finding: Finding) -> str:
    """The HTML table of one problem."""
    head = "".join(_head(title, note, finding) for title, note in _NOTES.items())
    body = "".join(_row(row, finding) for row in finding.rows)
    caption = f"Leaderboard: {escape(finding.name)}"
    return (
        f'<div class="scroller" tabindex="0" role="region" aria-label="{caption}"><table class="board">'
        f'<caption class="hidden">{caption}. Press a column’s heading to sort by it.</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _head(title: str, note: str, finding: Finding) -> str:
    label = str(finding.dataset.attrs["score_label"]).capitalize() if title == "Score" else title
    order = ' aria-sort="ascending"' if title == "Rank" else ""
    higher = bool(finding.dataset.attrs["higher_is_better"])
    order += ' data-falls=""' if title in ("First in", "Good rates") or (higher and title in ("Score", "Area")) else ""
    kind = ' class="name"' if title == "Optimizer" else ""
    return f'<th scope="col"{order}{kind}><button type="button" title="{escape(note)}">{escape(label)}</button></th>'


def _row(row: Row, finding: Finding) -> str:
    name, attributes = row.optimizer, finding.dataset.attrs
    measured, table, rates = (part.sel(optimizer=name) for part in (finding.summary, finding.ranks, finding.rates))
    direction = -1 if attributes["higher_is_better"] else 1
    mark = "†" * (row.diverged_at_best > 0)
    good = "–" if math.isnan(row.best_rate) else good_width(row)
    low, high = int(table.low), int(table.high)
    span = number(low) if low == high else f"{low}–{high}"
    steps, area, first = float(measured.steps_to_target), float(measured.area), float(table["first"])
    seconds = "–" if math.isnan(row.seconds) else f"{row.seconds:.1f}" if row.seconds >= 0.05 else "&lt;0.1"
    cells = [
        _cell(row.rank, row.rank),
        f'<th scope="row" class="name" data-sort="{escape(name.lower())}">{_swatch(name)}{escape(name)}</th>',
        _cell(direction * row.score, score_with_spread(row.score, row.spread, attributes) + mark),
        _cell((low + high) / 2, f'<span class="span">{span}</span>{_bar(row.rank, low, high, len(finding.rows))}'),
        _cell(row.best_rate, _rate(row, rates)),
        _cell(math.nan, "–") if math.isnan(row.score) else _cell(-first, f"{100 * first:.0f} %"),
        _cell(-row.good_decades, good),
        _cell(steps, "never" if math.isinf(steps) else number(steps, 3)),
        _cell(direction * area, score(area, attributes)),
        _cell(row.diverged, row.diverged),
        _cell(row.seconds, seconds),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _cell(key: float, text: Any) -> str:
    """A cell and the number to sort it by; what has none sorts last."""
    return f'<td data-sort="{"Infinity" if math.isnan(key) else f"{key:.6g}"}">{text}</td>'


def _rate(row: Row, rates: Any) -> str:
    if math.isnan(row.best_rate):
        return "–"
    low, high = float(rates.low), float(rates.high)
    around = "" if math.isnan(low) or low == high else f" <small>{number(low)}–{number(high)}</small>"
    return number(row.best_rate) + "*" * row.at_edge + around


def _swatch(name: str) -> str:
    return f'<span class="swatch" data-name="{escape(name)}"></span>'


def _bar(rank: int, low: int, high: int, count: int) -> str:
    """A small picture of a rank and its interval among all places."""
    width, room = 42, 4
    step = (width - 2 * room) / max(count - 1, 1)
    left, right, dot = (room + step * (place - 1) for place in (low, high, rank))
    return (
        f'<svg class="bar" width="{width}" height="12" viewBox="0 0 {width} 12" aria-hidden="true">'
        f'<path class="scale" d="M{room} 6H{width - room}"/><path class="interval" d="M{left:.1f} 6H{right:.1f}"/>'
        f'<circle cx="{dot:.1f}" cy="6" r="3.2"/></svg>'
    )


def notes(finding: Finding) -> str:
    """The HTML of how to read the table."""
    attributes, (choosing, reporting) = finding.dataset.attrs, finding.seeds
    logarithmic, tolerance = attributes["logarithmic"], float(attributes["tolerance"])
    within = f"a factor of {tolerance:g}" if logarithmic else number(tolerance)
    if scale_of(attributes) == "share":
        within = f"{100 * tolerance:g} % (absolute)"
    kind = "geometric mean ×÷ standard deviation as a factor" if logarithmic else "mean ± standard deviation"
    over = format_count(reporting, "seed")
    is_single, choice = "both" in finding.dataset.role.values, choice_words(attributes)
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
        _target(finding),
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
    return f'<p class="note">{escape("".join(sentences))}</p>'


def _target(finding: Finding) -> str:
    target = finding.summary.attrs["target"]
    if math.isnan(target):
        return "Target: none, because too many diverged. "
    reached = "half of the optimizers" if len(finding.rows) > 1 else "most of its runs"
    return f"Target: {score(target, finding.dataset.attrs)}, which {reached} reach. "
