"""Claim 8: does the infinity norm of AdaMax make it robust to outliers, and suit sparse embeddings?"""

from __future__ import annotations

from matplotlib.figure import Figure

from ...problems import NoisyQuadratic
from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare, is_better
from ..figures import rate_curves
from ..summaries import mean_score, summarize
from ..tables import Table, score_table
from ..verdicts import Verdict, decide, every

NAMES = {"adam": "Adam", "adamax": "AdaMax", "rmsprop": "RMSProp", "sign_sgd": "sign descent"}
OUTLIERS, NORMAL = "noise with outliers", "normal noise"
SPARSE = ("sparse_logistic", "characters")


def measure(budget: Budget) -> Numbers:
    """Race with noise without a variance, with normal noise, and on sparse features and embeddings."""
    noises = {OUTLIERS: 1.5, NORMAL: None}
    problems = {
        label: summarize(
            budget.race(NoisyQuadratic(degrees_of_freedom=degrees), list(NAMES), budget.rates(1e-3, 10, 33), seeds=40)
        )
        for label, degrees in noises.items()
    }
    problems["sparse_logistic"] = summarize(
        budget.race("sparse_logistic", list(NAMES), budget.rates(1e-3, 1, 13), seeds=10)
    )
    problems["characters"] = summarize(
        budget.race("characters", ["adam", "adamax"], budget.rates(1e-3, 1, 13), seeds=10)
    )
    return {"problems": problems}


def judge(numbers: Numbers) -> list[Verdict]:
    """AdaMax must be better than Adam from the same seeds."""
    problems = numbers["problems"]
    outliers = problems[OUTLIERS]
    pairs = list(zip(*(outliers["optimizers"][name]["scores"] for name in ("adamax", "adam"))))
    wins = sum(second is None or (first is not None and first < second) for first, second in pairs)
    gains = {
        label: 100 * (1 - mean_score(problem, "adamax") / mean_score(problem, "adam"))
        for label, problem in problems.items()
    }
    others = [name for name in ("rmsprop", "sign_sgd") if compare(outliers, name, "adamax").exceeds()]
    return [
        decide(
            "robust to outliers, against Adam",
            is_better(outliers, "adamax", "adam"),
            f"with outliers AdaMax ends lower than Adam from {wins} of {len(pairs)} seeds, by {gains[OUTLIERS]:.0f} % "
            f"in the mean (by {gains[NORMAL]:.0f} % with normal noise); better still: "
            + (" and ".join(NAMES[name] for name in others) or "none"),
            numbers["brief"],
        ),
        decide(
            "suits sparse embeddings",
            every(is_better(problems[name], "adamax", "adam") for name in SPARSE),
            "its score, the lower the better, is "
            + " and ".join(f"{abs(gains[name]):.1f} % {_side(gains[name])} on {name}" for name in SPARSE),
            numbers["brief"],
        ),
    ]


def _side(gain: float) -> str:
    return "lower" if gain > 0 else "higher"


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the losses."""
    return [score_table(numbers["problems"], NAMES)]


def draw(numbers: Numbers) -> Figure:
    """Draw the losses over the learning rate."""
    return rate_curves(numbers["problems"], NAMES, columns=2)
