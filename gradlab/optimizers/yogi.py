"""Yogi: Adam whose second moment grows and falls by steps of the size of a squared gradient."""

from __future__ import annotations

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..transforms.bias_correction import bias_correction
from ..transforms.estimators import additive_mean
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def yogi(
    learning_rate: NonNegative = 1e-2,
    b1: Decay = 0.9,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-3,
    initial_accumulator_value: NonNegative = 1e-6,
):
    r"""Yogi: Adam with an additive second moment, $v_t = v_{t-1} + (1 - \beta_2) \operatorname{sign}(g_t^2 - v_{t-1})\,
    g_t^2$.

    So the rates grow slowly where gradients become small. `initial_accumulator_value` is $v_0$ in [0, inf). Both
    moments are corrected for their start as those of `adam`, as TensorFlow Addons does; the published algorithm has
    neither correction. The other arguments are those of `adam`. Source: Zaheer et al. (2018), algorithm 2.

    >>> for tx in (gl.adam(0.1, b2=0.9), gl.yogi(0.1, b2=0.9)):
    ...     state = tx.init(jnp.zeros(2))
    ...     for size in (8.0, *[1.0] * 20):  # one large gradient, which Yogi forgets slowly
    ...         step, state = tx.update(jnp.array([size, -size]), state)
    ...     print(step)
    [-0.0803  0.0803]
    [-0.0493  0.0493]
    """
    second = chain(additive_mean(b2, initial_accumulator_value), bias_correction(b2))
    return chain(
        scale_by_momentum(b1), bias_correction(b1), scale_by_rms(second, eps), scale_by_learning_rate(learning_rate)
    )
