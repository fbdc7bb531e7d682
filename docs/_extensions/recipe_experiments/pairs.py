"""The code of races of an optimizer with each wrapper and without it, as the pages of the wrappers show it."""

from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """A race of an optimizer and of the same one in a wrapper: code that makes `pair`, and the problem's name."""

    with_it: str  # code
    without: str
    rate: float
    about: str  # the race, in a sentence
    seen: str  # what one sees

    @property
    def is_about_minima(self) -> bool:
        """True if the problem is that of two minima, and not the noisy quadratic."""
        return self.about == MINIMA


NOISY = "The problem is `noisy_quadratic`, a bowl whose gradients are noisy. The loss is the one without the noise, at"
NOISY += " the point where the model is evaluated, averaged over ten seeds."
MINIMA = "The problem, `TwoMinima`, has a narrow minimum, near which the run begins, and a wide one that is as deep."
LEAVES = "Gradient descent stays in the narrow minimum, at -1. The wrapper takes the gradient at a worse point nearby,"
LEAVES += " where it is large if the minimum is narrow: the run leaves this one, and stays in the wide one, at 1."
PAIRS = {
    "average_params": Pair(
        "average_params(gl.sgd(rate), decay=0.95)",
        "sgd(rate)",
        1.0,
        NOISY,
        "The noise keeps the parameters away from the minimum. Their average is nearer to it, and goes there later.",
    ),
    "schedule_free": Pair(
        "schedule_free(gl.sgd(rate), learning_rate=rate)",
        "sgd(rate)",
        1.0,
        NOISY,
        "At a constant rate, noise keeps the loss of gradient descent from falling further. That of the average falls.",
    ),
    "lookahead": Pair(
        "lookahead(gl.sgd(rate, momentum=0.9))",
        "sgd(rate, momentum=0.9)",
        0.1,
        NOISY,
        "The slow weights, which move half of the way every five steps, carry less of the noise.",
    ),
    "mechanic": Pair(
        "mechanic(gl.sgd(rate, momentum=0.9))",
        "sgd(rate, momentum=0.9)",
        1e-4,
        NOISY,
        "The rate of the optimizer is far too small, and Mechanic finds a factor for it on the way.",
    ),
    "sam": Pair(
        "sam(gl.sgd(rate))",
        "sgd(rate)",
        0.1,
        MINIMA,
        LEAVES,
    ),
    "asam": Pair(
        "asam(gl.sgd(rate), rho=0.1)",
        "sgd(rate)",
        0.1,
        MINIMA,
        LEAVES,
    ),
}

PROBLEM = '''import jax.numpy as jnp
from gradlab.lab.problems import Problem


class TwoMinima(Problem):
    """A narrow minimum at -1, near which runs start, and a wide one at 1."""

    name, steps = "two_minima", 100

    def init(self, key):
        return jnp.array(-1.1)

    def loss(self, x, batch):
        return jnp.minimum(9 * (x + 1) ** 2, 0.5 * (x - 1) ** 2)

    def metrics(self, x):
        return {"final_loss": self.loss(x, None), "parameter": x}
'''


def write_pair(name: str) -> str:
    """Return the code that defines the two optimizers of a race, and its problem if gradlab does not have it."""
    pair = PAIRS[name]
    contestants = [
        f'    "without it": lambda rate: gl.{pair.without},',
        f'    "with it": lambda rate: gl.{pair.with_it},',
    ]
    problem = f"{PROBLEM}\n\n" if pair.is_about_minima else "\n"
    return "\n".join([f"import gradlab as gl\n{problem}pair = {{", *contestants, "}"])


def write_race(name: str) -> str:
    """Return the code that follows: it races the two, and takes from the results what is drawn."""
    pair = PAIRS[name]
    problem, key, metric = '"noisy_quadratic"', "noisy_quadratic", "final_loss"
    if pair.is_about_minima:
        problem, key, metric = "TwoMinima()", "two_minima", "parameter"
    seeds = 2 if pair.is_about_minima else 10
    return (
        f"results = gl.lab.race({problem}, pair, rates=[{pair.rate:g}], seeds={seeds})\n"
        f'curves = results["{key}"].{metric}.isel(rate=0).mean("seed")'
    )
