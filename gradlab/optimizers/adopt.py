"""ADOPT: Adam, divided by a second moment that does not hold the newest gradient."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..schedules.memory import power_law
from ..transforms.clipping import clip_by_value
from ..transforms.decay import decay_links
from ..transforms.estimators import lagged_mean
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative, Positive


@recipe(claims=("descends",))
def adopt(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.9999,
    eps: NonNegative = 1e-6,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
    clip_exponent: Positive = 0.25,
):
    r"""ADOPT: Adam divided by the root of the second moment of the earlier gradients, $m_t = \beta_1 m_{t-1} + (1 -
    \beta_1) \operatorname{clip}(g_t / \max(\sqrt{v_{t-1}}, \epsilon), \pm t^p)$, $x_t = x_{t-1} - \alpha m_t$.

    The first gradient, that of $t = 0$, only begins the second moment, $v_0 = g_0^2$, and moves nothing. The equations
    of `gl.explain` count steps from 1, so that gradient is $g_1$ there. `eps` is $\epsilon$ in [0, inf), and
    `clip_exponent` is $p$ in (0, inf). `b1` and `b2` are those of `adam`, without corrections. `weight_decay` and
    `mask` are those of `adamw`; None decays nothing. Source: Taniguchi et al. (2024), algorithm 2.

    >>> tx, gradient = gl.adopt(0.1), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(2):  # the first gradient only begins the second moment; then m = 0.1 * sign(g)
    ...     step, state = tx.update(gradient, state)
    ...     print(abs(step))
    [0. 0.]
    [0.01 0.01]
    """
    return chain(
        scale_by_rms(lagged_mean(b2), eps=0.0, floor=eps),
        clip_by_value(power_law(1.0, clip_exponent)),  # 0 at the first step
        scale_by_momentum(b1),
        *decay_links(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
