"""Claim 3: does Adagrad give rare parameters larger steps, and win on sparse data?"""

from __future__ import annotations

import jax.numpy as jnp
from matplotlib.figure import Figure

import gradlab as gl

from ..budget import Budget
from ..catalogue import Numbers
from ..comparisons import compare, is_better
from ..figures import rate_curves
from ..summaries import summarize
from ..tables import Table, score_table
from ..verdicts import Verdict, decide, every

NAMES = {
    "adagrad": "Adagrad", "adam": "Adam", "adamax": "AdaMax", "rmsprop": "RMSProp", "adadelta": "Adadelta",
    "sgd_momentum": "momentum", "sgd": "SGD",
}  # fmt: skip
UPDATES, EVERY = 101, 10  # the rare parameter is seen in one update of ten


def measure(budget: Budget) -> Numbers:
    """Race on sparse features, and compare the last steps of a parameter seen always and of one seen rarely."""
    tx = gl.adagrad(1.0)
    state = tx.init(jnp.zeros(2))
    for update in range(UPDATES):
        step, state = tx.update(jnp.array([1.0, float(update % EVERY == 0)]), state)
    problem = summarize(budget.race("sparse_logistic", list(NAMES), budget.rates(1e-3, 100, 31)))
    return {"problems": {"sparse_logistic": problem}, "steps": [abs(float(size)) for size in step]}


def judge(numbers: Numbers) -> list[Verdict]:
    """Adagrad must be better than each of the others."""
    problem = numbers["problems"]["sparse_logistic"]
    others = [name for name in NAMES if name != "adagrad"]
    gains = {name: 100 * (1 - 10 ** -compare(problem, "adagrad", name).mean) for name in others}
    nearest, farthest = min(gains, key=lambda name: gains[name]), max(gains, key=lambda name: gains[name])
    common, rare = numbers["steps"]
    return [
        decide(
            "larger steps for rare parameters",
            rare > 2 * common,
            f"after {UPDATES} updates the step of a parameter that is seen in one of {EVERY} is {rare / common:.2g} "
            f"times that of one that is always seen, for equal gradients",
            numbers["brief"],
        ),
        decide(
            "wins on sparse data",
            every(is_better(problem, "adagrad", name) for name in others),
            f"its test loss is lower than that of the others, by {gains[nearest]:.1f} % ({NAMES[nearest]}) to "
            f"{gains[farthest]:.0f} % ({NAMES[farthest]})",
            numbers["brief"],
        ),
    ]


def tabulate(numbers: Numbers) -> list[Table]:
    """Return the test losses with the best rates."""
    return [score_table(numbers["problems"], NAMES, with_rate=True)]


def draw(numbers: Numbers) -> Figure:
    """Draw the test loss over the learning rate."""
    figure = rate_curves(numbers["problems"], NAMES)
    figure.set_size_inches(6.4, 3.4)
    return figure
