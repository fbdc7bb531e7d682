"""Signum: sign descent with momentum."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.decay import decay_links
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate, scale_by_sign
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def signum(
    learning_rate: NonNegative = 1e-4, momentum: Decay = 0.9, weight_decay: NonNegative | None = None, mask: Any = None
):
    r"""Signum: sign descent with momentum, $x_t = x_{t-1} - \alpha \operatorname{sign} m_t$.

    `momentum` is the decay of $m$ in [0, 1). `weight_decay` and `mask` are those of `adamw`; None decays nothing.
    `majority_vote` in the place of `scale_by_sign` is the form for several workers. Source: Bernstein et al. (2018),
    algorithm 2; Bernstein et al. (2019), algorithm 1.

    >>> tx, x = gl.signum(0.1, momentum=0.9), jnp.zeros(2)
    >>> step, state = tx.update(jnp.array([2.0, -4.0]), tx.init(x), x)
    >>> step, state = tx.update(jnp.array([-1.0, 1.0]), state, x)
    >>> print(step)  # one opposite gradient does not turn the momentum
    [-0.1  0.1]
    """
    return chain(
        scale_by_momentum(momentum),
        scale_by_sign(),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
