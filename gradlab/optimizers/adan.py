"""Adan: adaptive Nesterov momentum."""

from __future__ import annotations

from typing import Any

from ..combinators.add import add
from ..combinators.chain import chain
from ..combinators.signals import measure
from ..core.decorators import recipe
from ..equations import Letter, letters_of
from ..transforms.bias_correction import bias_correction
from ..transforms.decay import proximal_decay
from ..transforms.delay import delay
from ..transforms.gradient import gradient
from ..transforms.momentum import scale_by_momentum
from ..transforms.scaling import scale, scale_by_learning_rate
from ..transforms.second_moment import scale_by_rms
from ..values.numeric_arguments import Decay, NonNegative


@recipe(claims=("descends",))
def adan(
    learning_rate: NonNegative = 1e-3,
    b1: Decay = 0.98,
    b2: Decay = 0.92,
    b3: Decay = 0.99,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative | None = None,
    mask: Any = None,
):
    r"""Adan: Nesterov's look-ahead along the change of the gradient, $x_t = x_{t-1} - \alpha (\hat m_t + \hat
    m'_t) / (\sqrt{\hat v_t} + \epsilon)$.

    $m$ is the mean of $g_t$ with the decay `b1`, $m'$ that of $\beta_2 (g_t - g_{t-1})$ with `b2`, and $v$ that of
    $s_t^2$, $s_t = g_t + \beta_2 (g_t - g_{t-1})$, with `b3`, all in [0, 1); $g_0 = g_1$. The paper writes $\beta_2 v$
    for this $m'$, $n$ for this $v$, and $1 - \beta$ for what its code, and gradlab, call $\beta$. `weight_decay` is
    that of `proximal_decay`, with `mask`; None decays nothing. `eps` is that of `adam`. Source: Xie et al. (2022),
    algorithm 1.

    >>> tx, gradient = gl.adan(0.1), jnp.array([2.0, -4.0])
    >>> step, state = tx.update(gradient, tx.init(gradient))
    >>> print(step)  # no change of the gradient yet, so it is that of Adam
    [-0.1  0.1]
    >>> step, state = tx.update(gradient / 2, state)
    >>> print(step)  # the gradient falls, and the steps become short at once
    [-0.0719  0.0719]
    """
    negative = scale(-1.0)
    change = add(chain(), chain(delay(), negative))
    ahead = add(chain(), chain(change, scale(b2)))  # g + b2 (g - g_{t-1})
    step_ahead = add(gradient(), negative)  # b2 (g - g_{t-1}), as its gradient is `ahead`, so one delay is enough
    direction = add(_make_mean(b1), chain(step_ahead, _make_mean(b2)))
    decay = () if weight_decay is None else (proximal_decay(learning_rate, weight_decay, mask),)
    return chain(
        measure(chain(gradient(), ahead), chain(direction, scale_by_rms(_make_mean(b3), eps))),
        scale_by_learning_rate(learning_rate),
        *decay,
    )


@letters_of(adan)
def _(b1: Any, b2: Any, b3: Any, **_: Any) -> tuple[Letter, ...]:
    return (
        Letter(r"\beta", "1", b1, r"\beta_1"),
        Letter(r"\beta", "1", b2, r"\beta_2"),
        Letter(r"\alpha", "", b2, r"\beta_2"),
        Letter(r"\beta", "2", b3, r"\beta_3"),
    )


def _make_mean(decay):
    return chain(scale_by_momentum(decay), bias_correction(decay))
