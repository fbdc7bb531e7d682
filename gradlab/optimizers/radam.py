"""RAdam: rectified Adam."""

from __future__ import annotations

from ..combinators.chain import chain
from ..combinators.rectify import Threshold, rectify
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def radam(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    threshold: Threshold = 5.0,
):
    r"""RAdam: Adam with a warm-up that follows from the variance of its rates, $x_t = x_{t-1} - \alpha r_t \hat m_t /
    (\sqrt{\hat v_t} + \epsilon)$.

    $r_t$ and `threshold` are those of `rectify`. In about the first `threshold` steps, until $\rho_t$ exceeds it,
    the step is $\alpha \hat m_t$. The other arguments are those of `adam`. Source: Liu et al. (2020), algorithm 2.

    >>> tx, gradient = gl.radam(0.1), jnp.array([2.0, -4.0])
    >>> state = tx.init(gradient)
    >>> for t in range(1, 7):
    ...     step, state = tx.update(gradient, state)
    ...     if t in (1, 6):  # descent with momentum at first, then Adam with a small factor
    ...         print(step)
    [-0.2  0.4]
    [-0.0026  0.0026]
    """
    scaled = scale_by_rms(chain(scale_by_momentum(b2), bias_correction(b2)), eps)
    return chain(
        scale_by_momentum(b1),
        bias_correction(b1),
        rectify(scaled, b2, threshold),
        scale_by_learning_rate(learning_rate),
    )
