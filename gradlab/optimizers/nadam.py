"""Nadam and NAdamW."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.decay import add_decayed_weights
from ..transforms.scaling import scale_by_learning_rate
from ..values.numeric_arguments import Decay, NonNegative
from .adam import make_adam_direction


@recipe(claims=("descends",))
def nadam(
    learning_rate: NonNegative = 2e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative | None = None,
):
    r"""Nadam: Adam with Nesterov's look-ahead, $\hat m_t = \mu_{t+1} m_t / (1 - \prod_{i=1}^{t+1} \mu_i) +
    (1 - \mu_t) g_t / (1 - \prod_{i=1}^t \mu_i)$.

    `b1` is $\mu$ in [0, 1). Dozat's schedule for it is `schedules.nadam_momentum`. The other arguments are those of
    `adam`. Source: Dozat (2016), algorithm 2.

    >>> tx, gradient = gl.nadam(0.1), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # 0.9 * 0.1 / 0.19 + 0.1 / 0.1 = 1.474 times the rate
    [-0.1474  0.1474]
    """
    return chain(*make_adam_direction(b1, b2, eps, eps_root, nesterov=True), scale_by_learning_rate(learning_rate))


@recipe(claims=("descends",))
def nadamw(
    learning_rate: NonNegative = 2e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 1e-2,
    mask: Any = None,
    *,
    eps_root: NonNegative | None = None,
):
    r"""NAdamW: Nadam with decoupled weight decay, $x_t = x_{t-1} - \alpha (d_t + \lambda x_{t-1})$.

    $d$ is Nadam's direction. The arguments are those of `adamw`, which with `nesterov=True` is the same. Needs
    `params`. Source: Dozat (2016), algorithm 2; Loshchilov & Hutter (2019), algorithm 2.

    >>> one, other = gl.nadamw(0.1), gl.adamw(0.1, nesterov=True)
    >>> print(one.composition == other.composition)
    True
    """
    return chain(
        *make_adam_direction(b1, b2, eps, eps_root, nesterov=True),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(nadam)
@letters_of(nadamw)
def _(b1: Any, b2: Any, **_: Any) -> tuple[Letter, ...]:
    return Letter(r"\beta", "1", b1, r"\mu"), Letter(r"\beta", "2", b2, r"\beta_2")
