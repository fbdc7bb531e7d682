"""The figures of a study for a paper: of a given size, with the contestants in the caller's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import xarray as xr
from matplotlib.colors import is_color_like
from matplotlib.figure import Figure

from ..._inputs.name_lookup import look_up
from ...analysis.statistics.critical_differences import PostHoc
from ...problems.base import Problem
from ..lines_and_labels import line_style
from ..matplotlib_settings import PAPER, use_own_settings
from .frames import Colors, Request
from .of_all_problems import critical_difference, improvement, interquartile_mean, performance_profile
from .of_axes import choice_map, scaling
from .of_one_problem import learning_curves, sensitivity, tuning_budgets
from .path_panels import paths

OF_ONE_PROBLEM: dict[str, Callable[[xr.Dataset, Request], Figure | None]] = {
    "learning_curves": learning_curves,
    "sensitivity": sensitivity,
    "tuning_budget": tuning_budgets,
    "paths": paths,
    "choices": choice_map,
}
OF_ALL_PROBLEMS: dict[str, Callable[[Mapping[str, xr.Dataset], Request], Figure]] = {
    "interquartile_means": interquartile_mean,
    "improvement_probabilities": improvement,
    "critical_differences": critical_difference,
    "performance_profiles": performance_profile,
}
SCALING = "scaling"  # one figure of all problems that differ in a size, or one of each problem
FIGURES = (*OF_ONE_PROBLEM, *OF_ALL_PROBLEMS, SCALING)
WITH_AXIS = ("choices", SCALING)


def paper_figures(
    datasets: Mapping[str, xr.Dataset],
    figure: str,
    width: float = 3.25,
    height: float | None = None,
    optimizers: Sequence[str] | None = None,
    colors: Colors | None = None,
    post_hoc: PostHoc = "wilcoxon",
    problems: Mapping[str, Problem] | None = None,
    axis: str | None = None,
) -> dict[str, Figure]:
    """Return the figures of one kind by the names of their files: one of each problem, or one of all together.

    `figure` is a key of `FIGURES`. `width` and `height` are in inches; left out, the height follows from the width and
    the number of optimizers. `optimizers` are drawn in their order, which decides their colors, and the others not
    at all; an optimizer that is not on a problem keeps its place. `colors` maps names of optimizers to colors of
    Matplotlib. `post_hoc` is the test of a critical-difference diagram. `problems` are the problems by name, which only
    "paths" needs: it draws those that have a landscape. `axis` is the hyperparameter of "choices", or the size of
    "scaling"; left out, it is the only one. Raises ValueError for other names, for sizes without room for the axes, and
    where the results do not allow the figure.
    """
    kind = look_up(figure, {name: name for name in FIGURES}, "figure")
    known = list(dict.fromkeys(str(name) for each in datasets.values() for name in each.optimizer.values))
    of_study = {name: name for name in known}
    names = [look_up(name, of_study, "optimizer of these results") for name in dict.fromkeys(optimizers or known)]
    for name, color in (colors or {}).items():
        look_up(name, of_study, "optimizer of these results")
        if not is_color_like(color):
            raise ValueError(f"the color of {name} is none of Matplotlib's, such as black or #0072B2: {color!r}")
    if axis is not None and kind not in WITH_AXIS:
        raise ValueError(f"{kind} has no axis to choose, only {' and '.join(WITH_AXIS)} have; leave out {axis}")
    chosen = {problem: _select(dataset, names) for problem, dataset in datasets.items()}
    chosen = {problem: dataset for problem, dataset in chosen.items() if dataset.sizes["optimizer"]}
    request = Request(width, height, _fix_colors(names, colors), post_hoc, axis, problems or {})
    with use_own_settings(PAPER):
        if kind == SCALING:
            return {"_".join(filter(None, (kind, name))): drawn for name, drawn in scaling(chosen, request).items()}
        if kind in OF_ALL_PROBLEMS:
            return {kind: OF_ALL_PROBLEMS[kind](chosen, request)}
        drawn = {f"{kind}_{problem}": OF_ONE_PROBLEM[kind](dataset, request) for problem, dataset in chosen.items()}
    found = {stem: each for stem, each in drawn.items() if each is not None}
    if not found:
        raise ValueError(
            f"there are no paths to draw on {', '.join(chosen)}: a path needs a problem of gradlab with a landscape of "
            "two parameters, such as ravine, and runs whose paths were kept"
        )
    return found


def _select(dataset: xr.Dataset, names: Sequence[str]) -> xr.Dataset:
    """Return the results of the named optimizers that are on a problem, in the order of the names."""
    own = [str(name) for name in dataset.optimizer.values]
    return dataset.isel(optimizer=[own.index(name) for name in names if name in own])


def _fix_colors(names: Sequence[str], colors: Colors | None) -> dict[str, str]:
    """Return a color for each name, so that an optimizer has the same one on every problem."""
    return {name: (colors or {}).get(name) or line_style(place).color for place, name in enumerate(names)}
