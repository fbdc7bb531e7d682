"""Quasi-hyperbolic momentum, and Adam with it."""

from __future__ import annotations

from typing import Any

from ..combinators.chain import chain
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.bias_correction import bias_correction
from ..transforms.mixing import mix_with_gradient
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, Fraction, NonNegative


@recipe(claims=("descends",))
def qhm(learning_rate: NonNegative = 1.0, momentum: Decay = 0.999, nu: Fraction = 0.7):
    r"""Quasi-hyperbolic momentum: a mean of momentum and gradient descent, $x_t = x_{t-1} - \alpha (\nu m_t + (1 - \nu)
    g_t)$.

    `momentum` is the decay of the mean $m$ in [0, 1), and `nu` is $\nu$ in [0, 1]. 0 gives gradient descent,
    1 gives momentum, and a `nu` equal to `momentum` gives Nesterov's method. Source: Ma & Yarats (2019), equation 4.

    >>> tx, gradient = gl.qhm(0.1, momentum=0.9, nu=0.7), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # 0.7 * 0.1 + 0.3 = 0.37 of the gradient, times the rate
    [-0.074  0.148]
    """
    return chain(scale_by_momentum(momentum), mix_with_gradient(nu), scale_by_learning_rate(learning_rate))


@recipe(claims=("descends",))
def qhadam(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.995,
    b2: Decay = 0.999,
    eps: NonNegative = 1e-8,
    nu1: Fraction = 0.7,
    nu2: Fraction = 1.0,
):
    r"""QHAdam: Adam whose moments are mixed with those of the current gradient, $x_t = x_{t-1} - \alpha (\nu_1
    \hat m_t + (1 - \nu_1) g_t) / (\sqrt{\nu_2 \hat v_t + (1 - \nu_2) g_t^2} + \epsilon)$.

    `nu1` and `nu2` are in [0, 1]; 1 and 1 give Adam. The other arguments are those of `adam`.
    Source: Ma & Yarats (2019), section 6.

    >>> tx, gradient = gl.qhadam(0.1, nu1=0.0, nu2=0.0), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # only the current gradient counts: the sign times the rate
    [-0.1  0.1]
    """
    second = chain(scale_by_momentum(b2), bias_correction(b2), mix_with_gradient(nu2))
    return chain(
        scale_by_momentum(b1),
        bias_correction(b1),
        mix_with_gradient(nu1),
        scale_by_rms(second, eps),
        scale_by_learning_rate(learning_rate),
    )


@letters_of(qhadam)
def _(nu1: Any, nu2: Any, **_: Any) -> tuple[Letter, ...]:
    return Letter(r"\nu", "", nu1, r"\nu_1"), Letter(r"\nu", "", nu2, r"\nu_2")
