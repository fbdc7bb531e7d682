"""Adafactor, whose second moments are factored and whose steps are a share of the parameters."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..schedules import power_law
from ..schedules.base import shift_ahead
from ..transforms.decay import add_decayed_weights
from ..transforms.factored_mean import factored_mean
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..transforms.trust_ratio import scale_by_param_rms
from ..values.numeric_arguments import Limit, NonNegative, Positive


@recipe(claims={"descends": True, "except": ("slopes in float16",)})  # at a zero gradient they are 1e15
def adafactor(
    learning_rate: NonNegative = 1e-2,
    decay_rate: Positive = 0.8,
    clipping_threshold: Limit = 1.0,
    eps: NonNegative = 1e-30,
    least_scale: NonNegative = 1e-3,
    weight_decay: NonNegative = 0.0,
    mask: Any = None,
    *,
    min_size: int = 128,
):
    r"""Adafactor: RMS scaling by a factored second moment, in units of the parameters, $x_t = x_{t-1} - \alpha (s_t
    \tilde g_t + \lambda x_{t-1})$, $s_t = \max(\epsilon', \operatorname{RMS}(x_{t-1})) \min(1, c / \operatorname{RMS}(
    \tilde g_t))$.

    $\tilde g_t = g_t / \sqrt{v_t}$, with $v_t$ the `factored_mean` of decay $1 - t^{-p}$, whose bias needs no
    correction. `learning_rate` is $\alpha$ in [0, inf), relative to the size of a leaf; in the publication it is
    $\min(10^{-2}, 1 / \sqrt t)$, which is 0.01 in the first 10,000 steps. `decay_rate` is $p$ in (0, inf),
    `clipping_threshold` is $c$ in [0, inf], and `least_scale` is $\epsilon'$ in [0, inf). `eps` and `min_size` are
    those of `factored_mean`. `weight_decay` and `mask` are those of `adamw`. There is no momentum.

    PyTorch and Keras factor leaves of any size, over their last two axes, and bound the rate by $1 / \sqrt t$: for
    matrices, that is `min_size=1` with a schedule. optax agrees, but does not multiply $\lambda x_{t-1}$ by the rate.

    Needs `params`. Source: Shazeer & Stern (2018), algorithms 4 and 5.

    >>> tx, x = gl.adafactor(0.01), jnp.array([6.0, 8.0])
    >>> step, state = tx.update(jnp.array([2.0, -4.0]), tx.init(x), x)
    >>> print(step)  # 1 % of the RMS of the parameters, sqrt(50)
    [-0.0707  0.0707]
    """
    decay = 1 - 1 / shift_ahead(power_law(1.0, decay_rate))
    return chain(
        scale_by_rms(factored_mean(decay, eps, min_size), eps=0.0),
        scale_by_param_rms(least_scale, clipping_threshold),
        add_decayed_weights(weight_decay, mask),
        scale_by_learning_rate(learning_rate),
    )
