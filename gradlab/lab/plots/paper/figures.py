"""The figures of a study for a paper: one panel each, of a given size, with the contestants in the caller's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure

from ..._inputs.name_lookup import look_up
from ...analysis.statistics.aggregates import improvement_probabilities, interquartile_means
from ...analysis.statistics.critical_differences import PostHoc, critical_differences
from ...analysis.statistics.many_problems import tuned_race
from ...analysis.statistics.tuning_budget import tuning_budget
from ...analysis.sweep_as_race import as_race
from ..comparisons.critical_difference_diagrams import count_rows, draw_critical_differences
from ..comparisons.intervals import draw_improvement, draw_interquartile_means
from ..comparisons.tuning_budgets import draw_tuning_budget
from ..learning_curves import draw_learning_curves
from ..lines_and_labels import label_size, line_style, measure_label_room
from ..matplotlib_settings import PAPER, use_own_settings
from ..rate_sensitivity import draw_sensitivity

Colors = Mapping[str, str]
LEFT, BOTTOM, TOP = 0.68, 0.4, 0.06  # inches beside the axes
CROSSES = 0.028  # of the height of the axes, for each row of crosses above them
LEAST = 0.8  # inches of the width and the height of the axes


def paper_figures(
    problems: Mapping[str, xr.Dataset],
    figure: str,
    width: float = 3.25,
    height: float | None = None,
    optimizers: Sequence[str] | None = None,
    colors: Colors | None = None,
    post_hoc: PostHoc = "wilcoxon",
) -> dict[str, Figure]:
    """Return the figures of one kind by the names of their files: one of each problem, or one of all together.

    `figure` is a key of `FIGURES`. `width` and `height` are in inches; left out, the height follows from the width and
    the number of optimizers. `optimizers` are drawn in their order, which decides their colours, and the others not
    at all; an optimizer that is not on a problem keeps its place. `colors` maps names of optimizers to colours of
    Matplotlib. `post_hoc` is the test of a critical-difference diagram. Raises ValueError for other names, for sizes
    without room for the axes, and where the results do not allow the figure.
    """
    kind = look_up(figure, {name: name for name in FIGURES}, "figure")
    known = list(dict.fromkeys(str(name) for each in problems.values() for name in each.optimizer.values))
    of_study = {name: name for name in known}
    names = [look_up(name, of_study, "optimizer of these results") for name in dict.fromkeys(optimizers or known)]
    for name, color in (colors or {}).items():
        look_up(name, of_study, "optimizer of these results")
        if not is_color_like(color):
            raise ValueError(f"the color of {name} is none of Matplotlib's, such as black or #0072B2: {color!r}")
    chosen = {problem: _select(dataset, names) for problem, dataset in problems.items()}
    chosen = {problem: dataset for problem, dataset in chosen.items() if dataset.sizes["optimizer"]}
    with use_own_settings(PAPER):
        if kind in OF_ONE_PROBLEM:
            fixed = _fix_colors(names, colors)
            return {
                f"{kind}_{problem}": OF_ONE_PROBLEM[kind](dataset, width, height, fixed)
                for problem, dataset in chosen.items()
            }
        options = {"post_hoc": post_hoc} if kind == "critical_differences" else {}
        return {kind: OF_ALL_PROBLEMS[kind](chosen, width, height, **options)}


def _select(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Return the results of the named optimizers that are on a problem, in the order of the names."""
    own = [str(name) for name in dataset.optimizer.values]
    return dataset.isel(optimizer=[own.index(name) for name in names if name in own])


def _fix_colors(names: Sequence[str], colors: Colors | None) -> dict[str, str]:
    """Return a colour for each name, so that an optimizer has the same one on every problem."""
    return {name: (colors or {}).get(name) or line_style(place).color for place, name in enumerate(names)}


def _line_figure(
    draw: Callable[..., Axes], dataset: xr.Dataset, width: float, height: float | None, colors: Colors, rows: int = 0
) -> Figure:
    """Return a figure with lines, which has room for their names at its right and for rows of crosses at its top."""
    names = [str(name) for name in dataset.optimizer.values]
    least = 1.35 * label_size() * len(names) / 72  # inches of the names
    if height is None:
        height = max(0.68 * width if width < 5 else 2.2, (least + BOTTOM + TOP) * (1 + CROSSES * rows))
    top = TOP + CROSSES * rows * (height - BOTTOM)
    figure, axes = _make_axes(width, height, LEFT, measure_label_room(names) - 0.05, BOTTOM, top)
    draw(axes, dataset, names, colors)
    return figure


