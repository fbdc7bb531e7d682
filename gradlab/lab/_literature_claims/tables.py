"""The tables of an experiment, and its scores as text."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..analysis.leaderboard import spread
from .summaries import Summary, mean_score, reported_scores

TIMES = "\u00d7\u00f7"  # before the factor of a spread
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "+")


@dataclass(frozen=True)
class Table:
    """A table with a title for each column, and rows of texts. The first column names the rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def to_markdown(self) -> str:
        """Return the table as Markdown has it."""
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, *self.rows)]
        return "\n".join(
            [lines[0], "|" + "---|" * len(self.columns), *lines[1:], *(["", self.note] if self.note else [])]
        )


def typeset(text: str) -> str:
    """Return a text whose numbers are written as people do, `4.0·10⁻⁵` for `4.0e-5`, and do not break in a line."""
    text = re.sub(r"(?<=\d)e([+-]?)0*(\d+)", lambda found: f"·10{(found[1] + found[2]).translate(_RAISED)}", text)
    return re.sub(rf"(?<=[{TIMES}±]) (?=\d)|(?<=\d) (?=[{TIMES}±%])", "\u00a0", text)


def score_table(problems: Mapping[str, Summary], names: Mapping[str, str], with_rate: bool = False) -> Table:
    """Return a row for each problem and a column for each optimizer, by the titles of `names`."""
    rows = [
        [f"{label}, {problem['label']}", *(format_score(problem, name, with_rate) for name in names)]
        for label, problem in problems.items()
    ]
    return Table(["score, at which rate" if with_rate else "score at the best rate", *names.values()], rows)


def format_score(problem: Summary, optimizer: str, with_rate: bool = False) -> str:
    """Return a score with its spread over seeds: `4.0e-5 ×÷ 1.1`, `97.2 ± 0.3 %`; `diverged` if a run did."""
    own = problem["optimizers"].get(optimizer)
    if own is None:
        return "—"
    mean = mean_score(problem, optimizer)
    if math.isnan(mean):
        lost = sum(score is None for score in own["scores"])
        return f"{lost} of {len(own['scores'])} diverged"
    around = float(spread(reported_scores(problem, optimizer), problem["logarithmic"]))
    at = f", at {own['rate']:.2g}" if with_rate else ""
    if problem["logarithmic"]:
        if mean <= 1.05 * problem["floor"]:
            return f"within rounding{at}"
        factor = 10**around
        few = factor >= 1.095  # then two digits of the mean are meaningful
        return f"{format_number(mean, 2 if few else 3)} {TIMES} {factor:{'.2g' if few else '.2f'}}{at}"
    return f"{format_plain(problem, mean, around)}{at}"


def format_plain(problem: Summary, mean: float, deviation: float | None = None) -> str:
    """Return a score that is not logarithmic: an accuracy in percent, or a number."""
    scale, unit, digits = (100, " %", 1) if problem["higher_is_better"] else (1, "", 2)
    around = "" if deviation is None else f" ± {scale * deviation:.{digits}f}"
    return f"{scale * mean:.{digits}f}{around}{unit}"


def format_mean(problem: Summary, score: float) -> str:
    """Return a mean score without its spread."""
    if math.isnan(score):
        return "diverged"
    return format_number(score) if problem["logarithmic"] else format_plain(problem, score)


def format_number(value: float, digits: int = 2) -> str:
    """Return a number as people write it: `0.018`, `4.0e-5`, `19`."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e4):
        head, _, tail = f"{value:.{digits - 1}e}".partition("e")
        return f"{head}e{int(tail)}"
    return f"{value:.{digits}g}" if abs(value) < 100 else f"{value:.0f}"
