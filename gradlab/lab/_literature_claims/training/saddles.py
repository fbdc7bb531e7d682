"""Claim 14: does plain descent stall at saddles, plateaus and local minima, where the others get through?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import is_better
from ..figures import INK, MARKS, choose_colors, explain, panels, title, use_log_axis
from ..places import decide_where, enumerate_words
from ..summaries import Summary, mean_score, summarize
from ..tables import Table, format_mean, score_table
from ..verdicts import Check, Verdict, decide, every

NAMES = {"sgd": "SGD", "sgd_momentum": "momentum", "rmsprop": "RMSProp", "adagrad": "Adagrad", "adam": "Adam"}
ADAPTIVE = ("rmsprop", "adagrad", "adam")
STALLED = {  # the score of a run that stays where plain descent stalls
    "saddle": 0.01, "monkey_saddle": 0.5, "plateau": 1.0, "double_well": 1.3, "deep_sigmoid": 0.1, "rastrigin": 13.0,
}  # fmt: skip
NEARBY = (6, 10, 14)  # the labels of an axis of less than a decade, that of rastrigin
NEAR = 0.3  # a loss above this share of the stalled one has stalled, and so has an accuracy below 0.3
MARGIN = 0.1  # decades of a loss, or share of the images, by which one is clearly better


def measure(budget: Budget) -> Numbers:
    """Race on two saddles, a plateau, two wells, a deep network, and many local minima."""
    return {
        "problems": {
            problem: summarize(budget.race(problem, list(NAMES), budget.rates(1e-3, 10, 33))) for problem in STALLED
        }
    }


def judge(numbers: Numbers) -> list[Verdict]:
    """Plain descent must stall everywhere. The verdict on the others says where all of them get through."""
    problems, is_brief = numbers["problems"], numbers["brief"]
    stalled = [label for label, problem in problems.items() if has_stalled(label, problem, "sgd")]
    through = {
        name: {label: gets_through(label, problem, name) for label, problem in problems.items()} for name in NAMES
    }
    adaptive = {label: every(through[name][label] for name in ADAPTIVE) for label in problems}
    return [
        decide(
            "plain descent stalls",
            len(stalled) == len(problems),
            f"SGD stalls on {len(stalled)} of {len(problems)} problems, even at its best rate",
            is_brief,
        ),
        decide_where(
            "momentum gets through", through["sgd_momentum"], _exceptions(through, ["sgd_momentum"]), is_brief
        ),
        decide_where("adaptive rates get through", adaptive, _exceptions(through, ADAPTIVE), is_brief),
    ]


def gets_through(label: str, problem: Summary, name: str) -> Check:
    """Say whether an optimizer has left the place where plain descent stalls, and is clearly better than it."""
    return every([not has_stalled(label, problem, name), is_better(problem, name, "sgd", MARGIN)])


def _exceptions(through: dict[str, dict[str, Check]], names: Sequence[str]) -> str:
    """Return a text that says where each of some optimizers is not clearly through."""
    return "; ".join(
        f"{NAMES[name]} is not clearly through on "
        + enumerate_words([label for label, check in through[name].items() if not check])
        if not all(through[name].values())
        else f"{NAMES[name]} is through everywhere"
        for name in names
    )


def has_stalled(label: str, problem: Summary, name: str) -> bool:
    """Say whether the mean score is near that of a run that stalls."""
    score = mean_score(problem, name)
    if problem["higher_is_better"]:
        return score < NEAR
    return not score < NEAR * STALLED[label]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the scores beside those of a run that stalls."""
    table = score_table(numbers["problems"], NAMES)
    rows = [
        [row[0], format_mean(problem, STALLED[label]), *row[1:]]
        for row, (label, problem) in zip(table.rows, numbers["problems"].items())
    ]
    return [Table([table.columns[0], "stalled run", *table.columns[1:]], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the score of each beside that of a run that stalls, on a scale of its own for each problem."""
    items = list(numbers["problems"].items())

    def panel(number: int, axes: Axes) -> None:
        label, problem = items[number]
        values = [mean_score(problem, name) for name in NAMES]
        colors = list(choose_colors(list(NAMES.values())).values())
        for position, value in enumerate(values):
            shown = max(value, 1e-14) if problem["logarithmic"] and not math.isnan(value) else value
            axes.plot(shown, position, MARKS[position], color=colors[position], markersize=7)
        axes.axvline(STALLED[label], color=INK, linestyle="--", linewidth=1)
        axes.set_yticks(range(len(NAMES)), NAMES.values())
        axes.set_ylim(len(NAMES) - 0.5, -0.5)
        axes.set_xlabel(problem["label"])
        if problem["logarithmic"]:
            use_log_axis(axes, "x")
            low, high = axes.get_xlim()
            if high > 1e3 * low:  # several decades, whose labels would touch
                axes.xaxis.set_major_locator(LogLocator(numticks=4))
            elif high < 10 * low:  # less than a decade, which has one label or none
                axes.set_xticks(NEARBY, [f"{value:g}" for value in NEARBY])
                axes.set_xlim(low, high)
        else:
            axes.set_xlim(0, 1)
        title(axes, label)

    return explain(panels(len(items), panel), "dashed: the score of a run that stalls")