def learning_curves(dataset: xr.Dataset, width: float, height: float | None, colors: Colors) -> Figure:
    """Return the figure of the learning curves at the chosen rates, on one problem."""
    return _line_figure(draw_learning_curves, as_race(dataset), width, height, colors)


def sensitivity(dataset: xr.Dataset, width: float, height: float | None, colors: Colors) -> Figure:
    """Return the figure of the scores over the learning rate, on one problem."""
    race = as_race(dataset)
    return _line_figure(draw_sensitivity, race, width, height, colors, race.sizes["optimizer"])


def tuning_budgets(dataset: xr.Dataset, width: float, height: float | None, colors: Colors) -> Figure:
    """Return the figure of the expected score over the trials of tuning, on one problem."""
    return _line_figure(draw_tuning_budget, tuning_budget(dataset), width, height, colors)


def interquartile_mean(problems: Mapping[str, xr.Dataset], width: float, height: float | None) -> Figure:
    """Return the figure of the interquartile means over all problems."""
    table = interquartile_means({name: tuned_race(dataset) for name, dataset in problems.items()})
    figure = _row_figure(lambda axes: draw_interquartile_means(axes, table), table, width, height)
    figure.axes[0].set_xlabel("interquartile mean")  # what 0 and 1 mean belongs in the caption
    return figure


def improvement(problems: Mapping[str, xr.Dataset], width: float, height: float | None) -> Figure:
    """Return the figure of the probabilities that the first optimizer is better than each other one."""
    table = improvement_probabilities({name: tuned_race(dataset) for name, dataset in problems.items()})
    first = str(next(iter(problems.values())).optimizer.values[0])
    return _row_figure(lambda axes: draw_improvement(axes, table, first), table, width, height)


def critical_difference(
    problems: Mapping[str, xr.Dataset], width: float, height: float | None, post_hoc: PostHoc
) -> Figure:
    """Return the critical-difference diagram over all problems."""
    table = critical_differences({name: tuned_race(dataset) for name, dataset in problems.items()}, post_hoc)
    room = 0.3 + measure_label_room([str(name) for name in table.optimizer.values])
    height = height or 0.45 + 0.2 * count_rows(table)
    figure, axes = _make_axes(width, height, room, room, 0.05, 0.36)
    draw_critical_differences(axes, table)
    return figure


def _row_figure(draw: Callable[[Axes], Axes], table: xr.Dataset, width: float, height: float | None) -> Figure:
    room = measure_label_room([str(name) for name in table.optimizer.values]) - 0.1
    figure, axes = _make_axes(
        width, height or BOTTOM + TOP + 0.2 * max(table.sizes["optimizer"], 4), room, 0.12, BOTTOM, TOP
    )
    draw(axes)
    return figure


def _make_axes(
    width: float, height: float, left: float, right: float, bottom: float, top: float
) -> tuple[Figure, Axes]:
    """Return a figure with axes, which have the given inches at their sides. Raises ValueError if nothing is left."""
    inner, tall = width - left - right, height - bottom - top
    if inner < LEAST or tall < LEAST / 2:
        needed = f"{left + right + LEAST:.2f}in wide and {bottom + top + LEAST / 2:.2f}in high"
        raise ValueError(
            f"a figure of {width:.2f} by {height:.2f} inches has no room for its axes and the names of the optimizers; "
            f"make it at least {needed}, or name fewer optimizers"
        )
    figure = Figure(figsize=(width, height))
    return figure, figure.add_axes((left / width, bottom / height, inner / width, tall / height))


OF_ONE_PROBLEM: dict[str, Callable[[xr.Dataset, float, float | None, Colors], Figure]] = {
    "learning_curves": learning_curves,
    "sensitivity": sensitivity,
    "tuning_budget": tuning_budgets,
}
OF_ALL_PROBLEMS: dict[str, Callable[..., Figure]] = {
    "interquartile_means": interquartile_mean,
    "improvement_probabilities": improvement,
    "critical_differences": critical_difference,
}
FIGURES = (*OF_ONE_PROBLEM, *OF_ALL_PROBLEMS)
