"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..schedules.base import shift_ahead
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import add_decayed_weights
from ..transforms.momentum import nesterov as look_ahead
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=lambda tx: ("descends",) if tx.nesterov else ("descends", "unbiased"))
def adam(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    eps_root: NonNegative | None = None,
    *,
    nesterov: bool = False,
):
    r"""Adam: momentum, plus RMSProp, plus bias correction, $x_t = x_{t-1} - \alpha \hat m_t / (\sqrt{\hat v_t} +
    \epsilon)$.

    `b1` and `b2` in [0, 1) are the decays of the means of $g$ and $g^2$, $\hat m_t = m_t / (1 - \beta_1^t)$ and $\hat
    v_t = v_t / (1 - \beta_2^t)$. Both are corrected before the division, as published. The efficient form, with one
    correction after the division, is `chain(scale_by_momentum(b1), scale_by_rms(b2, eps), bias_correction(b1, b2),
    scale_by_learning_rate(learning_rate))`. `eps_root` in [0, inf) is added inside the root, and None adds nothing.
    `nesterov` replaces $\hat m_t$ by that of `nadam`. Source: Kingma & Ba (2015), algorithm 1.

    >>> tx, gradient = gl.adam(0.1), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # as long as the learning rate, whatever the gradient
    [-0.1  0.1]
    >>> step, state = tx.update(-gradient, state)
    >>> print(step)  # the momentum still points the other way, a little
    [ 0.0053 -0.0053]
    """
    return chain(*make_adam_direction(b1, b2, eps, eps_root, nesterov), scale_by_learning_rate(learning_rate))


@recipe(claims=("descends",))
def adamw(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 1e-2,
    mask: Any = None,
    *,
    eps_root: NonNegative | None = None,
    nesterov: bool = False,
):
    r"""AdamW: Adam with decoupled weight decay, $x_t = x_{t-1} - \alpha (d_t + \lambda x_{t-1})$, $d$ Adam's direction.

    `weight_decay` is $\lambda$ in [0, inf); `mask` chooses the leaves that decay, as in `add_decayed_weights`. The
    other arguments are those of `adam`. Needs `params`. Source: Loshchilov & Hutter (2019), algorithm 2.

    >>> tx, x = gl.adamw(0.1, weight_decay=0.5), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(jnp.zeros(2), tx.init(x), x)
    >>> print(step)  # without a gradient, the parameters shrink by 0.1 * 0.5
    [-0.1  0.2]
    """
    return chain(
        *make_adam_direction(b1, b2, eps, eps_root, nesterov),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )


def make_adam_direction(b1, b2, eps, eps_root=None, nesterov=False):
    """Return the links of Adam, or with `nesterov` those of Nadam, before the learning rate."""
    first = look_ahead(b1, next_decay=shift_ahead(b1), corrected=True) if nesterov else bias_correction(b1)
    second = chain(scale_by_momentum(b2), bias_correction(b2))
    return scale_by_momentum(b1), first, scale_by_rms(second, eps, 0.0 if eps_root is None else eps_root)
