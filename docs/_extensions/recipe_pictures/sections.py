"""The two sections with pictures of a recipe's page: its paths, and how its score depends on the learning rate."""

from __future__ import annotations

import html
from collections.abc import Collection

from gradlab.lab._baselines.searches import RATES
from gradlab.lab.problems import PROBLEMS

from . import set_side_by_side
from .baseline_results import read_curves, read_results
from .path_panels import draw_panel, leaves
from .rate_charts import are_same, draw_chart, rises_above
from .stored_paths import LANDSCAPES, SEEDS, read

STATIC = "../_static/landscapes/"  # from a page of a recipe
SENSITIVITY = ("digits", "ravine", "noisy_quadratic")
SGD_MOMENTUM = "`sgd_momentum`, which is [`sgd`](sgd.md) with `momentum=0.9`"
OF_MATRICES = ("digits", "matrix_factorization", "matrix_sensing")  # for methods that treat matrices as such


def write_paths(name: str, works_on_matrices: bool = False) -> list[str]:
    """Return the paths of a recipe on the landscapes as Markdown; nothing for one that races have not."""
    stored = read()
    if name not in stored["paths"]:
        return []
    figures, has_left = [], False
    for landscape in LANDSCAPES:
        line = stored["paths"][name].get(landscape)
        if line is None:
            figures.append(f"<figure><figcaption>{landscape}: it diverges at every rate.</figcaption></figure>")
            continue
        picture = stored["pictures"][landscape]
        has_left |= leaves(picture, line)
        label = f"The path of {name} on {landscape} over its contours"
        results = read_results(landscape)
        said = html.escape(results.describe(name) + results.describe_drawn(name))
        said = f"<b>{landscape}</b>, {picture['steps']} updates: {said}"
        panel = draw_panel(picture, line, landscape, STATIC, label)
        figures.append(f"<figure>{panel}<figcaption>{said}</figcaption></figure>")
    return [
        "Each path begins at the ring and ends at the dot; the cross is a minimum. The learning rate is the best of",
        f"thirteen (`{RATES}`), which half of {SEEDS} seeds chose, and the path is that of another seed. The ranks are",
        "those of [the baselines](../how-to/baselines.md), and loss is averaged over the last tenth of the updates.",
        *(["Where a path leaves the area of the contours, that area is drawn small, in a frame."] if has_left else []),
        *_explain_star(figures),
        *(
            ["The parameters here are a vector: these are paths of what the method does with vectors."]
            * works_on_matrices
        ),
        "",
        *set_side_by_side(figures),
    ]


def write_sensitivity(name: str, works_on_matrices: bool = False, low: Collection[str] = ()) -> list[str]:
    """Return how the score depends on the learning rate as Markdown; nothing for a recipe that races have not.

    `low` are the problems on which even the lowest rate is good.
    """
    problems = OF_MATRICES if works_on_matrices else SENSITIVITY
    if name not in read_results(problems[0]).rows:
        return []
    other, known = ("sgd_momentum", SGD_MOMENTUM) if name == "adam" else ("adam", "[`adam`](adam.md)")
    figures, rises = [], False
    for problem in problems:
        results, curves = read_results(problem), read_curves(problem)
        chart = draw_chart(curves, name, other, results.rows[name].best_rate, problem)
        good_rates = results.describe_good_rates(name, problem in low)
        said = f"<b>{problem}</b>: {html.escape(results.describe(name))}{good_rates}"
        said += f"; the curve of <code>{other}</code> is the same" if are_same(curves, name, other) else ""
        rises |= rises_above(curves, name) or rises_above(curves, other)
        figures.append(f"<figure>{chart}<figcaption>{said}</figcaption></figure>")
    summaries = "; ".join(f"`{problem}`: {PROBLEMS[problem]().summary.partition(':')[0]}" for problem in problems)
    return [
        f"The average score of {SEEDS} seeds at each learning rate, from [the baselines](../how-to/baselines.md): the",
        f"lower, the better. The wide gray curve is that of {known}.",
        *(["All three problems have parameters that are matrices."] if works_on_matrices else []),
        "The dot is the rate that half of the seeds choose, at the average of all; the score below the chart is that",
        "of the other half alone, at this rate, and may differ. There is no line where runs diverged.",
        *(["A curve that leaves the frame goes on above it."] if rises else []),
        *_explain_star(figures),
        "Good rates are those next to it whose score, from the seeds that choose, is nearly its own best, even if that",
        "is bad: the factor, or the percentage points, stand below the chart. On `digits`, the chart has the error on",
        "the validation sample, which chooses the rate, and the line below it has the accuracy on the test sample.",
        "",
        *set_side_by_side(figures),
        summaries + ".",
    ]


def _explain_star(figures: list[str]) -> list[str]:
    """Return what a star behind a learning rate says, if a caption has one."""
    has_star = any(" *," in figure for figure in figures)
    return ["After a rate at an end of the grid stands a star: a better one may lie beyond."] if has_star else []
