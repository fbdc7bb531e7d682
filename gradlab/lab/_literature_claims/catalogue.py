"""The sixteen claims: their statements, and the modules of their experiments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from .._inputs.name_lookup import suggest_name
from .word_search import suggest_claims

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .budget import Budget
    from .tables import Table
    from .verdicts import Verdict

Numbers = dict[str, Any]  # what an experiment measured, as JSON has it


class Experiment(Protocol):
    """The module of an experiment, which defines these functions."""

    def measure(self, budget: Budget) -> Numbers:
        """Train what the claim is about, and return the numbers."""

    def judge(self, numbers: Numbers) -> list[Verdict]:
        """Return the verdict on each part of the claim."""

    def tabulate(self, numbers: Numbers) -> list[Table]:
        """Return the tables of the numbers."""

    def draw(self, numbers: Numbers) -> Figure:
        """Return the figure of the numbers."""


class Claim(NamedTuple):
    """A claim of the literature: its number, a title, what is claimed, where, and the module of its experiment."""

    number: int
    title: str
    statement: str
    source: str
    module: str

    @property
    def stem(self) -> str:
        """The name of its files and folders: `claim_07`."""
        return f"claim_{self.number:02d}"

    @property
    def heading(self) -> str:
        """The heading of its part of the page: `Claim 1: Ravine`."""
        return f"Claim {self.number}: {self.title}"

    @property
    def anchor(self) -> str:
        """The anchor of its part of the page: `claim-1-ravine`."""
        return re.sub(r"[^\w\- ]", "", self.heading.lower()).replace(" ", "-")

    @property
    def experiment(self) -> Experiment:
        """The experiment, whose module is imported now."""
        return cast(Experiment, import_module(f".{self.module}", __package__))


CLAIMS = (
    Claim(
        1,
        "Ravine",
        r"Where a surface is much steeper one way than the other, gradient descent oscillates across it and cannot "
        r"take a large rate; momentum ($\beta$ near 0.9) damps the oscillation, takes larger rates, arrives sooner.",
        "Ruder (2016), An overview of gradient descent optimization algorithms, section 4.1",
        "momentum.ravine",
    ),
    Claim(
        2,
        "Overshoot",
        "Momentum overshoots a minimum; Nesterov's overshoots less and responds sooner.",
        "Sutskever et al. (2013), On the importance of initialization and momentum in deep learning, section 2.1",
        "momentum.overshoot",
    ),
    Claim(
        3,
        "Rare features",
        "Adagrad gives rarely seen parameters larger steps, and wins on sparse data.",
        "Duchi et al. (2011), Adaptive subgradient methods for online learning and stochastic optimization",
        "adaptive_rates.rare_features",
    ),
    Claim(
        4,
        "Decay",
        "Adagrad's rate shrinks for ever, and it slows to a halt; RMSProp and Adadelta, which forget, do not.",
        "Zeiler (2012), ADADELTA: An adaptive learning rate method",
        "adaptive_rates.decay",
    ),
    Claim(
        5,
        "Sign",
        "RMSProp with $v = g^2$ alone moves every weight by exactly the rate: sign descent. One bit a weight suffices "
        "to send it, and it is very sensitive to the rate.",
        "Tieleman & Hinton (2012), Lecture 6.5: RMSProp; Bernstein et al. (2018), signSGD",
        "adaptive_rates.sign",
    ),
    Claim(
        6,
        "No rate",
        "Adadelta needs no learning rate, and its updates have the units of the parameters.",
        "Zeiler (2012), ADADELTA: An adaptive learning rate method",
        "adaptive_rates.no_rate",
    ),
    Claim(
        7,
        "Adam from its parts",
        "Adam is momentum plus RMSProp plus bias correction. Without the correction the first steps are wrong, the "
        "more so the closer the decays are to 1; the published defaults do well almost everywhere.",
        "Kingma & Ba (2015), Adam: A method for stochastic optimization",
        "adam_family.bias_correction",
    ),
    Claim(
        8,
        "AdaMax",
        "The infinity norm makes the step robust to outlying gradients, and suits sparse embeddings.",
        "Kingma & Ba (2015), Adam: A method for stochastic optimization, section 7",
        "adam_family.infinity_norm",
    ),
    Claim(
        9,
        "Nadam",
        "Nadam adds Nesterov's look-ahead to Adam.",
        "Dozat (2016), Incorporating Nesterov momentum into Adam",
        "adam_family.look_ahead",
    ),
    Claim(
        10,
        "Non-convergence",
        "There is a simple convex problem on which Adam converges to the worst point; AMSGrad does not.",
        "Reddi et al. (2018), On the convergence of Adam and beyond",
        "adam_family.non_convergence",
    ),
    Claim(
        11,
        "Generalization",
        "Adaptive methods can generalize worse than SGD; AdaBound and AMSBound begin as Adam, end as SGD, and close "
        "part of that gap.",
        "Wilson et al. (2017), The marginal value of adaptive gradient methods; Luo et al. (2019), AdaBound",
        "adam_family.generalization",
    ),
    Claim(
        12,
        "Batch",
        "Full-batch descent is accurate and slow, one sample is fast and noisy, 50 to 250 is the balance.",
        "Ruder (2016), An overview of gradient descent optimization algorithms, section 2",
        "training.batch",
    ),
    Claim(
        13,
        "Rate",
        "Too large overshoots and diverges, too small crawls; schedules help, and must be chosen in advance.",
        "Ruder (2016), An overview of gradient descent optimization algorithms, section 3",
        "training.rate",
    ),
    Claim(
        14,
        "Saddles, plateaus, local minima",
        "Plain descent stalls there; momentum and adaptive rates get through.",
        "Dauphin et al. (2014), Identifying and attacking the saddle point problem",
        "training.saddles",
    ),
    Claim(
        15,
        "Exploding gradients",
        "Clipping keeps training alive through them.",
        "Pascanu et al. (2013), On the difficulty of training recurrent neural networks",
        "training.exploding_gradients",
    ),
    Claim(
        16,
        "Per-parameter rates",
        "Where gradient scales differ by orders of magnitude between layers, adaptive rates even progress out.",
        "Kingma & Ba (2015), Adam: A method for stochastic optimization, abstract",
        "adaptive_rates.per_parameter_rates",
    ),
)


def find_claims(texts: Sequence[str]) -> list[Claim]:
    """Return the claims of numbers or titles as they are typed, in order and once each; all of them for `all`.

    A title may be typed in any case. Raises ValueError for a text that is none of these.
    """
    numbers = {claim.title.lower(): str(claim.number) for claim in CLAIMS}
    known = {str(claim.number): claim for claim in CLAIMS}
    chosen = [numbers.get(text.lower(), text) for text in texts]
    for text in chosen:
        if text not in known and text != "all":
            guess = suggest_claims(text, CLAIMS) or suggest_name(text, [claim.title for claim in CLAIMS])
            remedy = guess or f"give numbers from 1 to {len(CLAIMS)}, titles, or all; gradlab claims lists them"
            raise ValueError(f"there is no claim {text!r}; {remedy}")
    return [claim for number, claim in known.items() if number in chosen or "all" in chosen]
