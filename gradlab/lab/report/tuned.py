"""The optimizers of a sweep or a search at their best configurations, and the best configurations, as HTML."""

# ruff: noqa: RUF001  (the typographic signs are meant)

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np
import xarray as xr

from ..analysis.choosing_metric import choice_words
from ..analysis.configurations import rank_configurations, shown_points
from ..analysis.late_window import describe_window
from ..analysis.sweep_as_race import swept_hyperparameters
from ..analysis.tuned_optimizers import tuned_leaderboard
from ..formatting import format_count, format_float, join_names
from .numbers import score_with_spread

SHOWN = 10  # configurations in the table; the files beside the page have all


def tuned_verdict(dataset: xr.Dataset) -> str:
    """The HTML of the answer: the first optimizer at its best configuration, and how sure its place is."""
    rows, sentences = tuned_leaderboard(dataset)
    first = rows[0]
    said = f"<p>{escape(' '.join(sentences))} {escape(_how(dataset))}</p>"
    if math.isnan(first.score):
        return said
    at = ", ".join(f"{name} = {format_float(value)}" for name, value in first.hyperparameters.items())
    return (
        f"<p class='answer'><strong>{escape(first.optimizer)}</strong> at <strong>{escape(at)}</strong>: "
        f"<span class='figure'>{score_with_spread(first.score, first.spread, dataset.attrs)}</span> "
        f"<span class='what'>{escape(str(dataset.attrs['score_label']))}, {describe_window(dataset)}</span></p>{said}"
    )


def tuned_table(dataset: xr.Dataset) -> str:
    """The HTML of the optimizers, each at its best configuration; empty for one alone."""
    rows, _ = tuned_leaderboard(dataset)
    if len(rows) < 2:
        return ""
    names, attributes = swept_hyperparameters(dataset), dataset.attrs
    body = []
    for row in rows:
        low, high = row.rank_low, row.rank_high
        at = [_cell(row.hyperparameters[name]) if row.hyperparameters else _cell(math.nan) for name in names]
        cells = [
            _cell(row.rank), _name(row.optimizer), *at,
            _cell(_key(row.score, attributes), score_with_spread(row.score, row.spread, attributes)),
            _cell((low + high) / 2, f"{low}" if low == high else f"{low}–{high}"),
            _cell(row.diverged, f"{row.diverged}/{row.runs}"),
        ]  # fmt: skip
        body.append(cells)
    titles = ["Rank", "Optimizer", *names, _label(attributes), "Rank, 95 %", "Diverged"]
    title = "Optimizers, each at its best configuration"
    return f"<h3>{title}</h3>{_table(title, titles, body, attributes)}<p class='note'>{escape(_how(dataset))}</p>"


def configurations(dataset: xr.Dataset) -> str:
    """The HTML of the best configurations, with the best one of every optimizer."""
    points, names, attributes = rank_configurations(dataset), swept_hyperparameters(dataset), dataset.attrs
    shown = shown_points(points, SHOWN)
    body = [
        [
            _cell(point.rank), _name(point.optimizer), *(_cell(point.hyperparameters[name]) for name in names),
            _cell(_key(point.score, attributes), score_with_spread(point.score, point.spread, attributes)),
            _cell(point.diverged, f"{point.diverged}/{point.runs}"),
        ]
        for point in shown
    ]  # fmt: skip
    titles = ["Rank", "Optimizer", *names, _label(attributes), "Diverged"]
    also = ", and the best one of each optimizer" * (len(shown) > SHOWN)
    count = f"The best {SHOWN} of {len(points):,}{also}; " if len(points) > len(shown) else ""
    note = f"{count}ranked by the choosing seeds, while the score is of the reporting seeds."
    table = _table("Configurations", titles, body, attributes)
    return f"<h3>Configurations</h3>{table}<p class='note'>{escape(note[0].upper() + note[1:])}</p>"


def plain_section(name: str, dataset: xr.Dataset) -> str:
    """The HTML of a sweep or a search that has no curves over learning rates to draw."""
    return (
        f'<section class="problem" id="{anchor(name)}"><h2>{escape(name)}</h2>'
        f'<p class="summary">{escape(str(dataset.attrs.get("summary", "")))}</p>'
        f"{tuned_table(dataset)}{configurations(dataset)}</section>"
    )


def anchor(name: str) -> str:
    """The place of such a section on the page."""
    return "configurations-" + "".join(letter if letter.isalnum() else "-" for letter in name)


def _how(dataset: xr.Dataset) -> str:
    """Over what, and on which seeds, the optimizers were tuned."""
    names, points = swept_hyperparameters(dataset), format_count(dataset.sizes["point"], "point")
    roles = dataset.role.values
    choosing, reporting = (int(np.isin(roles, (role, "both")).sum()) for role in ("choose", "report"))
    choice = choice_words(dataset.attrs)
    by = f"by {choice} " if choice else ""
    return (
        f"Each optimizer is tuned over {join_names(names)} ({points}) {by}on {format_count(choosing, 'seed')}, and "
        "compared on "
        f"{'the same' if 'both' in roles else 'others'} ({reporting})."
    )


def _label(attributes: Any) -> str:
    return str(attributes["score_label"]).capitalize()


def _key(score: float, attributes: Any) -> float:
    return -score if attributes["higher_is_better"] else score


def _cell(key: float, text: str | None = None) -> str:
    shown = text if text is not None else "–" if math.isnan(key) else format_float(key)
    return f'<td data-sort="{"Infinity" if math.isnan(key) else repr(float(key))}">{escape(shown)}</td>'


def _name(name: str) -> str:
    return f'<th scope="row" class="name" data-sort="{escape(name.lower())}">{escape(name)}</th>'


def _table(caption: str, titles: Sequence[str], body: Iterable[Sequence[str]], attributes: Any) -> str:
    heads = []
    for position, title in enumerate(titles):
        order = ' aria-sort="ascending"' if position == 0 else ""
        order += ' data-falls=""' if attributes["higher_is_better"] and title == _label(attributes) else ""
        kind = ' class="name"' if title == "Optimizer" else ""
        heads.append(f'<th scope="col"{order}{kind}><button type="button">{escape(title)}</button></th>')
    rows = "".join(f"<tr>{''.join(cells)}</tr>" for cells in body)
    return (
        f'<div class="scroller" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="board">'
        f'<caption class="hidden">{escape(caption)}. Press a column’s heading to sort by it.</caption>'
        f"<thead><tr>{''.join(heads)}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
