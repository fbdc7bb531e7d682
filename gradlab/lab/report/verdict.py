"""Verdicts: which optimizer, at which rate, and how sure we are, in a sentence or two a problem."""

from __future__ import annotations

import math
from html import escape

from ..analysis.choosing_metric import choice_words
from ..analysis.comparison import certainty
from ..analysis.late_window import describe_window
from .findings import Finding
from .numbers import number, score_with_spread


def verdict(finding: Finding) -> str:
    """The HTML of the answer on one problem."""
    first = finding.rows[0]
    attributes = finding.dataset.attrs
    if math.isnan(first.best_rate):
        return "<p class='answer'>Every optimizer diverged, at every rate.</p>"
    if math.isnan(first.score):
        text = f"No optimizer survived on all seeds; {first.optimizer} came first, at {number(first.best_rate)}."
        return f"<p class='answer'>{escape(text)}</p>"
    score = score_with_spread(first.score, first.spread, attributes)
    answer = (
        f"<p class='answer'><strong>{escape(first.optimizer)}</strong> at <strong>{number(first.best_rate)}</strong>: "
        f"<span class='figure'>{score}</span> <span class='what'>{escape(str(attributes['score_label']))}, "
        f"{describe_window(finding.dataset)}</span></p>"
    )
    sentences = [*map(escape, certainty(finding.ranks)), _rate(finding)]
    if first.diverged_at_best:
        sentences.append(f"{first.diverged_at_best} of its reported runs diverged, and are not in this number.")
    return answer + f"<p>{' '.join(sentences)}</p>"


def _rate(finding: Finding) -> str:
    first = finding.rows[0]
    table = finding.rates.sel(optimizer=first.optimizer)
    low, high = float(table.low), float(table.high)
    edge = " It is the end of the grid: a better one may lie beyond." if first.at_edge else ""
    if len(finding.dataset.rate) == 1:
        return "It ran at one rate only."
    choice = choice_words(finding.dataset.attrs)
    by = f" by {choice}" if choice else ""
    if math.isnan(low):
        return f"The rate was chosen{by} on {finding.seeds[0]} seed{'s' * (finding.seeds[0] > 1)}." + edge
    chosen = f"The rate was chosen{by}. " if choice else ""
    if low == high:
        return f"{chosen}Other seeds, or another stop, would have chosen the same rate." + edge
    return f"{chosen}Other seeds, or another stop, could have chosen rates from {number(low)} to {number(high)}." + edge
