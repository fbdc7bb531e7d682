"""Nadam."""

from __future__ import annotations

from ..combinators.chain import chain
from ..decorators import recipe
from ..numeric_arguments import Decay, NonNegative
from ..transforms.scaling import scale_by_learning_rate
from .adam import make_adam_direction


@recipe(claims=("descends",))
def nadam(
    learning_rate: NonNegative = 2e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative | None = None,
):
    r"""Nadam: Adam with Nesterov's look-ahead, $\hat m_t = \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i} +
    \frac{(1 - \mu_t) g_t}{1 - \prod_{i=1}^t \mu_i}$.

    `b1` is $\mu$ in [0, 1). Dozat's schedule for it is `schedules.nadam_momentum`. The other arguments are those of
    `adam`. Source: Dozat (2016), algorithm 2.
    """
    return chain(*make_adam_direction(b1, b2, eps, eps_root, nesterov=True), scale_by_learning_rate(learning_rate))
