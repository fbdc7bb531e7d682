"""The two sections with pictures of a recipe's page: its paths, and how its score depends on the learning rate."""

from __future__ import annotations

import html

from gradlab.lab._baselines.searches import RATES
from gradlab.lab.problems import PROBLEMS

from . import set_side_by_side
from .baseline_results import read_curves, read_results
from .path_panels import draw_panel
from .rate_charts import draw_chart
from .stored_paths import LANDSCAPES, SEEDS, read

STATIC = "../_static/landscapes/"  # from a page of a recipe
SENSITIVITY = ("digits", "ravine", "noisy_quadratic")


def write_paths(name: str) -> list[str]:
    """Return the paths of a recipe on the landscapes as Markdown; nothing for one that races have not."""
    stored = read()
    if name not in stored["paths"]:
        return []
    figures = []
    for landscape in LANDSCAPES:
        line = stored["paths"][name].get(landscape)
        if line is None:
            figures.append(f"<figure><figcaption>{landscape}: it diverges at every rate.</figcaption></figure>")
            continue
        picture = stored["pictures"][landscape]
        label = f"The path of {name} on {landscape} over its contours"
        said = f"<b>{landscape}</b>, {picture['steps']} updates: {html.escape(read_results(landscape).describe(name))}"
        panel = draw_panel(picture, line, landscape, STATIC, label)
        figures.append(f"<figure>{panel}<figcaption>{said}</figcaption></figure>")
    return [
        "Each path begins at the ring and ends at the dot; the cross is a minimum. The learning rate is the best of",
        f"thirteen (`{RATES}`), which half of {SEEDS} seeds chose, and the path is that of another seed. The ranks are",
        "those of [the baselines](../how-to/baselines.md), and loss is averaged over the last tenth of the updates.",
        "The parameters here are a vector, and a method for matrices does there what it does with vectors.",
        "",
        *set_side_by_side(figures),
    ]


def write_sensitivity(name: str) -> list[str]:
    """Return how the score depends on the learning rate as Markdown; nothing for a recipe that races have not."""
    if name not in read_results(SENSITIVITY[0]).rows:
        return []
    other = "sgd_momentum" if name == "adam" else "adam"
    figures = []
    for problem in SENSITIVITY:
        results = read_results(problem)
        chart = draw_chart(read_curves(problem), name, other, results.rows[name].best_rate)
        said = f"<b>{problem}</b>: {html.escape(results.describe(name))}{results.describe_good_rates(name)}"
        figures.append(f"<figure>{chart}<figcaption>{said}</figcaption></figure>")
    problems = "; ".join(f"`{problem}`: {PROBLEMS[problem]().summary.partition(':')[0]}" for problem in SENSITIVITY)
    return [
        f"The average score of {SEEDS} seeds at each learning rate, from [the baselines](../how-to/baselines.md): the",
        f"lower, the better. In gray is `{other}`. The dot is the rate that is chosen, and there is no line where runs",
        "diverged. Good rates are those whose score is within the problem's tolerance of the best.",
        "",
        *set_side_by_side(figures),
        problems + ".",
    ]
