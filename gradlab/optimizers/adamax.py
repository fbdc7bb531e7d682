"""AdaMax."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_infinity_norm
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def adamax(
    learning_rate: NonNegative = 2e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 0.0,
):
    r"""AdaMax: Adam with the infinity norm, $x_t = x_{t-1} - \alpha m_t / ((1 - \beta_1^t) u_t)$.

    $u_t = \max(\beta_2 u_{t-1}, |g_t|)$, which needs no bias correction. `eps` in [0, inf) is added to $u_t$; it is 0
    in the publication. The other arguments are those of `adam`. Source: Kingma & Ba (2015), algorithm 2.

    >>> tx, gradient = gl.adamax(0.1), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> step, state = tx.update(gradient / 4, state)
    >>> print(state[1].norm)  # the largest gradients so far, which fade by 0.999 a step
    [1.998 3.996]
    """
    return chain(
        scale_by_momentum(b1),
        scale_by_infinity_norm(b2, eps),
        bias_correction(b1),
        scale_by_learning_rate(learning_rate),
    )
