"""AdaBelief: Adam that is divided by the distance of the gradients from their mean."""

from __future__ import annotations

from ..combinators.add import add
from ..combinators.chain import chain
from ..combinators.signals import measure
from ..core.decorators import recipe
from ..schedules.base import as_operand
from ..transforms.bias_correction import bias_correction
from ..transforms.gradient import gradient
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def adabelief(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-16,
    eps_root: NonNegative = 1e-16,
):
    r"""AdaBelief: Adam divided by how far the gradient is from its mean, $x_t = x_{t-1} - \alpha \hat m_t /
    (\sqrt{\hat v_t + \epsilon} + \epsilon')$.

    $v_t = \beta_2 v_{t-1} + (1 - \beta_2) s_t^2$ with $s_t = g_t - m_t$. The published algorithm adds `eps_root` to the
    mean at every step, which makes its corrected mean larger by $\epsilon$ = `eps_root` $/ (1 - \beta_2)$, and so it is
    computed here. `eps` is $\epsilon'$. Both epsilons are in [0, inf). The other arguments are those of `adam`.
    Source: Zhuang et al. (2020), algorithm 2.

    >>> tx, gradient = gl.adabelief(0.1), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for _ in range(3):  # the gradient is as expected, so the steps grow; Adam's stay at 0.1
    ...     step, state = tx.update(gradient, state)
    ...     print(step)
    [-0.1111  0.1111]
    [-0.1168  0.1168]
    [-0.1226  0.1226]
    """
    surprise = add(gradient(), scale(-1.0))
    eps_root = as_operand(eps_root) / (1 - as_operand(b2))
    second = chain(scale_by_momentum(b2), bias_correction(b2))
    return chain(
        scale_by_momentum(b1),
        measure(surprise, scale_by_rms(second, eps, eps_root)),
        bias_correction(b1),
        scale_by_learning_rate(learning_rate),
    )
