"""Cautious AdamW."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import add_decayed_weights
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.sign_agreement import agree_in_sign
from ..values.numeric_arguments import Decay, NonNegative, Positive
from .adam import make_adam_direction


@recipe(claims=("descends",))
def cautious_adamw(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 1e-2,
    mask: Any = None,
    min_share: Positive = 1e-3,
):
    r"""Cautious AdamW: AdamW that moves only where its step goes down the gradient, $x_t = x_{t-1} - \alpha (d_t \odot
    \phi_t / \max(\bar\phi_t, \epsilon') + \lambda x_{t-1})$, $\phi_t = [d_t g_t > 0]$.

    The bracket is 1 in the elements where the direction $d$ has the sign of the gradient, else 0, and $\bar\phi$ is the
    mean over a leaf. $d$ is Adam's direction, and `min_share` is $\epsilon'$ of `agree_in_sign`. The other arguments
    are those of `adamw`. Needs `params`. Source: Liang et al. (2024), algorithm 2.

    >>> tx, x = gl.cautious_adamw(0.1, weight_decay=0.0), jnp.zeros(2)
    >>> step, state = tx.update(jnp.array([1.0, 1.0]), tx.init(x), x)
    >>> step, state = tx.update(jnp.array([1.0, -0.1]), state, x)
    >>> print(x + step)  # the second element disagrees, so the first moves twice as far
    [-0.2  0. ]
    """
    return chain(
        *make_adam_direction(b1, b2, eps),
        agree_in_sign(min_share),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
