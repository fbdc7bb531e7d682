"""Claim 12: is one sample fast and noisy, the full batch accurate and slow, and 50 to 250 the balance?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...problems import Digits
from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare_scores
from ..figures import COLORS, panels, title, use_log_axis
from ..places import enumerate_words
from ..summaries import Summary, mean_score, summarize
from ..tables import Table, format_score
from ..verdicts import Verdict, decide, every
from .processor_time import measure_run

SIZES = (1, 8, 32, 128, 512, 1077)
# The sizes with a label by their points, which lie apart, and where it stands for each of the two curves.
LABELS = {
    1: ((6, -3, "left"), (6, -3, "left")),
    128: ((-5, 4, "right"), (5, -10, "left")),
    1077: ((6, -3, "left"), (0, -12, "center")),
}
IMAGES = 21540  # 20 times all 1,077 images
UPDATES = 200
BALANCE = (50, 250)  # images in a batch
IMAGES_KEY, UPDATES_KEY = f"{IMAGES:,} images", f"{UPDATES} updates"
ENOUGH = 0.01  # below the best accuracy
AS_FAST = 2  # times the least time are hardly more
SLOW = 3  # times as long is slow


def measure(budget: Budget) -> Numbers:
    """Train with each size for the same number of images, and for the same number of updates, and time the updates."""
    found: Numbers = {IMAGES_KEY: {}, UPDATES_KEY: {}}
    for size in SIZES:
        problem = Digits(batch_size=size)
        for key, steps in ((IMAGES_KEY, IMAGES // size), (UPDATES_KEY, UPDATES)):
            dataset = budget.race(problem, ["sgd"], budget.rates(1e-3, 10, 17), steps=steps)
            found[key][str(size)] = summarize(dataset) | {"seconds": measure_run(problem, steps)}
    return {"problems": found}


def judge(numbers: Numbers) -> list[Verdict]:
    """The balance are the sizes that come within 1 % of the best accuracy in hardly more than the least time.

    It depends on what counts: time, or images, or updates.
    """
    images, updates = numbers["problems"][IMAGES_KEY], numbers["problems"][UPDATES_KEY]
    cells = [
        (own["seconds"], int(size), mean_score(own, "sgd")) for row in (images, updates) for size, own in row.items()
    ]
    best = max(score for _, _, score in cells if not math.isnan(score))
    enough = [(seconds, size) for seconds, size, score in cells if score >= best - ENOUGH]
    least, fastest = min(enough)
    balance = sorted({size for seconds, size in enough if seconds <= AS_FAST * least})
    leaders = [_best_size(images), _best_size(updates)]
    one, full = str(SIZES[0]), str(SIZES[-1])
    texts = {
        (key, size): f"{100 * mean_score(row[size], 'sgd'):.1f} %"
        for key, row in (("images", images), ("updates", updates))
        for size in (one, full)
    }
    return [
        decide(
            "one sample is fast and noisy, the full batch accurate and slow",
            every(
                [
                    _is_better(images, one, full),  # fast: from the same images it learns more
                    _is_better(updates, full, one),  # accurate: from the same updates it learns more
                    _spread(updates[one]) > _spread(updates[full]),
                    updates[full]["seconds"] > SLOW * updates[one]["seconds"],
                ]
            ),
            f"one image and all at a time reach {texts['images', one]} and {texts['images', full]} with the same "
            f"images, {texts['updates', one]} and {texts['updates', full]} with the same updates",
            numbers["brief"],
        ),
        decide(
            "50 to 250 is the balance",
            any(map(_is_balanced, balance)) and SIZES[0] not in balance and SIZES[-1] not in balance,
            f"the fastest to come within 1 % of the best accuracy is a batch of {fastest}, in {1000 * least:.2g} ms of "
            f"processor time, and {enumerate_words([*map(str, balance)])} take at most twice that; the best with the "
            f"same images is a batch of {leaders[0]:,}, with the same updates one of {leaders[1]:,}",
            numbers["brief"],
            "" if all(map(_is_balanced, leaders)) else "when computing time is what counts",
        ),
    ]


def _is_balanced(size: int) -> bool:
    return BALANCE[0] <= size <= BALANCE[1]


def _best_size(row: Numbers) -> int:
    """Return the size with the highest accuracy; the scores of sizes that diverged are NaN, and do not count."""
    return max(
        (size for size in SIZES if not math.isnan(mean_score(row[str(size)], "sgd"))),
        key=lambda size: mean_score(row[str(size)], "sgd"),
    )


def _is_better(row: Numbers, first: str, second: str) -> bool | None:
    scores = [row[size]["optimizers"]["sgd"]["scores"] for size in (first, second)]
    return compare_scores(row[first], *scores).exceeds()


def _spread(problem: Summary) -> float:
    return float(np.std(np.array(problem["optimizers"]["sgd"]["scores"], float), ddof=1))


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the accuracies and the seconds."""
    rows = []
    for key, row in numbers["problems"].items():
        rows.append([f"accuracy after {key}", *(format_score(own, "sgd") for own in row.values())])
        rows.append(["processor seconds of its updates", *(f"{own['seconds']:.2g}" for own in row.values())])
    return [Table(["images in a batch", *(f"{size:,}" for size in SIZES)], rows)]


def draw(numbers: Numbers) -> Figure:
    """Draw the accuracy over the size of the batch, and over the seconds."""

    def panel(number: int, axes: Axes) -> None:
        for color, curve, (key, row) in zip(COLORS, (0, 1), numbers["problems"].items()):
            means = [100 * mean_score(own, "sgd") for own in row.values()]
            if number == 0:
                spreads = [100 * _spread(own) for own in row.values()]
                axes.errorbar(SIZES, means, spreads, marker="o", color=color, label=f"after {key}", capsize=2)
            else:
                seconds = [own["seconds"] for own in row.values()]
                axes.plot(seconds, means, "o-", color=color)
                axes.margins(x=0.12)
                for size, places in LABELS.items():
                    point = seconds[SIZES.index(size)], means[SIZES.index(size)]
                    right, up, aligned = places[curve]
                    style: Any = {"xytext": (right, up), "textcoords": "offset points", "ha": aligned}
                    axes.annotate(f"{size:,}", point, fontsize=8, color=color, **style)
        axes.set_ylabel("test accuracy, %")
        if number == 0:
            axes.axvspan(*BALANCE, color=COLORS[2], alpha=0.15, linewidth=0)
        axes.set_xlabel(
            ("images in a batch; shaded: 50 to 250", "processor seconds; numbers: images in a batch")[number]
        )
        use_log_axis(axes, "x")
        title(axes, ("by size", "by time")[number])

    figure = panels(2, panel, legend=0)
    figure.set_size_inches(7.4, 3.0)
    return figure
